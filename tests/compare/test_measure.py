from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.classes import measure
from compare.classes.measure import CLASSES, measure_numbers, measure_objects, same_bits, ulps_between
from compare.result import DifferenceClass

finite = st.floats(allow_nan=False, allow_infinity=False)


def column(*rows: object) -> np.ndarray:
    return np.array([row if isinstance(row, tuple) else (row,) for row in rows])


def classes(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-11, envelope: float | None = None, digits=(17, 17)):
    scale = measure.own_scale(a)
    limits = scale * tolerance, scale * (envelope if envelope is not None else tolerance)
    measured = measure_numbers(a, b, scale, *limits, digits)
    return [CLASSES[code].value for code in measured.code]


def place_among_doubles(value: float) -> int:
    """A whole number that grows by 1 from each double to the next."""
    bits = struct.unpack("q", struct.pack("d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


@given(finite, finite)
def test_ulps_count_the_doubles_between(a: float, b: float) -> None:
    expected = abs(place_among_doubles(a) - place_among_doubles(b))
    found = ulps_between(np.array([a]), np.array([b]))[0]
    assert found == pytest.approx(expected, rel=1e-15)
    assert found == ulps_between(np.array([b]), np.array([a]))[0]


@given(finite.filter(lambda x: abs(x) < 1e300), st.integers(0, 1000))
def test_a_few_ulps_are_counted_exactly(a: float, count: int) -> None:
    b = a
    for _ in range(count % 20):
        b = math.nextafter(b, math.inf)
    assert ulps_between(np.array([a]), np.array([b]))[0] == count % 20


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.0, 1.0, "identical"),
        (0.0, -0.0, "rounding"),
        (1.0, 1.0 + 2**-52, "rounding"),
        (1.0, 1.0 + 1e-12, "rounding"),
        (1.0, 1.0 + 1e-10, "divergent"),
        (math.nan, -math.nan, "identical"),
        (math.nan, 1.0, "divergent"),
        (1.0, math.nan, "divergent"),
        (math.inf, math.inf, "identical"),
        (math.inf, -math.inf, "divergent"),
        (math.inf, 1e308, "divergent"),
        (0.0, 5e-324, "rounding"),
        (0.0, 1e-300, "divergent"),
        (1e-310, 1.0000001e-310, "divergent"),
        ((1.0, 1e-20, 0.0), (1.0, 2e-20, 1e-13), "rounding"),
        ((1.0, 0.0), (1.0, 1e-10), "divergent"),
        ((math.inf, 1.0), (math.inf, 1.1), "divergent"),
        ((math.nan, 1.0), (math.nan, 1.0 + 1e-12), "rounding"),
    ],
)
def test_the_class_of_two_floats(a: object, b: object, expected: str) -> None:
    assert classes(column(a), column(b)) == [expected]


def test_between_tolerance_and_envelope_is_drift() -> None:
    assert classes(column(1.0, 1.0), column(1.0 + 1e-9, 1.0 + 1e-7), 1e-11, 1e-8) == ["drift", "divergent"]


def test_integers_must_be_equal_however_large() -> None:
    big = 2**53
    assert classes(column(7, big), column(7, big + 1), tolerance=1.0) == ["identical", "divergent"]


def test_an_integer_beside_a_float_is_a_float() -> None:
    assert classes(column(100), column(100.0 + 1e-12)) == ["rounding"]


def test_the_worst_component_is_the_one_furthest_apart() -> None:
    a, b = column((1.0, 2.0, 3.0)), column((1.0, 2.5, 2.9))
    measured = measure_numbers(a, b, np.array([3.0]), np.zeros(1), np.zeros(1), (17, 17))
    assert measured.component[0] == 1
    assert measured.absolute[0] == 0.5


def test_fewer_printed_digits_are_the_same_printed_text() -> None:
    value = -0.60725583957669249
    printed = float(f"{value:.15g}")
    assert printed != value
    assert classes(column(printed), column(value), digits=(15, 17)) == ["identical"]
    assert classes(column(printed), column(value), digits=(17, 17)) == ["rounding"]
    assert classes(column(printed), column(value + 3e-15), digits=(15, 17)) == ["rounding"]


@given(st.floats(1e-300, 1e300), st.integers(12, 15))
def test_printing_with_n_digits_loses_at_most_half_a_unit_of_the_last(value: float, digits: int) -> None:
    printed = float(f"{value:.{digits - 1}e}")
    assert abs(printed - value) <= measure.printing_loss(np.array([[value]]), digits)[0, 0]


def test_words_and_shapes_are_equal_or_divergent() -> None:
    def words(*rows: tuple) -> np.ndarray:
        out = np.empty((len(rows), len(rows[0])), object)
        out[:] = rows
        return out

    a, b = words(("MOSFLM",), ("none",), (1,)), words(("MOSFLM",), (3.0,), ("1",))
    assert [CLASSES[c] for c in measure_objects(a, b).code] == [
        DifferenceClass.IDENTICAL, DifferenceClass.DIVERGENT, DifferenceClass.DIVERGENT,
    ]  # fmt: skip
    short, long = np.array([[1.0, 2.0]]), np.array([[1.0, 2.0, 3.0]])
    assert [CLASSES[c] for c in measure_objects(short, long).code] == [DifferenceClass.DIVERGENT]


@given(st.lists(st.floats(), min_size=1, max_size=5), st.lists(st.floats(), min_size=1, max_size=5))
def test_same_bits_is_what_the_bits_say(x: list[float], y: list[float]) -> None:
    count = min(len(x), len(y))
    a, b = np.array([x[:count]]), np.array([y[:count]])

    def same(p: float, q: float) -> bool:
        return (p != p and q != q) or struct.pack("d", p) == struct.pack("d", q)

    assert same_bits(a, b)[0] == all(map(same, x[:count], y[:count]))
