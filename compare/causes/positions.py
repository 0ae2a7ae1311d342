"""Offsets by parts of a step on a grid."""

from __future__ import annotations

import math

import numpy as np

from compare.causes.scene import Scene


def half_pixel(scene: Scene) -> str | None:
    """The difference is half of a step that the vocabulary names, along one or two axes."""
    if len(scene.a) != len(scene.b):
        return None
    away = math.hypot(*(y - x for x, y in zip(scene.a, scene.b, strict=True)))
    for name in scene.vocabulary.causes.half_step_of:
        step = scene.store.scale((name, None), np.array([scene.here[:1]]))
        size = float(step[0]) if step is not None else 0.0
        for count, factor in ((1, 0.5), (2, math.sqrt(0.5))):
            if size > 0 and abs(away / (size * factor) - 1) < 1e-6:
                return f"off by half of {name} along {count} axis" + ("" if count == 1 else "es")
    return None


def off_by_one(scene: Scene) -> str | None:
    """Integers that differ by one, one or several of a vector."""
    if not scene.whole or len(scene.a) != len(scene.b):
        return None
    steps = [y - x for x, y in zip(scene.a, scene.b, strict=True)]
    return "b - a is 1 or -1" if all(abs(step) <= 1 for step in steps) else None
