"""Pairs out of measured columns: counts of all, the telling ones as objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compare.alignment.lane import Unit
from compare.classes.measure import CLASSES, DRIFT, Measured
from compare.classes.store import Name
from compare.judging.keys import Key
from compare.judging.leftovers import scalar
from compare.judging.result import DifferenceClass, Origin, Pair, Status
from compare.judging.sections import Sections
from compare.reading.table import Ints, Values
from compare.words.quantities import Quantity

KEEP_ALL = 200_000  # pairs that are kept of a log; of one with more, so many that differ, until they are explained
KEEP_TELLING = 200  # pairs of one name, class and kind (failing or not) that a longer log's report has

Locate = Callable[[int], tuple[str, int]]


@dataclass(frozen=True, eq=False)
class Column:
    """One name of aligned rows; in windows its differing rows wait to be explained."""

    unit: Unit
    quantity: Quantity
    name: str
    values: tuple[Values, Values]
    measured: Measured

    @property
    def key(self) -> Name:
        return self.unit.record, self.name


@dataclass
class Collector:
    """Counts every pair; keeps all of a short log, and of a long one the first and worst of each name.

    In windows every differing row becomes a pair, some at a time in log order, until it is explained (`batches`,
    `settle`); of a name of which KEEP_TELLING fail, no more are looked at: nothing can mend that.
    """

    sections: Sections = field(default_factory=Sections)
    keep_all: int = KEEP_ALL
    long: bool = False  # the logs are being read in windows
    pairs: list[Pair] = field(default_factory=list)
    counts: Counter[DifferenceClass] = field(default_factory=Counter)
    paired: Counter[Name] = field(default_factory=Counter)
    _waiting: list[tuple[Column, Ints, Ints]] = field(default_factory=list)  # differing rows, those always taken
    _settled: int = 0  # pairs that have been explained, in windows
    _of_kind: Counter[tuple[Name, DifferenceClass, bool]] = field(default_factory=Counter)  # of those
    _kept: int = 0
    _shown: set[tuple[Name, int]] = field(default_factory=set)
    _worst: dict[Name, Pair] = field(default_factory=dict)
    _thinned: bool = False  # not all pairs were kept

    def add(self, unit: Unit, name: str, quantity: Quantity, a: Values, b: Values, measured: Measured) -> list[int]:
        """Count rows of one column; returns the positions in ``pairs`` of those that became one at once."""
        column = Column(unit, quantity, name, (a, b), measured)
        self.paired[column.key] += len(a)
        for code, count in enumerate(np.bincount(measured.code, minlength=len(CLASSES)).tolist()):
            self.counts[CLASSES[code]] += count
        rows = self._telling(column)
        if self.long:
            self._note_worst(column)
        return self._taken([(column, row) for row in rows])

    def _telling(self, column: Column) -> list[int]:
        code = column.measured.code
        if not self.long and len(self.pairs) + len(code) <= self.keep_all:
            return list(range(len(code)))
        self._thinned = True
        differing = np.flatnonzero(code >= DRIFT)
        firsts = self._first_of_each_class(column)
        if self.long:
            self._waiting.append((column, differing, np.array([row for row in firsts if code[row] >= DRIFT], np.int64)))
            return [row for row in firsts if code[row] < DRIFT]
        rows = differing[: max(self.keep_all - self._kept, 0)].tolist()
        self._kept += len(rows)
        return sorted({*rows, *firsts})

    def _first_of_each_class(self, column: Column) -> list[int]:
        """The first rows of this name of classes that it did not have before."""
        code = column.measured.code
        new = [c for c in np.unique(code).tolist() if (column.key, c) not in self._shown]
        self._shown |= {(column.key, c) for c in new}
        return [int(np.argmax(code == c)) for c in new]

    def _taken(self, rows: Iterable[tuple[Column, int]]) -> list[int]:
        """Rows as pairs; their positions."""
        start = len(self.pairs)
        self.pairs += [self._pair(column, row) for column, row in rows]
        return list(range(start, len(self.pairs)))

    # ---- windows

    def batches(self) -> Iterator[list[int]]:
        """Positions of pairs to explain together, in log order; at least one batch, which may be empty.

        Each is to be explained, and `settle` called, before the next is asked for.
        """
        waiting, self._waiting = self._waiting, []
        which = np.repeat(np.arange(len(waiting)), [len(rows) for _, rows, _ in waiting])
        rows = _joint([rows for _, rows, _ in waiting])
        orders = _joint([column.unit.order_a[rows] for column, rows, _ in waiting])
        always = np.concatenate([np.isin(rows, firsts) for _, rows, firsts in waiting] or [np.empty(0, bool)])
        left = np.argsort(orders, kind="stable")
        while True:
            has_room = np.array([self._failing(column.key) < KEEP_TELLING for column, _, _ in waiting], bool)
            left = left[has_room[which[left]] | always[left]]
            size = max(int(has_room.sum()), 1) * KEEP_TELLING
            end = int(np.searchsorted(orders[left], orders[left[size - 1]], "right")) if len(left) > size else len(left)
            now, left = left[:end].tolist(), left[end:]
            yield self._taken((waiting[which[at]][0], int(rows[at])) for at in now)
            if not len(left):
                return

    def _failing(self, name: Name) -> int:
        return sum(self._of_kind[name, kind, True] for kind in CLASSES)

    def settle(self) -> None:
        """Of the pairs explained since the last time, in windows, keep no more than a report has room for."""
        if not self.long:
            return
        new = self.pairs[self._settled :]
        del self.pairs[self._settled :]
        for pair in new:
            kind = ((pair.key.record, pair.key.name), pair.difference, pair.fails)
            self._of_kind[kind] += 1
            if self._of_kind[kind] <= KEEP_TELLING:
                self.pairs.append(pair)
        self._settled = len(self.pairs)

    def _note_worst(self, column: Column) -> None:
        ulps = column.measured.ulps
        if np.isnan(ulps).all():
            return
        row = int(np.nanargmax(ulps))
        held = self._worst.get(column.key)
        if held is None or ulps[row] > (held.ulps or 0.0):
            self._worst[column.key] = self._pair(column, row)

    def _pair(self, column: Column, row: int) -> Pair:
        """One row as an object; line numbers are positions in the log until `finish`."""
        unit, (a, b) = column.unit, column.values
        place = tuple(unit.index[row].tolist())
        occurrence = int(unit.occurrence[row]) if unit.occurrence is not None else 0
        key = self.sections.key_of(column.key, unit.index_names, place, occurrence)
        orders = int(unit.order_a[row]), int(unit.order_b[row])
        values = tuple(a[row].tolist()), tuple(b[row].tolist())
        return pair_of(key, values, column.quantity, column.measured, row, orders)

    def replace(self, position: int, pair: Pair) -> None:
        """Put an explained pair in the place of the plain one."""
        before = self.pairs[position].difference
        if before is not pair.difference:
            self.counts[before] -= 1
            self.counts[pair.difference] += 1
        self.pairs[position] = pair
        name = pair.key.record, pair.key.name
        worst = self._worst.get(name)
        if worst is not None and (worst.key, worst.order) == (pair.key, pair.order):
            self._worst[name] = pair

    def append(self, pair: Pair) -> int:
        """Add a pair that was made elsewhere (through an alias)."""
        self.counts[pair.difference] += 1
        self.paired[pair.key.record, pair.key.name] += 1
        self.pairs.append(pair)
        return len(self.pairs) - 1

    def finish(self, locate_a: Locate, locate_b: Locate, status: Callable[[Name], Status]) -> list[Pair]:
        """All kept pairs in execution order, with line numbers and what the vocabulary says of their names."""
        self._drop_excused()
        kept = {(pair.key, pair.order) for pair in self.pairs}
        self.pairs += [p for p in self._worst.values() if (p.key, p.order) not in kept]
        self.pairs.sort(key=lambda pair: pair.order)
        statuses = {name: status(name) for name in self.paired}
        return [
            replace(
                pair,
                line_a=locate_a(pair.line_a)[1],
                line_b=locate_b(pair.line_b)[1],
                status=statuses[pair.key.record, pair.key.name],
            )
            for pair in self.pairs
        ]

    def _drop_excused(self) -> None:
        """Of a log that was not kept whole, leave no more explained pairs of a name than a report has room for.

        A difference that its inputs account for could only be known for one when all were explained; those that
        nothing accounts for stay.
        """
        if not self._thinned:
            return
        excused: Counter[tuple[Name, DifferenceClass]] = Counter()
        remaining = []
        for pair in self.pairs:
            kind = ((pair.key.record, pair.key.name), pair.difference)
            excused[kind] += 1
            if excused[kind] <= KEEP_TELLING or not (pair.origin is Origin.PROPAGATED or not pair.differs):
                remaining.append(pair)
        self.pairs = remaining

    def omitted(self, pairs: Sequence[Pair]) -> dict[DifferenceClass, int]:
        kept = Counter(pair.difference for pair in pairs)
        return {c: self.counts[c] - kept[c] for c in CLASSES if self.counts[c] > kept[c]}


def _joint(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def pair_of(
    key: Key, values: tuple[tuple, tuple], quantity: Quantity, measured: Measured, row: int, orders: tuple[int, int]
) -> Pair:
    absolute, scale = _known(measured.absolute, row), _known(measured.scale, row)
    relative = 0.0 if absolute == 0 else absolute / scale if absolute is not None and scale else None
    return Pair(
        key=key,
        a=scalar(values[0]),
        b=scalar(values[1]),
        order=orders[0],
        difference=CLASSES[measured.code[row]],
        unit=quantity.unit,
        ulps=_known(measured.ulps, row),
        absolute=absolute,
        relative=relative,
        scale=scale,
        component=int(measured.component[row]) if len(values[0]) > 1 else None,
        tolerance=_known(measured.tolerance, row),
        envelope=_known(measured.envelope, row),
        line_a=orders[0],
        line_b=orders[1],
    )


def _known(figures: np.ndarray, row: int) -> float | None:
    value = float(figures[row])
    return None if value != value else value


__all__ = ["Collector", "Ints", "pair_of"]
