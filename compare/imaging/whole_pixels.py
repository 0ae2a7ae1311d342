"""Pixels that are integers on both sides: how far apart exactly, whatever their size."""

from __future__ import annotations

import numpy as np

LARGEST = np.iinfo(np.int64).max


def as_whole(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Both as integers: integer arrays, or one beside floats that are whole; None for anything else."""
    kinds = a.dtype.kind in "iu", b.dtype.kind in "iu"
    if all(kinds):
        return a, b
    if not any(kinds):
        return None
    counts = b if kinds[0] else a
    if not (np.isfinite(counts) & (np.abs(counts) < float(LARGEST)) & (np.rint(counts) == counts)).all():
        return None
    whole = counts.astype(np.int64)
    return (a, whole) if kinds[0] else (whole, b)


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """abs(b - a) of integer arrays, exact before it becomes a double."""
    if "u" in (a.dtype.kind, b.dtype.kind) and _beyond(a, b):
        return np.array([abs(int(y) - int(x)) for x, y in zip(a.tolist(), b.tolist(), strict=True)], np.float64)
    x, y = a.astype(np.int64), b.astype(np.int64)
    difference = np.where(x > y, x.view(np.uint64) - y.view(np.uint64), y.view(np.uint64) - x.view(np.uint64))
    return difference.astype(np.float64)


def _beyond(a: np.ndarray, b: np.ndarray) -> bool:
    return any(side.size and side.dtype.kind == "u" and int(side.max()) > LARGEST for side in (a, b))


__all__ = ["apart", "as_whole"]
