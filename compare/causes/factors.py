"""A factor that one side leaves out."""

from __future__ import annotations

import math
from collections.abc import Iterator

from compare.causes.scene import Scene
from compare.causes.values import TELLING_DIGITS, digits, near


def missing_factor(scene: Scene) -> str | None:
    """The ratio is another traced scalar of the section, or its inverse; a figure of few digits is no evidence."""
    ratio = scene.ratio
    if ratio is None or scene.whole:
        return None
    for name, value in _scalars(scene):
        if abs(value) in (0.0, 1.0) or not math.isfinite(value) or digits([value]) < TELLING_DIGITS:
            continue
        if near(ratio, value):
            return f"b = a x {name}"
        if near(ratio, 1.0 / value):
            return f"b = a / {name}"
    return None


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
