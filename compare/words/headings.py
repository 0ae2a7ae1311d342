"""Lines that say to which section of a run what follows belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from compare.judging.keys import PIXEL, Section

OUTERMOST = -1  # of a name that no heading has: only a line that names a whole section states it
SECTION = "SECTION"  # record of a line that names a whole section by itself: TRACE_C_SECTION epoch=3 pixel=5,6


@dataclass(frozen=True)
class Headings:
    """Names of lines that open a section, outermost first, and what the integers of each are called."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def level(self) -> dict[str, int]:
        """How far inside a name stands: 0 is outermost."""
        return {name: at for at, name in enumerate(self.keys)}

    def wants(self, name: str) -> str:
        """How many integers a line of that name needs, in words."""
        keys = self.keys[name]
        named = " and ".join(filter(None, [", ".join(keys[:-1]), keys[-1]]))
        return f"{len(keys)} {'integer' if len(keys) == 1 else 'integers'}, {named},"

    def labelled(self, section: Section) -> dict[str, int]:
        """The integers of a section by what each is called."""
        found: dict[str, int] = {}
        for name, numbers in section.parts.items():
            labels = self.keys.get(name, (name,))
            found |= zip(labels, numbers, strict=False)
        return found

    def named(self, numbers: Mapping[str, int]) -> Section:
        """The section with these integers, each given by what it is called; what no heading has stands by itself."""
        headed = {
            name: tuple(numbers[label] for label in labels)
            for name, labels in self.keys.items()
            if all(label in numbers for label in labels)
        }
        covered = {label for name in headed for label in self.keys[name]}
        return Section.of({**{label: (at,) for label, at in numbers.items() if label not in covered}, **headed})

    def restated(self, section: Section) -> Section:
        """A section in the words of the headings, outermost first: ``slow 5 fast 6`` may be what ``pixel`` has."""
        single = {name: numbers[0] for name, numbers in section.parts.items() if len(numbers) == 1}
        several = {name: numbers for name, numbers in section.parts.items() if len(numbers) > 1}
        parts = {**several, **self.named(single).parts}
        order = {name: at for at, name in enumerate(section.parts)}
        inwards = sorted(parts, key=lambda name: (self.level.get(name, OUTERMOST), order.get(name, 0)))
        return Section.of({name: parts[name] for name in inwards})

    def opened(self, before: Section, stated: Section) -> Section:
        """The section after a line that states parts of it: what lies around them stays, what lay inside ends."""
        first = self.level.get(stated.names[0], 0)
        if first == 0 and (not before or before.names[0] in self.level):
            return stated
        outer = {name: at for name, at in before.parts.items() if self.level.get(name, OUTERMOST) < first}
        return Section.of({**outer, **stated.parts})


def headings_of(section: Mapping[str, object]) -> Headings:
    """Of the table ``[section]``: ``keys``, or ``pixel`` for a line of two integers, slow and fast.

    Raises ValueError or TypeError for what is neither.
    """
    keys: Mapping[str, Sequence[str]] = section.get("keys", {})  # type: ignore[assignment]  # held against below
    if "pixel" in section:
        keys = {**keys, str(section["pixel"]): ("slow", "fast")}
    for name, labels in keys.items():
        if not isinstance(labels, list | tuple) or not labels or not all(isinstance(label, str) for label in labels):
            raise ValueError(f"[section.keys] {name} is {labels!r}; names of its integers were required, as [{name!r}]")
    return Headings({name: tuple(labels) for name, labels in keys.items()})


def section_of(entry: Mapping[str, Any], where: str) -> Section:
    """What an entry of a file says of a section: ``section = { epoch = 3, pixel = [5, 6] }``, ``pixel = [5, 6]``.

    Raises ValueError naming ``where`` for what is neither.
    """
    parts = dict(entry.get("section", {}))
    if "pixel" in entry:
        parts[PIXEL] = entry["pixel"]
    found = {}
    for name, stated in parts.items():
        numbers = stated if isinstance(stated, list) else [stated]
        pair = name == PIXEL and "pixel" in entry
        if not numbers or any(type(number) is not int for number in numbers) or (pair and len(numbers) != 2):
            wanted = "two integers, [slow, fast], are" if pair else "an integer, or several in a list, is"
            raise ValueError(f"{where}: {name} = {stated!r}: {wanted} required")
        found[name] = tuple(numbers)
    return Section.of(found)


def section_lines(section: Section) -> list[str]:
    """The same as lines of such an entry; none where nothing is said."""
    if not section:
        return []
    if section.pixel and len(section.names) == 2:
        return [f"pixel = {list(section.pixel)}"]
    parts = (f"{_word(name)} = {n[0] if len(n) == 1 else list(n)}" for name, n in section.parts.items())
    return [f"section = {{ {', '.join(parts)} }}"]


def _word(name: str) -> str:
    """A key of TOML; names come from logs."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
