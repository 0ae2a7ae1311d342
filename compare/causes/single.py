"""One of the two programs ran in 32 bits: seen in all that it prints."""

from __future__ import annotations

from compare.causes.logs import InLogs
from compare.judging.result import Cause, Side

UNITS = 3e-7  # relative: a few units in the last place of 32 bits


def float32_run(place: InLogs) -> Cause | None:
    """The difference is of the size of 32-bit rounding, and most of what one side alone prints is in 32 bits."""
    single = place.logs.single
    if place.node.apart > UNITS or place.differing_inputs or single[Side.A] == single[Side.B]:
        return None
    return Cause("float32-rounding", f"what {'b' if single[Side.B] else 'a'} prints are numbers of 32 bits")
