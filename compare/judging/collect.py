"""Pairs out of measured columns: counts of all, the telling ones as objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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
KEEP_TELLING = 200  # differing pairs of one name that a report of a longer log has, or that logs in windows keep

Locate = Callable[[int], tuple[str, int]]


@dataclass
class Collector:
    """Counts every pair; keeps all of a short log, and of a long one the first and worst of each name."""

    sections: Sections = field(default_factory=Sections)
    keep_all: int = KEEP_ALL
    long: bool = False  # the logs are being read in windows
    pairs: list[Pair] = field(default_factory=list)
    counts: Counter[DifferenceClass] = field(default_factory=Counter)
    paired: Counter[Name] = field(default_factory=Counter)
    _kept: Counter[Name] = field(default_factory=Counter)
    _shown: set[tuple[Name, int]] = field(default_factory=set)
    _worst: dict[Name, Pair] = field(default_factory=dict)
    _thinned: bool = False  # not all pairs were kept

    def add(self, unit: Unit, name: str, quantity: Quantity, a: Values, b: Values, measured: Measured) -> list[int]:
        """Count rows of one column; returns the positions in ``pairs`` of those that were kept."""
        key = (unit.record, name)
        self.paired[key] += len(a)
        for code, count in enumerate(np.bincount(measured.code, minlength=len(CLASSES)).tolist()):
            self.counts[CLASSES[code]] += count
        rows = self._telling(key, measured)
        start = len(self.pairs)
        self.pairs += [self._pair(unit, name, quantity, a, b, measured, row) for row in rows]
        if self.long:
            self._note_worst(key, unit, name, quantity, a, b, measured)
        return list(range(start, len(self.pairs)))

    def _telling(self, key: Name, measured: Measured) -> list[int]:
        if not self.long and len(self.pairs) + len(measured.code) <= self.keep_all:
            return list(range(len(measured.code)))
        room = KEEP_TELLING - self._kept[key] if self.long else self.keep_all - self._kept.total()
        room = max(room, 0)
        self._thinned = True
        rows = set(np.flatnonzero(measured.code >= DRIFT)[:room].tolist())
        self._kept[key] += len(rows)
        for code in np.unique(measured.code).tolist():
            if (key, code) not in self._shown:
                self._shown.add((key, code))
                rows.add(int(np.argmax(measured.code == code)))
        return sorted(rows)

    def _note_worst(
        self, key: Name, unit: Unit, name: str, quantity: Quantity, a: Values, b: Values, measured: Measured
    ) -> None:
        if np.isnan(measured.ulps).all():
            return
        row = int(np.nanargmax(measured.ulps))
        held = self._worst.get(key)
        if held is None or measured.ulps[row] > (held.ulps or 0.0):
            self._worst[key] = self._pair(unit, name, quantity, a, b, measured, row)

    def _pair(
        self, unit: Unit, name: str, quantity: Quantity, a: Values, b: Values, measured: Measured, row: int
    ) -> Pair:
        """One row as an object; line numbers are positions in the log until `finish`."""
        place = tuple(unit.index[row].tolist())
        occurrence = int(unit.occurrence[row]) if unit.occurrence is not None else 0
        key = self.sections.key_of((unit.record, name), unit.index_names, place, occurrence)
        orders = int(unit.order_a[row]), int(unit.order_b[row])
        return pair_of(key, (tuple(a[row].tolist()), tuple(b[row].tolist())), quantity, measured, row, orders)

    def replace(self, position: int, pair: Pair) -> None:
        """Put an explained pair in the place of the plain one."""
        before = self.pairs[position].difference
        if before is not pair.difference:
            self.counts[before] -= 1
            self.counts[pair.difference] += 1
        self.pairs[position] = pair

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
