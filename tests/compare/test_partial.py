"""`--partial`: logs of runs that stopped before their end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compare.judging.engine import compare_traces
from compare.judging.result import Verdict

Write = Callable[..., Path]


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("cut", ["between lines", "inside a line"])
def test_what_follows_the_end_of_the_shorter_log_is_no_finding(
    trace, write: Write, compare_command, side: str, cut: str
) -> None:
    text = "\n".join(trace.lines[:80]) + "\n" + (trace.lines[80][:30] if cut == "inside a line" else "")
    logs = [write(text, "short.log"), write(trace, "whole.log")]
    logs = logs if side == "a" else logs[::-1]
    assert compare_traces(*logs).verdict is Verdict.INCOMPLETE
    ran = compare_command("traces", *logs, "--partial")
    assert ran.code == 0
    assert "nothing differs among" in ran.out
    assert "the two programs computed the same" not in ran.out
    assert f"note: {side}: " in ran.out


def test_two_logs_that_stop_alike(trace, write: Write) -> None:
    cut = write("\n".join(trace.lines[:80]) + "\n")
    assert compare_traces(cut, cut, partial=True).verdict is Verdict.PARITY
    assert not compare_traces(cut, cut, partial=True).coverage.whole


def test_what_is_missing_before_the_end_stays_a_finding(trace, write: Write) -> None:
    short = type(trace)(trace.lines[:80]).without("fdet_vec")
    assert compare_traces(write(short, "a.log"), write(trace, "b.log"), partial=True).verdict is Verdict.INCOMPLETE


def test_a_difference_stays_a_divergence(trace, write: Write) -> None:
    short = type(trace)(trace.lines[:80]).replaced("fdet_vec", "", [0.5, 0.5, 0.5])
    assert compare_traces(write(short, "a.log"), write(trace, "b.log"), partial=True).exit_code == 1
