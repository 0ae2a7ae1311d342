from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from compare import cli
from compare.commands.traces import prepare
from compare.judging.engine import compare_traces
from compare.render.table import print_comparison

DOM = {"thick_tic": 0, "source": 0, "phi_tic": 1, "mos_tic": 0}


@pytest.fixture
def logs(trace, write) -> tuple[Path, Path]:
    """A reference, and a port with a lattice factor of the wrong sign."""
    value = float(trace.value("DOMAIN", "F_latt", **DOM)[0])
    wrong = trace.replaced("DOMAIN", "F_latt", [-value], **DOM)
    return write(trace, "a.log"), write(wrong, "b.log")


@pytest.mark.parametrize(
    ("words", "prepared"),
    [
        (["a", "b", "--json"], ["a", "b", "--json=-"]),
        (["--json", "a", "b"], ["--json=-", "a", "b"]),
        (["a", "b", "--json", "-"], ["a", "b", "--json=-"]),
        (["a", "b", "--json", "out.json", "--csv", "x.csv"], ["a", "b", "--json=out.json", "--csv=x.csv"]),
        (["--html", "page.html", "a", "b"], ["--html=page.html", "a", "b"]),
        (["a", "b", "--sarif=out", "--all"], ["a", "b", "--sarif=out", "--all"]),
        (["--tolerance", "t.toml", "a", "b"], ["--tolerance", "t.toml", "a", "b"]),
    ],
)
def test_a_format_takes_a_file_or_standard_output(words: list[str], prepared: list[str]) -> None:
    assert prepare(words) == prepared


@pytest.mark.parametrize("form", ["json", "csv", "junit", "sarif", "github", "markdown", "html"])
def test_each_format_to_standard_output_and_to_a_file(logs, tmp_path: Path, compare_command, form: str) -> None:
    target = tmp_path / "report"
    printed = compare_command("traces", *logs, f"--{form}")
    written = compare_command("traces", *logs, f"--{form}={target}")
    assert printed.code == written.code == 1
    assert "F_latt" in printed.out
    assert target.read_text("utf-8").strip() == printed.out.strip()
    assert "divergence: a step computes something else" in written.out
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("tmp")] == []


def test_the_table_names_the_first_origin_with_both_values(logs, compare_command) -> None:
    ran = compare_command("traces", *logs)
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert "first step at fault: pixel 20 50: DOMAIN[" in lines[1]
    table = ran.out.partition(" quantity ")[2]
    assert "DOMAIN[thick_tic=0 source=0" in table  # loops of one step are left out
    assert "origin (sign: b = -a)" in table
    assert "DOMAIN.hkl_frac" not in ran.out


def test_all_lists_every_pair(logs, compare_command) -> None:
    ran = compare_command("traces", *logs, "--all")
    assert ran.out.count("identical") > 390


@pytest.mark.parametrize("width", [40, 60, 90, 200])
def test_narrow_terminals_lose_no_values(logs, width: int) -> None:
    from io import StringIO

    from rich.console import Console

    result = compare_traces(*logs)
    out = StringIO()
    print_comparison(result, console=Console(file=out, width=width, force_terminal=True, color_system=None))
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    assert result.first_origin is not None
    for value in (result.first_origin.a, result.first_origin.b):
        assert repr(value) in re.sub(r"\s+", "", text) or repr(value) in text


@pytest.mark.parametrize(("variables", "coloured"), [({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_where_wanted(logs, variables: dict[str, str], coloured: bool) -> None:
    import os

    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    command = [sys.executable, "-m", "compare", "traces", *map(str, logs)]
    done = subprocess.run(command, env={**clean, **variables, "TERM": "xterm"}, capture_output=True, check=False)
    assert done.returncode == 1
    assert (b"\x1b[31m" in done.stdout) == coloured


def test_names_from_a_hostile_log_reach_no_terminal(write, compare_command) -> None:
    lines = "TRACE_C: evil\x1b[31m[bold]name {}\nTRACE_C: I_pixel_final 1\n"
    ran = compare_command("traces", write(lines.format(1), "a.log"), write(lines.format(2), "b.log"))
    assert ran.code == 1
    assert "\x1b[31m" not in ran.out
    assert "[bold]name" in ran.out


def test_torch_pandas_and_the_other_packages_are_not_loaded(logs) -> None:
    script = (
        "import sys\nfrom compare import cli\n"
        "try:\n    cli.main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'matplotlib', 'simulator', 'harness'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "traces", *map(str, logs)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_waivers_accept_a_divergence_and_say_so(logs, write, compare_command) -> None:
    waivers = write(
        '[[waiver]]\nname = "F_latt"\nwhy = "older port"\nwho = "M. Maintainer"\nuntil = 2999-01-01\n', "w.toml"
    )
    ran = compare_command("traces", *logs, "--waivers", waivers)
    assert ran.code == 0
    assert "M. Maintainer" in ran.out


def test_every_subcommand_of_the_table_exists() -> None:
    from importlib import import_module

    for name, command in cli.COMMANDS.items():
        assert callable(getattr(import_module(command.module), command.function)), name


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 0, "traces"),
        (("--help",), 0, "Exit status"),
        (("tracess",), 2, "did you mean traces?"),
        (("xyz",), 2, "one of"),
    ],
)
def test_the_program_without_a_subcommand(compare_command, words: tuple[str, ...], code: int, said: str) -> None:
    ran = compare_command(*words)
    assert ran.code == code
    assert said in ran.out + ran.err


def test_a_fault_of_the_program_itself_is_not_taken_for_a_divergence(logs, monkeypatch, compare_command) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("compare.judging.engine.compare_traces", broken)
    ran = compare_command("traces", *logs)
    assert ran.code == 4
    assert "RuntimeError: a bug" in ran.err


def test_the_json_of_a_comparison_says_what_the_table_says(logs, compare_command) -> None:
    document = json.loads(compare_command("traces", *logs, "--json").out)
    assert document["verdict"] == "divergence"
    assert document["exit_code"] == 1
