"""What has been compared so far, for questions about other steps: values and classes by place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from compare.alignment.lane import Unit
from compare.classes.measure import Floats, Measured
from compare.reading.table import Ints, Values
from compare.result import Pixel
from compare.vocabulary import HEADER, Reference, Vocabulary

Name = tuple[str, str]  # record, name
Place = tuple[int, ...]  # pixel slow, pixel fast, loop indices


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
    """One compared value: where it is, both values, its class."""

    name: Name
    place: Place
    index_names: tuple[str, ...]
    a: tuple
    b: tuple
    code: int
    order: int
    tolerance: float


@dataclass
class Store:
    """Chunks by name. Header lines are all kept; records only as long as their window is."""

    vocabulary: Vocabulary
    _chunks: dict[Name, list[Chunk]] = field(default_factory=dict)
    _places: dict[Name, dict[Place, tuple[Chunk, int]]] = field(default_factory=dict)
    _orders: dict[Name, list[tuple[int, int, int]]] = field(default_factory=dict)

    def add(self, name: str, unit: Unit, a: Values, b: Values, measured: Measured) -> None:
        key = (unit.record, name)
        chunk = Chunk(unit.index_names, unit.index, unit.order_a, a, b, measured)
        self._chunks.setdefault(key, []).append(chunk)
        self._places.pop(key, None)
        self._orders.pop(key, None)

    def forget_all_but_last(self) -> None:
        """Drop records that no later row of a log in loop order refers to."""
        for (record, name), chunks in self._chunks.items():
            if record != HEADER and len(chunks) > 1:
                del chunks[:-1]
                self._places.pop((record, name), None)
                self._orders.pop((record, name), None)

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
        return _found(name, *hit) if hit else None

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

    def resolve(
        self, reference: Reference, record: str, indices: Mapping[str, int], pixel: Place, order: int
    ) -> list[Found]:
        """The values that a step's input refers to, seen from one evaluation of the step; none if not held."""
        name = (self.vocabulary.record_of(reference, record), reference.name)
        if reference.relation != "same":
            found = self._relative(name, reference.relation, pixel, order)
            return [found] if found else []
        wanted = self.index_names(name)
        if wanted is None:
            return []
        numbers = {**indices, **dict(reference.fixed)}
        numbers |= {key: indices[key] + shift for key, shift in reference.shifted if key in indices}
        if any(key not in numbers for key in wanted if key not in reference.every):
            return []
        if not reference.every:
            found = self.at(name, (*pixel, *(numbers[key] for key in wanted)))
            return [found] if found else []
        open_at = {2 + wanted.index(key) for key in reference.every if key in wanted}
        place = (*pixel, *(numbers.get(key, 0) for key in wanted))
        return [
            found
            for found in self.rows(name)
            if all(x == y for at, (x, y) in enumerate(zip(found.place, place, strict=True)) if at not in open_at)
        ]

    def _relative(self, name: Name, relation: str, pixel: Place, order: int) -> Found | None:
        entries = self._in_order(name)
        at = {"previous": bisect_left(entries, (order,)) - 1, "last": len(entries) - 1, "first": 0}[relation]
        step = 1 if relation == "first" else -1
        while 0 <= at < len(entries):
            _, which, row = entries[at]
            chunk = self._chunks[name][which]
            if tuple(chunk.index[row, :2].tolist()) == pixel:
                return _found(name, chunk, row)
            if relation == "previous":
                return None
            at += step
        return None

    def _in_order(self, name: Name) -> list[tuple[int, int, int]]:
        if name not in self._orders:
            self._orders[name] = sorted(
                (order, which, row)
                for which, chunk in enumerate(self._chunks.get(name, ()))
                for row, order in enumerate(chunk.order.tolist())
            )
        return self._orders[name]

    def scale(self, source: tuple[str, int | None], index: Ints) -> Floats | None:
        """Sizes of a header quantity (or the product of its components) for rows of ``index``."""
        name, component = source
        chunks = self._chunks.get((HEADER, name))
        if not chunks:
            return None
        sizes = {
            tuple(place[:2]): _size(row, component)
            for chunk in chunks
            for place, row in zip(chunk.index.tolist(), chunk.a.tolist(), strict=True)
        }
        if len(sizes) == 1:
            return np.full(len(index), next(iter(sizes.values())))
        return np.array([sizes.get((slow, fast), np.nan) for slow, fast in index[:, :2].tolist()])


def _size(row: list, component: int | None) -> float:
    parts = [float(value) for value in (row if component is None else row[component : component + 1])]
    return abs(float(np.prod(parts))) if parts else float("nan")


def _found(name: Name, chunk: Chunk, row: int) -> Found:
    return Found(
        name, tuple(chunk.index[row].tolist()), chunk.index_names, tuple(chunk.a[row].tolist()),
        tuple(chunk.b[row].tolist()), int(chunk.measured.code[row]), int(chunk.order[row]),
        float(chunk.measured.tolerance[row]),
    )  # fmt: skip


def pixel_of(place: Place) -> Pixel | None:
    return (place[0], place[1]) if place[0] >= 0 else None
