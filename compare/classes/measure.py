"""Differences of paired values, a column at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compare.classes.precision import Digits, Floats, largest_loss, printing_loss
from compare.judging.result import DifferenceClass
from compare.reading.numbers import DECIMAL
from compare.reading.table import EXACT_INTEGER, Values

Booleans = npt.NDArray[np.bool_]

CLASSES = (
    DifferenceClass.IDENTICAL,
    DifferenceClass.ROUNDING,
    DifferenceClass.DRIFT,
    DifferenceClass.DIVERGENT,
    DifferenceClass.INCOMPARABLE,
)
IDENTICAL, ROUNDING, DRIFT, DIVERGENT, INCOMPARABLE = range(5)
STARS = re.compile(r"\*+$")  # a field that was too narrow for its number
UNDECODED = re.compile("[\ufffd\ud800-\udfff]")  # bytes that were no text


@dataclass(frozen=True, slots=True)
class Rules:
    """How the values of one quantity are compared."""

    digits: tuple[Digits, Digits] = (Digits(), Digits())
    nan_equal: bool = False
    number: bool = False  # a number is declared, or other rows of the name are numbers
    whole: bool = False  # an integer is declared: no tolerance
    words: frozenset[str] = frozenset()  # that may stand where a number is declared


@dataclass
class Measured:
    """Per row: the class as a number (position in CLASSES) and the figures of the worst component."""

    code: npt.NDArray[np.int8]
    component: npt.NDArray[np.int64]
    ulps: Floats
    absolute: Floats
    scale: Floats
    tolerance: Floats
    envelope: Floats
    one_sided_nan: Booleans

    @classmethod
    def identical(cls, limits: Limits) -> Measured:
        count = len(limits.scale)
        zeros = np.zeros(count)
        return cls(
            np.zeros(count, np.int8), np.zeros(count, np.int64), zeros, zeros.copy(),
            limits.scale, limits.tolerance, limits.envelope, np.zeros(count, bool),
        )  # fmt: skip

    def put(self, rows: npt.NDArray[np.int64], part: Measured) -> None:
        """Write the figures of some rows."""
        for name in vars(self):
            getattr(self, name)[rows] = getattr(part, name)


@dataclass(frozen=True)
class Limits:
    """What differences of each row are held against, in the unit of the value; each is (n,)."""

    scale: Floats
    tolerance: Floats
    envelope: Floats

    def take(self, rows: npt.NDArray[np.int64]) -> Limits:
        return Limits(self.scale[rows], self.tolerance[rows], self.envelope[rows])


def own_scale(a: Values) -> Floats:
    """What a difference is relative to unless the vocabulary says otherwise: the largest finite component."""
    if a.dtype == object:
        return np.array([_own_size(row) for row in a.tolist()], float)
    sizes = np.abs(a.astype(np.float64))
    largest: Floats = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=1, initial=0.0)
    return largest


def _own_size(row: list) -> float:
    sizes = (abs(_float(part)) for part in row if not isinstance(part, str))
    return max((size for size in sizes if size < np.inf), default=0.0)


def measure(a: Values, b: Values, limits: Limits, rules: Rules) -> Measured:
    """Classify the rows of two (n, width) columns of any kind; the scale is the reference's."""
    if rules.whole:
        a, b = _as_whole(a), _as_whole(b)
    if a.dtype == object or b.dtype == object or a.shape != b.shape:
        return measure_objects(a, b, limits, rules)
    if not np.isnan(a).any() and same_bits(a, b).all():
        return Measured.identical(limits)
    return measure_numbers(a, b, limits, rules)


def same_bits(a: Values, b: Values) -> Booleans:
    """Rows of two (n, width) columns with the same bits (any NaN equals any NaN; 0 and -0 differ)."""
    return np.asarray(_same_bits(a, b).all(axis=1))


def _same_bits(a: Values, b: Values) -> Booleans:
    if a.dtype == np.int64 and b.dtype == np.int64:
        return np.asarray(a == b)
    a, b = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    bits = np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)
    return np.asarray(bits | (np.isnan(a) & np.isnan(b)))


def measure_numbers(a: Values, b: Values, limits: Limits, rules: Rules = Rules()) -> Measured:
    """Classify rows of two numeric (n, width) columns.

    Integers on both sides must be equal. A difference below what printing loses is the same printed text. NaN on
    both sides cannot be compared unless the rules call it equal; the other components of such a row still count.
    """
    if a.dtype == np.int64 and b.dtype == np.int64:
        return _measure_integers(a, b, limits)
    rows = np.arange(len(a))
    fa, fb = a.astype(np.float64), b.astype(np.float64)
    both_nan = np.isnan(fa) & np.isnan(fb)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(fb - fa)
    difference[(fa == fb) | both_nan] = 0.0
    one_sided = np.isnan(fa) != np.isnan(fb)
    ranked = np.where(np.isnan(difference), np.inf, difference)
    worst = ranked.argmax(axis=1)
    absolute = ranked[rows, worst]
    reach = np.maximum(limits.envelope, limits.tolerance)
    lost = _lost(fa, fb, difference, reach, rules.digits)
    tolerance = limits.tolerance + lost[rows, worst]
    code = np.full(len(a), DIVERGENT, np.int8)
    code[absolute <= np.maximum(reach, tolerance)] = DRIFT
    code[absolute <= np.maximum(tolerance, np.spacing(np.abs(fa[rows, worst])))] = ROUNDING
    code[np.isinf(absolute)] = DIVERGENT
    code[same_bits(a, b) | ((difference <= lost).all(axis=1) & lost.any(axis=1))] = IDENTICAL
    if not rules.nan_equal:
        code[both_nan.any(axis=1) & (code != DIVERGENT)] = INCOMPARABLE
    distance = ulps_between(fa[rows, worst], fb[rows, worst])
    return Measured(code, worst, distance, absolute, limits.scale, tolerance, limits.envelope, one_sided.any(axis=1))


def _lost(fa: Floats, fb: Floats, difference: Floats, reach: Floats, digits: tuple[Digits, Digits]) -> Floats:
    """What printing took from both values of each component that it could excuse."""
    if digits[0].exact and digits[1].exact:
        return np.zeros_like(difference)
    most = largest_loss(fa, digits[0]) + largest_loss(fb, digits[1])
    asked = (difference > 0) & (difference <= most + reach[:, None])
    return printing_loss(fa, digits[0], asked) + printing_loss(fb, digits[1], asked)


def _measure_integers(a: Values, b: Values, limits: Limits) -> Measured:
    """Equal or divergent; the difference is exact, whatever the size."""
    ua, ub = a.astype(np.uint64), b.astype(np.uint64)
    difference = np.where(a > b, ua - ub, ub - ua).astype(np.float64)
    worst = difference.argmax(axis=1)
    absolute = difference[np.arange(len(a)), worst]
    code = np.where((a == b).all(axis=1), IDENTICAL, DIVERGENT).astype(np.int8)
    unknown = np.where(code == IDENTICAL, 0.0, np.nan)
    none = np.zeros(len(a), bool)
    return Measured(code, worst, unknown, absolute, limits.scale, limits.tolerance, limits.envelope, none)


def ulps_between(a: Floats, b: Floats) -> Floats:
    """How many doubles lie between: 0 for equal values, NaN where one is not finite."""
    ia, ib = (np.ascontiguousarray(x).view(np.int64) for x in (a, b))
    mantissa = np.int64(0x7FFFFFFFFFFFFFFF)
    magnitude_a, magnitude_b = ia & mantissa, ib & mantissa
    apart = np.where(
        (ia < 0) == (ib < 0),
        np.abs(magnitude_a - magnitude_b).astype(np.float64),
        magnitude_a.astype(np.float64) + magnitude_b.astype(np.float64),
    )
    return np.where(np.isfinite(a) & np.isfinite(b), apart, np.where(a == b, 0.0, np.nan))


def measure_objects(a: Values, b: Values, limits: Limits, rules: Rules = Rules()) -> Measured:
    """Rows with words, integers beyond 64 bits, or different shapes.

    A row of numbers on both sides is measured like any other; words are equal or divergent, and not comparable
    where a number was to be expected.
    """
    rows_a, rows_b = ([_without_padding(row) for row in column.tolist()] for column in (a, b))
    measured = Measured.identical(limits)
    numeric: dict[int, list[int]] = {}
    for at, (x, y) in enumerate(zip(rows_a, rows_b, strict=True)):
        if len(x) == len(y) and _floating(x, y, rules):
            numeric.setdefault(len(x), []).append(at)
            continue
        measured.code[at] = code = _exact_code(x, y, rules)
        measured.ulps[at] = measured.absolute[at] = 0.0 if code == IDENTICAL else np.nan
        measured.one_sided_nan[at] = _nan_count(x) != _nan_count(y)
    for group in numeric.values():
        at_rows = np.array(group)
        fa, fb = (np.array([list(map(_float, rows[i])) for i in group], float) for rows in (rows_a, rows_b))
        part = measure_numbers(fa, fb, limits.take(at_rows), rules)
        big = [i for i, at in enumerate(group) if _unequal_integers(rows_a[at], rows_b[at])]
        part.code[big] = DIVERGENT
        measured.put(at_rows, part)
    return measured


def _floating(x: list, y: list, rules: Rules) -> bool:
    """Two rows of numbers, not all of them integers that must be equal."""
    if rules.whole or any(isinstance(part, str) for part in (*x, *y)):
        return False
    return any(isinstance(part, float) for part in (*x, *y))


def _unequal_integers(x: list, y: list) -> bool:
    return any(isinstance(p, int) and isinstance(q, int) and p != q for p, q in zip(x, y, strict=True))


def _exact_code(x: list, y: list, rules: Rules) -> int:
    if len(x) != len(y):
        return DIVERGENT
    return max((_exact_component(p, q, rules) for p, q in zip(x, y, strict=True)), default=IDENTICAL, key=_rank)


def _rank(code: int) -> int:
    """A divergent component outweighs one that cannot be compared."""
    return code if code != DIVERGENT else INCOMPARABLE + 1


def _exact_component(p: object, q: object, rules: Rules) -> int:
    if not isinstance(p, str) or not isinstance(q, str):
        if p == q and not (isinstance(p, str) or isinstance(q, str)):
            return IDENTICAL
        if p != p and q != q:
            return IDENTICAL if rules.nan_equal else INCOMPARABLE
        return DIVERGENT
    if (STARS.match(p) and STARS.match(q)) or UNDECODED.search(p) or UNDECODED.search(q):
        return INCOMPARABLE
    if p != q:
        return DIVERGENT
    if rules.number and p not in rules.words and not DECIMAL.match(p):
        return INCOMPARABLE
    return IDENTICAL


def _without_padding(row: list) -> list:
    """The components that this row has: rows of different widths are padded with empty words."""
    end = len(row)
    while end and isinstance(row[end - 1], str) and row[end - 1] == "":
        end -= 1
    return row[:end]


def _float(part: object) -> float:
    """The double nearest to a number of any size."""
    try:
        return float(part)  # type: ignore[arg-type]
    except OverflowError:
        return np.inf if part > 0 else -np.inf  # type: ignore[operator]


def _nan_count(row: list) -> int:
    return sum(value != value for value in row)


def _as_whole(column: Values) -> Values:
    """Floats that are whole numbers, as integers of any size; anything else as it is."""
    if column.dtype == np.int64:
        return column
    if column.dtype != object and (np.isfinite(column) & (np.abs(column) < EXACT_INTEGER)).all():
        whole = column.astype(np.int64)
        if (whole == column).all():
            return whole
    mixed = np.empty(column.shape, object)
    mixed[:] = [[int(p) if isinstance(p, float) and p.is_integer() else p for p in row] for row in column.tolist()]
    return mixed


__all__ = [
    "CLASSES", "DIVERGENT", "DRIFT", "IDENTICAL", "INCOMPARABLE", "ROUNDING", "Limits", "Measured", "Rules", "measure",
    "measure_numbers", "measure_objects", "own_scale", "same_bits", "ulps_between",
]  # fmt: skip
