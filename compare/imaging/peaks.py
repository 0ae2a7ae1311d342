"""Bragg peaks of two images and how far each has moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

CANDIDATES_PER_PEAK = 5  # so many times more peaks of B are looked at than of A: a moved peak may also fade
SEPARATION_PIXELS = 2  # two maxima within this distance along both axes are one peak


@dataclass(frozen=True)
class Peak:
    """A local maximum: its pixel, its value, and the centroid of the 3 x 3 pixels around it."""

    slow: int
    fast: int
    value: float
    centroid: tuple[float, float]


@dataclass(frozen=True)
class PeakShift:
    """A peak of A and the nearest unclaimed peak of B; B's fields are None when B has none left."""

    slow: int
    fast: int
    value_a: float
    value_b: float | None = None
    shift_slow_pixels: float | None = None
    shift_fast_pixels: float | None = None

    @property
    def distance_pixels(self) -> float | None:
        if self.shift_slow_pixels is None or self.shift_fast_pixels is None:
            return None
        return float(np.hypot(self.shift_slow_pixels, self.shift_fast_pixels))


def peak_shifts(
    a: np.ndarray, b: np.ndarray, kept: np.ndarray, count: int, origin: tuple[int, int] = (0, 0)
) -> tuple[PeakShift, ...]:
    """Displacement (B - A, in pixels, of centroids) of the ``count`` strongest peaks of ``a``.

    Pixels that are not ``kept`` or not finite belong to no peak. ``origin`` (slow, fast) is added to places.
    """
    free = strongest_peaks(b, kept, count * CANDIDATES_PER_PEAK)
    shifts = []
    for peak in strongest_peaks(a, kept, count):
        place = (peak.slow + origin[0], peak.fast + origin[1])
        if not free:
            shifts.append(PeakShift(*place, peak.value))
            continue
        nearest = min(free, key=lambda other: _distance(peak, other))
        free.remove(nearest)
        slow, fast = (nearest.centroid[axis] - peak.centroid[axis] for axis in (0, 1))
        shifts.append(PeakShift(*place, peak.value, nearest.value, slow, fast))
    return tuple(shifts)


def strongest_peaks(image: np.ndarray, kept: np.ndarray, count: int) -> list[Peak]:
    """The ``count`` highest local maxima, highest first, no two closer than the separation.

    A maximum whose 3 x 3 pixels are not all there (edge, mask) is no peak: its centre cannot be told.
    """
    values = np.where(kept & np.isfinite(image), image, -np.inf).astype(np.float64)
    highest = _over_neighbours(values, np.maximum)
    lowest = _over_neighbours(values, np.minimum)
    slow, fast = np.nonzero((values >= highest) & (values > lowest) & np.isfinite(lowest))
    order = np.argsort(-values[slow, fast], kind="stable")
    peaks: list[Peak] = []
    for row, column in zip(slow[order].tolist(), fast[order].tolist(), strict=True):
        if len(peaks) == count:
            break
        if all(max(abs(peak.slow - row), abs(peak.fast - column)) > SEPARATION_PIXELS for peak in peaks):
            centroid = _centroid(values[row - 1 : row + 2, column - 1 : column + 2], row, column)
            peaks.append(Peak(row, column, float(values[row, column]), centroid))
    return peaks


def _over_neighbours(values: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """Combine the eight neighbours of every pixel; beyond the edges lies minus infinity."""
    padded = np.pad(values, 1, constant_values=-np.inf)
    rows, columns = values.shape
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    neighbours = (padded[i : i + rows, j : j + columns] for i, j in shifts)
    return reduce(combine, neighbours)


def _centroid(window: np.ndarray, slow: int, fast: int) -> tuple[float, float]:
    """Centre of what stands above the lowest of the 3 x 3 pixels."""
    weight = (window - window.min()) / (window.max() - window.min())
    offset = np.array([-1.0, 0.0, 1.0])
    total = float(weight.sum())
    return slow + float(weight.sum(1) @ offset) / total, fast + float(weight.sum(0) @ offset) / total


def _distance(one: Peak, other: Peak) -> float:
    return (one.slow - other.slow) ** 2 + (one.fast - other.fast) ** 2
