"""The two logs look at different places of a grid."""

from __future__ import annotations

from collections.abc import Sequence

from compare.causes.logs import InLogs
from compare.causes.values import length
from compare.judging.result import Cause, Side

ALONG = 1e-6  # of the offset: what may stand across the axis
SMALLEST = 3e-5  # of the position: below it no pixel is
WHOLE = 1e-3  # steps: how near to a whole number of them


def other_pixel(place: InLogs) -> Cause | None:
    """The position moved along one axis of the grid (or whole steps along two), and nothing above it differs."""
    grid = place.logs.vocabulary.causes.grids.get(place.label)
    if grid is None or place.differing_inputs or len(place.a) != len(place.b):
        return None
    offset = [y - x for x, y in zip(place.a, place.b, strict=True)]
    moved = [_along(offset, axis) for axis in (_vector(place, label) for label in grid.along) if axis]
    total = sum(part * part for part in moved) ** 0.5
    far = total > SMALLEST * length(place.a)
    if len(moved) != len(grid.along) or not far or abs(length(offset) - total) > ALONG * total:
        return None
    step = place.number(grid.step)
    if step:
        steps = [part / step for part in moved]
        if max(abs(x - round(x)) for x in steps) > WHOLE or not any(map(round, steps)):
            return None
        counts = " and ".join(f"{round(x)}" for x in steps)
        return Cause("other-pixel", f"{counts} pixels along {' and '.join(grid.along)}")
    if sum(abs(part) > ALONG * total for part in moved) != 1:
        return None
    axis = grid.along[max(range(len(moved)), key=lambda i: abs(moved[i]))]
    return Cause("other-pixel", f"{total:.6g} along {axis}, and nothing else differs above it")


def _vector(place: InLogs, label: str) -> Sequence[float]:
    return next((value for _, value in place.logs.rows(Side.A, label)), ())


def _along(offset: Sequence[float], axis: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(offset, axis, strict=False)) / (length(axis) or 1.0)
