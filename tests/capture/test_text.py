"""A captured trace written as text is one that ``compare`` reads, bits and indices kept; and stored, it is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from capture import CaptureError
from capture.storage import load, save
from capture.text import trace_lines
from capture.trace import OUTSIDE, CapturedTrace, Site, Values
from compare.judging.engine import compare_traces


def made(change: float = -0.0) -> CapturedTrace:
    values = np.array([[0.1, 0.2], [1 / 3, change]])
    site = Site(1, "s.v", "step", "a.c", 12, components=("x", "y"), reads=("step:u",), loops=(1,))
    inside = Values(
        site,
        ("k",),
        np.array([[0], [1]]),
        np.zeros((2, 0), np.int64),
        values,
        np.array([2, 3]),
        np.array([0, 0]),
        np.array([0, 0]),
    )
    count = Site(2, "n", "main", "a.c", 3, type="int")
    outside = Values(
        count,
        (),
        np.zeros((1, 0), np.int64),
        np.zeros((1, 0), np.int64),
        np.array([[2**62]]),
        np.array([1]),
        np.array([OUTSIDE]),
        np.array([0]),
    )
    return CapturedTrace("prog", ("row", "column"), ((2, 1),), (inside, outside), ("left out",), facts={"runs": 2})


def test_the_text_has_indices_bits_and_places() -> None:
    lines = list(trace_lines(made(), "C"))
    assert "TRACE_C_AT name=step.s_v at=a.c line=12" in lines
    assert lines[-4:] == [
        f"TRACE_C_main n={2**62}",
        "TRACE_C_SECTION row=2 column=1",
        "TRACE_C_step k=0 s_v=0.1,0.2",
        "TRACE_C_step k=1 s_v=0.3333333333333333,-0.0",
    ]


def test_compare_finds_the_one_value_that_differs(tmp_path: Path) -> None:
    logs = []
    for number, change in enumerate((0.5, 0.5 + 1e-3)):
        logs.append(tmp_path / f"{number}.log")
        logs[-1].write_text("\n".join(trace_lines(made(change), "C")) + "\n")
    differing = [p for p in compare_traces(logs[0], logs[1]).pairs if p.difference.value == "divergent"]
    assert [pair.key.name for pair in differing] == ["s_v"]


def test_a_stored_trace_is_read_back_whole(tmp_path: Path) -> None:
    save(made(), tmp_path / "t.npz")
    back = load(tmp_path / "t.npz")
    assert (back.program, back.sections, back.remarks, back.facts) == ("prog", ((2, 1),), ("left out",), {"runs": 2})
    for a, b in zip(made().columns, back.columns, strict=True):
        assert a.site == b.site
        assert a.values.dtype == b.values.dtype
        assert a.values.tobytes() == b.values.tobytes()


def test_a_file_that_is_no_trace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.npz").write_bytes(b"nonsense")
    with pytest.raises(CaptureError, match="is no captured trace"):
        load(tmp_path / "t.npz")
