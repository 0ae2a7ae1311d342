"""Simple ratios between the two sides: the sign, and units."""

from __future__ import annotations

import math

from compare.causes.scene import Scene
from compare.causes.values import near, numbers

ROWS = 1e-3  # relative: what another fault may add to the ratio at other steps
UNIT_RATIOS = {
    "degrees for radians": 180.0 / math.pi,
    "radians for degrees": math.pi / 180.0,
    "twice": 2.0,
    "half": 0.5,
    **{f"10^{power}": 10.0**power for power in (*range(-12, 0), *range(1, 13))},
}


def sign(scene: Scene) -> str | None:
    """b = -a."""
    return "b = -a" if scene.ratio is not None and near(scene.ratio, -1.0) else None


def _everywhere(ratio: float, scene: Scene) -> bool:
    """Whether steps of the loops that differ have the same ratio: a unit is not another one from step to step."""
    rows = (row for index in scene.index_names for _, row in scene.siblings(index))
    pairs = ((x, y) for row in rows for x, y in zip(numbers(row.a), numbers(row.b), strict=False))
    return all(near(y, ratio * x, ROWS) for x, y in pairs if not near(y, x))


def _is_an_input(ratio: float, scene: Scene) -> bool:
    """Whether a number that the step is made from says as much: then it may as well be left out."""
    return any(near(ratio, value) or near(ratio * value, 1.0) for value in scene.scalar_inputs.values())


def unit(scene: Scene) -> str | None:
    """b/a is a power of ten, pi/180, 2 or their inverses; a count has no unit."""
    ratio = scene.ratio
    if ratio is None or scene.whole or (len(scene.a) == 1 and _is_an_input(ratio, scene)):
        return None
    if not _everywhere(ratio, scene):
        return None
    return next((f"b = a x {ratio:.9g} ({n})" for n, r in UNIT_RATIOS.items() if near(ratio, r)), None)
