from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.causes import DETECTORS, cause_of
from compare.classes.store import Store
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


@given(st.lists(numbers, min_size=1, max_size=9), st.lists(numbers, min_size=1, max_size=9))
def test_no_values_break_a_detector(a: list, b: list) -> None:
    assert label(tuple(a), tuple(b)) in {name for name, _ in DETECTORS} | {"unknown"}


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=6), st.floats(1.07, 1.49))
def test_an_odd_factor_has_no_label(a: list[float], factor: float) -> None:
    """A factor that means nothing is not given a meaning."""
    b = [x * factor for x in a]
    if all(len(repr(x)) > 15 for x in (*a, *b)):
        assert label(tuple(a), tuple(b)) == "unknown"
