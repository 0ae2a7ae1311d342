from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.causes import DETECTORS, cause_of
from compare.classes.store import Store
from compare.judging.engine import compare_traces
from compare.judging.keys import Key, Value
from compare.judging.result import DifferenceClass, Pair
from compare.words import vocabulary

WORDS = vocabulary.packaged()
NINE_TRANSPOSED = (1.0, 4.0, 9.0, 5.0, 2.0, 8.0, 3.0, 7.0, 6.0)
numbers = st.one_of(st.floats(), st.integers(-(10**30), 10**30))


def label(a: Value, b: Value) -> str:
    pair = Pair(Key("x"), a, b, 1, DifferenceClass.DIVERGENT)
    return cause_of(pair, Store(WORDS), WORDS).label


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((1.0, -2.0, 0.0), (-1.0, 2.0, 0.0), "sign"),
        ((1.0, -2.0, 3.0), (-1.0, 2.0, 3.0), "unknown"),
        (0.25, 250.0, "unit"),
        (0.25, 0.25 * math.pi / 180, "unit"),
        (0.25, 0.5, "unit"),
        (0.25, 0.75, "unknown"),
        ((1.0, 2.0, 4.5), (2.0, 1.0, 4.5), "swapped-components"),
        ((1.0, 2.0, 4.5), (4.5, 1.0, 2.0), "shifted-components"),
        ((1.0, 2.0, 4.5), (-2.0, 1.0, 4.5), "swapped-components"),
        ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0), "unknown"),  # another axis as well
        ((0.6, 0.8, 0.0), (6.0, 8.0, 0.0), "not-normalised"),  # not a unit of ten
        ((0.0, 2.0, 0.0), (0.0, 1.0, 0.0), "not-normalised"),
        (0, 1, "unknown"),  # a switch
        (1, 2, "off-by-one"),
        ((1.5, 5.0, 4.0, 2.5), (1.5, 4.0, 5.0, 2.5), "transposed-components"),
        ((1.0, 5.0, 3.0, 4.0, 2.0, 7.0, 9.0, 8.0, 6.0), NINE_TRANSPOSED, "transposed-components"),
        ((3, -2, 7), (3, -1, 7), "off-by-one"),
        ((3, -2, 7), (3, 1, 7), "unknown"),
        (math.nan, 1.5, "not-a-number"),
        ((1.0, 2.0), (1.0, math.nan), "not-a-number"),
        (0.1, 0.10000000149011612, "float32-rounding"),
        (0.10000000149011612, 0.1, "float32-rounding"),
        (2.8179403227, 2.818, "unknown"),  # of a constant it would be one
        (5.0, 5.0 * 3.1416 / math.pi, "truncated-constant"),
        (5.0, 5.0 * (3.1416 / math.pi) ** 2, "truncated-constant"),
        ("MOSFLM", "XDS", "unknown"),
        (0.0, 1e-3, "unknown"),
        (1.0, 0.0, "unknown"),
        ((1.0, 2.0), (1.0, 2.0, 3.0), "unknown"),
    ],
)  # fmt: skip
def test_the_label_of_two_values_alone(a: Value, b: Value, expected: str) -> None:
    assert label(a, b) == expected


LOOP = (
    'format = 1\nname = "made"\n[records]\nROW = ["i"]\n[quantities.ROW]\nx = { inputs = ["y"] }\ny = { inputs = [] }\n'
    'z = { count = 3 }\n[quantities.header]\nn = { inputs = [] }\nm = { inputs = ["n"], '
    'carries = { product = { n = 1 } } }\nk = { inputs = ["n"] }\n'
)


def labels_in_a_loop(
    write: Callable[..., Path], rows: dict[str, tuple[list, list]], head: tuple[str, str] = ("", "")
) -> set:
    """The labels of what differs in a loop over ``i``."""

    def log(side: int, name: str) -> Path:
        count = len(next(iter(rows.values()))[side]) if rows else 0
        lines = (" ".join(f"{q}={values[side][i]}" for q, values in rows.items()) for i in range(count))
        return write(head[side] + "".join(f"TRACE_C_ROW i={i} {line}\n" for i, line in enumerate(lines)), name)

    result = compare_traces(log(0, "a.log"), log(1, "b.log"), vocabulary=vocabulary.load(write(LOOP, "v.toml")))
    return {pair.cause.label for pair in result.pairs if pair.cause is not None}


X = [0.123456, 0.234567, 0.345678, 0.456789]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"x": (X, [X[0], X[1], X[1], X[3]])}, {"stale-step"}),
        ({"x": (X, [0.987654, *X[:3]])}, {"stale-step", "unknown"}),  # all a step late
        ({"x": (X, X[::-1])}, {"unknown"}),  # in another order
        (
            {"x": (X, [X[0], X[1], X[1], X[3]]), "y": ([1.5, 2.5, 3.5, 4.5], [1.5, 2.5, 2.5, 4.5])},
            {"unknown"},
        ),  # as its input does
        (
            {"z": (["1.2345678,2.5,4", "2.5,1.2345678,4"], ["2.5,1.2345678,4", "1.2345678,2.5,4"])},
            {"unknown"},
        ),  # in another order, not swapped
        (
            {"z": (["1.2345678,2.5,4", "2.5,1.2345678,4"], ["2.5,1.2345678,4", "2.5,1.2345678,4"])},
            {"stale-step", "unknown"},
        ),
        ({"x": ([3, 5], [4, 5])}, {"off-by-one"}),
        ({"x": ([3, 5], [4, 9])}, {"unknown"}),  # by more elsewhere
    ],
)
def test_the_other_steps_of_a_loop_leave_simpler_readings_open(write, rows: dict, expected: set) -> None:
    assert labels_in_a_loop(write, rows) <= expected
    assert expected - {"unknown"} <= labels_in_a_loop(write, rows)


@pytest.mark.parametrize(("name", "label"), [("m", "missing-factor"), ("k", "unknown")])
def test_a_factor_of_ten_that_is_an_input_is_no_unit(write, name: str, label: str) -> None:
    heads = tuple(f"TRACE_C: n 100\nTRACE_C: {name} {value}\n" for value in (0.25, 25.0))
    assert labels_in_a_loop(write, {}, heads) == {label}


@given(st.lists(numbers, min_size=1, max_size=9), st.lists(numbers, min_size=1, max_size=9))
def test_no_values_break_a_detector(a: list, b: list) -> None:
    assert label(tuple(a), tuple(b)) in {name for name, _ in DETECTORS} | {"unknown"}


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=6), st.floats(1.07, 1.49))
def test_an_odd_factor_has_no_label(a: list[float], factor: float) -> None:
    """A factor that means nothing is not given a meaning."""
    b = [x * factor for x in a]
    if all(len(repr(x)) > 15 for x in (*a, *b)):
        assert label(tuple(a), tuple(b)) == "unknown"
