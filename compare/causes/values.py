"""Questions about numbers that several detectors ask."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compare.judging.keys import Value

CLOSE = 1e-9  # relative: the figures agree up to rounding that a few steps accumulate
SHARP = 1e-12  # relative: the very same figure
COMPUTED = 14  # digits of a value as programs compute it
TELLING_DIGITS = 5  # a figure of fewer digits equals another one by chance


def parts(value: Value | tuple) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def numbers(value: Value | tuple) -> tuple[float, ...]:
    return tuple(_number(part) for part in parts(value))


def _number(part: object) -> float:
    if isinstance(part, str):
        return math.nan
    try:
        return float(part)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf


def near(x: float, y: float, relative: float = CLOSE) -> bool:
    return abs(x - y) <= relative * abs(y)


def same(x: Sequence[float], y: Sequence[float], relative: float = CLOSE) -> bool:
    scale = max(map(abs, (*x, *y)), default=0.0)
    return len(x) == len(y) and all(abs(p - q) <= relative * scale for p, q in zip(x, y, strict=True))


def apart(x: Sequence[float], y: Sequence[float]) -> float:
    return max((abs(p - q) for p, q in zip(x, y, strict=False)), default=0.0)


def length(vector: Sequence[float]) -> float:
    return math.hypot(*vector)


def digits(values: Sequence[float]) -> int:
    """Significant digits that it takes to write the longest of the values: 2 for 0.25 or 1e24 x 1.2."""
    return max((_digits(value) for value in values), default=0)


def telling(values: Sequence[float]) -> bool:
    """Whether figures are long enough to equal others by more than chance; 0.25000000000000006 is as short as 0.25."""
    return digits([float(f"{value:.12g}") for value in values]) >= TELLING_DIGITS


def _digits(value: float) -> int:
    if value == 0 or not math.isfinite(value):
        return 0
    mantissa = repr(abs(value)).partition("e")[0].replace(".", "").strip("0")
    return len(mantissa)
