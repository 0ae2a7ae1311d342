"""What the recorder keeps: the numbers of each site, once for each array, within bounds."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.python.numbers import as_array, is_tensor, precision
from capture.trace import Site, Values, unique

Path = tuple[tuple[str, int], ...]
LARGEST_AGAIN = 10_000  # numbers of an array that is kept once more under another name
Point = tuple[tuple[int, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is recorded.

    Attributes:
        select: an expression over loop counters of the program; empty: everything.
        axes: arrays' axes by the name of the loop that they stand for: how many elements, and which are selected.
        each: how often one site is recorded outside the selected loop.
        numbers: how many numbers at most, in all.
        largest: how many numbers of one array at most.
    """

    select: str = ""
    axes: Mapping[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    each: int = 64
    numbers: int = 20_000_000
    largest: int = 1_000_000


@dataclass(slots=True)
class _Column:
    site: Site
    arrays: list[NDArray[Any]] = field(default_factory=list)
    indices: list[tuple[int, ...]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    section: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


class Store:
    """Columns by site, part and loop context. A tensor is copied once, however many names it gets.

    ``count`` is the number of the value that is taken: its place in the run.
    """

    def __init__(self, settings: Settings, sections: list[tuple[int, ...]]) -> None:
        self.settings, self.sections = settings, sections
        self.columns: dict[tuple[int, str, tuple[str, ...], int], _Column] = {}
        self.kept: dict[int, tuple[Any, int, NDArray[Any]]] = {}  # tensor by identity: reference, version, its numbers
        self.named: dict[int, tuple[int, str]] = {}
        self.aliases: dict[tuple[int, str, Site], None] = {}
        self.remarks: dict[str, None] = {}
        self.count = self.numbers = self.dropped = 0

    def take(
        self, site: Site, part: str, value: Any, index: tuple[Any, ...], path: Path, section: int, call: int
    ) -> None:
        """Keep one array or number of a value."""
        if type(value) is float or (type(value) is int and -(2**63) <= value < 2**63):
            self._plain(site, part, value, index, path, section, call)
            return
        known = self._known(value)
        if known is not None and (site.kind == "parameter" or known.size > LARGEST_AGAIN):
            self.aliases[(*self.named[id(value)], replace(site, name=site.name + part))] = None
            return
        shape = tuple(value.shape) if is_tensor(value) else np.shape(value)
        size, points = int(np.prod(shape, dtype=np.int64)), self._points(shape)
        if size > self.settings.largest and not points:
            self._drop(f"{site.place} {site.name}{part}: {size} numbers are more than are recorded of one array")
            return
        if self.numbers > self.settings.numbers:
            self._drop("the volume is capped: values after the cap were not recorded")
            return
        array = as_array(value) if known is None else known
        if array is None:
            return
        if known is None:
            self._keep(site, part, value, array)
        for key, chosen in points or [((), ())]:
            if points and len(key) == len(self.settings.axes):
                if key not in self.sections:
                    self.sections.append(key)
                section = self.sections.index(key)
            self._store(site, part, value, array[chosen], index, path, section, call)

    def _plain(
        self,
        site: Site,
        part: str,
        value: float,
        index: tuple[Any, ...],
        path: Path,
        section: int,
        call: int,
    ) -> None:
        """Keep a plain number: what loops bind most."""
        if self.numbers > self.settings.numbers:
            self._drop("the volume is capped: values after the cap were not recorded")
            return
        array = np.array(value, dtype=np.float64 if type(value) is float else np.int64)
        self._store(site, part, value, array, index, path, section, call)

    def _known(self, value: Any) -> NDArray[Any] | None:
        """The numbers of a tensor that was bound before and not written since."""
        if not is_tensor(value):
            return None
        known = self.kept.get(id(value))
        if known is None or known[0]() is not value or known[1] != _version(value):
            return None
        return known[2]

    def _keep(self, site: Site, part: str, value: Any, array: NDArray[Any]) -> None:
        if is_tensor(value) and (version := _version(value)) >= 0:
            self.kept[id(value)] = (weakref.ref(value), version, array)
            self.named[id(value)] = (site.number, site.name + part)

    def _drop(self, remark: str) -> None:
        self.remarks[remark] = None
        self.dropped += 1

    def _points(self, shape: tuple[int, ...]) -> list[Point]:
        """The selected elements of an array whose axes are bound: key, and an index into the array."""
        bound: dict[int, str] = {}
        free = dict(self.settings.axes)
        for axis, length in enumerate(shape):
            name = next((n for n, (size, _) in free.items() if size == length), None)
            if name is not None:
                bound[axis] = name
                del free[name]
        if not bound:
            return []
        points = {name: chosen for name, (_, chosen) in self.settings.axes.items()}
        found = []
        for number in range(len(next(iter(points.values())))):
            at = {axis: points[name][number] for axis, name in bound.items()}
            found.append((tuple(at.values()), tuple(at.get(axis, slice(None)) for axis in range(len(shape)))))
        return found

    def _store(
        self,
        site: Site,
        part: str,
        value: Any,
        array: NDArray[Any],
        index: tuple[Any, ...],
        path: Path,
        section: int,
        call: int,
    ) -> None:
        names = tuple(name for name, _ in path)
        elements = tuple(int(i) for i in index if isinstance(i, int | np.integer))
        width = array.ndim + len(elements)
        key = (site.number, part, names, width)
        if key not in self.columns:
            kind = precision(value)
            components = ("re", "im") if kind == "complex" else ("",)
            named = replace(
                site, name=site.name + part, variable=site.name, type=kind, components=components, elements=width
            )
            self.columns[key] = _Column(named)
        column = self.columns[key]
        column.arrays.append(array if not elements else array.reshape((1,) * len(elements) + array.shape))
        column.indices.append((*(i for _, i in path), *elements))
        column.order.append(self.count)
        column.section.append(section)
        column.calls.append(call)
        self.numbers += array.size

    def columns_of_values(self) -> tuple[Values, ...]:
        return tuple(_values(column, key[2]) for key, column in self.columns.items())


def _version(tensor: Any) -> int:
    """How often a tensor was written in place; -1 where that is not known."""
    try:
        return int(tensor._version)
    except RuntimeError:  # a tensor made in inference mode does not count
        return -1


def _values(column: _Column, names: tuple[str, ...]) -> Values:
    """One row for each number: the elements of a stored array are rows with subscripts."""
    if column.site.type != "complex" and all(array.size == 1 for array in column.arrays):
        return _single(column, names)
    rows, elements, values, order, section, calls = [], [], [], [], [], []
    stored = zip(column.arrays, column.indices, column.order, column.section, column.calls, strict=True)
    for array, index, at, which, call in stored:
        loops, first = index[: len(names)], index[len(names) :]
        grid = np.indices(array.shape).reshape(array.ndim, array.size).T
        grid = grid + np.array([*first, *(0,) * (array.ndim - len(first))], dtype=np.int64)
        count = array.size
        rows.append(np.broadcast_to(np.array(loops, dtype=np.int64), (count, len(names))))
        elements.append(grid.reshape(count, array.ndim))
        flat = array.reshape(-1)
        values.append(np.stack([flat.real, flat.imag], 1) if np.iscomplexobj(flat) else flat.reshape(-1, 1))
        order.append(np.full(count, at, dtype=np.int64))
        section.append(np.full(count, which, dtype=np.int64))
        calls.append(np.full(count, call, dtype=np.int64))
    return Values(
        site=column.site,
        names=unique(names),
        indices=np.concatenate(rows),
        elements=np.concatenate(elements),
        values=np.concatenate(values),
        order=np.concatenate(order),
        section=np.concatenate(section),
        calls=np.concatenate(calls),
    )


def _single(column: _Column, names: tuple[str, ...]) -> Values:
    """The same where each stored array has one number, as plain numbers do."""
    count = len(column.arrays)
    indices = np.array(column.indices, dtype=np.int64).reshape(count, -1)
    width = column.site.elements
    elements = np.zeros((count, width), dtype=np.int64)
    given = indices.shape[1] - len(names)
    elements[:, :given] = indices[:, len(names) :]
    kind = np.float64 if column.site.type in ("float", "float32") else np.int64
    return Values(
        site=column.site,
        names=unique(names),
        indices=np.ascontiguousarray(indices[:, : len(names)]),
        elements=elements,
        values=np.array([array.reshape(-1)[0] for array in column.arrays], dtype=kind).reshape(count, 1),
        order=np.array(column.order, dtype=np.int64),
        section=np.array(column.section, dtype=np.int64),
        calls=np.array(column.calls, dtype=np.int64),
    )
