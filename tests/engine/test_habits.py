"""What every command of the three programs does alike: help, completion, ``--json``, colours and widths."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer

import compare.cli
import harness.cli
from compare import progress
from compare.commands.together import make_app as make_compare
from harness.finding import find_subject
from subjects.ptychography import cli as ptycho

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("harness", "compare", "ptycho")
NARROW = 50


def program(name: str) -> Any:
    if name == "harness":
        return typer.main.get_command(harness.cli.make_app(find_subject("nanobragg")))
    if name == "compare":
        return typer.main.get_command(make_compare(compare.cli.functions(), compare.cli.CONTEXT))
    return typer.main.get_command(ptycho.app)


def commands(name: str) -> dict[tuple[str, ...], Any]:
    """Every command that can be typed, groups included."""

    def walk(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield words, command
        for inner, one in getattr(command, "commands", {}).items():
            yield from walk((*words, inner), one)

    return dict(walk((), program(name)))


ALL = [(name, words) for name in PROGRAMS for words in commands(name)]


def said(name: str, words: list[str]) -> tuple[int, str]:
    """Exit code and standard output of a command line in this process."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        try:
            if name == "harness":
                return harness.cli.run(words), out.getvalue()
            (compare.cli if name == "compare" else ptycho).main(words)
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else 2, out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_and_option_has_a_sentence_of_help(name: str) -> None:
    for words, command in commands(name).items():
        where = " ".join((name, *words))
        assert command.help, where
        assert command.help.strip().split("\n\n")[0].endswith("."), f"{where}: {command.help}"
        for parameter in command.params:
            if parameter.name in ("help", "install_completion", "show_completion"):
                continue
            text = getattr(parameter, "help", None)
            assert text, f"{where} {parameter.name}"
            assert text.rstrip().endswith((".", "?", ")")), f"{where} {parameter.name}: {text}"


@pytest.mark.parametrize(("name", "words"), ALL, ids=[" ".join((name, *words)) for name, words in ALL])
def test_help_fits_a_narrow_terminal_and_has_no_colours_where_none_are_wanted(
    name: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(NARROW))
    monkeypatch.setenv("NO_COLOR", "1")
    code, text = said(name, [*words, "--help"])
    assert code == 0
    assert f"Usage: {' '.join((name, *words))}" in " ".join(text.split())
    assert "\x1b[" not in text
    assert max(map(len, text.splitlines())) <= NARROW


def test_every_command_takes_json() -> None:
    """``harness`` and ``ptycho`` before the command is parsed, ``compare`` in each command."""
    for words, command in commands("compare").items():
        if words:
            assert any("--json" in parameter.opts for parameter in command.params), words
    for name in ("harness", "ptycho"):
        assert any("--json" in parameter.opts for parameter in program(name).params)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("harness", ["cases", "list", "--json"]),
        ("harness", ["docs", "--json"]),
        ("harness", ["--json", "docs", "no_such_page"]),
        ("compare", ["verify", "reports/example_supervisor", "--json"]),
        ("compare", ["history", "reports", "--json"]),
        ("compare", ["traces", "--json", "docs/images.md", "docs/images.md"]),
        ("ptycho", ["--json", "--version"]),
    ],
)
def test_json_is_one_document_on_standard_output(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code, text = said(name, words)
    if text or code == 0:
        assert json.loads(text) is not None
    else:
        assert code == 2  # a mistake is a line on standard error


def test_the_pages_are_drawn_again_and_listed_as_json(tmp_path: Path) -> None:
    out = tmp_path / "pages"
    code, text = said("compare", ["report", str(ROOT / "reports/example_supervisor"), "--out", str(out), "--json"])
    assert code == 0
    assert {path.name for path in out.iterdir()} == set(json.loads(text)["written"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_shell_is_offered_the_commands(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(name, f"{name} ", monkeypatch) == {words[0] for words in commands(name) if len(words) == 1}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("harness trace --case super", {"supervisor"}),
        ("harness parity scan_thr", {"scan_through_zero"}),
        ("harness docs parity", {"parity_toml"}),
        ("harness explain --defect phi-carryover=of", {"phi-carryover=off"}),
        ("harness trace --mode s", {"spec"}),
        ("harness --subject ptychography-", {"ptychography-stitch"}),
        ("compare verify --sig", {"--signers"}),
    ],
)
def test_a_shell_is_offered_values_too(line: str, names: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(line.split()[0], line, monkeypatch) == names


def offered(name: str, line: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What bash would show for a line; through the command of a group, as the shell does it."""
    words = line.split()
    monkeypatch.setenv(f"_{name.upper()}_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - (not line.endswith(" "))))
    return set(said(name, [])[1].split())


# ---- what is going on --------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_takes_long_is_told_on_a_terminal_and_gone_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "MOMENT_S", 0.0)
    monkeypatch.setattr(progress, "TICK_S", 0.01)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "20")
    with progress.working("counting very many sheep"):
        deadline = time.monotonic() + 30
        while "..." not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.005)
    shown = terminal.getvalue()
    assert f"{progress.ERASED}... counting very m{progress.ERASED}" in shown + progress.ERASED
    assert shown.endswith(progress.ERASED)


def test_nothing_is_told_where_standard_error_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "MOMENT_S", 0.0)
    monkeypatch.setattr(progress, "TICK_S", 0.001)
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    with progress.working("counting sheep"):
        time.sleep(0.02)
    assert file.getvalue() == ""


def test_verbose_says_what_was_done_and_how_long_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        assert harness.cli.run(["reference", "trace", "-v"]) == 0
    finally:
        progress.be_verbose(False)
    assert re.search(r"^\.\.\. .* traces 1 pixel: \d+\.\d\d s$", capsys.readouterr().err, re.MULTILINE)


def test_words_of_another_program_are_left_to_it() -> None:
    assert harness.cli.said_to_be_verbose(["smoke", "--", "program", "-v"]) == (
        False,
        ["smoke", "--", "program", "-v"],
    )
    assert harness.cli.said_to_be_verbose(["-v", "parity", "x"]) == (True, ["parity", "-v", "x"])
    assert harness.cli.said_to_be_verbose(["trace", "--verbose"]) == (True, ["trace"])


def test_every_page_that_a_message_names_is_there() -> None:
    from harness.documentation import pages

    named = re.compile(r"harness docs (\w+)")
    for folder in ("harness", "compare", "capture", "subjects", "simulator"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in named.findall(path.read_text("utf-8")):
                assert name in {*pages(), "NAME"}, f"{path}: {name}"


def test_numbers_are_whole_on_a_narrow_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("TRACE_C: first_quantity 0.12345678901234568\nTRACE_C: second 1\n")
    (tmp_path / "b.log").write_text("TRACE_PY: first_quantity 0.22345678901234567\nTRACE_PY: second 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "compare", "traces", "a.log", "b.log"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "40", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    for number in ("0.12345678901234568", "0.22345678901234567"):
        assert number in done.stdout
    assert "\x1b[" not in done.stdout
