from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compare.alignment.rows import hashes, increasing, match_rows
from compare.alignment.sequence import resynchronise

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-1, 2)), max_size=30)


def index(of: list[tuple]) -> np.ndarray:
    return np.array(of, np.int64).reshape(len(of), 3)


@given(rows, rows)
def test_rows_pair_exactly_where_their_indices_are_equal(a: list[tuple], b: list[tuple]) -> None:
    match = match_rows(index(a), index(b))
    assert {a[i] for i in match.a} == set(a) & set(b)
    assert all(a[i] == b[j] for i, j in zip(match.a, match.b, strict=True))
    assert {a[i] for i in match.rest_a} == set(a) - set(b)
    assert {b[j] for j in match.rest_b} == set(b) - set(a)
    everything_a = [*match.a.tolist(), *match.rest_a.tolist(), *match.repeats_a[:, 0].tolist()]
    everything_b = [*match.b.tolist(), *match.rest_b.tolist(), *match.repeats_b[:, 0].tolist()]
    assert sorted(everything_a) == list(range(len(a)))
    assert sorted(everything_b) == list(range(len(b)))
    assert all(a[again] == a[first] and first < again for again, first in match.repeats_a.tolist())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-1, 2)), unique=True), st.randoms())
def test_any_order_pairs_all_rows(a: list[tuple], rng) -> None:
    b = rng.sample(a, len(a))
    match = match_rows(index(a), index(b))
    assert len(match.a) == len(a)
    assert not len(match.rest_a)
    assert not len(match.repeats_b)


@given(rows)
def test_increasing_means_no_repeats_and_loop_order(a: list[tuple]) -> None:
    assert increasing(index(a)) == all(x < y for x, y in pairwise(a))


@given(st.lists(st.tuples(*[st.integers(-1, 10**6)] * 3), unique=True))
def test_different_rows_have_different_hashes(a: list[tuple]) -> None:
    assert len(set(hashes(index(a)).tolist())) == len(a)


values = st.lists(st.floats(-1e3, 1e3).map(lambda x: [round(x, 3)]), unique_by=lambda row: row[0], max_size=25)


@given(values, st.data())
def test_dropped_evaluations_never_cause_a_wrong_pair(a: list[list[float]], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(a), max_size=len(a)))
    b = [row for row, keep in zip(a, kept, strict=True) if keep]
    match = resynchronise(a, b)
    assert all(a[i] == b[j] for i, j in match.pairs)
    assert len(match.pairs) == len(b)
    assert [a[i] for i in match.rest_a] == [row for row, keep in zip(a, kept, strict=True) if not keep]
    assert not match.unclear


def test_a_stretch_of_equal_length_pairs_in_order() -> None:
    a, b = [[1.0], [2.0], [3.0], [4.0]], [[1.0], [2.5], [3.5], [4.0]]
    assert resynchronise(a, b).pairs == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_a_stretch_of_unequal_length_without_anchors_stays_unpaired() -> None:
    a, b = [[1.0], [2.0], [3.0], [4.0]], [[1.0], [2.5], [4.0]]
    match = resynchronise(a, b)
    assert match.pairs == [(0, 0), (3, 2)]
    assert match.unclear == [(range(1, 3), range(1, 2))]


def test_values_within_rounding_are_anchors() -> None:
    a = [[float(n)] for n in range(1, 10)]
    b = [[row[0] * (1 + 1e-12)] for row in a[1:]]
    match = resynchronise(a, b)
    assert match.pairs == [(n + 1, n) for n in range(8)]
    assert match.rest_a == [0]
