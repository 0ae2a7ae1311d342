"""One side carries fewer digits than the other: 32 bits, or a constant written short."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from compare.causes.scene import Scene
from compare.causes.values import SHARP, digits

PRINTED = 5.5e-15  # relative: what 15 printed digits leave of a number of 32 bits
UNIT_POWERS = (0, 10, -10, 3, -3, 6, -6, 9, -9)  # of ten, between the unit that is printed and that of the program
FEWEST = 8  # digits that it takes to write a number of 32 bits in decimal
LONGER = 3  # digits that a constant must have more than the shortened one


def float32_rounding(scene: Scene) -> str | None:
    """One side is the other rounded to 32 bits, as exactly as it was printed, in the unit it was computed in."""
    if scene.whole or len(scene.a) != len(scene.b):
        return None
    for power in UNIT_POWERS:
        unit = f" (in a unit of 10^{-power})" if power else ""
        a, b = (tuple(value * 10.0**power for value in side) for side in (scene.a, scene.b))
        if _rounded(a, b):
            return f"b is a rounded to 32 bits{unit}"
        if _rounded(b, a):
            return f"a is b rounded to 32 bits{unit}"
    return None


def _rounded(exact: Sequence[float], short: Sequence[float]) -> bool:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        rounded = np.array(exact, np.float32).astype(float).tolist()
    if rounded == list(exact) or not all(map(math.isfinite, rounded)) or digits(rounded) < FEWEST:
        return False  # a short decimal fits by chance
    return all(abs(x - y) <= PRINTED * abs(x) for x, y in zip(rounded, short, strict=True))


def truncated_constant(scene: Scene) -> str | None:
    """A constant that one side writes with fewer digits, or a ratio that shows one."""
    given = scene.quantity.inputs is not None and all(source.optional for source in scene.quantity.inputs)
    if given and len(scene.a) == len(scene.b) == 1 and not scene.whole:
        for short, long, side in ((scene.b[0], scene.a[0], "b"), (scene.a[0], scene.b[0], "a")):
            count = _shortened(short, long)
            if count:
                return f"{side} has {count} digits of the other's value"
    ratio = scene.ratio
    if ratio is None:
        return None
    for name, value in scene.vocabulary.causes.constants.items():
        for count in range(3, 12):
            for cut in {float(f"{value:.{count - 1}e}"), _cut(value, count)}:
                for power in (1, -1, 2, -2):
                    if cut != value and abs(ratio / (cut / value) ** power - 1) < SHARP:
                        return f"b/a is that of {name} with {count} digits"
    return None


def _shortened(short: float, long: float) -> int:
    """To how many digits (3 to 12) ``long`` was rounded or cut to give ``short``; 0 if to none."""
    if short == long or not math.isfinite(long) or not math.isfinite(short) or long == 0:
        return 0
    count = next((n for n in range(3, 13) if short in (float(f"{long:.{n - 1}e}"), _cut(long, n))), 0)
    return count if count and digits([short]) >= 3 and digits([long]) >= count + LONGER else 0


def _cut(value: float, count: int) -> float:
    mantissa, _, exponent = f"{value:.17e}".partition("e")
    return float(f"{mantissa[: count + 1 + mantissa.startswith('-')]}e{exponent}")
