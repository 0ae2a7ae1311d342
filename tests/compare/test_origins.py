from __future__ import annotations

from dataclasses import replace

import pytest

from compare.classes.origins import Replay
from compare.judging.engine import compare_traces
from compare.judging.result import Comparison, DifferenceClass, Origin, Pair, Verdict

PHI = {"thick_tic": 0, "source": 0, "phi_tic": 1}
DOM = PHI | {"mos_tic": 0}


def pair_of(result: Comparison, record: str, name: str, **indices: int) -> Pair:
    return next(
        p for p in result.pairs
        if (p.key.record, p.key.name) == (record, name) and indices.items() <= dict(p.key.indices).items()
    )  # fmt: skip


def scaled(log, record: str, name: str, factor: float, **indices: int):
    return log.replaced(record, name, [float(t) * factor for t in log.value(record, name, **indices)], **indices)


def test_a_step_with_the_same_inputs_is_the_origin_and_all_of_the_difference_is_local(trace, write) -> None:
    b = scaled(trace, "DOMAIN", "F_latt", 1.01, **DOM)
    result = compare_traces(write(trace, "a.log"), write(b, "b.log"))
    pair = pair_of(result, "DOMAIN", "F_latt", **DOM)
    assert pair.origin is Origin.ORIGIN
    assert pair.local == pair.absolute
    assert result.verdict is Verdict.DIVERGENCE


def test_a_step_with_differing_inputs_is_unknown_without_a_replay(trace, write) -> None:
    b = scaled(scaled(trace, "DOMAIN", "F_latt", 1.01, **DOM), "DOMAIN", "I_term", 1.0201, **DOM)
    result = compare_traces(write(trace, "a.log"), write(b, "b.log"))
    assert pair_of(result, "DOMAIN", "F_latt", **DOM).origin is Origin.ORIGIN
    assert pair_of(result, "DOMAIN", "I_term", **DOM).origin is Origin.UNKNOWN


def test_a_step_that_copies_its_input_has_inherited_the_difference(trace, write) -> None:
    """PHI prints the first domain's lattice factor before the record that computes it."""
    b = scaled(scaled(trace, "DOMAIN", "F_latt", 1.01, **DOM), "PHI", "F_latt", 1.01, **PHI)
    result = compare_traces(write(trace, "a.log"), write(b, "b.log"))
    assert pair_of(result, "PHI", "F_latt", **PHI).origin is Origin.PROPAGATED
    assert result.first_origin is not None
    assert result.first_origin.key.record == "DOMAIN"


def test_a_wrong_copy_is_an_origin(trace, write) -> None:
    result = compare_traces(write(trace, "a.log"), write(scaled(trace, "PHI", "F_latt", 1.01, **PHI), "b.log"))
    assert result.first_origin is not None
    assert result.first_origin.key.record == "PHI"


def test_an_input_that_the_logs_lack_leaves_the_origin_unknown(trace, write) -> None:
    a = trace.without("N_cells")
    b = scaled(a, "DOMAIN", "F_latt_a", 1.01, **DOM)
    result = compare_traces(write(a, "a.log"), write(b, "b.log"))
    assert pair_of(result, "DOMAIN", "F_latt_a", **DOM).origin is Origin.UNKNOWN
    assert result.verdict is Verdict.UNRESOLVED
    assert result.exit_code == 1


def test_a_zero_phi_step_depends_on_the_step_before_it_and_others_do_not(trace, write) -> None:
    """ap at phi = 0 repeats the rotation before it: wrong there because of that, right to inherit it."""
    last = {"thick_tic": 0, "source": 0, "phi_tic": 2}
    zero = {"thick_tic": 0, "source": 1, "phi_tic": 0}
    one = {"thick_tic": 0, "source": 1, "phi_tic": 1}
    b = trace
    for place in (last, zero, one):
        b = scaled(b, "PHI", "ap_angstroms", 1.001, **place)
    result = compare_traces(write(trace, "a.log"), write(b, "b.log"))
    assert pair_of(result, "PHI", "ap_angstroms", **last).origin is Origin.ORIGIN
    assert pair_of(result, "PHI", "ap_angstroms", **zero).origin is Origin.UNKNOWN
    assert pair_of(result, "PHI", "ap_angstroms", **one).origin is Origin.ORIGIN


def flipped(trace, margin: float):
    """The reference's k is ``margin`` below 5/2; the port's is as far above and goes to the next index."""
    h, _, m = map(float, trace.value("DOMAIN", "hkl_frac", **DOM))
    i, _, n = map(int, trace.value("DOMAIN", "hkl_rounded", **DOM))
    a = trace.replaced("DOMAIN", "hkl_frac", [h, 2.5 - margin, m], **DOM)
    b = trace.replaced("DOMAIN", "hkl_frac", [h, 2.5 + margin, m], **DOM)
    a, b = (log.replaced("DOMAIN", "hkl_rounded", [i, k, n], **DOM) for log, k in ((a, 2), (b, 3)))
    return a, scaled(b, "DOMAIN", "F_cell", 2.0, **DOM)


def test_a_flip_inside_the_tolerance_is_benign_and_what_follows_is_forked(trace, write) -> None:
    a, b = flipped(trace, 4e-12)
    result = compare_traces(write(a, "a.log"), write(b, "b.log"))
    rounded = pair_of(result, "DOMAIN", "hkl_rounded", **DOM)
    assert rounded.difference is DifferenceClass.DIVERGENT
    assert rounded.decision is not None
    assert rounded.decision.benign
    assert rounded.decision.margin == pytest.approx(4e-12, rel=1e-3)
    cell = pair_of(result, "DOMAIN", "F_cell", **DOM)
    assert cell.forked
    assert cell.excused
    assert result.verdict is Verdict.PARITY


def test_a_flip_outside_the_tolerance_is_not_benign(trace, write) -> None:
    a, b = flipped(trace, 1e-6)
    result = compare_traces(write(a, "a.log"), write(b, "b.log"))
    rounded = pair_of(result, "DOMAIN", "hkl_rounded", **DOM)
    assert rounded.decision is not None
    assert not rounded.decision.benign
    assert pair_of(result, "DOMAIN", "F_cell", **DOM).forked
    assert not pair_of(result, "DOMAIN", "F_cell", **DOM).excused
    assert result.exit_code == 1


def test_a_flip_with_the_very_same_fraction_is_a_fault(trace, write) -> None:
    i, k, n = map(int, trace.value("DOMAIN", "hkl_rounded", **DOM))
    b = trace.replaced("DOMAIN", "hkl_rounded", [i, k + 1, n], **DOM)
    result = compare_traces(write(trace, "a.log"), write(b, "b.log"))
    assert result.first_origin is not None
    assert result.first_origin.key.name == "hkl_rounded"


def with_replay(trace, write, q_factor: float, b_factor: float, tolerance: float, envelope: float) -> Pair:
    """F_latt of b is a's x b_factor, and its replay on a's inputs gives a's x q_factor."""
    b = scaled(trace, "DOMAIN", "F_latt", b_factor, **DOM)
    plain = compare_traces(write(trace, "a.log"), write(b, "b.log"))
    pair = pair_of(plain, "DOMAIN", "F_latt", **DOM)
    assert isinstance(pair.a, float)
    size = abs(pair.a)
    replay = Replay(pair.a * q_factor, tolerance * size, envelope * size)
    result = compare_traces(write(trace, "a.log"), write(b, "b.log"), replays={pair.key: replay})
    assert result.replayed
    return pair_of(result, "DOMAIN", "F_latt", **DOM)


@pytest.mark.parametrize(
    ("q", "b", "difference", "origin"),
    [
        (1.0, 1.0 + 1e-13, DifferenceClass.ROUNDING, Origin.NONE),
        (1.0, 1.0 + 5e-11, DifferenceClass.DRIFT, Origin.PROPAGATED),
        (1.0 + 5e-11, 1.0 + 5e-11, DifferenceClass.DRIFT, Origin.ORIGIN),
        (1.01, 1.01, DifferenceClass.DIVERGENT, Origin.ORIGIN),
        (1.0, 1.01, DifferenceClass.DIVERGENT, Origin.PROPAGATED),
        (1.01, 1.03, DifferenceClass.DIVERGENT, Origin.MIXED),
        (1.01, 1.0 + 1e-13, DifferenceClass.ROUNDING, Origin.MIXED),
    ],
)
def test_a_replay_splits_the_difference_into_local_and_propagated(
    trace, write, q: float, b: float, difference: DifferenceClass, origin: Origin
) -> None:
    pair = with_replay(trace, write, q, b, tolerance=1e-12, envelope=1e-10)
    assert (pair.difference, pair.origin) == (difference, origin)
    assert pair.local is not None
    assert pair.propagated is not None
    assert isinstance(pair.b, float)
    assert isinstance(pair.a, float)
    assert pair.local + pair.propagated == pytest.approx(pair.b - pair.a, rel=1e-6, abs=1e-15)


def test_a_wrong_step_is_a_fault_even_where_later_values_agree(trace, write) -> None:
    """The verdict rests on the steps, not on the final numbers."""
    pair = with_replay(trace, write, 1.01, 1.0 + 1e-13, tolerance=1e-12, envelope=1e-10)
    assert pair.fails
    assert not replace(pair, origin=Origin.NONE).fails
