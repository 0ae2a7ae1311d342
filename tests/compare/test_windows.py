"""Logs that are read in windows, in other orders, and through the disk say the same as logs seen whole."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compare.judging.engine import Window, compare_traces
from compare.judging.result import Comparison, DifferenceClass, ProblemKind, Verdict

Write = Callable[..., Path]
TINY = Window(rows=40, waiting_rows=10**6, block_bytes=600)
SPILLING = Window(rows=40, waiting_rows=50, block_bytes=600)


def evaluations(count: int, *, factor: float = 1.0, changed: dict[int, str] | None = None) -> list[str]:
    """DOMAIN lines in loop order; the same for the same arguments."""
    rng = np.random.default_rng(5)
    h, lattice = rng.normal(0, 9, (count, 3)) * factor, rng.normal(0, 2, count) * factor
    lines = []
    for i in range(count):
        vector = ",".join(map(repr, h[i].tolist()))
        line = f"TRACE_C_DOMAIN source={i // 100} phi_tic={i // 10 % 10} mos_tic={i % 10} hkl_frac={vector}"
        lines.append(f"{line} F_latt={float(lattice[i])!r}")
    for number, line in (changed or {}).items():
        lines[number] = line
    return lines


def log(lines: list[str]) -> str:
    return "\n".join(["TRACE_C: steps 1", *lines, "TRACE_C: I_pixel_final 1"]) + "\n"


def told(result: Comparison) -> tuple:
    """What a comparison says, apart from which pairs it kept."""
    missing = Counter((str(each.key), each.side) for each in result.leftovers)
    kinds = Counter(problem.kind for problem in result.problems)
    return result.verdict, dict(result.counts), missing, kinds, result.coverage.paired


def test_a_log_in_the_same_order(write: Write) -> None:
    a = write(log(evaluations(1000)), "a.log")
    b = write(log(evaluations(1000, factor=1 + 3e-16)), "b.log")
    whole = compare_traces(a, b)
    assert whole.counts[DifferenceClass.ROUNDING] > 1000
    assert told(compare_traces(a, b, window=TINY)) == told(whole)


def test_missing_and_added_rows_are_found_in_any_window(write: Write) -> None:
    lines = evaluations(1000)
    a = write(log(lines[:300] + lines[305:]), "a.log")
    b = write(log(lines[:700] + lines[702:]), "b.log")
    whole = compare_traces(a, b)
    assert whole.coverage.only_a == 4
    assert whole.coverage.only_b == 10
    assert told(compare_traces(a, b, window=TINY)) == told(whole)
    assert told(compare_traces(a, b, window=SPILLING)) == told(whole)


@pytest.mark.parametrize("seed", range(3))
def test_another_order_goes_through_the_disk(write: Write, seed: int) -> None:
    lines = evaluations(1500)
    rng = random.Random(seed)
    others = rng.sample(lines, len(lines))[: len(lines) - seed]
    a, b = write(log(lines), "a.log"), write(log(others), "b.log")
    whole = compare_traces(a, b)
    assert whole.coverage.only_a == 2 * seed
    assert told(compare_traces(a, b, window=SPILLING)) == told(whole)


def test_a_divergence_in_a_later_window_keeps_its_origin(write: Write) -> None:
    lines = evaluations(1000)
    wrong = lines[800].replace("F_latt=", "F_latt=-").replace("--", "")
    a, b = write(log(lines), "a.log"), write(log(evaluations(1000, changed={800: wrong})), "b.log")
    whole, windowed = compare_traces(a, b), compare_traces(a, b, window=TINY)
    for result in (whole, windowed):
        assert result.first_divergence is not None
        assert dict(result.first_divergence.key.indices)["source"] == 8
        assert result.first_divergence.cause is not None
        assert result.first_divergence.cause.label == "sign"
    assert told(windowed) == told(whole)


def test_a_row_that_is_repeated_far_away_is_noticed(write: Write) -> None:
    lines = evaluations(1000)
    again = [*lines, lines[3].replace("F_latt=", "F_latt=1")]
    a, b = write(log(again), "a.log"), write(log(again), "b.log")
    for window in (None, TINY, SPILLING):
        result = compare_traces(a, b, window=window)
        assert result.verdict is not Verdict.PARITY
        assert ProblemKind.DUPLICATE_CONFLICT in {problem.kind for problem in result.problems}


def test_a_long_log_keeps_the_first_and_worst_pairs_and_counts_the_rest(write: Write) -> None:
    a = write(log(evaluations(1000)), "a.log")
    b = write(log(evaluations(1000, factor=1.001)), "b.log")
    result = compare_traces(a, b, window=TINY)
    assert result.counts[DifferenceClass.DIVERGENT] == 2000
    assert 200 <= len(result.pairs) < 500
    assert result.omitted[DifferenceClass.DIVERGENT] + sum(p.differs for p in result.pairs) == 2000
    assert result.verdict is Verdict.UNRESOLVED
    first = result.first_divergence
    assert first is not None
    assert first.line_a == 2


def test_a_record_that_only_one_side_prints_does_not_pile_up(write: Write) -> None:
    lines = evaluations(1000)
    extra = [line for i, ln in enumerate(lines) for line in (ln, f"TRACE_C_TRICUBIC source=0 mos_tic={i} x=1.5")]
    a, b = write(log(extra), "a.log"), write(log(lines), "b.log")
    assert told(compare_traces(a, b, window=SPILLING)) == told(compare_traces(a, b))


REPEATED = "TRACE_C: residual {!r}"


@pytest.mark.parametrize("window", [None, Window(rows=100, waiting_rows=60, block_bytes=500)])
def test_names_repeated_without_an_index_resynchronise(write: Write, window: Window | None) -> None:
    values = [float(2.0**-n) for n in range(200)]
    a = write(log([REPEATED.format(v) for v in values]), "a.log")
    b = write(log([REPEATED.format(v) for n, v in enumerate(values) if n not in (50, 51, 120)]), "b.log")
    result = compare_traces(a, b, window=window)
    assert result.counts[DifferenceClass.IDENTICAL] == 197 + 2
    assert result.counts[DifferenceClass.DIVERGENT] == 0
    assert sorted(left.value for left in result.leftovers) == sorted(values[n] for n in (50, 51, 120))
    assert result.verdict is Verdict.INCOMPLETE
