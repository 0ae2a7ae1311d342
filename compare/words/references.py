"""How a vocabulary writes where a step's input is found, and when it counts.

    [previous|last|first] [RECORD.]name[indices][?] [of previous | of last RECORD[indices]] [when CONDITION]

A condition is made of `and`, `or`, `not`, parentheses and these facts: `name=value`, `name!=value`, `first` (this is
the record's first evaluation in the section), `first(loop)` (the first at this step of a loop), and `RECORD` (the
record has a line at this evaluation).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

INDEX = re.compile(r"(?P<key>\w+?)(?:=(?P<number>-?\d+)|(?P<shift>[+-]\d+)|=(?P<all>\*))$")
PLACE = r"(?:(?P<{0}record>\w+)\.)?(?P<{0}name>[\w.]+?)(?:\[(?P<{0}fixed>[\w=*+, -]+)\])?"
REFERENCE = re.compile(
    r"^(?:(?P<relation>previous|last|first)\s+)?"
    + PLACE.format("")
    + r"(?P<optional>\?)?"
    + r"(?:\s+of\s+(?:(?P<before>previous)|(?P<end>last|first)\s+(?P<of>[A-Z]\w*)(?:\[(?P<of_fixed>[\w=*+, -]+)\])?))?"
    + r"(?:\s+when\s+(?P<when>.+))?$"
)
TOKEN = re.compile(r"\s*(?:(?P<sign>[()])|(?P<fact>[^\s()]+(?:\(\w+\))?))")
FACT = re.compile(
    r"(?P<name>[\w.]+?)(?P<equals>!?=)(?P<value>\S+)$|(?P<first>first)(?:\((?P<loop>\w+)\))?$|(?P<record>[A-Z]\w*)$"
)

Truth = bool | None
"""None: the logs do not say."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a condition asks: a value, whether an evaluation is the first, whether a record has a line."""

    kind: str  # value | first | record
    name: str  # quantity; loop index, "" for the whole section; record
    value: str = ""
    unequal: bool = False

    def ask(self, answer: Callable[[Fact], Truth]) -> Truth:
        found = answer(self)
        return not found if self.unequal and found is not None else found

    def facts(self) -> tuple[Fact, ...]:
        return (self,)


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def ask(self, answer: Callable[[Fact], Truth]) -> Truth:
        found = self.part.ask(answer)
        return None if found is None else not found

    def facts(self) -> tuple[Fact, ...]:
        return self.part.facts()


@dataclass(frozen=True, slots=True)
class Junction:
    """All of its parts, or any of them."""

    parts: tuple[Condition, ...]
    decisive: bool  # what one part alone settles: False for "and", True for "or"

    def ask(self, answer: Callable[[Fact], Truth]) -> Truth:
        found = [part.ask(answer) for part in self.parts]
        if self.decisive in found:
            return self.decisive
        return None if None in found else not self.decisive

    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for part in self.parts for fact in part.facts())


Condition = Fact | Not | Junction


@dataclass(frozen=True, slots=True)
class Anchor:
    """Another evaluation from which a reference is read: the one before this, or the last or first of a record."""

    relation: str  # previous | last | first
    record: str = ""
    every: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a step's input, or an alias's target, is found."""

    name: str
    record: str | None  # None: the same record if it has that name, else the header
    relation: str = "same"  # same | previous | last | first (the last and first within the loops that both are in)
    fixed: tuple[tuple[str, int], ...] = ()
    shifted: tuple[tuple[str, int], ...] = ()  # index = this evaluation's plus so much
    every: tuple[str, ...] = ()  # all values of these indices
    optional: bool = False  # one of the program's arguments where the logs do not print it
    anchor: Anchor | None = None
    when: Condition | None = None

    @property
    def starts_loop(self) -> bool:
        """Whether there may be nothing where it points, at the start of a loop."""
        return self.relation == "previous" or bool(self.shifted) or self.anchor is not None


def parse_reference(text: str) -> Reference:
    """Read one reference. Raises ValueError saying what cannot be read."""
    found = REFERENCE.match(text.strip())
    if not found:
        raise ValueError(f"cannot read the reference {text!r}")
    fixed, shifted, every = _indices(found["fixed"], text)
    anchor = None
    if found["before"] or found["of"]:
        of_every = _indices(found["of_fixed"], text)[2]
        anchor = Anchor(found["before"] or found["end"], found["of"] or "", of_every)
    return Reference(
        name=found["name"],
        record=found["record"],
        relation=found["relation"] or "same",
        fixed=fixed,
        shifted=shifted,
        every=every,
        optional=bool(found["optional"]),
        anchor=anchor,
        when=parse_condition(found["when"]) if found["when"] else None,
    )


Pairs = tuple[tuple[str, int], ...]


def _indices(text: str | None, whole: str) -> tuple[Pairs, Pairs, tuple[str, ...]]:
    """Indices that are fixed, shifted, and those of which all values are meant."""
    parts = [INDEX.match(part) for part in re.split(r"[,\s]+", (text or "").strip()) if part]
    if not all(parts):
        raise ValueError(f"cannot read the indices of the reference {whole!r}")
    indices = [part for part in parts if part]
    return (
        tuple((part["key"], int(part["number"])) for part in indices if part["number"]),
        tuple((part["key"], int(part["shift"])) for part in indices if part["shift"]),
        tuple(part["key"] for part in indices if part["all"]),
    )


def parse_condition(text: str) -> Condition:
    """Read a condition. Raises ValueError saying what cannot be read."""
    words = [found["sign"] or found["fact"] for found in TOKEN.finditer(text.strip())]
    condition, rest = _any_of(words, text)
    if rest:
        raise ValueError(f"cannot read {rest[0]!r} in the condition {text!r}")
    return condition


def _any_of(words: list[str], text: str) -> tuple[Condition, list[str]]:
    return _joined(words, text, "or", _all_of)


def _all_of(words: list[str], text: str) -> tuple[Condition, list[str]]:
    return _joined(words, text, "and", _one)


def _joined(
    words: list[str], text: str, joint: str, part: Callable[[list[str], str], tuple[Condition, list[str]]]
) -> tuple[Condition, list[str]]:
    first, words = part(words, text)
    parts = [first]
    while words and words[0] == joint:
        another, words = part(words[1:], text)
        parts.append(another)
    return (parts[0] if len(parts) == 1 else Junction(tuple(parts), joint == "or")), words


def _one(words: list[str], text: str) -> tuple[Condition, list[str]]:
    if not words:
        raise ValueError(f"the condition {text!r} ends too early")
    if words[0] == "not":
        part, rest = _one(words[1:], text)
        return Not(part), rest
    if words[0] == "(":
        inner, rest = _any_of(words[1:], text)
        if not rest or rest[0] != ")":
            raise ValueError(f"a closing parenthesis is missing in the condition {text!r}")
        return inner, rest[1:]
    return _fact(words[0], text), words[1:]


def _fact(word: str, text: str) -> Fact:
    found = FACT.match(word)
    if not found:
        raise ValueError(f"cannot read {word!r} in the condition {text!r}; name=value, first or RECORD was required")
    if found["first"]:
        return Fact("first", found["loop"] or "")
    if found["record"]:
        return Fact("record", found["record"])
    return Fact("value", found["name"], found["value"], found["equals"] == "!=")
