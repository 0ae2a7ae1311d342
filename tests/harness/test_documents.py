"""What README and pages show is run and prints what is shown; every command line in them is one that can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import compare.cli
import harness.cli
from compare.commands.together import make_app as make_compare
from harness.finding import find_subject, open_subject
from subjects.ptychography import cli as ptycho
from tests.harness.support import ROOT, Run, in_process

PAGES = {path.name: path.read_text("utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
SESSION = re.compile(r"^    \$ (.*)\n((?:(?!    \$ )    .*\n|\n(?=    (?!\$ )))*)", re.MULTILINE)
ELSEWHERE = {"your_own_program.md", "vocabulary.md", "ptychography.md"}
"""Pages whose sessions have a test of their own."""
RUN_BEFORE = ("A", "B")
"""Names in a session that stand for logs which the reader has."""


def plain(text: str) -> str:
    """Without what differs from run to run and from machine to machine; blanks count as one."""
    text = re.sub(r"\d+\.\d+ s\b", "T s", text)
    text = re.sub(r"\S*reports/\S+", "FOLDER", text)
    text = re.sub(r"^(\s*time:) .*$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^POLICY-001.*$|^\S*warning.*$", "", text, flags=re.MULTILINE | re.IGNORECASE)
    return " ".join(text.split())


def is_shown(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown; ``...`` stands for anything."""
    parts = [re.escape(part.strip()) for part in plain(shown).split("...")]
    return re.fullmatch(r".*".join(rf"\s*{part}\s*" for part in parts), plain(printed), re.DOTALL) is not None


def sessions() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each page that shows sessions, and its commands with what they print."""
    for name, text in PAGES.items():
        if name not in ELSEWHERE and (found := SESSION.findall(text)):
            yield name, found


@pytest.mark.parametrize(("name", "commands"), list(sessions()), ids=[name for name, _ in sessions()])
def test_a_session_prints_what_is_shown(name: str, commands: list[tuple[str, str]], tmp_path: Path) -> None:
    status = 0
    for command, shown in commands:
        program, *words = shlex.split(command)
        if program == "echo":
            assert shown.strip() == str(status), command
            continue
        run: Run = in_process(program, tmp_path)
        if set(RUN_BEFORE) & set(words):
            words = [_log_for(word, tmp_path) for word in words]
        done = run(*words)
        status = done.returncode
        if shown.strip():
            assert is_shown(shown, done.stderr + done.stdout), f"$ {command}\n{done.stderr}{done.stdout}"
        else:
            assert status == 0, f"$ {command}\n{done.stderr}{done.stdout}"


def _log_for(word: str, folder: Path) -> str:
    if word in RUN_BEFORE and not (folder / word).exists():
        side = ("reference", "trace") if word == "A" else ("trace", "--device", "cpu")
        assert in_process("harness", folder)(*side, "--case", "cubic_adxv", "--out", word).returncode == 0
    return word


# ---- every command line -------------------------------------------------------------------------------------------

LINE = re.compile(r"^(?: {4}|\$ )\$? ?((?:harness|compare|ptycho) .*)$", re.MULTILINE)
INLINE = re.compile(r"`((?:harness|compare|ptycho) [^`]+)`")
NO_COMMAND = re.compile(r"^[(/]|^\.\.\.")


def programs() -> dict[str, list[Any]]:
    """Every program as a group of commands; harness once for each subject with commands of its own."""
    harnesses = [harness.cli.make_app(find_subject(name)) for name in ("nanobragg", "ptychography")]
    return {
        "harness": [typer.main.get_command(app) for app in harnesses],
        "compare": [typer.main.get_command(make_compare(compare.cli.functions(), compare.cli.CONTEXT))],
        "ptycho": [typer.main.get_command(ptycho.app)],
    }


def command_lines() -> list[tuple[str, str]]:
    """Page and command line, one for each that is written down, without its comment."""
    return [
        (name, re.split(r"\s+#|\s+[|>]\s|\s&&\s", line)[0].strip())
        for name, text in {**PAGES, "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8")}.items()
        for line in [*LINE.findall(text), *INLINE.findall(text)]
    ]


def refused(line: str, groups: list[Any]) -> str:
    """Why no program takes the line: an unknown command or option; empty where one does."""
    reasons = []
    for group in groups:
        reason = _refused_by(line, group)
        if not reason:
            return ""
        reasons.append(reason)
    return reasons[0]


def _refused_by(line: str, group: Any) -> str:
    words = re.sub(r"[\[\]]", " ", line).split(" -- ")[0].split()[1:]
    command, known = group, {option for one in group.params for option in (*one.opts, *one.secondary_opts)}
    for word in words:
        inner = getattr(command, "commands", None)
        if word.startswith("--"):
            if word.partition("=")[0] not in known:
                return f"{command.name} has no {word}"
        elif inner is not None and not word.startswith("-"):
            if word in inner:
                command = inner[word]
                known |= {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            elif command is not group or known_value(words, word):
                continue
            elif not NO_COMMAND.match(word):
                return f"no command {word!r}"
    return ""


def known_value(words: list[str], word: str) -> bool:
    """Whether the word is the value of the option before it."""
    at = words.index(word)
    return at > 0 and words[at - 1].startswith("--")


def test_every_command_line_of_the_pages_can_be_typed() -> None:
    open_subject.cache_clear()
    groups = programs()
    lines = command_lines()
    assert len(lines) > 60
    wrong = [f"{page}: {line}: {why}" for page, line in lines if (why := refused(line, groups[line.split()[0]]))]
    assert wrong == []


def test_a_line_that_cannot_be_typed_is_found() -> None:
    groups = programs()
    assert refused("harness trase --pixel 1 2", groups["harness"]) == "no command 'trase'"
    assert "--pixle" in refused("harness trace --pixle 1 2", groups["harness"])
    assert refused("harness --subject ptychography independence", groups["harness"]) == ""
