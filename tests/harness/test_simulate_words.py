"""``harness simulate`` obeys what the C program obeys: traces, printed pixels, remarks and ``--strict``."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.computing import Computing
from simulator.remarks import IgnoredInput
from subjects.nanobragg.rendering import run_port

LINE = "-cell 40 50 60 -default_F 10 -N 5 -detpixels 6 -pixel 8 -oversample 1 -nonoise -nopgm"
CPU = Computing("cpu", compile="never")


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def simulate(line: str) -> int:
    return run_port(line.split(), CPU, None)


def test_traces_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(f"{LINE} -trace_pixel 1 2 -trace_pixel 3 4 -trace_pixel 1 2") == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if ": pixel " in line] == ["TRACE_PY: pixel 1 2", "TRACE_PY: pixel 3 4"]
    assert "max_I = " in said


def test_traces_go_into_the_file_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(f"{LINE} -trace_pixel 1 2 -trace_file t.log") == 0
    assert (tmp_path / "t.log").read_text().startswith("TRACE_PY: trace_format 1\n")
    assert "TRACE_PY" not in capsys.readouterr().out
    assert (tmp_path / "floatimage.bin").is_file()


def test_trace_only_makes_no_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(f"{LINE} -trace_pixel 1 2 -trace_only") == 0
    assert "TRACE_PY: I_pixel_final" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "pixels"), [("-printout", 36), ("-printout_pixel 2 1", 1), ("-roi 1 2 0 3 -printout", 8)]
)
def test_pixels_are_printed(words: str, pixels: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(f"{LINE} {words}") == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if " : I = " in line]
    assert len(printed) == pixels
    if pixels == 1:
        assert printed[0].startswith("   2    1 : I = ")


def test_ignored_words_are_said_in_a_line_each() -> None:
    with pytest.warns(IgnoredInput) as said:
        assert simulate(f"{LINE} -hdiv 0") == 0
    assert [str(remark.message) for remark in said] == [
        "unknown flag -hdiv (the reference ignores it); did you mean -hdivrange?",
        "'0' is neither a flag nor a flag's value (the reference ignores it)",
    ]


def test_strict_refuses_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(f"--strict {LINE} -hdiv 0") == 2
    assert capsys.readouterr().err.startswith("harness simulate: unknown flag -hdiv")
    assert list(tmp_path.iterdir()) == []
