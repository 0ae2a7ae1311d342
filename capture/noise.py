"""Noise floors of a captured port: what becomes of each value when every store is moved by up to one ulp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from capture.series import Series, series_of
from capture.trace import CapturedTrace

RUNS = 4
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


def _spread(a: Series, b: Series) -> float:
    largest = 0.0
    for place, block in a.blocks.items():
        other = b.blocks.get(place)
        if other is None or other.values.shape != block.values.shape or not block.values.size:
            continue
        with np.errstate(invalid="ignore"):
            change = np.abs(block.values - other.values)
        largest = max(largest, float(np.nanmax(change, initial=0.0)))
    return largest
