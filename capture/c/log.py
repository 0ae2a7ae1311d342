"""The recorder's file read back: a `CapturedTrace`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from capture.c.probes import Probes
from capture.trace import OUTSIDE, Calls, CapturedTrace, Loop, Site, Values, unique

VALUE, ENTER, LEAVE, LOOP, SELECT, UNSELECT, FULL, LEFT = range(1, 9)
Indexed = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Frame:
    """One call: its depth, the loop indices that it was called within, the loops that it is in, and who called it.

    ``number`` is its number among the calls that stored something; 0 for the program itself, -1 as long as it did not.
    """

    depth: int
    function: str
    outer: Indexed
    caller: _Frame | None = None
    number: int = -1
    loops: dict[int, int] = field(default_factory=dict)
    outer_names: tuple[str, ...] = ()
    outer_indices: tuple[int, ...] = ()

    def numbered(self, calls: Calls) -> int:
        if self.number < 0:
            self.number = 0 if self.caller is None else calls.add(self.function, self.caller.numbered(calls))
        return self.number


@dataclass(slots=True)
class _Thread:
    frames: list[_Frame] = field(default_factory=lambda: [_Frame(0, "", ())])
    open: list[tuple[int, int]] = field(default_factory=list)  # sections, and how many indices lie outside each


@dataclass(slots=True)
class _Column:
    indices: list[tuple[int, ...]] = field(default_factory=list)
    words: list[tuple[int, ...]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    section: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


def read_log(path: Path, probes: Probes, program: str, section_names: tuple[str, ...] = ()) -> CapturedTrace:
    """Decode what the recorder wrote; a file that ends within an event was cut off there, which is a remark."""
    words = np.fromfile(path, dtype=np.int64).tolist() if path.exists() else []
    reader = _Reader(probes, section_names)
    remarks = list(reader.read(words))
    columns = tuple(_values(reader.sites[number], names, c) for (number, names), c in reader.columns.items())
    return CapturedTrace(
        program=program,
        section_names=section_names,
        sections=tuple(reader.sections),
        columns=columns,
        remarks=tuple(remarks),
        dropped=int(reader.full),
        flows=tuple(probes.flows),
        calls=tuple(reader.calls.found),
    )


class _Reader:
    def __init__(self, probes: Probes, section_names: tuple[str, ...]) -> None:
        self.section_names = frozenset(section_names)
        self.sites: dict[int, Site] = {site.number: site for site in probes.sites}
        self.loops: dict[int, Loop] = {loop.number: loop for loop in probes.loops}
        self.functions = probes.functions
        self.sections: list[tuple[int, ...]] = []
        self.columns: dict[tuple[int, tuple[str, ...]], _Column] = {}
        self.threads: dict[int, _Thread] = {}
        self.calls = Calls()
        self.names: dict[tuple[tuple[str, ...], tuple[int, ...]], tuple[str, ...]] = {}
        self.shared = (OUTSIDE, 0)
        self.full = False

    def read(self, words: list[int]) -> Iterator[str]:
        at, order = 0, 0
        while at < len(words):
            head = words[at]
            kind, thread, count, number = head & 255, head >> 8 & 255, head >> 16 & 0xFFFF, head >> 32
            if at + 1 + count > len(words):
                yield "the program ended before its last values were written"
                return
            payload = words[at + 1 : at + 1 + count]
            at += 1 + count
            state = self.threads.setdefault(thread, _Thread())
            if kind == VALUE:
                order += 1
                self._value(state, number, payload, order)
            elif kind == LOOP:
                self._loop(state.frames[-1], number, payload[0])
            elif kind == LEFT:
                self._left(state.frames[-1], number)
            elif kind == ENTER:
                self._enter(state, number, payload[0])
            elif kind == LEAVE:
                while len(state.frames) > 1 and state.frames[-1].depth >= payload[0]:
                    state.frames.pop()
            elif kind == SELECT:
                self._select(state, tuple(payload))
            elif kind == UNSELECT:
                del state.open[-1:]
                self.shared = state.open[-1] if state.open else (OUTSIDE, 0)
            elif kind == FULL:
                self.full = True
                yield "the volume is capped: values after the cap were not recorded (cap under [capture] raises it)"

    def _select(self, state: _Thread, key: tuple[int, ...]) -> None:
        """A point that was selected before, or is open already, is the same section."""
        if key not in self.sections:
            self.sections.append(key)
        number = self.sections.index(key)
        frame = state.frames[-1]
        outside = len(self._path(frame, tuple(frame.loops)))
        is_open = bool(state.open) and state.open[-1][0] == number
        state.open.append(state.open[-1] if is_open else (number, outside))
        self.shared = state.open[-1]

    def _enter(self, state: _Thread, number: int, depth: int) -> None:
        while len(state.frames) > 1 and state.frames[-1].depth >= depth:
            state.frames.pop()
        frame = state.frames[-1]
        outer = self._path(frame, tuple(frame.loops))
        inner = _Frame(depth, self.functions[number - 1], outer, frame)
        inner.outer_names, inner.outer_indices = tuple(n for n, _ in outer), tuple(i for _, i in outer)
        state.frames.append(inner)

    def _loop(self, frame: _Frame, number: int, counter: int) -> None:
        loop = self.loops[number]
        again = number in frame.loops
        count = frame.loops[number] + 1 if again else 0
        around = {n: frame.loops[n] for n in loop.around if n in frame.loops}
        frame.loops = {**around, number: counter if loop.counter else count}

    def _left(self, frame: _Frame, number: int) -> None:
        """The loop has ended: what is called from now on is not called within it."""
        around = self.loops[number].around
        frame.loops = {n: frame.loops[n] for n in around if n in frame.loops}

    def _path(self, frame: _Frame, loops: tuple[int, ...]) -> Indexed:
        own = []
        for number in loops:
            if number in frame.loops:
                loop = self.loops[number]
                own.append((loop.counter or f"pass_{loop.line}", frame.loops[number]))
        return (*frame.outer, *own)

    def _value(self, state: _Thread, number: int, payload: list[int], order: int) -> None:
        site, frame = self.sites[number], state.frames[-1]
        section, outside = state.open[-1] if state.open else self.shared
        if section == OUTSIDE:
            names, indices = self._outside(frame, site)
        else:
            path = self._inside(self._path(frame, site.loops), outside)
            names, indices = tuple(name for name, _ in path), tuple(index for _, index in path)
        column = self.columns.get((number, names))
        if column is None:
            column = self.columns[number, names] = _Column()
        column.indices.append(indices)
        column.words.append(tuple(payload))
        column.order.append(order)
        column.section.append(section)
        column.calls.append(frame.number if frame.number >= 0 else frame.numbered(self.calls))

    def _outside(self, frame: _Frame, site: Site) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The names and indices of all loops around a store; names are the same ones again and again."""
        loops = frame.loops
        within = [n for n in site.loops if n in loops]
        key = (frame.outer_names, tuple(within))
        names = self.names.get(key)
        if names is None:
            own = tuple(self.loops[n].counter or f"pass_{self.loops[n].line}" for n in within)
            names = self.names[key] = frame.outer_names + own
        return names, frame.outer_indices + tuple([loops[n] for n in within])

    def _inside(self, path: Indexed, outside: int) -> Indexed:
        """The loop indices within the selected point: without those that choose it, and those around them."""
        own = [place + 1 for place, (name, _) in enumerate(path) if name in self.section_names]
        return path[max([outside, *own]) :]


def _values(site: Site, names: tuple[str, ...], column: _Column) -> Values:
    count = len(column.order)
    words = np.array(column.words, dtype=np.int64).reshape(count, -1)
    numbers = np.ascontiguousarray(words[:, site.elements :])
    is_integer = site.type in ("int", "unsigned")
    return Values(
        site=site,
        names=unique(names),
        indices=np.array(column.indices, dtype=np.int64).reshape(count, len(names)),
        elements=words[:, : site.elements],
        values=numbers if is_integer else numbers.view(np.float64),
        order=np.array(column.order, dtype=np.int64),
        section=np.array(column.section, dtype=np.int64),
        calls=np.array(column.calls, dtype=np.int64),
    )
