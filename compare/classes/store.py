"""What has been compared so far, for questions about other steps: values and classes by place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compare.alignment.lane import Unit
from compare.classes.measure import Floats, Measured
from compare.judging.keys import Key
from compare.judging.sections import Place, Sections
from compare.reading.table import Ints, Values
from compare.words.quantities import HEADER
from compare.words.references import Anchor, Reference
from compare.words.vocabulary import Vocabulary

Name = tuple[str, str]  # record, name


@dataclass(frozen=True, eq=False)
class Chunk:
    """Compared rows of one quantity."""

    index_names: tuple[str, ...]
    index: Ints
    order: Ints
    a: Values
    b: Values
    measured: Measured


@dataclass(frozen=True, slots=True)
class Found:
    """One compared value: where it is, both values, its class as it is by now."""

    name: Name
    place: Place
    chunk: Chunk
    row: int

    @property
    def index_names(self) -> tuple[str, ...]:
        return self.chunk.index_names

    @property
    def a(self) -> tuple:
        return tuple(self.chunk.a[self.row].tolist())

    @property
    def b(self) -> tuple:
        return tuple(self.chunk.b[self.row].tolist())

    @property
    def code(self) -> int:
        return int(self.chunk.measured.code[self.row])

    @property
    def tolerance(self) -> float:
        return float(self.chunk.measured.tolerance[self.row])

    @property
    def relative(self) -> float:
        """How far apart, of its scale."""
        measured = self.chunk.measured
        absolute, scale = float(measured.absolute[self.row]), float(measured.scale[self.row])
        return absolute / scale if absolute > 0.0 and scale > 0.0 else 0.0


@dataclass
class Store:
    """Chunks by name. Header lines are all kept; records only as long as their window is."""

    vocabulary: Vocabulary
    sections: Sections = field(default_factory=Sections)
    _chunks: dict[Name, list[Chunk]] = field(default_factory=dict)
    _places: dict[Name, dict[Place, tuple[Chunk, int]]] = field(default_factory=dict)
    _groups: dict[tuple[Name, tuple[int, ...]], dict[Place, list[tuple[int, int, int]]]] = field(default_factory=dict)
    _alone: dict[tuple[str, int], set[Place]] = field(default_factory=dict)

    def add(self, name: str, unit: Unit, a: Values, b: Values, measured: Measured) -> None:
        key = (unit.record, name)
        chunk = Chunk(unit.index_names, unit.index, unit.order_a, a, b, measured)
        self._chunks.setdefault(key, []).append(chunk)
        self._forget(key)

    def put(self, key: Key, order: int, values: tuple[tuple, tuple], measured: Measured) -> None:
        """Keep one compared value that was paired elsewhere."""
        name, place = (key.record, key.name), self.sections.place_of(key)
        a, b = (np.array([value], object if any(isinstance(x, str) for x in value) else None) for value in values)
        chunk = Chunk(
            tuple(index for index, _ in key.indices), np.array([place], np.int64), np.array([order], np.int64),
            a, b, measured,
        )  # fmt: skip
        self._chunks.setdefault(name, []).append(chunk)
        self._forget(name)

    def _forget(self, name: Name) -> None:
        self._places.pop(name, None)
        for key in [key for key in self._groups if key[0] == name]:
            del self._groups[key]

    def note_alone(self, record: str, index: Ints) -> None:
        """Rows of a record (or of a name without one) that one side alone has.

        Nobody knows then which evaluation came before another.
        """
        for row in index.tolist():
            self._alone.setdefault((record, row[0]), set()).add(tuple(row))

    def alone(self, record: str, section: int) -> set[Place]:
        """Places of a record that one side alone has a line for."""
        return self._alone.get((record, section), set())

    def forget_all_but_last(self) -> None:
        """Drop records that no later row of a log in loop order refers to."""
        for (record, name), chunks in self._chunks.items():
            if record != HEADER and len(chunks) > 1:
                del chunks[:-1]
                self._forget((record, name))

    def names(self) -> Iterator[Name]:
        return iter(self._chunks)

    def at(self, name: Name, place: Place) -> Found | None:
        """The value at exactly this place."""
        if name not in self._places:
            self._places[name] = {
                tuple(row): (chunk, i)
                for chunk in self._chunks.get(name, ())
                for i, row in enumerate(chunk.index.tolist())
            }
        hit = self._places[name].get(place)
        return Found(name, place, *hit) if hit else None

    def reclass(self, name: Name, place: Place, code: int) -> None:
        """Another class for a compared value, for the steps that are made from it."""
        if self.at(name, place) is not None:
            chunk, row = self._places[name][place]
            chunk.measured.code[row] = code

    def index_names(self, name: Name) -> tuple[str, ...] | None:
        chunks = self._chunks.get(name)
        return chunks[0].index_names if chunks else None

    def rows(self, name: Name) -> Iterator[Found]:
        """All values held of one name."""
        for chunk in self._chunks.get(name, ()):
            for row in range(len(chunk.order)):
                yield _found(name, chunk, row)

    def has_row(self, record: str, place: Place) -> bool:
        """Whether both sides have this line."""
        return any(self.at(name, place) is not None for name in self._chunks if name[0] == record)

    def has_record(self, record: str) -> bool:
        """Whether both sides have any line of a record."""
        return any(name[0] == record for name in self._chunks)

    def resolve(
        self, reference: Reference, record: str, indices: Mapping[str, int], section: int, order: int
    ) -> list[Found]:
        """The values that a step's input refers to, seen from one evaluation of the step; none if not held."""
        name = (self.vocabulary.record_of(reference, record), reference.name)
        if reference.anchor is not None:
            return [
                found
                for row in self._anchors(reference.anchor, record, indices, section, order)
                for found in self._at_indices(
                    name, reference, dict(zip(row.index_names, row.place[1:], strict=True)), section
                )
            ]
        if reference.relation == "same":
            return self._at_indices(name, reference, indices, section)
        return self._relative(name, reference.relation, reference.every, indices, section, order)

    def _at_indices(self, name: Name, reference: Reference, indices: Mapping[str, int], section: int) -> list[Found]:
        """The values at indices that both have, with those fixed, shifted or left open that the reference says."""
        wanted = self.index_names(name)
        if wanted is None:
            return []
        numbers = {**indices, **dict(reference.fixed)}
        numbers |= {key: indices[key] + shift for key, shift in reference.shifted if key in indices}
        if any(key not in numbers for key in wanted if key not in reference.every):
            return []
        if not reference.every:
            found = self.at(name, (section, *(numbers[key] for key in wanted)))
            return [found] if found else []
        shared = tuple(1 + at for at, key in enumerate(wanted) if key not in reference.every)
        prefix = (section, *(numbers[wanted[at - 1]] for at in shared))
        return [
            _found(name, self._chunks[name][which], row)
            for _, which, row in self._grouped(name, shared).get(prefix, ())
        ]

    def _anchors(
        self, anchor: Anchor, record: str, indices: Mapping[str, int], section: int, order: int
    ) -> list[Found]:
        """The evaluations from which a reference is read."""
        of = anchor.record or record
        name = next((name for name in self._chunks if name[0] == of), None)
        return [] if name is None else self._relative(name, anchor.relation, anchor.every, indices, section, order)

    def _relative(
        self, name: Name, relation: str, every: Sequence[str], indices: Mapping[str, int], section: int, order: int
    ) -> list[Found]:
        """The evaluation before this one in the section; or the last or first within the loops that both are in."""
        wanted = self.index_names(name) or ()
        if relation == "previous":
            entries = self._grouped(name, ()).get((section,), [])
            at = bisect_left(entries, (order,)) - 1
            chosen = [entries[at]] if at >= 0 else []
        else:
            end = -1 if relation == "last" else 0
            shared = tuple(1 + at for at, key in enumerate(wanted) if key in indices or key in every)
            fixed = [(i, indices[wanted[at - 1]]) for i, at in enumerate(shared, 1) if wanted[at - 1] not in every]
            chosen = [
                entries[end]
                for group, entries in self._grouped(name, shared).items()
                if group[0] == section and all(group[i] == number for i, number in fixed)
            ]
        return [_found(name, self._chunks[name][which], row) for _, which, row in chosen]

    def first_order(self, name: Name, shared: tuple[int, ...], place: Place) -> int | None:
        """Where the first evaluation stands among those that have some indices in common with a place."""
        entries = self._grouped(name, shared).get((place[0], *(place[at] for at in shared)))
        return entries[0][0] if entries else None

    def _grouped(self, name: Name, shared: tuple[int, ...]) -> dict[Place, list[tuple[int, int, int]]]:
        """Evaluations in execution order, by section and the values of some indices."""
        key = name, shared
        if key not in self._groups:
            groups: dict[Place, list[tuple[int, int, int]]] = {}
            for which, chunk in enumerate(self._chunks.get(name, ())):
                for row, (place, order) in enumerate(zip(chunk.index.tolist(), chunk.order.tolist(), strict=True)):
                    groups.setdefault((place[0], *(place[at] for at in shared)), []).append((order, which, row))
            for entries in groups.values():
                entries.sort()
            self._groups[key] = groups
        return self._groups[key]

    def scale(self, source: tuple[str, int | None], index: Ints) -> Floats | None:
        """Sizes of a header quantity (or the product of its components) for rows of ``index``."""
        name, component = source
        chunks = self._chunks.get((HEADER, name))
        if not chunks:
            return None
        sizes = np.full(len(self.sections), np.nan)
        for chunk in chunks:
            sizes[chunk.index[:, 0]] = [_size(row, component) for row in chunk.a.tolist()]
        stated = np.flatnonzero(~np.isnan(sizes))
        if len(stated) == 1:
            return np.full(len(index), sizes[stated[0]])
        numbers = index[:, 0]
        for number in np.unique(numbers[np.isnan(sizes[numbers])]).tolist():
            sizes[number] = next((sizes[n] for n in self.sections.around(number) if not np.isnan(sizes[n])), np.nan)
        found: Floats = sizes[numbers]
        return found


def _size(row: list, component: int | None) -> float:
    parts = [float(value) for value in (row if component is None else row[component : component + 1])]
    return abs(float(np.prod(parts))) if parts else float("nan")


def _found(name: Name, chunk: Chunk, row: int) -> Found:
    return Found(name, tuple(chunk.index[row].tolist()), chunk, row)
