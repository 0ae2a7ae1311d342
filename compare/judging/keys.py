"""What a quantity is told apart by, and what its value may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = int | float | str
Value: TypeAlias = Scalar | tuple[Scalar, ...]
Pixel: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Key:
    """What identifies a quantity: pixel, record, loop indices and name.

    ``record`` is "" for ``name value`` lines. ``occurrence`` counts repetitions that no index tells apart.
    """

    name: str
    record: str = ""
    indices: tuple[tuple[str, int], ...] = ()  # a name stands there twice for an index such as subpixel=(0,1)
    pixel: Pixel | None = None
    occurrence: int = 0

    @property
    def place(self) -> str:
        """Where, without the name: ``CELL[step=0 cell=3]``, "" for a line of the pixel itself."""
        inner = " ".join(f"{index}={number}" for index, number in self.indices)
        return f"{self.record}[{inner}]" if inner else self.record

    def __str__(self) -> str:
        pixel = f"pixel {self.pixel[0]} {self.pixel[1]}: " if self.pixel else ""
        record = f"{self.place}." if self.place else ""
        repeat = f"#{self.occurrence}" if self.occurrence else ""
        return f"{pixel}{record}{self.name}{repeat}"
