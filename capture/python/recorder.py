"""The recorder: takes every bound value of the captured program and gives it back, or the value it is forced to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.python.numbers import as_array, is_tensor, parts, precision
from capture.python.rewrite import Places
from capture.trace import OUTSIDE, CapturedTrace, Site, Values, unique

Path = tuple[tuple[str, int], ...]


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
class _Frame:
    outer: Path
    loops: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Column:
    site: Site
    arrays: list[NDArray[Any]] = field(default_factory=list)
    indices: list[tuple[int, ...]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    section: list[int] = field(default_factory=list)


class Recorder:
    """Stands in the captured modules as ``__parity__``."""

    def __init__(self, places: Places, settings: Settings) -> None:
        self.places, self.settings = places, settings
        self.columns: dict[tuple[int, str, tuple[str, ...], int], _Column] = {}
        self.sections: list[tuple[int, ...]] = []
        self.names: tuple[str, ...] = ()
        self.remarks: dict[str, None] = {}
        self.count = self.numbers = 0
        self.dropped = 0
        self.seen_outside: dict[int, int] = {}
        self.force: Callable[[Site, Any, Path], Any] | None = None
        self.named: Callable[[Site, Any], None] | None = None
        self._local = threading.local()
        self._test = compile(settings.select, "select", "eval") if settings.select else None
        if self._test is not None:
            self.names = tuple(dict.fromkeys(self._test.co_names))

    # ---- what the program calls ----

    def value(self, number: int, value: Any, index: tuple[Any, ...] = ()) -> Any:
        """Record a value that is being bound, and give back what the program is to bind."""
        site = self.places.sites[number - 1]
        if self.force is not None:
            value = self.force(site, value, self._path(site.loops))
        self.seen(number, value, index)
        return value

    def seen(self, number: int, value: Any, index: tuple[Any, ...] = ()) -> None:
        """Record a value that was bound."""
        frames = self._frames()
        if frames is None:  # the recorder's own work
            return
        self._local.busy = True
        try:
            self._record(self.places.sites[number - 1], value, index)
        finally:
            self._local.busy = False

    def loop(self, number: int, counter: Any) -> None:
        """A pass of a loop begins."""
        frames = self._frames()
        if frames is None:
            return
        loop, frame = self.places.loops[number - 1], frames[-1]
        count = frame.loops[number] + 1 if number in frame.loops else 0
        is_index = bool(loop.counter) and isinstance(counter, int | np.integer)
        around = {n: frame.loops[n] for n in loop.around if n in frame.loops}
        frame.loops = {**around, number: int(counter) if is_index else count}

    @contextmanager
    def call(self, number: int) -> Iterator[None]:
        """The body of a function."""
        frames = self._frames() or [_Frame(())]
        frames.append(_Frame(self._path(tuple(frames[-1].loops))))
        try:
            yield
        finally:
            frames.pop()

    # ---- where the program is ----

    def _frames(self) -> list[_Frame] | None:
        if getattr(self._local, "busy", False):
            return None
        if not hasattr(self._local, "frames"):
            self._local.frames = [_Frame(())]
        frames: list[_Frame] = self._local.frames
        return frames

    def _path(self, loops: tuple[int, ...]) -> Path:
        frame: _Frame = self._local.frames[-1] if hasattr(self._local, "frames") else _Frame(())
        own = []
        for number in loops:
            if number in frame.loops:
                loop = self.places.loops[number - 1]
                own.append((loop.counter or f"pass_{loop.line}", frame.loops[number]))
        return (*frame.outer, *own)

    def _section(self, path: Path) -> int | None:
        """The section of what is bound here; None where nothing is recorded."""
        if self._test is None:
            return OUTSIDE
        where = dict(path)
        if not where.keys() >= set(self.names):
            return OUTSIDE
        if not eval(self._test, {"__builtins__": {}}, where):  # an expression of the user's own file, without names
            return None
        key = tuple(where[name] for name in self.names)
        if key not in self.sections:
            self.sections.append(key)
        return self.sections.index(key)

    # ---- recording ----

    def _record(self, site: Site, value: Any, index: tuple[Any, ...]) -> None:
        path = self._path(site.loops)
        section = self._section(path)
        if section is None:
            return
        if section == OUTSIDE and self._test is not None:
            self.seen_outside[site.number] = self.seen_outside.get(site.number, 0) + 1
            if self.seen_outside[site.number] > self.settings.each:
                return
        own = [place + 1 for place, (name, _) in enumerate(path) if name in self.names]
        inside = path[max([0, *own]) :] if section != OUTSIDE else path
        for part, number in parts(value):
            if self.named is not None and is_tensor(number):
                self.named(replace(site, name=site.name + part), number)
            self._take(site, part, number, index, inside, section)

    def _take(self, site: Site, part: str, value: Any, index: tuple[Any, ...], path: Path, section: int) -> None:
        size = int(value.numel()) if is_tensor(value) else int(np.size(value))
        points = self._points(np.shape(value) if not is_tensor(value) else tuple(value.shape))
        if size > self.settings.largest and not points:
            self.remarks[f"{site.place} {site.name}{part}: {size} numbers are more than are recorded of one array"] = (
                None
            )
            self.dropped += 1
            return
        if self.numbers > self.settings.numbers:
            self.remarks["the volume is capped: values after the cap were not recorded"] = None
            self.dropped += 1
            return
        array = as_array(value)
        if array is None:
            return
        self.count += 1
        if not points:
            self._store(site, part, value, array, index, path, section)
            return
        for key, chosen in points:
            names = tuple(self.settings.axes)
            if len(key) == len(names):
                if key not in self.sections:
                    self.sections.append(key)
                section = self.sections.index(key)
            self._store(site, part, value, array[chosen], index, path, section)

    def _points(self, shape: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[Any, ...]]]:
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
        count = len(next(iter(self.settings.axes.values()))[1])
        keys = []
        for number in range(count):
            chosen = tuple(
                self.settings.axes[bound[axis]][1][number] if axis in bound else slice(None)
                for axis in range(len(shape))
            )
            keys.append((tuple(self.settings.axes[name][1][number] for name in bound.values()), chosen))
        return keys

    def _store(
        self, site: Site, part: str, value: Any, array: NDArray[Any], index: tuple[Any, ...], path: Path, section: int
    ) -> None:
        names = tuple(name for name, _ in path)
        elements = tuple(int(i) for i in index if isinstance(i, int | np.integer))
        key = (site.number, part, names, array.ndim + len(elements))
        if key not in self.columns:
            kind = precision(value)
            components = ("re", "im") if kind == "complex" else ("",)
            named = replace(
                site, name=site.name + part, type=kind, components=components, elements=array.ndim + len(elements)
            )
            self.columns[key] = _Column(named)
        column = self.columns[key]
        column.arrays.append(array if not elements else array.reshape((1,) * len(elements) + array.shape))
        column.indices.append((*(i for _, i in path), *elements))
        column.order.append(self.count)
        column.section.append(section)
        self.numbers += array.size

    def trace(self, program: str, facts: Mapping[str, Any]) -> CapturedTrace:
        """All that was recorded."""
        names = self.names or tuple(self.settings.axes)
        columns = tuple(_values(column, key[2]) for key, column in self.columns.items())
        flows = tuple(self.places.flows)
        sections, remarks = tuple(self.sections), tuple(self.remarks)
        return CapturedTrace(program, names, sections, columns, remarks, self.dropped, flows, facts)


def _values(column: _Column, names: tuple[str, ...]) -> Values:
    """One row for each number: the elements of a stored array are rows with subscripts."""
    rows, elements, values, order, section = [], [], [], [], []
    for array, index, at, which in zip(column.arrays, column.indices, column.order, column.section, strict=True):
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
    return Values(
        site=column.site,
        names=unique(names),
        indices=np.concatenate(rows),
        elements=np.concatenate(elements),
        values=np.concatenate(values),
        order=np.concatenate(order),
        section=np.concatenate(section),
    )
