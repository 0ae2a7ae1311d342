"""A factor that one side leaves out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from compare.causes.scene import Scene
from compare.causes.values import near, telling


def missing_input(scene: Scene) -> str | None:
    """The ratio is one of the step's own factors, of however few digits, or its inverse."""
    ratio = scene.ratio
    if ratio is None or scene.whole:
        return None
    factors = [(name, value) for name, value in scene.scalar_inputs.items() if name in scene.factors]
    return _evidence(ratio, [(name, value) for name, value in factors if abs(value) not in (0.0, 1.0)])


def missing_factor(scene: Scene) -> str | None:
    """The ratio is another traced scalar of the section, or its inverse; a figure of few digits is no evidence."""
    ratio = scene.ratio
    if ratio is None or scene.whole:
        return None
    found = [(name, value) for name, value in _scalars(scene) if math.isfinite(value) and telling([value])]
    fits = [(name, value) for name, value in found if near(ratio, value) or near(ratio, 1.0 / value)]
    return _evidence(ratio, [(name, value) for name, value in fits if not _is_own(scene, name, value)])


def _evidence(ratio: float, factors: Sequence[tuple[str, float]]) -> str | None:
    for name, value in factors:
        if near(ratio, value):
            return f"b = a x {name}"
    for name, value in factors:
        if near(ratio, 1.0 / value):
            return f"b = a / {name}"
    return None


def _is_own(scene: Scene, name: str, value: float) -> bool:
    """What is made from the step itself, or has its value, is no factor of it."""
    return name in scene.later or any(near(value, own) for own in (*scene.a, *scene.b))


def _scalars(scene: Scene) -> Iterator[tuple[str, float]]:
    """Traced scalars that one evaluation can see: header lines and records of the enclosing loops."""
    indices = dict(scene.pair.key.indices)
    section = scene.here[0]
    for record, name in list(scene.store.names()):
        keys = scene.store.index_names((record, name)) or ()
        if (record, name) == scene.name or any(key not in indices for key in keys):
            continue
        found = scene.store.at((record, name), (section, *(indices[key] for key in keys)))
        if found is not None and len(found.a) == 1 and isinstance(found.a[0], int | float):
            yield (f"{record}.{name}" if record else name), float(found.a[0])
