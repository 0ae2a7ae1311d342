"""How many samples x pixels are evaluated together, and what that takes."""

from __future__ import annotations

from dataclasses import dataclass, fields

from simulator.errors import InputError


@dataclass(frozen=True)
class TileElements:
    """Samples x pixels of one evaluation at most, by how it is computed.

    Attributes:
        eager: operation by operation: few enough for all operands to stay near the cores.
        compiled: one kernel, which keeps little.
        interpolating: one kernel with tricubic interpolation, which keeps more.
    """

    eager: int
    compiled: int
    interpolating: int

    def __post_init__(self) -> None:
        for field in fields(self):
            elements = getattr(self, field.name)
            if not isinstance(elements, int) or elements < 1:
                raise InputError(f"{field.name} must be a whole number of elements, at least 1; got {elements!r}")


DEFAULTS = {
    "cpu": TileElements(eager=1 << 17, compiled=1 << 20, interpolating=1 << 18),
    "cuda": TileElements(eager=1 << 22, compiled=1 << 24, interpolating=1 << 22),
    "mps": TileElements(eager=1 << 20, compiled=1 << 22, interpolating=1 << 20),
}

BYTES_AN_ELEMENT = TileElements(eager=512, compiled=96, interpolating=192)
"""What temporaries take at most: eager, all that the trace names; compiled, what passes from loop to loop."""
