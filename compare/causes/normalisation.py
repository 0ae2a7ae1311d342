"""A unit vector on one side, the same direction with another length on the other."""

from __future__ import annotations

from collections.abc import Sequence

from compare.causes.scene import Scene
from compare.causes.values import apart, length

UNIT = 1e-14  # from 1: a length that was normalised
LEFT = 1e-3  # of the difference: what may be left after normalising


def not_normalised(scene: Scene) -> str | None:
    """a = b/|b|, or the other way round."""
    if len(scene.a) < 2 or len(scene.a) != len(scene.b):
        return None
    if _is(scene.a, scene.b):
        return f"a is b/|b|; |b| = {length(scene.b):.12g}"
    return f"b is a/|a|; |a| = {length(scene.a):.12g}" if _is(scene.b, scene.a) else None


def _is(unit: Sequence[float], other: Sequence[float]) -> bool:
    long = length(other)
    if not abs(length(unit) - 1) <= UNIT or not 0 < long < float("inf") or abs(long - 1) <= 10 * UNIT:
        return False
    normalised = [part / long for part in other]
    return apart(unit, normalised) <= max(2 * UNIT, LEFT * apart(unit, other)) < 0.1 * apart(unit, other)
