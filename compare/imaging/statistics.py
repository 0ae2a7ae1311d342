"""Figures of two pixel arrays: differences, float32 ulps, correlation, sums.

A is the reference; differences are B - A; places are (slow, fast). Pixels are in whatever unit the images
are in. All figures are computed in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from compare.imaging.whole_pixels import apart, as_whole

ULP_STEPS = (1, 2, 4)
FLOAT32_MANTISSA_BITS = 24
FLOAT32_SMALLEST = 2.0**-149


@dataclass(frozen=True)
class Tolerance:
    """A pixel passes when any of the four bounds holds; the image when all pixels do.

    ``floor`` is relative to the local scale, the largest abs(A) of the pixel and its eight neighbours: below it a
    pixel holds nothing but rounding. Integers have neither ulps nor a floor. ``equal_share`` adds that this share of
    the pixels must be equal bit for bit; ``equal_nan`` takes NaN on both sides for the same. Raises ``ValueError``
    for what is no bound.
    """

    ulps: float = 2.0
    absolute: float = 0.0
    relative: float = 0.0
    floor: float = 1e-15
    equal_share: float = 0.0
    equal_nan: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < np.inf:
                raise ValueError(f"tolerance {name} must be a finite number from 0 on; it is {value}")
        if self.equal_share > 1:
            raise ValueError(f"tolerance equal_share is a share, at most 1; it is {self.equal_share}")


@dataclass(frozen=True)
class Extreme:
    """The pixel where something is largest."""

    slow: int
    fast: int
    a: float
    b: float
    value: float


@dataclass(frozen=True)
class Bin:
    """Pixels that are ``low`` to ``high`` float32 ulps apart, both included; infinite for a one-sided NaN."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Statistics:
    """Figures over the pixels compared. None where one means nothing, as a ratio to zero."""

    pixels: int
    masked: int
    equal: int  # bit for bit, or the same number
    outside: int  # beyond the tolerance
    not_finite_one_sided: int
    not_finite_both: int
    nan_both: int
    lenient: int  # pass, and would not by the default bounds
    appeared: int  # A is zero and B is not: no relative difference exists
    largest_absolute: Extreme
    largest_relative: Extreme | None
    first_outside: Extreme | None
    within_ulps: dict[int, int]
    histogram: tuple[Bin, ...]
    correlation: float | None
    rmse: float | None
    sum_a: float
    sum_b: float
    sum_ratio: float | None


def float32_ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance in float32 units in the last place, elementwise, as float64.

    Values that float32 holds exactly are counted in representable numbers from one to the other (both zeros
    are one number); others as abs(b - a) over the float32 spacing at the larger of the two. A NaN or infinity
    on one side only is infinitely far.
    """
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    ulps = _counted(a, b) if a.dtype == b.dtype == np.float32 else _measured(a.astype(float), b.astype(float))
    ulps[~finite] = np.inf
    ulps[same] = 0.0
    return ulps


def _counted(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Representable float32 numbers from one to the other."""
    steps = _ordered(a)
    steps -= _ordered(b)
    return np.abs(steps).astype(np.float64)


def _measured(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same for doubles; as a fraction of the spacing where float32 does not hold both."""
    with np.errstate(over="ignore", invalid="ignore"):
        narrow_a, narrow_b = a.astype(np.float32), b.astype(np.float32)
        exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))[1]
        spacing = np.maximum(np.ldexp(1.0, exponent - FLOAT32_MANTISSA_BITS), FLOAT32_SMALLEST)
        exact = (narrow_a == a) & (narrow_b == b)
        return np.where(exact, _counted(narrow_a, narrow_b), np.abs(b - a) / spacing)


def statistics(
    a: np.ndarray, b: np.ndarray, kept: np.ndarray, tolerance: Tolerance, origin: tuple[int, int] = (0, 0)
) -> Statistics:
    """Figures of the pixels that are ``kept`` (at least one); ``origin`` is added to every place."""
    at = np.nonzero(kept)
    pair = as_whole(a[at], b[at])
    ulps = float32_ulps(a[at], b[at])
    flat_a, flat_b = a[at].astype(np.float64), b[at].astype(np.float64)
    finite = np.isfinite(flat_a) & np.isfinite(flat_b)
    with np.errstate(invalid="ignore", over="ignore"):
        absolute = np.where(ulps == 0, 0.0, np.abs(flat_b - flat_a)) if pair is None else apart(*pair)
    if pair is not None:
        ulps = np.where(absolute == 0, 0.0, np.maximum(ulps, 1.0))
    nonzero = finite & (flat_a != 0)
    with np.errstate(over="ignore"):
        relative = np.divide(absolute, np.abs(flat_a), out=np.zeros_like(absolute), where=nonzero)
    distances = Distances(
        ulps, absolute, np.where(nonzero, relative, np.inf), _local_scale(a, kept)[at], whole=pair is not None
    )
    outside = ~_passes(distances, tolerance)
    lenient = ~outside & ~_passes(distances, Tolerance())

    def extreme(values: np.ndarray, where: int) -> Extreme:
        slow, fast = int(at[0][where]) + origin[0], int(at[1][where]) + origin[1]
        return Extreme(slow, fast, float(flat_a[where]), float(flat_b[where]), float(values[where]))

    sum_a, sum_b = float(flat_a[finite].sum()), float(flat_b[finite].sum())
    return Statistics(
        pixels=flat_a.size,
        masked=kept.size - flat_a.size,
        equal=int((ulps == 0).sum()),
        outside=int(outside.sum()),
        not_finite_one_sided=int((~finite & (ulps > 0)).sum()),
        not_finite_both=int((~finite & (ulps == 0)).sum()),
        nan_both=int((np.isnan(flat_a) & np.isnan(flat_b)).sum()),
        lenient=int(lenient.sum()),
        appeared=int((finite & (flat_a == 0) & (flat_b != 0)).sum()),
        largest_absolute=extreme(absolute, _argmax(absolute)),
        largest_relative=extreme(relative, _argmax(relative)) if nonzero.any() else None,
        first_outside=extreme(ulps, int(np.argmax(outside))) if outside.any() else None,
        within_ulps={step: int((ulps <= step).sum()) for step in ULP_STEPS},
        histogram=_histogram(ulps),
        correlation=_correlation(flat_a[finite], flat_b[finite]),
        rmse=float(np.sqrt(np.mean(absolute[finite] ** 2))) if finite.any() else None,
        sum_a=sum_a,
        sum_b=sum_b,
        sum_ratio=sum_b / sum_a if sum_a else None,
    )


def _ordered(values: np.ndarray) -> np.ndarray:
    """float32 bit patterns as integers in the order of the numbers."""
    bits = np.ascontiguousarray(values).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


@dataclass(frozen=True)
class Distances:
    """How far apart pixels are, each (n,). ``whole``: integers, for which only the last two bounds count."""

    ulps: np.ndarray
    absolute: np.ndarray
    relative: np.ndarray
    scale: np.ndarray
    whole: bool


def _passes(distances: Distances, tolerance: Tolerance) -> np.ndarray:
    """Pixels within the tolerance. A NaN or infinity on one side only never is."""
    near = (distances.absolute <= tolerance.absolute) | (distances.relative <= tolerance.relative)
    if distances.whole:
        return near | (distances.absolute == 0)
    near |= distances.absolute <= tolerance.floor * distances.scale
    return (distances.ulps <= tolerance.ulps) | (np.isfinite(distances.ulps) & near)


def _local_scale(a: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The largest finite abs(A) of each pixel and its eight neighbours, of those that are kept."""
    sizes = np.abs(a.astype(np.float64))
    sizes[~(kept & np.isfinite(sizes))] = 0.0
    for axis in (0, 1):
        ahead, behind = sizes.copy(), sizes.copy()
        first, last = ((slice(None),) * axis + (part,) for part in (slice(None, -1), slice(1, None)))
        ahead[first] = sizes[last]
        behind[last] = sizes[first]
        sizes = np.maximum(sizes, np.maximum(ahead, behind))
    return sizes


def _argmax(values: np.ndarray) -> int:
    """Where the largest is; a NaN counts as larger than any number."""
    return int(np.argmax(np.where(np.isnan(values), np.inf, values)))


def _correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Pearson's coefficient; None where either image is constant."""
    if not a.size:
        return None
    centred_a, centred_b = a - a.mean(), b - b.mean()
    spread = float(np.linalg.norm(centred_a)) * float(np.linalg.norm(centred_b))
    return float(centred_a @ centred_b) / spread if spread > 0 else None


def _histogram(ulps: np.ndarray) -> tuple[Bin, ...]:
    """Counts of 0, 1, 2, 3 to 4, 5 to 8, ... ulps, up to the last that occurs; fractions count upwards."""
    finite = np.ceil(ulps[np.isfinite(ulps)])
    largest = finite.max() if finite.size else 0.0
    edges = [-1.0, 0.0]
    while edges[-1] < largest:
        edges.append(max(1.0, edges[-1] * 2))
    bins = [Bin(low + 1, high, int(((finite > low) & (finite <= high)).sum())) for low, high in pairwise(edges)]
    infinite = ulps.size - finite.size
    return (*bins, Bin(np.inf, np.inf, infinite)) if infinite else tuple(bins)
