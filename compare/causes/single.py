"""One of the two programs ran in 32 bits: seen in all that it prints."""

from __future__ import annotations

import numpy as np

from compare.causes.logs import Logs, Place
from compare.causes.values import numbers
from compare.result import Cause, Side

PRINTED = 5.5e-15  # relative: what 15 printed digits leave of a number of 32 bits
FEWEST = 10  # numbers, to tell
SHARE = 0.5  # of them: by chance one in a million is
UNITS = 3e-7  # relative: a few units in the last place of 32 bits


def float32_run(place: Place) -> Cause | None:
    """The difference is of the size of 32-bit rounding, and nearly all that one side prints are 32-bit numbers."""
    if place.node.apart > UNITS or place.differing_inputs:
        return None
    a, b = (_single(place.logs, side) for side in Side)
    if a == b:
        return None
    return Cause("float32-rounding", f"all that {'b' if b else 'a'} prints are numbers of 32 bits")


def _single(logs: Logs, side: Side) -> bool:
    """Whether a side's numbers that take more than a few digits are those of 32 bits."""
    values = [
        value
        for pair in logs.pairs
        if not pair.name_a
        for value in numbers(pair.a if side is Side.A else pair.b)
        if value != round(value, 6) and np.isfinite(value)
    ][:2000]
    if len(values) < FEWEST:
        return False
    exact = np.array(values)
    with np.errstate(over="ignore"):
        near = np.abs(exact.astype(np.float32).astype(float) - exact) <= PRINTED * np.abs(exact)
    return float(near.mean()) >= SHARE
