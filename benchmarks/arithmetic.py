"""The figures made from measurements: medians, ratios, rates, and the exponent of cost against size."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """Repeated measurements of one quantity, in its unit."""

    median: float
    lowest: float
    highest: float


def spread(values: Sequence[float]) -> Spread:
    """Median and extremes. Raises ValueError when nothing was measured."""
    if not values:
        raise ValueError("a median needs at least one measurement")
    return Spread(statistics.median(values), min(values), max(values))


class PowerLaw(NamedTuple):
    """cost = factor x size^exponent."""

    exponent: float
    factor: float


def fit_power_law(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """Least squares of log cost against log size.

    Raises:
        ValueError: fewer than two sizes, a size or cost that is not above 0, or all sizes equal.
    """
    if len(sizes) != len(costs) or len(sizes) < 2:
        raise ValueError(f"a fit needs two or more sizes with a cost each; got {len(sizes)} and {len(costs)}")
    if any(not value > 0 for value in (*sizes, *costs)):
        raise ValueError("sizes and costs must be above 0")
    logs = [math.log(size) for size in sizes]
    try:
        slope, intercept = statistics.linear_regression(logs, [math.log(cost) for cost in costs])
    except statistics.StatisticsError as error:
        raise ValueError(f"all sizes are {sizes[0]}: nothing to fit") from error
    return PowerLaw(slope, math.exp(intercept))


def times_faster(baseline_s: float, seconds: float) -> float:
    """How many times faster than a baseline: above 1 is faster."""
    return baseline_s / seconds


def lowest_time_s(work: dict[str, float], rates_per_s: dict[str, float]) -> float:
    """The time that operations of several kinds take one after the other at the machine's rates.

    Args:
        work: operations by kind.
        rates_per_s: operations per second by kind; every kind of ``work`` must be there.
    """
    return sum(count / rates_per_s[kind] for kind, count in work.items())
