"""One record of two logs, aligned as its rows arrive.

Rows without a partner wait. A bounded number waits in memory; beyond it the lane goes to disk, split by a hash
of the index, and is aligned bucket by bucket when both logs have ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compare.alignment.rows import RowMatch, match_rows
from compare.alignment.spill import Ledger, Spill
from compare.judging.result import Side
from compare.reading.table import Ints, Table, Values, of_one_kind

WAITING_ROWS = 200_000  # per lane, both sides together
Tables = tuple[Table, ...]


@dataclass(frozen=True, eq=False)
class Unit:
    """Aligned rows of one record: the same names on both sides. Row i of a belongs to row i of b."""

    record: str
    index_names: tuple[str, ...]
    names: tuple[str, ...]
    tables_a: Tables
    tables_b: Tables
    match: RowMatch
    index: Ints  # (n, 1 + k) as a states it
    order_a: Ints
    order_b: Ints
    occurrence: Ints | None = None

    def values(self, name: str) -> tuple[Values, Values]:
        """The aligned columns of both sides."""
        return joined(self.tables_a, name)[self.match.a], joined(self.tables_b, name)[self.match.b]


@dataclass(frozen=True)
class Repeat:
    """An index that one side prints more than once; ``conflicting`` names have different values."""

    side: Side
    record: str
    index_names: tuple[str, ...]
    index: Ints
    order: int
    conflicting: tuple[str, ...]
    on_both: bool  # the other side repeats as many rows
    earlier: int  # row that shows the index first


@dataclass(frozen=True)
class Unclear:
    """Repetitions that cannot be paired: how many on each side."""

    record: str
    names: tuple[str, ...]
    count_a: int
    count_b: int
    section: int = 0  # its number


@dataclass
class Step:
    """What one advance of a lane gave."""

    units: list[Unit] = field(default_factory=list)
    leftovers: list[tuple[Side, Table]] = field(default_factory=list)  # values whose row has a partner without them
    alone: list[tuple[Side, Table]] = field(default_factory=list)  # whole rows without a partner
    repeats: list[Repeat] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)


def joined(tables: Sequence[Table], name: str) -> Values:
    """One column over several tables; rows of different widths become objects."""
    parts = [table.columns[name] for table in tables]
    if len(parts) == 1:
        return parts[0]
    if len({part.shape[1] for part in parts}) == 1:
        return np.concatenate(of_one_kind(parts))
    rows = [row for part in parts for row in part.tolist()]
    column = np.empty((len(rows), max(map(len, rows))), object)
    column[:] = ""
    for at, row in enumerate(rows):
        column[at, : len(row)] = row
    return column


class Lane:
    """Rows of one record (or of one name without a record) on both sides."""

    def __init__(self, waiting_rows: int = WAITING_ROWS) -> None:
        self._waiting: dict[Side, list[Table]] = {Side.A: [], Side.B: []}
        self._limit = waiting_rows
        self._spill: Spill | None = None
        self._ledgers = {Side.A: Ledger(), Side.B: Ledger()}
        self._several_windows = False

    def add(self, side: Side, table: Table) -> None:
        self._ledgers[side].add(table.index)
        if self._spill is not None:
            self._spill.add(side, table)
        else:
            self._waiting[side].append(table)

    def waiting(self, side: Side) -> int:
        return sum(map(len, self._waiting[side]))

    def advance(self) -> Step:
        """Align what has arrived; rows without a partner keep waiting."""
        step = Step()
        if self._spill is None:
            self._align(step, final=False)
            if self.waiting(Side.A) + self.waiting(Side.B) > self._limit:
                self._spill = Spill()
                for side, tables in self._waiting.items():
                    for table in tables:
                        self._spill.add(side, table)
                    tables.clear()
        self._several_windows = True
        return step

    def finish(self) -> Iterator[Step]:
        """Align the rest: what has no partner now never gets one."""
        if self._spill is None:
            step = Step()
            self._align(step, final=True)
            yield step
        else:
            for tables_a, tables_b in self._spill.buckets():
                self._waiting = {Side.A: tables_a, Side.B: tables_b}
                step = Step()
                self._align(step, final=True)
                yield step

    def far_repeats(self) -> Iterator[tuple[Side, int]]:
        """How many rows each side repeats too far apart for one window to see."""
        if self._several_windows:
            for side, ledger in self._ledgers.items():
                count = ledger.repeats()
                if count:
                    yield side, count

    def close(self) -> None:
        if self._spill is not None:
            self._spill.close()
        for ledger in self._ledgers.values():
            ledger.close()

    def _align(self, step: Step, *, final: bool) -> None:
        tables = {side: tuple(waiting) for side, waiting in self._waiting.items()}
        if not final and not all(tables.values()):
            return
        settled = {side: _Settled(tables[side]) for side in tables}
        for names, tables_a, tables_b in groups_of(tables[Side.A], tables[Side.B]):
            rows_a = rows_b = np.empty(0, np.int64)
            if tables_a and tables_b:
                unit = _unit(names, tables_a, tables_b, step)
                rows_a, rows_b = (
                    _rows_done(unit.match.a, unit.match.repeats_a),
                    _rows_done(unit.match.b, unit.match.repeats_b),
                )
                step.units.append(unit)
            settled[Side.A].add(names, tables_a, rows_a)
            settled[Side.B].add(names, tables_b, rows_b)
        for side, state in settled.items():
            self._waiting[side] = []
            for table in state.waiting():
                if final:
                    step.alone.append((side, table))
                else:
                    self._waiting[side].append(table)
            step.leftovers += [(side, table) for table in state.leftovers()]


def groups_of(tables_a: Tables, tables_b: Tables) -> list[tuple[tuple[str, ...], Tables, Tables]]:
    """Names that occur in the same tables, so that their rows are aligned once."""
    names = dict.fromkeys(name for table in (*tables_a, *tables_b) for name in table.columns)
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[str]] = {}
    for name in names:
        where = tuple(
            tuple(at for at, table in enumerate(tables) if name in table.columns) for tables in (tables_a, tables_b)
        )
        groups.setdefault((where[0], where[1]), []).append(name)
    return [
        (tuple(group), tuple(tables_a[i] for i in in_a), tuple(tables_b[i] for i in in_b))
        for (in_a, in_b), group in groups.items()
    ]


def _unit(names: tuple[str, ...], tables_a: Tables, tables_b: Tables, step: Step) -> Unit:
    index_a = np.concatenate([table.index for table in tables_a])
    index_b = np.concatenate([table.index for table in tables_b])
    order_a = np.concatenate([table.order for table in tables_a])
    order_b = np.concatenate([table.order for table in tables_b])
    match = match_rows(index_a, index_b)
    first = tables_a[0]
    found = [
        *_repeats(first, names, Side.A, tables_a, match.repeats_a, index_a, order_a, match.repeats_b),
        *_repeats(first, names, Side.B, tables_b, match.repeats_b, index_b, order_b, match.repeats_a),
    ]
    step.repeats += found
    match = _without_conflicts(match, found)
    return Unit(
        first.record, first.index_names, names, tables_a, tables_b, match, index_a[match.a],
        order_a[match.a], order_b[match.b],
    )  # fmt: skip


def _repeats(
    first: Table,
    names: tuple[str, ...],
    side: Side,
    tables: Tables,
    repeats: Ints,
    index: Ints,
    order: Ints,
    repeats_there: Ints,
) -> Iterator[Repeat]:
    if not len(repeats):
        return
    columns = {name: joined(tables, name) for name in names}
    on_both = len(repeats) == len(repeats_there)
    for again, earlier in repeats.tolist():
        conflicting = tuple(n for n, column in columns.items() if not _same_row(column[again], column[earlier]))
        yield Repeat(
            side, first.record, first.index_names, index[again], int(order[again]), conflicting, on_both, earlier
        )


def _without_conflicts(match: RowMatch, repeats: Sequence[Repeat]) -> RowMatch:
    """An index with two different values on one side pairs with nothing: which one is meant is not known."""
    unclear = {(repeat.side, repeat.earlier) for repeat in repeats if repeat.conflicting}
    if not unclear:
        return match
    keep = [
        i
        for i, (a, b) in enumerate(zip(match.a.tolist(), match.b.tolist(), strict=True))
        if (Side.A, a) not in unclear and (Side.B, b) not in unclear
    ]
    return replace(match, a=match.a[keep], b=match.b[keep])


def _same_row(x: Values, y: Values) -> bool:
    return all(p == q or (p != p and q != q) for p, q in zip(x.tolist(), y.tolist(), strict=True))


def _rows_done(matched: Ints, repeats: Ints) -> Ints:
    """Rows that need not wait any more: matched ones, repeats, and what the repeats repeat."""
    return np.concatenate([matched, repeats.ravel()])


class _Settled:
    """Which rows of one side's tables have found a partner, and under which names."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._at = {id(table): at for at, table in enumerate(tables)}
        self._any = [np.zeros(len(table), bool) for table in tables]
        self._by_names: list[tuple[int, tuple[str, ...], np.ndarray]] = []

    def add(self, names: tuple[str, ...], tables: Tables, rows: Ints) -> None:
        """Note rows, given as positions in these tables put one after another."""
        starts = np.cumsum([0, *(len(table) for table in tables)])
        which = np.searchsorted(starts, rows, side="right") - 1
        for number, table in enumerate(tables):
            at = self._at[id(table)]
            done = np.zeros(len(table), bool)
            done[rows[which == number] - starts[number]] = True
            self._any[at] |= done
            self._by_names.append((at, names, done))

    def waiting(self) -> Iterator[Table]:
        """Rows without a partner under any name."""
        for table, done in zip(self._tables, self._any, strict=True):
            if not done.all():
                yield table.take(np.flatnonzero(~done))

    def leftovers(self) -> Iterator[Table]:
        """Values whose row has a partner that lacks their name."""
        for at, names, done in self._by_names:
            alone = self._any[at] & ~done
            if alone.any():
                yield self._tables[at].take(np.flatnonzero(alone), names)
