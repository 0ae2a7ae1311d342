"""One side is NaN."""

from __future__ import annotations

import math

from compare.causes.scene import Scene


def not_a_number(scene: Scene) -> str | None:
    """NaN on one side, at any component."""
    nan_a, nan_b = (any(map(math.isnan, side)) for side in (scene.a, scene.b))
    return f"only {'a' if nan_a else 'b'} is nan" if nan_a != nan_b else None
