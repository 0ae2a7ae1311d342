"""How much of two logs was read and compared."""

from __future__ import annotations

from dataclasses import dataclass

from compare.judging.keys import NOWHERE, Section, Value


@dataclass(frozen=True, slots=True)
class SideInfo:
    """What was read on one side."""

    paths: tuple[str, ...]
    lines: int = 0
    trace_lines: int = 0
    quantities: int = 0
    digits: int = 17  # significant digits of its floats; 17: every digit counts
    sections: tuple[Section, ...] = ()  # in the order in which they begin
    digits_source: str = ""  # who says so


@dataclass(frozen=True, slots=True)
class Metadatum:
    """A metadata name with what each side says; None where a side does not say."""

    name: str
    a: Value | None
    b: Value | None
    section: Section = NOWHERE


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the two logs was compared."""

    paired: int
    only_a: int
    only_b: int
    required_missing: int = 0
    ambiguous: int = 0
    problems: int = 0
    required: int = 0  # required names: printed by a side, or demanded
    required_compared: int = 0

    @property
    def fraction(self) -> float:
        """Share of all quantities seen that were paired; 0 when nothing was seen."""
        total = self.paired + self.only_a + self.only_b + self.ambiguous
        return self.paired / total if total else 0.0

    @property
    def whole(self) -> bool:
        """Every required name was compared."""
        return self.required_compared >= self.required

    def __str__(self) -> str:
        return (
            f"{self.paired} paired ({self.fraction:.1%}), {self.only_a} only in a, {self.only_b} only in b, "
            f"{self.required_compared} of {self.required} required names, {self.required_missing} required missing, "
            f"{self.ambiguous} ambiguous, {self.problems} problems"
        )
