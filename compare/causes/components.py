"""The right numbers in the wrong places of a vector or matrix."""

from __future__ import annotations

import math

from compare.causes.scene import Scene
from compare.causes.values import CLOSE, numbers, same, telling


def transposed_components(scene: Scene) -> str | None:
    """A square matrix, rows for columns."""
    side = math.isqrt(len(scene.a))
    if side < 2 or side * side != len(scene.a) or len(scene.a) != len(scene.b):
        return None
    transposed = [scene.a[column * side + row] for row in range(side) for column in range(side)]
    return "b is a transposed" if same(scene.b, transposed) else None


def shifted_components(scene: Scene) -> str | None:
    """Components moved along by a constant number of places."""
    count = len(scene.a)
    if count < 3 or count != len(scene.b) or _too_plain(scene):
        return None
    for shift in range(1, count):
        if same(scene.b, scene.a[-shift:] + scene.a[:-shift]):
            return f"b has a's components {shift} place{'s' if shift > 1 else ''} further"
    return None


def swapped_components(scene: Scene) -> str | None:
    """Two components exchanged, perhaps with a change of sign."""
    if len(scene.a) < 2 or len(scene.a) != len(scene.b) or _too_plain(scene) or _in_another_row(scene):
        return None
    scale = max(map(abs, (*scene.a, *scene.b)))
    differing = [i for i, (x, y) in enumerate(zip(scene.a, scene.b, strict=True)) if not abs(x - y) <= CLOSE * scale]
    if len(differing) != 2:
        return None
    i, j = differing
    if abs(abs(scene.a[i]) - abs(scene.a[j])) <= CLOSE * scale:
        return None  # of one size: changed signs say as much
    signs = ((1, 1), (-1, 1), (1, -1), (-1, -1))
    for first, second in signs[:1] if scene.whole else signs:  # of small counts a sign more fits by chance
        if same((scene.a[i], scene.a[j]), (first * scene.b[j], second * scene.b[i])):
            changed = [str(at) for at, sign in ((j, first), (i, second)) if sign < 0]
            words = f", with the sign of b's {' and '.join(changed)} changed" if changed else ""
            return f"components {i} and {j} are exchanged{words}"
    return None


def _too_plain(scene: Scene) -> bool:
    """An axis of zeros and ones: another axis looks exchanged by chance."""
    return not scene.whole and {abs(value) for value in (*scene.a, *scene.b)} <= {0.0, 1.0}


def _in_another_row(scene: Scene) -> bool:
    """Whether one side's value is the other's at another step of a loop: the rows are in another order then."""
    if not telling(scene.a):  # short figures are the same in many rows
        return False
    rows = (row for index in scene.index_names for _, row in scene.siblings(index))
    return any(same(scene.b, numbers(row.a)) or same(scene.a, numbers(row.b)) for row in rows)
