"""Noise floors of a captured port: what becomes of each value when every store is moved by up to one ulp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from capture.series import Series, series_of
from capture.text import label
from capture.trace import CapturedTrace

RUNS = 4
SMALLEST, FLOORS = 8.0, 4.0  # units in the last place that are always allowed; floors that are
Run = Callable[[Sequence[Mapping[str, Any]]], list[CapturedTrace | None]]


def floors(still: CapturedTrace, run: Run, runs: int = RUNS) -> dict[tuple[object, ...], float]:
    """The largest change of each series of the port over some runs with moved stores, absolute."""
    moved = [trace for trace in run([{"move": seed} for seed in range(1, runs + 1)]) if trace is not None]
    found: dict[tuple[object, ...], float] = {}
    first = {series.key: series for series in series_of([still])}
    for trace in moved:
        for series in series_of([trace]):
            if series.key in first:
                found[series.key] = max(found.get(series.key, 0.0), _spread(first[series.key], series))
    return found


def by_label(still: CapturedTrace, floors: Mapping[tuple[object, ...], float]) -> dict[str, float]:
    """The tolerance of each value of a port as its trace's text names it: some floors, and no less than some ulps."""
    found: dict[str, float] = {}
    for series in series_of([still]):
        size = max((float(np.abs(block.values).max(initial=0.0)) for block in series.blocks.values()), default=0.0)
        if not np.isfinite(size):
            continue
        unit = np.spacing(np.float32(size)) if series.site.type == "float32" else np.spacing(size)
        name = label(series.site)
        tolerance = max(SMALLEST * float(unit), FLOORS * floors.get(series.key, 0.0))
        found[name] = max(found.get(name, 0.0), tolerance)
    return found


def _spread(a: Series, b: Series) -> float:
    largest = 0.0
    for place, block in a.blocks.items():
        other = b.blocks.get(place)
        if other is None or other.values.shape != block.values.shape or not block.values.size:
            continue
        with np.errstate(invalid="ignore"):
            change = np.abs(block.values - other.values)
        largest = max(largest, float(np.nan_to_num(change, nan=0.0, posinf=np.inf).max()))
    return largest
