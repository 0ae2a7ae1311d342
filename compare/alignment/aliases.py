"""Values that one log prints under an older name, in another unit, or only for the first evaluation.

Runs after everything that both logs spell the same has been paired: a name goes before its aliases. Of several
aliases of one quantity that a log prints, the first whose `when` holds in either header is taken, else the first
that the vocabulary lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from compare.classes.store import Name
from compare.judging.keys import Key
from compare.judging.leftovers import Book, Entry
from compare.judging.result import Remark, Side
from compare.judging.sections import Place
from compare.shares.network import apart
from compare.words.quantities import HEADER, Alias, Quantity
from compare.words.vocabulary import Vocabulary

ORDERS_APART = 1e3  # a ratio beyond it is looked up among the alias's other units
UNIT_FITS = 1e-2

HeaderValue = Callable[[Side, str], tuple | None]


@dataclass(frozen=True)
class Candidate:
    """A left over value that can stand for a quantity of today."""

    entry: Entry
    name: Name
    alias: Alias | None  # None: printed under today's name
    value: tuple  # in today's unit


@dataclass(frozen=True)
class AliasPair:
    """Two candidates that belong together."""

    key: Key
    quantity: Quantity
    a: Candidate
    b: Candidate
    note: str


@dataclass(frozen=True)
class Aliases:
    """Pairs what is left over through the vocabulary's aliases."""

    vocabulary: Vocabulary
    book: Book
    header: HeaderValue
    paired: Callable[[Name], bool]  # whether a name has pairs of its own spelling
    remarks: list[Remark]

    def pairs(self) -> Iterator[AliasPair]:
        """Each found pair, taken out of the book."""
        targets = dict.fromkeys((a.of.record or HEADER, a.of.name, a.of) for a in self.vocabulary.aliases)
        for record, name, reference in targets:
            target = (record, name)
            aliases = [alias for alias in self.vocabulary.aliases if alias.of == reference]
            if reference.relation != "same" and self.paired(target):
                continue
            found = {side: self._candidates(side, target, aliases) for side in Side}
            for place, a in found[Side.A].items():
                b = found[Side.B].get(place)
                if b is not None and (a.alias or b.alias):
                    yield self._pair(target, a, b)

    def _candidates(self, side: Side, target: Name, aliases: list[Alias]) -> dict[Place, Candidate]:
        """By place of the target (by section for the first or last of a record): the best candidate."""
        by_place: dict[Place, Candidate] = {}
        relation, of_header = aliases[0].of.relation, not target[0]
        own = self.book.entries(side, target)
        for entry in reversed(own) if relation == "first" else own:
            place = entry.place if relation == "same" and not of_header else entry.place[:1]
            by_place[place] = Candidate(entry, target, None, entry.value)
        if by_place:
            return by_place
        for alias in sorted(aliases, key=lambda alias: not self._holds(alias)):
            name = (alias.record, alias.name)
            for entry in self.book.entries(side, name):
                value = self._converted(side, alias, entry)
                if value is not None:
                    by_place.setdefault(self._place(alias, entry, target), Candidate(entry, name, alias, value))
        return by_place

    def _place(self, alias: Alias, entry: Entry, target: Name) -> Place:
        """Where an aliased value belongs: the target's indices out of its own and the fixed ones."""
        if not alias.record:
            return entry.place[:1]
        numbers = dict(zip(self.vocabulary.records.get(alias.record, ()), entry.place[1:], strict=False))
        numbers |= dict(alias.of.fixed)
        return (entry.place[0], *(numbers.get(key, 0) for key in self.vocabulary.records.get(target[0], ())))

    def _holds(self, alias: Alias) -> bool:
        if alias.when is None:
            return False
        name, value = alias.when
        return any(self.header(side, name) == (value,) for side in Side)

    def _converted(self, side: Side, alias: Alias, entry: Entry) -> tuple | None:
        """The value in today's unit; None where it takes a quantity that this log does not print."""
        divisor = self._divisor(side, alias, entry)
        if divisor is None:
            return None
        if alias.factor == 1.0 and alias.power == 1.0 and divisor == 1.0:
            return entry.value
        if any(isinstance(part, str) for part in entry.value):
            return None
        try:
            return tuple(part**alias.power * alias.factor / divisor for part in entry.value)
        except OverflowError:
            return None

    def _divisor(self, side: Side, alias: Alias, entry: Entry) -> float | None:
        """What the value is divided by: all that the alias names, or what of it the log's own result asks for."""
        factors = []
        for name in alias.divide_by:
            found = self.header(side, name)
            if found is None or len(found) != 1 or not found[0] or isinstance(found[0], str):
                return 1.0 if alias.decided_by else None
            factors.append(float(found[0]))
        if not alias.decided_by:
            return math.prod(factors)
        choices = [math.prod(chosen) for n in range(len(factors) + 1) for chosen in combinations(factors, n)]
        return min(choices, key=lambda divisor: self._misses(side, alias, entry, divisor))

    def _misses(self, side: Side, alias: Alias, entry: Entry, divisor: float) -> float:
        """How far the log's own result is from what the formula makes of the value; 0 where that cannot be told."""
        formula = self.vocabulary.causes.formulas.get(alias.decided_by or "")
        own = self.header(side, alias.decided_by or "")
        if formula is None or own is None or any(isinstance(part, str) for part in (*own, *entry.value)):
            return 0.0
        values = {name: self.header(side, name) for name in formula.names if name != alias.of.name}
        if any(value is None or any(isinstance(part, str) for part in value) for value in values.values()):
            return 0.0
        arrays = {name: np.array(value, float) for name, value in values.items()}
        made = formula.evaluate({**arrays, alias.of.name: np.array(entry.value, float) / divisor})
        return math.inf if made is None else apart(tuple(made.tolist()), own)

    def _pair(self, target: Name, a: Candidate, b: Candidate) -> AliasPair:
        quantity = self.vocabulary.quantity(*target)
        a, b = self._in_one_unit(a, b, quantity), self._in_one_unit(b, a, quantity)
        a, b = _component(a, b), _component(b, a)
        self.book.remove(Side.A, a.name, a.entry)
        self.book.remove(Side.B, b.name, b.entry)
        own = a if a.alias is None else b if b.alias is None else a
        key = self.book.key_of(own.name, own.entry)
        notes = [note for c, side in ((a, "a"), (b, "b")) if (note := _note(c, side, quantity))]
        for candidate, side in ((a, "a"), (b, "b")):
            if candidate.alias is not None and candidate.alias.when is not None:
                text = f"{candidate.name[1]} of {side} was taken for {quantity.label}"
                self.remarks.append(Remark("alias-choice", text, key))
        return AliasPair(key, quantity, a, b, "; ".join(notes))

    def _in_one_unit(self, this: Candidate, other: Candidate, quantity: Quantity) -> Candidate:
        """Undo a declared other unit where the value is off by its factor; the change is reported."""
        if this.alias is None or other.alias is not None or not this.alias.or_factor:
            return this
        ratio = _size(other.value) / size if (size := _size(this.value)) else 1.0
        if 1 / ORDERS_APART < ratio < ORDERS_APART:
            return this
        for factor, unit in this.alias.or_factor:
            if abs(ratio / factor - 1) < UNIT_FITS:
                key = self.book.key_of(other.name, other.entry)
                text = f"{this.name[1]} is in {unit}, {quantity.label} in {quantity.unit}: x {factor:g}"
                self.remarks.append(Remark("unit", text, key))
                value = tuple(part * factor for part in this.value)
                return Candidate(this.entry, this.name, this.alias, value)
        return this


def _component(this: Candidate, other: Candidate) -> Candidate:
    """One component of today's vector where the older name is that of a component."""
    if other.alias is None or other.alias.component is None or this.alias is not None:
        return this
    at = other.alias.component
    return Candidate(this.entry, this.name, None, this.value[at : at + 1])


def _note(candidate: Candidate, side: str, quantity: Quantity) -> str:
    if candidate.alias is None:
        return ""
    changed = "" if candidate.value == candidate.entry.value else ", converted"
    return f"{side} prints {quantity.label} as {candidate.name[1]}{changed}"


def _size(value: tuple) -> float:
    return math.hypot(*(float(part) for part in value if not isinstance(part, str)))
