"""Offsets by parts of a step on a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from compare.causes.scene import Scene
from compare.causes.values import apart, numbers

MOVED_ALIKE = 1e-6  # of the offset


def half_pixel(scene: Scene) -> str | None:
    """The difference is half of a step that the vocabulary names, along one or two axes."""
    if len(scene.a) != len(scene.b) or scene.quantity.label in scene.vocabulary.causes.half_step_of:
        return None
    offset = [y - x for x, y in zip(scene.a, scene.b, strict=True)]
    away = math.hypot(*offset)
    if not _all_rows_move(scene, offset):
        return None
    for name in scene.vocabulary.causes.half_step_of:
        step = scene.store.scale((name, None), np.array([scene.here[:1]]))
        size = float(step[0]) if step is not None else 0.0
        for count, factor in ((1, 0.5), (2, math.sqrt(0.5))):
            if size > 0 and abs(away / (size * factor) - 1) < 1e-6:
                return f"off by half of {name} along {count} axis" + ("" if count == 1 else "es")
    return None


def _all_rows_move(scene: Scene, offset: Sequence[float]) -> bool:
    """Whether every other step of the loops that is off is off by the same: else it is an index that is wrong."""
    rows = (row for index in scene.index_names for _, row in scene.siblings(index))
    moved = ([y - x for x, y in zip(numbers(row.a), numbers(row.b), strict=False)] for row in rows)
    return all(apart(other, offset) <= MOVED_ALIKE * math.hypot(*offset) for other in moved if any(other))


def _is_switch(scene: Scene) -> bool:
    """On or off, and no count."""
    return len(scene.a) == 1 and {*scene.a, *scene.b} == {0.0, 1.0}


def _by_one(a: Sequence[float], b: Sequence[float]) -> bool:
    return len(a) == len(b) and all(abs(y - x) <= 1 for x, y in zip(a, b, strict=True))


def off_by_one(scene: Scene) -> str | None:
    """Integers that differ by one, one or several of a vector, and nowhere in the loops by more."""
    if not scene.whole or not _by_one(scene.a, scene.b) or _is_switch(scene):
        return None
    rows = (row for index in scene.index_names for _, row in scene.siblings(index))
    return "b - a is 1 or -1" if all(_by_one(numbers(row.a), numbers(row.b)) for row in rows) else None
