"""How a step's value depends on its inputs, as far as a vocabulary says so (``carries``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from compare.words.references import Reference

Term: TypeAlias = "tuple[tuple[Reference, float], ...]"
"""A product of powers."""
Component: TypeAlias = "tuple[Reference, int | None]"
COMPONENT = re.compile(r"(?P<reference>.*?)(?:\[(?P<at>\d+)\])?$")
KEYS = ("sum", "product", "phase", "float32")


@dataclass(frozen=True, slots=True)
class Carries:
    """What becomes of differences of the inputs in a step."""

    sum: tuple[tuple[Term, ...], ...] = ()  # terms that are added up; of each, the first that the logs hold
    product: Term = ()  # factors, beside others that do not matter
    phase: tuple[Component, Component] | None = None  # turns = one x the other
    float32: bool = False  # the value is rounded to single precision


def parse_carries(entry: Mapping[str, Any], where: str, reference: Callable[[str], Reference]) -> Carries:
    """Read the ``carries`` of a quantity. Raises ValueError naming the quantity."""
    extra = sorted(set(entry) - set(KEYS))
    if extra or not entry:
        raise ValueError(f"{where}: carries takes {', '.join(KEYS)}, not {extra[0] if extra else 'nothing'!r}")

    def term(factors: Mapping[str, Any]) -> Term:
        return tuple((reference(text), float(power)) for text, power in factors.items())

    def component(text: str) -> Component:
        found = COMPONENT.match(text)
        assert found is not None  # every text matches
        return reference(found["reference"]), int(found["at"]) if found["at"] else None

    phase = entry.get("phase")
    if phase is not None and len(phase) != 2:
        raise ValueError(f"{where}: the phase of carries is of two quantities, {len(phase)} were given")
    return Carries(
        tuple(tuple(map(term, one if isinstance(one, list) else [one])) for one in entry.get("sum", ())),
        term(entry.get("product", {})),
        (component(phase[0]), component(phase[1])) if phase is not None else None,
        bool(entry.get("float32", False)),
    )


__all__ = ["Carries", "Component", "Term", "parse_carries"]
