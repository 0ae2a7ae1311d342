"""What a quantity is told apart by, and what its value may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = int | float | str
Value: TypeAlias = Scalar | tuple[Scalar, ...]
Pixel: TypeAlias = tuple[int, int]
PIXEL = "pixel"  # the name under which outputs have a section's two integers by themselves, too


class Section(NamedTuple):
    """The part of a run that is traced, by integers with names: ``pixel 685 1039``, ``epoch 3``, ``run 2 row 4 col 5``.

    A name that has several integers stands there as often, one after another. The empty section is what a log says
    outside of all parts, and what a program has that knows none.
    """

    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    @classmethod
    def of(cls, parts: Mapping[str, Sequence[int]]) -> Section:
        """From integers by name, outermost first."""
        return cls(
            tuple(name for name, numbers in parts.items() for _ in numbers),
            tuple(number for numbers in parts.values() for number in numbers),
        )

    @property
    def parts(self) -> dict[str, tuple[int, ...]]:
        """Integers by name."""
        named = groupby(zip(self.names, self.numbers, strict=True), key=lambda item: item[0])
        return {name: tuple(number for _, number in items) for name, items in named}

    @property
    def pixel(self) -> Pixel | None:
        """The two integers that are called so; None where there are none."""
        found = self.parts.get(PIXEL, ())
        return (found[0], found[1]) if len(found) == 2 else None

    def inside(self, outer: Section) -> bool:
        """Whether it is a part of another section, or the same."""
        length = len(outer.names)
        return self.names[:length] == outer.names and self.numbers[:length] == outer.numbers

    def has(self, wanted: Section) -> bool:
        """Whether every part of another section is one of its own."""
        own = self.parts
        return all(own.get(name) == numbers for name, numbers in wanted.parts.items())

    def __bool__(self) -> bool:
        return bool(self.names)

    def __str__(self) -> str:
        """``epoch 3 pixel 5 6``; "" outside of all sections."""
        return " ".join(f"{name} {' '.join(map(str, numbers))}" for name, numbers in self.parts.items())


NOWHERE = Section()


@dataclass(frozen=True, slots=True)
class Key:
    """What identifies a quantity: section, record, loop indices and name.

    ``record`` is "" for ``name value`` lines. ``occurrence`` counts repetitions that no index tells apart.
    """

    name: str
    record: str = ""
    indices: tuple[tuple[str, int], ...] = ()  # a name stands there twice for an index such as subpixel=(0,1)
    section: Section = NOWHERE
    occurrence: int = 0

    @property
    def pixel(self) -> Pixel | None:
        """Of the section, where it has one."""
        return self.section.pixel

    @property
    def place(self) -> str:
        """Where, without the name: ``CELL[step=0 cell=3]``, "" for a line of the section itself."""
        inner = " ".join(f"{index}={number}" for index, number in self.indices)
        return f"{self.record}[{inner}]" if inner else self.record

    def __str__(self) -> str:
        section = f"{self.section}: " if self.section else ""
        record = f"{self.place}." if self.place else ""
        repeat = f"#{self.occurrence}" if self.occurrence else ""
        return f"{section}{record}{self.name}{repeat}"
