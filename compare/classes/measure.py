"""Differences of paired values, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compare.reading.table import Values
from compare.result import DifferenceClass

Floats = npt.NDArray[np.float64]

CLASSES = (
    DifferenceClass.IDENTICAL,
    DifferenceClass.ROUNDING,
    DifferenceClass.DRIFT,
    DifferenceClass.DIVERGENT,
)
IDENTICAL, ROUNDING, DRIFT, DIVERGENT = range(4)
EXACT_DIGITS = 17  # enough to name any double


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
    one_sided_nan: npt.NDArray[np.bool_]

    @classmethod
    def identical(cls, count: int) -> Measured:
        zeros = np.zeros(count)
        unknown = np.full(count, np.nan)
        return cls(
            np.zeros(count, np.int8), np.zeros(count, np.int64), zeros, zeros, unknown, unknown, unknown,
            np.zeros(count, bool),
        )  # fmt: skip


def own_scale(a: Values) -> Floats:
    """What a difference is relative to unless the vocabulary says otherwise: the largest finite component."""
    sizes = np.abs(a.astype(np.float64))
    largest: Floats = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=1, initial=0.0)
    return largest


def is_numeric(a: Values, b: Values) -> bool:
    return a.dtype != object and b.dtype != object and a.shape == b.shape


def same_bits(a: Values, b: Values) -> npt.NDArray[np.bool_]:
    """Rows of two (n, width) columns with the same bits (any NaN equals any NaN; 0 and -0 differ)."""
    if a.dtype == np.int64 and b.dtype == np.int64:
        same = a == b
    else:
        a, b = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
        same = (np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)) | (
            np.isnan(a) & np.isnan(b)
        )
    everywhere: npt.NDArray[np.bool_] = same.all(axis=1)
    return everywhere


def measure_numbers(
    a: Values, b: Values, scale: Floats, tolerance: Floats, envelope: Floats, digits: tuple[int, int]
) -> Measured:
    """Classify rows of two numeric (n, width) columns; arguments after them are (n,).

    Integers on both sides must be equal. ``digits`` are the significant digits that each log prints: a
    difference below what printing loses is the same printed text.
    """
    rows = np.arange(len(a))
    exact = a.dtype == np.int64 and b.dtype == np.int64
    fa, fb = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(fb - fa)
    difference[(fa == fb) | (np.isnan(fa) & np.isnan(fb))] = 0.0
    one_sided = np.isnan(fa) != np.isnan(fb)
    ranked = np.where(np.isnan(difference), np.inf, difference)
    worst = ranked.argmax(axis=1)
    absolute = ranked[rows, worst]
    va, vb = fa[rows, worst], fb[rows, worst]
    distance = ulps_between(va, vb)
    code = np.full(len(a), DIVERGENT, np.int8)
    lost = printing_loss(fa, digits[0]) + printing_loss(fb, digits[1])
    tolerance = tolerance + lost[rows, worst]
    if exact:
        code[(a == b).all(axis=1)] = IDENTICAL
        distance[:] = np.nan
    else:
        code[absolute <= np.maximum(envelope, tolerance)] = DRIFT
        code[absolute <= np.maximum(tolerance, np.spacing(np.abs(va)))] = ROUNDING
        code[np.isinf(absolute)] = DIVERGENT
        code[same_bits(a, b) | ((difference <= lost).all(axis=1) & lost.any(axis=1))] = IDENTICAL
    return Measured(code, worst, distance, absolute, scale, tolerance, envelope, one_sided.any(axis=1))


def printing_loss(values: Floats, digits: int) -> Floats:
    """Half a unit in the last of ``digits`` printed digits; 0 where printing loses nothing."""
    if not 0 < digits < EXACT_DIGITS - 1:
        return np.zeros_like(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
        loss = 0.5 * 10.0 ** (exponent - digits + 1) + np.spacing(np.abs(values))
    return np.where(np.isfinite(loss) & (values != 0), loss, 0.0)


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


def measure_objects(a: Values, b: Values) -> Measured:
    """Rows with words, integers beyond 64 bits, or different shapes: equal or divergent."""
    rows_a, rows_b = a.tolist(), b.tolist()
    measured = Measured.identical(len(rows_a))
    unequal = [not _equal(x, y) for x, y in zip(rows_a, rows_b, strict=True)]
    measured.code[unequal] = DIVERGENT
    measured.ulps = np.where(unequal, np.nan, 0.0)
    measured.absolute = measured.ulps.copy()
    measured.one_sided_nan[:] = [_nan_count(x) != _nan_count(y) for x, y in zip(rows_a, rows_b, strict=True)]
    return measured


def _equal(x: list, y: list) -> bool:
    return len(x) == len(y) and all(p == q or (p != p and q != q) for p, q in zip(x, y, strict=True))


def _nan_count(row: list) -> int:
    return sum(value != value for value in row)
