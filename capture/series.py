"""Series: what one named quantity was over all cases, without the axes along which it does not vary.

A C program loops and a port is vectorised: the same quantity is a scalar stored many times on one side, an array stored
once on the other. Both become dense arrays over their indices (loop counters and subscripts alike), without axes that
repeat another one and without axes along which nothing changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from capture.trace import CapturedTrace, Site, Values

SEQUENCE = "sequence"  # the axis of values whose indices leave gaps
CALL = "call"  # the axis of a helper's calls at one place
END = "end"  # in the key of what is left when loops have ended
ITEM = re.compile(r"\[\d+\]")
UNIT_END = re.compile(r"(?:_(?:per_m|m2|m|mm|meters|angstroms|A|inv|A3|sr|deg|rad|K|s))+\Z")
UNIT_WORDS = frozenset({"m", "meters", "mm", "a", "angstroms", "inv", "sr", "deg", "rad", "sqr", "s", "k"})
MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a series: a loop counter or a subscript (``#0``), and its indices."""

    name: str
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, slots=True)
class Block:
    """One case and section of a series: all its axes, and its values over them; flat where the indices leave gaps.

    Attributes:
        places: of values with gaps, the indices of each, shape (n, loops and subscripts).
    """

    axes: tuple[Axis, ...]
    values: NDArray[np.float64]
    repeats: bool = False  # a place was reached several times; the values are the last ones
    places: NDArray[np.int64] | None = None

    def varying(self) -> tuple[int, ...]:
        """The axes along which the values change."""
        return tuple(
            axis
            for axis in range(self.values.ndim)
            if self.values.shape[axis] > 1 and not _same(self.values, self.values.take([0], axis))
        )

    def essential(self) -> NDArray[np.float64]:
        """The values over the varying axes only."""
        kept = self.varying()
        index = tuple(slice(None) if axis in kept else 0 for axis in range(self.values.ndim))
        return np.asarray(self.values[index])


def _same(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool(np.all((a == b) | (np.isnan(a) & np.isnan(b))))


@dataclass(slots=True, eq=False)
class Series:
    """One quantity of one side.

    Attributes:
        name: as the program calls it, component included: ``r.position.x``.
        site: where it is stored.
        blocks: its values by case and section.
        order, ended: when it is stored first and last.
        others: names that the very same numbers have elsewhere.
    """

    name: str
    site: Site
    component: int
    key: tuple[object, ...]
    blocks: dict[tuple[int, int], Block] = field(default_factory=dict)
    order: int = 0
    ended: int = 0
    others: set[str] = field(default_factory=set)

    @property
    def tail(self) -> str:
        """The last part of its name; two where the last is a component (``position.x``)."""
        is_part = bool(self.site.components[self.component]) or len(self.name) > len(self.site.variable or self.name)
        return tail_of(self.name, is_part)

    @property
    def names(self) -> frozenset[str]:
        """All that it is called, last parts."""
        return frozenset({self.tail, *(tail_of(name, True) for name in self.others)})


def key_of(column: Values, component: int) -> tuple[object, ...]:
    """What makes columns of several runs the same series."""
    site = column.site
    return (site.function, site.name, site.file, site.line, site.kind, component, column.names, site.elements)


def tail_of(name: str, is_part: bool) -> str:
    """The last part of a name; with its owner where it is a component of a vector."""
    parts = ITEM.sub("", name).split(".")
    return ".".join(parts[-2:]) if is_part and len(parts) > 1 and len(parts[-1]) <= 2 else parts[-1]


@cache
def without_unit(name: str) -> str:
    """``Fbeam_m`` and ``a_star_A_inv.x`` as ``Fbeam`` and ``a_star.x``."""
    head, point, tail = name.partition(".")
    return (UNIT_END.sub("", head) or head) + point + tail


@cache
def words_of(name: str) -> frozenset[str]:
    """A name's words in lower case, without units."""
    split = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    words = frozenset(word.lower() for word in split)
    return words - UNIT_WORDS or words


def series_of(traces: Sequence[CapturedTrace]) -> list[Series]:
    """The series of one side; traces of several cases of the same program. Those absent from a case are left out."""
    found: dict[tuple[object, ...], Series] = {}
    for case, trace in enumerate(traces):
        aliases: dict[tuple[int, str], set[str]] = {}
        for number, name, site in trace.aliases:
            aliases.setdefault((number, name), set()).add(site.name)
        for column in _stacked(trace.columns):
            if not 0 < len(column) <= MOST_ROWS:
                continue
            others = aliases.get((column.site.number, column.site.name), set())
            for depth, values in ((0, column), *_ends(column)):
                _add(found, case, values, depth, others)
    return list(found.values())


def _add(found: dict[tuple[object, ...], Series], case: int, column: Values, depth: int, others: set[str]) -> None:
    """A column's components as series, or as more of those that are there. ``depth``: of the loops that have ended."""
    site = column.site
    for component, label in enumerate(site.components):
        key = key_of(column, component)
        if depth:
            key = (*key, END, depth)
        name = f"{site.name}.{label}" if label else site.name
        series = found.setdefault(key, Series(name, site, component, key, order=int(column.order[0])))
        series.ended = max(series.ended, int(column.order[-1]))
        series.others |= others
        for section in np.unique(column.section):
            series.blocks[case, int(section)] = _block(column, component, column.section == section)


def _ends(column: Values) -> Iterator[tuple[int, Values]]:
    """What an accumulator holds when its innermost loops end, by how many: a vectorised port has but that."""
    site = column.site
    if site.target not in site.reads:
        return
    for depth in range(1, min(len(site.loops), len(column.names)) + 1):
        rows = _last_rows(column, depth)
        yield (
            depth,
            replace(
                column,
                names=column.names[:-depth],
                indices=column.indices[rows, :-depth],
                elements=column.elements[rows],
                values=column.values[rows],
                order=column.order[rows],
                section=column.section[rows],
            ),
        )


def _last_rows(column: Values, depth: int) -> NDArray[np.int64]:
    """The last row of each element within the loops outside the ``depth`` innermost, call by call."""
    place = np.hstack([column.indices, column.elements, column.section[:, None]])
    outer = np.hstack([column.indices[:, :-depth], column.elements, column.section[:, None], _visits(place)[:, None]])
    _, backwards = np.unique(outer[::-1], axis=0, return_index=True)
    return np.sort(len(outer) - 1 - backwards)


def _visits(place: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each row's place was reached before it: the calls of a helper."""
    _, number = np.unique(place, axis=0, return_inverse=True)
    number = number.reshape(-1)
    order = np.argsort(number, kind="stable")
    starts = np.r_[0, np.flatnonzero(np.diff(number[order])) + 1]
    counts = np.diff(np.r_[starts, len(order)])
    visits = np.empty(len(order), dtype=np.int64)
    visits[order] = np.arange(len(order)) - np.repeat(starts, counts)
    return visits


def _stacked(columns: Sequence[Values]) -> Iterator[Values]:
    """Items of one list as one quantity with a subscript more."""
    lists: dict[tuple[object, ...], list[Values]] = {}
    for column in columns:
        if ITEM.search(column.site.name):
            key = (column.site.number, ITEM.sub("[]", column.site.name), column.names, column.elements.shape[1])
            lists.setdefault(key, []).append(column)
        else:
            yield column
    for (_, name, _, _), items in lists.items():
        sizes = {len(item) for item in items}
        if len(items) == 1 or len(sizes) != 1:
            yield from items
            continue
        yield _stack(str(name).replace("[]", ""), items)


def _stack(name: str, items: list[Values]) -> Values:
    place = [int(number) for item in items for number in re.findall(r"\[(\d+)\]", item.site.name)[-1:]]
    first = items[0]
    numbers = [np.full((len(item), 1), at, dtype=np.int64) for item, at in zip(items, place, strict=True)]
    return Values(
        site=replace(first.site, name=name, elements=first.site.elements + 1),
        names=first.names,
        indices=np.concatenate([item.indices for item in items]),
        elements=np.concatenate(
            [np.hstack([number, item.elements]) for number, item in zip(numbers, items, strict=True)]
        ),
        values=np.concatenate([item.values.astype(np.float64) for item in items]),
        order=np.concatenate([item.order for item in items]),
        section=np.concatenate([item.section for item in items]),
        calls=np.concatenate([item.calls for item in items]),
    )


def _block(column: Values, component: int, chosen: NDArray[np.bool_]) -> Block:
    """One section of a column as a dense array, else as a flat sequence in order."""
    values = column.values[chosen, component].astype(np.float64)
    table = np.hstack([column.indices[chosen], column.elements[chosen]])
    names = [*column.names, *(f"#{number}" for number in range(column.elements.shape[1]))]
    table, names = _distinct_axes(table, names)
    order = np.lexsort(table.T[::-1]) if table.shape[1] else np.arange(len(values))
    table, values = table[order], values[order]
    table, names = _with_calls(table, names)
    count = len(values)
    table, values = _last_of_each(table, values)
    axes = tuple(Axis(name, tuple(np.unique(table[:, at]).tolist())) for at, name in enumerate(names))
    shape = tuple(len(axis) for axis in axes)
    if int(np.prod(shape, dtype=np.int64)) == len(values):
        return Block(axes, values.reshape(shape), repeats=len(values) < count)
    places = table if len(values) == count and table.shape[1] > 1 else None
    axis = Axis(SEQUENCE, tuple(range(len(values))))
    return Block((axis,), values, repeats=len(values) < count, places=places)


def ranks(column: Values, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where each chosen row of a column stands in the order of its indices: its place in a flat sequence."""
    table = np.hstack([column.indices[chosen], column.elements[chosen]])
    order = np.lexsort(table.T[::-1]) if table.shape[1] else np.arange(len(table))
    found = np.zeros(len(column), dtype=np.int64)
    found[np.flatnonzero(chosen)[order]] = np.arange(len(order))
    return found


def _with_calls(table: NDArray[np.int64], names: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """An axis for the calls of a helper, where every place is reached equally often; rows are sorted by place."""
    if len(table) < 2:
        return table, names
    starts = np.flatnonzero(np.r_[True, (table[1:] != table[:-1]).any(axis=1)])
    counts = np.diff(np.r_[starts, len(table)])
    if counts[0] < 2 or not (counts == counts[0]).all():
        return table, names
    calls = np.tile(np.arange(counts[0], dtype=np.int64), len(starts))
    return np.hstack([table, calls[:, None]]), [*names, CALL]


def _distinct_axes(table: NDArray[np.int64], names: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Without axes of one index, and without those that only repeat another one."""
    kept: list[int] = []
    for at in range(table.shape[1]):
        column = table[:, at]
        if len(column) == 0 or (column == column[0]).all():
            continue
        if any(_repeats(table[:, before], column) for before in kept):
            continue
        kept.append(at)
    return table[:, kept], [names[at] for at in kept]


def _repeats(a: NDArray[np.int64], b: NDArray[np.int64]) -> bool:
    return bool(((a - a[0]) == (b - b[0])).all())


def _last_of_each(
    table: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One value for each index: the last, where a place is reached several times."""
    if len(values) < 2:
        return table, values
    differs = np.ones(len(values), dtype=bool)
    differs[:-1] = (table[1:] != table[:-1]).any(axis=1)
    return table[differs], values[differs]
