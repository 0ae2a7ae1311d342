"""Sections of three integers, for a pair that only a TOML file describes: traced, compared, explained, sealed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.cli import run
from harness.finding import open_subject

PROGRAM = """\
import sys

epoch, row, col = map(int, sys.argv[2:5])
start = epoch + row / 7 + col / 13
print(f"TRACE_SIDE: start {start!r}")
x = start
for step in range(int(sys.argv[1])):
    x += x / 3 + (0.5 if FAULTY and (epoch, step) == (4, 2) else 0.0)
    print(f"TRACE_SIDE_STEP step={step} x={x!r}")
print(f"TRACE_SIDE: end {x!r}")
"""
TOML = """\
name = "growth"
keys = ["epoch", "row", "col"]
result = "end"
[reference]
run = "{python} a.py {argv} {epoch} {row} {col}"
[port]
run = "{python} b.py {argv} {epoch} {row} {col}"
[cases.short]
argv = "4"
sections = [[3, 5, -6], [4, 5, -6]]
[vocabulary.records]
STEP = ["step"]
[vocabulary.quantities.header]
start = { inputs = [] }
end = { inputs = ["last STEP.x"], copy = true }
[vocabulary.quantities.STEP]
x = { inputs = ["previous x?", "start"] }
"""


@pytest.fixture
def growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two programs and their TOML file; it is the working folder."""
    (tmp_path / "a.py").write_text(PROGRAM.replace("SIDE", "A").replace("FAULTY", "False"))
    (tmp_path / "b.py").write_text(PROGRAM.replace("SIDE", "B").replace("FAULTY", "False"))
    (tmp_path / "parity.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    return tmp_path


@pytest.fixture
def faulty(growth: Path) -> Path:
    """The same with a fault in one epoch of the port."""
    (growth / "b.py").write_text(PROGRAM.replace("SIDE", "B").replace("FAULTY", "True"))
    return growth


@pytest.fixture(autouse=True)
def _opened_afresh() -> None:
    open_subject.cache_clear()


def folder_of(root: Path, label: str) -> Path:
    (found,) = (path for path in (root / "reports").iterdir() if path.name.endswith(label))
    return found


def test_sections_of_three_integers_are_traced_by_name(growth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", "--at", "3", "5", "-6", "--at", "4 5 -6"]) == 0
    said = capsys.readouterr().out
    assert "epoch 3 row 5 col -6: end " in said
    assert "epoch 4 row 5 col -6: end " in said
    folder = folder_of(growth, "_trace_short_b")
    assert verify(folder).sealed
    text = (folder / "trace_b.log").read_text()
    assert text.startswith("TRACE_B_SECTION epoch=3 row=5 col=-6\n")
    assert json.loads((folder / "case.json").read_text())["keys"] == ["epoch", "row", "col"]


def test_sections_that_share_a_part_are_compared_as_one_log(growth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parity", "-v"]) == 0
    assert "ok   traces: 12 values" in capsys.readouterr().out


def test_a_fault_is_named_with_its_section(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parity"]) == 1
    assert "first at epoch 4 row 5 col -6: STEP[step=2].x" in capsys.readouterr().out
    folder = folder_of(faulty, "_parity_short")
    assert verify(folder).sealed
    document = json.loads(next(folder.rglob("comparison.json")).read_text())
    assert document["pairs"][document["first_origin"]]["key"]["section"] == {"epoch": 4, "row": 5, "col": -6}
    for page in ("diagnostics.md", "report.html"):
        assert "epoch 4 row 5 col -6" in (folder / page).read_text()
    assert run(["explain", "--case", "short", "--at", "4", "5", "-6"]) == 1
    assert "first step at fault: epoch 4 row 5 col -6: STEP[step=2].x" in capsys.readouterr().out


def test_traces_of_several_sections_are_explained_from_files(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sections = ["--at", "3 5 -6", "--at", "4 5 -6"]
    assert run(["reference", "trace", *sections, "--out", "a.log"]) == 0
    assert run(["trace", "--at", "4 5 -6", "--at", "3 5 -6", "--out", "b.log"]) == 0
    capsys.readouterr()
    assert run(["explain", "a.log", "b.log"]) == 1
    assert "first step at fault: epoch 4 row 5 col -6: STEP[step=2].x" in capsys.readouterr().out
    assert run(["trace", "--at", "3 5 -6", "--out", "b.log"]) == 0
    capsys.readouterr()
    assert run(["explain", "a.log", "b.log"]) == 1
    assert "a has epoch 4 row 5 col -6; b lacks it" in " ".join(capsys.readouterr().out.split())


def test_a_program_that_states_its_sections_itself_is_believed(growth: Path) -> None:
    for name, side in (("a.py", "A"), ("b.py", "B")):
        program = (growth / name).read_text()
        stated = f'print(f"TRACE_{side}: pixel {{row}} {{col}}")\n'
        (growth / name).write_text(program.replace("start = ", stated + "start = "))
    headings = '[vocabulary.section]\nkeys = { pixel = ["row", "col"] }\n[vocabulary.records]'
    (growth / "parity.toml").write_text(TOML.replace("[vocabulary.records]", headings))
    open_subject.cache_clear()
    assert run(["parity"]) == 0
    text = (folder_of(growth, "_parity_short") / "trace_a.log").read_text()
    assert "TRACE_A_SECTION epoch=3\nTRACE_A: pixel 5 -6\n" in text
    assert "TRACE_A_SECTION epoch=4\nTRACE_A: pixel 5 -6\n" in text


def test_programs_that_mark_no_line_are_compared_section_by_section(
    faulty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, side in (("a.py", "A"), ("b.py", "B")):
        program = (faulty / name).read_text()
        (faulty / name).write_text(program.replace(f"TRACE_{side}: ", "").replace(f"TRACE_{side}_STEP ", ""))
    assert run(["parity", "-v"]) == 1
    said = capsys.readouterr().out
    assert "ok   trace of epoch 3 row 5 col -6: " in said
    assert "FAIL trace of epoch 4 row 5 col -6: " in said
