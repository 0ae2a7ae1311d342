"""Quantities that only one side has, and what their absence means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from compare.classes.store import Name
from compare.judging.keys import Key, Value
from compare.judging.result import Leftover, Problem, ProblemKind, Side, Status
from compare.judging.sections import Place, Sections
from compare.reading.table import Table
from compare.words.quantities import HEADER
from compare.words.vocabulary import Vocabulary

MOST_ENTRIES = 5000  # that are kept of one name; the rest is counted


@dataclass(frozen=True, slots=True)
class Entry:
    """One value without a partner."""

    place: Place
    order: int
    value: tuple
    index_names: tuple[str, ...] = ()  # of its own line: what looks like an index need not be one on the other side


@dataclass
class Book:
    """Left over values by side and name."""

    sections: Sections = field(default_factory=Sections)
    _entries: dict[tuple[Side, Name], dict[int, Entry]] = field(default_factory=dict)
    counts: Counter[tuple[Side, Name]] = field(default_factory=Counter)

    def add(self, side: Side, table: Table) -> None:
        for name, column in table.columns.items():
            key = (table.record, name)
            self.counts[side, key] += len(table)
            entries = self._entries.setdefault((side, key), {})
            kept = range(min(len(table), max(MOST_ENTRIES - len(entries), 1)))
            for row in kept:
                order = int(table.order[row])
                place, value = tuple(table.index[row].tolist()), tuple(column[row].tolist())
                entries[order] = Entry(place, order, value, table.index_names)

    def remove(self, side: Side, name: Name, entry: Entry) -> None:
        """Take out a value that has found its partner after all."""
        del self._entries[side, name][entry.order]
        self.counts[side, name] -= 1

    def entries(self, side: Side, name: Name) -> list[Entry]:
        """What is kept of one name, in log order."""
        return sorted(self._entries.get((side, name), {}).values(), key=lambda entry: entry.order)

    def key_of(self, name: Name, entry: Entry) -> Key:
        return self.sections.key_of(name, entry.index_names, entry.place)

    def total(self, side: Side, counted: Callable[[Name], bool]) -> int:
        return sum(n for (where, name), n in self.counts.items() if where is side and counted(name))

    def names(self, side: Side) -> Iterator[Name]:
        return (name for (where, name), count in self.counts.items() if where is side and count > 0)


@dataclass(frozen=True)
class Statuses:
    """Which names are required of these two logs."""

    vocabulary: Vocabulary
    seen: Mapping[Side, set[Name]]  # every name that a side prints
    aliased: set[Name]  # names that were paired through an alias

    def status(self, name: Name) -> Status:
        quantity = self.vocabulary.quantity(*name)
        if quantity.status in (Status.METADATA, Status.REQUIRED, Status.OPTIONAL):
            return Status(quantity.status)
        return Status.REQUIRED if self._tier(quantity.status) else Status.OPTIONAL

    def absent(self) -> list[str]:
        """Labels of the required names that neither log prints, by no alias either."""
        demanded = self.vocabulary.demanded
        if demanded.tier is not None and not self._tier(demanded.tier):
            return []
        printed = self.seen[Side.A] | self.seen[Side.B]
        stood_for = {
            (alias.of.record or HEADER, alias.of.name)
            for alias in self.vocabulary.aliases
            if (alias.record, alias.name) in printed
        }
        return [
            quantity.label
            for name, quantity in self.vocabulary.quantities.items()
            if name not in printed | stood_for and self.status(name) is Status.REQUIRED and demanded.wants(quantity)
        ]

    def required(self, paired: Iterable[Name]) -> tuple[int, int]:
        """How many required names were compared, and how many there are: seen on a side, or demanded."""
        names = {name for name in self.seen[Side.A] | self.seen[Side.B] if self.status(name) is Status.REQUIRED}
        compared = names & (set(paired) | self.aliased)
        return len(compared), len(names) + len(self.absent())

    def _tier(self, tier: str) -> bool:
        """Whether both logs print one of the names that mark a tier."""
        marks = [(mark.record or HEADER, mark.name) for mark in self.vocabulary.tiers[tier]]
        return all(any(mark in self.seen[side] for mark in marks) for side in Side)

    def missing(self, book: Book, reached: Mapping[Side, int] | None = None) -> Iterator[Problem]:
        """One problem for each required name that one side lacks, or lacks at some indices.

        ``reached``: the last line of each side that has a partner; what comes after it is no finding.
        """
        for side in Side:
            other = Side.B if side is Side.A else Side.A
            for name in book.names(side):
                if reached is not None and book.entries(side, name)[0].order > reached[side]:
                    continue
                if self.status(name) is Status.REQUIRED and not self._excused(name, other):
                    yield self._problem(book, side, other, name)

    def _excused(self, name: Name, other: Side) -> bool:
        """A build that prints only the first evaluation, under an older name."""
        return name in self.aliased and name not in self.seen[other]

    def _problem(self, book: Book, side: Side, other: Side, name: Name) -> Problem:
        label = ".".join(filter(None, name))
        count = book.counts[side, name]
        entry = book.entries(side, name)[0]
        key = book.key_of(name, entry)
        lacks = "lacks it" if name not in self.seen[other] else f"lacks it at {count} places"
        message = f"required {label}: {side.value} has it, {other.value} {lacks} (first: {key})"
        return Problem(ProblemKind.REQUIRED_MISSING, message, other, key)

    def leftovers(self, book: Book) -> list[Leftover]:
        """Everything that is kept in the book, in log order per side."""
        found = [
            Leftover(
                book.key_of(name, entry), side, scalar(entry.value), self.status(name), entry.order,
            )
            for side in Side
            for name in book.names(side)
            for entry in book.entries(side, name)
        ]  # fmt: skip
        return sorted(found, key=lambda leftover: (leftover.side, leftover.order))


def scalar(row: tuple) -> Value:
    """A value as people read it: a scalar, or a tuple of components."""
    return row[0] if len(row) == 1 else row
