"""Envelopes that carry what a step's inputs were allowed."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from compare.errors import InputError
from compare.judging.collect import KEEP_TELLING, Collector
from compare.judging.engine import Window, compare_traces
from compare.judging.result import Comparison, DifferenceClass, Origin, Verdict
from compare.words.vocabulary import load

Write = Callable[..., Path]
SUM = 'carries = { sum = [{ "previous I" = 1 }, { F = 2 }] }'


def compared(
    write: Write, step: str, a: list[str], b: list[str], more: str = "", window: Window | None = None
) -> Comparison:
    """Two logs of STEP lines under a vocabulary whose step I has this entry."""
    words = write(
        'format = 1\nname = "v"\n[records]\nSTEP = ["k"]\n[quantities.header]\nN = { kind = "int", inputs = [] }\n'
        '[quantities.STEP]\nF = { kind = "float", scale = "N", inputs = [] }\n'
        f'I = {{ kind = "float", {step} }}\n{more}',
        "v.toml",
    )
    logs = [
        write(
            "\n".join([f"TRACE_{side}: N 1000", *(f"TRACE_{side}_STEP k={k} {t}" for k, t in enumerate(lines)), ""]),
            side,
        )
        for side, lines in (("C", a), ("PY", b))
    ]
    return compare_traces(*logs, vocabulary=load(words), window=window)


def lines(factors: list[float], wrong: float = 1.0) -> list[str]:
    """F and the running sum of its squares; the last sum is ``wrong`` times what it should be."""
    sums = np.cumsum(np.square(factors))
    sums[-1] *= wrong
    return [f"F={f!r} I={i!r}" for f, i in zip(factors, sums.tolist(), strict=True)]


F = [0.001, 0.5, 0.002]
NEAR = [0.001 + 4e-9, 0.5, 0.002]  # within 1e-11 of N


def step(entry: str) -> str:
    return f'inputs = ["F", "previous I"]{", " + entry if entry else ""}'


def test_a_sum_carries_what_its_terms_were_allowed(write: Write) -> None:
    result = compared(write, step(SUM), lines(F), lines(NEAR))
    assert result.verdict is Verdict.PARITY
    drifted = [pair for pair in result.pairs if pair.difference is DifferenceClass.DRIFT]
    assert [(pair.key.name, pair.origin) for pair in drifted] == [("I", Origin.PROPAGATED)] * len(drifted)
    assert drifted


def test_every_row_of_a_long_log_is_carried_and_the_report_stays_short(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compare.judging.engine.Collector", partial(Collector, keep_all=1500))
    factors, near = [0.001] * 1000, [0.001 + 4e-9] * 1000
    result = compared(write, step(SUM), lines(factors), lines(near))
    assert result.verdict is Verdict.PARITY
    assert result.counts[DifferenceClass.DIVERGENT] == 0
    drifted = [pair for pair in result.pairs if pair.difference is DifferenceClass.DRIFT]
    assert 0 < len(drifted) <= KEEP_TELLING < result.counts[DifferenceClass.DRIFT]
    faulty = compared(write, step(SUM), lines(factors), lines(near, 1.1))
    assert faulty.exit_code == 1
    assert faulty.first_divergence is not None
    assert dict(faulty.first_divergence.key.indices) == {"k": 999}


SMALL = Window(rows=300, waiting_rows=10**6, block_bytes=4000)


def test_every_row_of_a_log_in_windows_is_carried(write: Write) -> None:
    factors, near = [0.001] * 3000, [0.001 + 4e-9] * 3000
    whole, windowed = (compared(write, step(SUM), lines(factors), lines(near), window=w) for w in (None, SMALL))
    assert windowed.verdict is whole.verdict is Verdict.PARITY
    assert windowed.counts == whole.counts
    assert windowed.counts[DifferenceClass.DRIFT] > 10 * KEEP_TELLING
    assert len(windowed.pairs) < 4 * KEEP_TELLING


@pytest.mark.parametrize("at", [10, 700, 2999])
def test_a_fault_in_a_log_in_windows_is_no_rounding_and_nothing_after_it_is_excused(write: Write, at: int) -> None:
    factors, near = [0.001] * 3000, [0.001 + 4e-9] * 3000
    wrong = [*lines(near)[:at], *(line.replace("I=", "I=1") for line in lines(near)[at:])]
    result = compared(write, step(SUM), lines(factors), wrong, window=SMALL)
    assert result.exit_code == 1
    assert result.first_divergence is not None
    assert dict(result.first_divergence.key.indices) == {"k": at}
    assert result.counts[DifferenceClass.DIVERGENT] == 3000 - at


@pytest.mark.parametrize("order", ["F I", "I F"])
def test_how_the_values_of_a_line_are_ordered_does_not_matter_in_windows(write: Write, order: str) -> None:
    near = [0.001 + 4e-9 * (k % 3 == 0) for k in range(2000)]
    a, b = (
        [" ".join(sorted(line.split(), key=lambda t: order.index(t[0]))) for line in lines(values)]
        for values in ([0.001] * 2000, near)
    )
    assert compared(write, step(SUM), a, b, window=SMALL).verdict is Verdict.PARITY


@pytest.mark.parametrize("wrong", [1 + 1e-9, 1 - 1e-6, 2.0])
def test_a_fault_in_the_sum_is_seen_all_the_same(write: Write, wrong: float) -> None:
    """The last term and the sum before it were allowed 4e-12 of it, a hundredth of the fault."""
    result = compared(write, step(SUM), lines(F), lines([F[0], *NEAR[1:]], wrong))
    assert result.exit_code == 1
    allowed = compared(write, step(SUM), lines(F), lines(NEAR, wrong))
    assert allowed.exit_code == 1
    assert allowed.first_divergence is not None
    assert dict(allowed.first_divergence.key.indices) == {"k": 2}


def test_a_term_at_fault_carries_nothing(write: Write) -> None:
    beyond = [0.001 + 1e-7, *F[1:]]
    result = compared(write, step(SUM), lines(F), lines(beyond))
    assert [p.key.name for p in result.pairs if p.difference is DifferenceClass.DIVERGENT][:2] == ["F", "I"]


def test_without_a_form_a_step_makes_ten_times_the_difference_of_its_inputs(write: Write) -> None:
    a, b = ["F=1.0 I=1.0"], ["F=1.000000001 I=1.000000009"]
    assert compared(write, 'inputs = ["F"]', a, b).verdict is Verdict.PARITY
    assert compared(write, 'inputs = ["F"]', a, ["F=1.000000001 I=1.00000002"]).exit_code == 1
    assert compared(write, "inputs = []", a, b).exit_code == 1
    far = ["F=1e-9 I=1.0"], ["F=3e-9 I=1.0001"]  # all of F is within 1e-11 of N, and means nothing for I
    assert compared(write, 'inputs = ["F"]', *far).exit_code == 1
    assert (
        compared(write, 'inputs = ["F"], copy = true', ["F=1e-9 I=1e-9"], ["F=3e-9 I=3e-9"]).verdict is Verdict.PARITY
    )


def test_results_below_normal_doubles_have_a_unit_of_their_own(write: Write) -> None:
    """One build flushes F^2 to zero, the other does not; a thousand times that is what is printed."""
    entry = 'inputs = ["F", "G"], carries = { sum = [{ G = 1, F = 2 }] }'
    more = 'G = { kind = "float", inputs = [] }\n'
    a = ["F=1e-155 G=1000.0 I=1e-307"]
    assert compared(write, entry, a, ["F=1e-155 G=1000.0 I=0.0"], more).verdict is Verdict.PARITY
    assert compared(write, entry, a, ["F=1e-155 G=1000.0 I=1e-303"], more).exit_code == 1


def test_of_several_terms_the_first_in_the_logs_counts(write: Write) -> None:
    entry = 'inputs = ["F"], carries = { sum = [[{ T = 1 }, { F = 2 }]] }'
    more = 'T = { kind = "float", inputs = [] , status = "optional" }\n'
    assert (
        compared(write, entry, ["F=2.0 I=4.0"], [f"F={2 + 1e-9!r} I={(2 + 1e-9) ** 2!r}"], more).verdict
        is Verdict.PARITY
    )


def test_a_product_carries_relative_differences_by_their_powers(write: Write) -> None:
    entry = 'inputs = ["F"], carries = { product = { F = 3 } }'
    a = ["F=2.0 I=16.0"]
    b = [f"F={2 * (1 + 1e-9)!r} I={{!r}}"]
    good, bad = 16 * (1 + 3e-9), 16 * (1 + 3.1e-9)
    assert compared(write, entry, a, [b[0].format(good)]).verdict is Verdict.PARITY
    assert compared(write, entry, a, [b[0].format(bad)]).exit_code == 1


def test_a_value_in_single_precision_may_round_the_other_way(write: Write) -> None:
    entry = 'inputs = ["F"], carries = { float32 = true }'
    apart = float(np.nextafter(np.float32(0.3), np.float32(1)))
    a, b = [f"F=0.3 I={float(np.float32(0.3))!r}"], [f"F={0.3 + 1e-12!r} I={apart!r}"]
    assert compared(write, entry, a, b).verdict is Verdict.PARITY
    assert compared(write, entry, a, [f"F=0.3 I={apart!r}"]).exit_code == 1, "the input is the same"


@pytest.mark.parametrize(
    ("h", "apart", "parity"), [(14.00003, 3e-10, True), (14.3, 3e-10, False), (14.00003, 3e-8, False)]
)
def test_rounding_of_a_phase_grows_towards_whole_turns(write: Write, h: float, apart: float, parity: bool) -> None:
    entry = 'inputs = ["h", "M"], carries = { phase = ["h", "M"] }'
    more = 'h = { kind = "float", inputs = [] }\nM = { kind = "int", inputs = [] }\n'
    value = math.sin(math.pi * 5 * h) / math.sin(math.pi * h)
    a, b = (f"F=1.0 h={h!r} M=5 I={v!r}" for v in (value, value + apart))
    assert (compared(write, entry, [a], [b], more).verdict is Verdict.PARITY) == parity


@pytest.mark.parametrize("entry", ["{ summ = [] }", "{ }", '{ phase = ["F"] }'])
def test_a_form_that_is_none_is_refused(write: Write, entry: str) -> None:
    with pytest.raises(InputError, match="carries"):
        compared(write, f'inputs = ["F"], carries = {entry}', [], [])
