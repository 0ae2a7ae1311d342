from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.classes import measure
from compare.classes.measure import CLASSES, Limits, Rules, measure_numbers, same_bits, ulps_between
from compare.classes.precision import Digits, largest_loss, significant_digits

finite = st.floats(allow_nan=False, allow_infinity=False)


def column(*rows: object) -> np.ndarray:
    return np.array([row if isinstance(row, tuple) else (row,) for row in rows])


def classes(
    a: np.ndarray, b: np.ndarray, tolerance: float = 1e-11, envelope: float | None = None, rules: Rules | None = None
) -> list[str]:
    scale = measure.own_scale(a)
    limits = Limits(scale, scale * tolerance, scale * (envelope if envelope is not None else tolerance))
    measured = measure.measure(a, b, limits, rules or Rules())
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
        (math.nan, -math.nan, "incomparable"),
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
        ((math.nan, 1.0), (math.nan, 1.0 + 1e-12), "incomparable"),
        ((math.nan, 1.0), (math.nan, 1.1), "divergent"),
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
    measured = measure_numbers(a, b, Limits(np.array([3.0]), np.zeros(1), np.zeros(1)))
    assert measured.component[0] == 1
    assert measured.absolute[0] == 0.5


def printed_with(*digits: Digits) -> Rules:
    return Rules((digits[0], digits[-1]))


def test_fewer_printed_digits_are_the_same_printed_text() -> None:
    value = -0.60725583957669249
    printed = float(f"{value:.15g}")
    assert printed != value
    fifteen = printed_with(Digits(15), Digits())
    assert classes(column(printed), column(value), rules=fifteen) == ["identical"]
    assert classes(column(printed), column(value)) == ["rounding"]
    assert classes(column(printed), column(value + 3e-15), rules=fifteen) == ["rounding"]


@pytest.mark.parametrize(("stated", "expected"), [(True, "identical"), (False, "divergent")])
def test_a_short_value_is_exact_unless_the_precision_is_stated(stated: bool, expected: str) -> None:
    """%g drops zeros at the end; where a precision is only inferred, 0.5 is 0.5."""
    rules = printed_with(Digits(6, stated), Digits())
    assert classes(column(0.12345), column(0.1234501), rules=rules) == [expected]
    assert classes(column(0.5), column(0.515), rules=rules) == ["divergent"]


def test_a_value_with_more_digits_than_are_stated_is_exact() -> None:
    rules = printed_with(Digits(3, stated=True))
    assert classes(column(2.50001), column(2.50002), rules=rules) == ["divergent"]
    assert classes(column(2.5), column(2.504), rules=rules) == ["identical"]


@given(st.floats(1e-300, 1e300), st.integers(12, 15))
def test_printing_with_n_digits_loses_at_most_half_a_unit_of_the_last(value: float, digits: int) -> None:
    printed = float(f"{value:.{digits - 1}e}")
    assert abs(printed - value) <= largest_loss(np.array([[value]]), Digits(digits))[0, 0]
    assert significant_digits(printed) <= digits


@pytest.mark.parametrize(
    ("value", "digits"), [(0.0012, 2), (1e24, 1), (-12.5, 3), (0.1 + 0.2, 17), (0.0, 0), (math.inf, 0), (math.nan, 0)]
)
def test_significant_digits_are_those_of_the_shortest_text(value: float, digits: int) -> None:
    assert significant_digits(value) == digits


def objects(*rows: tuple) -> np.ndarray:
    out = np.empty((len(rows), len(rows[0])), object)
    out[:] = rows
    return out


@pytest.mark.parametrize(
    ("a", "b", "rules", "expected"),
    [
        (("***",), ("***",), Rules(), "incomparable"),
        (("***",), ("*****",), Rules(), "incomparable"),
        (("***",), (1.5,), Rules(), "divergent"),
        (("none",), ("none",), Rules(), "identical"),
        (("none",), ("none",), Rules(number=True), "incomparable"),
        (("none",), ("none",), Rules(number=True, words=frozenset(["none"])), "identical"),
        (("none",), ("never",), Rules(number=True), "divergent"),
        (("caf\ufffd",), ("caf\ufffd",), Rules(), "incomparable"),
        ((math.nan, "x"), (math.nan, "x"), Rules(), "incomparable"),
        ((math.nan, "x"), (math.nan, "x"), Rules(nan_equal=True), "identical"),
        ((math.nan, "x"), (math.nan, "y"), Rules(), "divergent"),
        ((2**70,), (2**70,), Rules(), "identical"),
        ((2**70,), (2**70 + 1,), Rules(), "divergent"),
        ((2**53 + 1, 0.5), (2**53, 0.5), Rules(), "divergent"),
        ((2**53 + 1, 0.5), (2**53 + 1, 0.5 + 1e-14), Rules(), "rounding"),
        ((10**400, 0.5), (10**400, 0.5), Rules(), "identical"),
        ((10**400, 0.5), (10**400 + 1, 0.5), Rules(), "divergent"),
        ((1.0,), (1.0 + 1e-13,), Rules(), "rounding"),
        (("9" * 5000,), ("9" * 5000,), Rules(number=True), "identical"),
        (("9" * 5000,), ("9" * 4999 + "8",), Rules(number=True), "divergent"),
        ((7,), (7.0,), Rules(whole=True), "identical"),
        ((10**15,), (10**15 + 1.0,), Rules(whole=True), "divergent"),
        ((7,), (math.nan,), Rules(whole=True), "divergent"),
    ],
)
def test_the_class_of_rows_that_are_no_plain_numbers(a: tuple, b: tuple, rules: Rules, expected: str) -> None:
    with np.errstate(all="raise"):
        assert classes(objects(a), objects(b), rules=rules) == [expected]


def test_nan_is_nan_where_the_vocabulary_says_so() -> None:
    equal = Rules(nan_equal=True)
    assert classes(column(math.nan), column(-math.nan), rules=equal) == ["identical"]
    assert classes(column((math.nan, 1.0)), column((math.nan, 1.0 + 1e-12)), rules=equal) == ["rounding"]


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_are_as_far_apart_as_they_are(a: int, b: int) -> None:
    measured = measure_numbers(column(a), column(b), Limits(*(np.zeros(1),) * 3))
    assert measured.absolute[0] == float(abs(a - b))
    assert (measured.code[0] == measure.IDENTICAL) == (a == b)


def test_words_and_shapes_are_equal_or_divergent() -> None:
    assert classes(objects(("MOSFLM",), ("none",), (1,)), objects(("MOSFLM",), (3.0,), ("1",))) == [
        "identical", "divergent", "divergent",
    ]  # fmt: skip
    short, long = np.array([[1.0, 2.0]]), np.array([[1.0, 2.0, 3.0]])
    assert classes(short, long) == ["divergent"]


@given(st.lists(st.floats(), min_size=1, max_size=5), st.lists(st.floats(), min_size=1, max_size=5))
def test_same_bits_is_what_the_bits_say(x: list[float], y: list[float]) -> None:
    count = min(len(x), len(y))
    a, b = np.array([x[:count]]), np.array([y[:count]])

    def same(p: float, q: float) -> bool:
        return (p != p and q != q) or struct.pack("d", p) == struct.pack("d", q)

    assert same_bits(a, b)[0] == all(map(same, x[:count], y[:count]))
