"""One side of a comparison as columns: header values, and rows of each record in loop order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from compare.classes.presence import is_presence
from compare.judging.keys import PIXEL, Key, Pixel, Section, Value
from compare.judging.result import Comparison, Side

Name = tuple[str, str]
"""Record ("" for a line of the pixel itself) and quantity."""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HEADER = ""
NOWHERE = -1


@dataclass
class Rows:
    """The evaluations of one record, sorted in loop order; the header is a record of one row without indices."""

    index_names: tuple[str, ...]
    index: Ints
    """(n, number of indices)"""
    columns: dict[str, list[Value | None]] = field(default_factory=dict)
    """None where the log lacks the value."""

    def __post_init__(self) -> None:
        self._at = {tuple(row): number for number, row in enumerate(self.index.tolist())}

    def __len__(self) -> int:
        return len(self.index)

    def row_of(self, indices: Iterable[int]) -> int:
        """The row with these indices; NOWHERE if there is none."""
        return self._at.get(tuple(indices), NOWHERE)

    def tic(self, name: str) -> Ints:
        """(n,) one index; 0 where the log leaves it out."""
        if name not in self.index_names:
            return np.zeros(len(self), np.int64)
        column: Ints = self.index[:, self.index_names.index(name)]
        return column

    def numbers(self, name: str) -> Floats | None:
        """(n, width) a quantity, NaN where it is lacking; None where it is not of numbers of one width."""
        column = self.columns.get(name)
        if column is None:
            return None
        tuples = [value if isinstance(value, tuple) else (value,) for value in column if value is not None]
        widths = {len(value) for value in tuples}
        if len(widths) != 1 or any(isinstance(part, str) for value in tuples for part in value):
            return None
        (width,) = widths
        lacking = (float("nan"),) * width
        filled = [lacking if v is None else v if isinstance(v, tuple) else (v,) for v in column]
        return np.array(filled, dtype=np.float64).reshape(len(column), width)

    def has(self, name: str) -> npt.NDArray[np.bool_]:
        """(n,) where the log states the quantity."""
        column = self.columns.get(name)
        return np.array([value is not None for value in column] if column else [False] * len(self), dtype=bool)


@dataclass
class SideValues:
    """All that one log says of one pixel, under today's names."""

    pixel: Pixel | None
    """None where neither log says which pixel it is."""
    records: dict[str, Rows]
    digits: int = 17
    metadata: Mapping[str, Value] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()
    """Header names whose values are not the log's own."""

    def rows(self, record: str) -> Rows:
        """The rows of a record; none where the log has none."""
        return self.records.get(record) or Rows((), np.zeros((0, 0), np.int64))

    def header(self, name: str) -> Value | None:
        """A quantity of the pixel itself; None where it is lacking."""
        column = self.rows(HEADER).columns.get(name)
        return column[0] if column else None

    def with_header(self, values: Mapping[str, Value]) -> SideValues:
        """The same with header values put in where the log lacks them."""
        header = self.records[HEADER]
        new: dict[str, list[Value | None]] = {n: [value] for n, value in values.items() if n not in header.columns}
        records = {**self.records, HEADER: Rows((), header.index, {**new, **header.columns})}
        return replace(self, records=records, filled=self.filled | frozenset(new))

    def enclosing(self, record: str, of: str) -> Ints:
        """(n of ``record``,) the row of record ``of`` with the same indices, NOWHERE where there is none."""
        inner, outer = self.rows(record), self.rows(of)
        if not set(outer.index_names) <= set(inner.index_names):
            return np.full(len(inner), NOWHERE)
        columns = [inner.index_names.index(name) for name in outer.index_names]
        return np.array([outer.row_of(row) for row in inner.index[:, columns].tolist()], dtype=np.int64)


def sides_of(comparison: Comparison, pixel: Pixel | None, known: Pixel | None = None) -> tuple[SideValues, SideValues]:
    """Both sides of one pixel of a comparison.

    Args:
        comparison: the values, aligned.
        pixel: the key under which the pixel is stated; None: by neither log.
        known: which pixel it is then.
    """
    stated: dict[Side, dict[Name, dict[Key, Value]]] = {Side.A: {}, Side.B: {}}
    for pair in comparison.pairs:
        if pair.key.pixel == pixel and not pair.key.occurrence and not is_presence(pair):
            _put(stated[Side.A], pair.key, pair.a)
            _put(stated[Side.B], pair.key, pair.b)
    for left in comparison.leftovers:
        if left.key.pixel == pixel and not left.key.occurrence:
            _put(stated[left.side], left.key, left.value)
    a, b = (
        SideValues(
            pixel or known or _stated_pixel(comparison),
            _records(stated[side]),
            info.digits or 17,
            {m.name: v for m in comparison.metadata if (v := (m.a if side is Side.A else m.b)) is not None},
        )
        for side, info in zip(Side, comparison.sides, strict=True)
    )
    return a, b


def _stated_pixel(comparison: Comparison) -> Pixel | None:
    return next((s.pixel for side in comparison.sides for s in side.sections if s.pixel), None)


def _put(where: dict[Name, dict[Key, Value]], key: Key, value: Value) -> None:
    where.setdefault((key.record, key.name), {})[key] = value


def _records(stated: Mapping[Name, Mapping[Key, Value]]) -> dict[str, Rows]:
    places: dict[str, set[tuple[int, ...]]] = {HEADER: {()}}
    names: dict[str, tuple[str, ...]] = {HEADER: ()}
    for (record, _), values in stated.items():
        for key in values:
            names.setdefault(record, tuple(name for name, _ in key.indices))
            if tuple(name for name, _ in key.indices) == names[record]:
                places.setdefault(record, set()).add(tuple(number for _, number in key.indices))
    records = {}
    for record, found in places.items():
        index = np.array(sorted(found), dtype=np.int64).reshape(len(found), len(names[record]))
        records[record] = Rows(names[record], index)
    for (record, name), values in stated.items():
        rows = records[record]
        column: list[Value | None] = [None] * len(rows)
        for key, value in values.items():
            row = rows.row_of(number for _, number in key.indices)
            if row != NOWHERE:
                column[row] = value
        rows.columns[name] = column
    return records


def key_of(record: str, name: str, rows: Rows, row: int, pixel: Pixel | None) -> Key:
    """The key of one value."""
    return Key(name, record, tuple(zip(rows.index_names, rows.index[row].tolist(), strict=True)), section_of(pixel))


def section_of(pixel: Pixel | None) -> Section:
    """As keys have it."""
    return Section.of({PIXEL: pixel} if pixel else {})
