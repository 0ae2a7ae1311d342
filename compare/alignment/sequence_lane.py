"""A name that is repeated without indices: aligned by position and by value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from compare.alignment.lane import WAITING_ROWS, Step, Unclear, Unit, groups_of, joined
from compare.alignment.rows import RowMatch
from compare.alignment.sequence import SequenceMatch, agreeing, resynchronise
from compare.judging.result import Side
from compare.reading.table import Ints, Table

WINDOW = 2000  # rows that are resynchronised at a time in a log that is too long to hold


class SequenceLane:
    """Same interface as `Lane`, for rows that no index tells apart."""

    def __init__(self, waiting_rows: int = WAITING_ROWS) -> None:
        self._waiting: dict[Side, list[Table]] = {Side.A: [], Side.B: []}
        self._limit = waiting_rows
        self._counts: dict[tuple[str, ...], Counter[int]] = defaultdict(Counter)

    def add(self, side: Side, table: Table) -> None:
        self._waiting[side].append(table)

    def waiting(self, side: Side) -> int:
        return sum(map(len, self._waiting[side]))

    def advance(self) -> Step:
        """Nothing is settled before the end, unless more rows wait than may."""
        step = Step()
        while min(self.waiting(Side.A), self.waiting(Side.B)) > self._limit // 2:
            self._settle(step, WINDOW)
        return step

    def finish(self) -> Iterator[Step]:
        step = Step()
        self._settle(step, None)
        for side, tables in self._waiting.items():
            step.leftovers += [(side, table) for table in tables if len(table)]
        yield step

    def far_repeats(self) -> Iterator[tuple[Side, int]]:
        return iter(())

    def close(self) -> None:
        pass

    def _settle(self, step: Step, window: int | None) -> None:
        """Pair rows: all of them, or the first ``window`` and what agrees after them."""
        tables_a, tables_b = (tuple(self._waiting[side]) for side in Side)
        self._waiting = {Side.A: [], Side.B: []}
        for names, of_a, of_b in groups_of(tables_a, tables_b):
            a, b = _merged(names, of_a), _merged(names, of_b)
            if a is not None and b is not None:
                self._pair(step, names, a, b, window)
            else:
                self._waiting[Side.A] += [a] if a is not None else []
                self._waiting[Side.B] += [b] if b is not None else []

    def _pair(self, step: Step, names: tuple[str, ...], a: Table, b: Table, window: int | None) -> None:
        """Pair rows that carry the same names; the rest keeps waiting."""
        rows_a, rows_b = _rows(a), _rows(b)
        match = _by_section(a, b, rows_a, rows_b) if window is None else _windowed(rows_a, rows_b, window)
        self._report(step, names, a, b, match)
        end_a = len(a) if window is None else 1 + max(self._last(match, 0), default=-1)
        end_b = len(b) if window is None else 1 + max(self._last(match, 1), default=-1)
        self._waiting[Side.A] += [a.take(slice(end_a, None))] if end_a < len(a) else []
        self._waiting[Side.B] += [b.take(slice(end_b, None))] if end_b < len(b) else []

    @staticmethod
    def _last(match: SequenceMatch, which: int) -> Iterator[int]:
        yield from (pair[which] for pair in match.pairs[-1:])
        yield from (spans[which].stop - 1 for spans in match.unclear if spans[which])

    def _report(self, step: Step, names: tuple[str, ...], a: Table, b: Table, match: SequenceMatch) -> None:
        pairs = np.array(match.pairs, np.int64).reshape(-1, 2)
        if len(pairs):
            none = np.empty(0, np.int64)
            repeats = np.empty((0, 2), np.int64)
            rows = RowMatch(pairs[:, 0], pairs[:, 1], none, none, repeats, repeats)
            occurrence = self._number(names, a.index[pairs[:, 0]])
            step.units.append(
                Unit(
                    a.record, a.index_names, names, (a,), (b,), rows, a.index[pairs[:, 0]],
                    a.order[pairs[:, 0]], b.order[pairs[:, 1]], occurrence,
                )
            )  # fmt: skip
        for side, table, rest in ((Side.A, a, match.rest_a), (Side.B, b, match.rest_b)):
            if rest:
                step.leftovers.append((side, table.take(np.array(rest))))
                step.unclear += [
                    Unclear(table.record, names, count * (side is Side.A), count * (side is Side.B), section)
                    for section, count in Counter(table.index[rest, 0].tolist()).items()
                ]
        for span_a, span_b in match.unclear:
            step.unclear.append(Unclear(a.record, names, len(span_a), len(span_b)))

    def _number(self, names: tuple[str, ...], index: Ints) -> Ints:
        """0, 1, 2, ... for the rows of each section."""
        counts = self._counts[names]
        numbers = []
        for section in index[:, 0].tolist():
            numbers.append(counts[section])
            counts[section] += 1
        return np.array(numbers, np.int64)


def _merged(names: tuple[str, ...], tables: Sequence[Table]) -> Table | None:
    """These columns of all the tables, one after another."""
    if not tables:
        return None
    first = tables[0]
    if len(tables) == 1:
        return first.take(slice(None), names)
    return Table(
        first.record,
        first.index_names,
        np.concatenate([table.index for table in tables]),
        np.concatenate([table.order for table in tables]),
        {name: joined(tables, name) for name in names},
    )


def _rows(table: Table) -> list[list]:
    """All values of each row, one list a row."""
    columns = [column.tolist() for _, column in sorted(table.columns.items())]
    return [[value for part in parts for value in part] for parts in zip(*columns, strict=True)]


def _by_section(a: Table, b: Table, rows_a: list[list], rows_b: list[list]) -> SequenceMatch:
    whole = SequenceMatch()
    rows_at_a, rows_at_b = _rows_by_section(a), _rows_by_section(b)
    for section in {**rows_at_a, **rows_at_b}:
        at_a, at_b = rows_at_a.get(section, []), rows_at_b.get(section, [])
        part = resynchronise([rows_a[i] for i in at_a], [rows_b[j] for j in at_b])
        whole.pairs += [(at_a[i], at_b[j]) for i, j in part.pairs]
        whole.rest_a += [at_a[i] for i in part.rest_a]
        whole.rest_b += [at_b[j] for j in part.rest_b]
        whole.unclear += part.unclear
    return whole


def _rows_by_section(table: Table) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row, section in enumerate(table.index[:, 0].tolist()):
        found.setdefault(section, []).append(row)
    return found


def _windowed(rows_a: list[list], rows_b: list[list], window: int) -> SequenceMatch:
    """What agrees from the start, and one window resynchronised up to its last pair."""
    head = agreeing(rows_a, rows_b)
    match = SequenceMatch(pairs=[(i, i) for i in range(head)])
    if head < min(len(rows_a), len(rows_b)):
        part = resynchronise(rows_a[head : head + window], rows_b[head : head + window])
        match.pairs += [(head + i, head + j) for i, j in part.pairs]
        last_a, last_b = part.pairs[-1] if part.pairs else (-1, -1)
        match.rest_a += [head + i for i in part.rest_a if i < last_a]
        match.rest_b += [head + j for j in part.rest_b if j < last_b]
        for span_a, span_b in part.unclear:
            if not part.pairs or span_a.start <= last_a:
                shift = (range(head + s.start, head + s.stop) for s in (span_a, span_b))
                match.unclear.append((next(shift), next(shift)))
    return match
