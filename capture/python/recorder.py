"""The recorder: takes every bound value of the captured program and gives it back, or the value it is forced to."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from capture.errors import CaptureError
from capture.python.numbers import is_tensor, parts
from capture.python.rewrite import Places
from capture.python.store import Path, Settings, Store
from capture.trace import OUTSIDE, Calls, CapturedTrace, Site

TESTS = (
    ast.Expression,
    ast.BoolOp,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.boolop,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
)


@dataclass(slots=True)
class _Frame:
    """One call: the loops around it, the function, who called it, and its number once it has stored something."""

    outer: Path
    function: str = ""
    caller: _Frame | None = None
    number: int = -1
    loops: dict[int, int] = field(default_factory=dict)


class Recorder:
    """Stands in the captured modules as ``__parity__``."""

    def __init__(self, places: Places, settings: Settings) -> None:
        self.places, self.settings = places, settings
        self.sections: list[tuple[int, ...]] = []
        self.store = Store(settings, self.sections)
        self.names: tuple[str, ...] = ()
        self.seen_outside: dict[int, int] = {}
        self.force: Callable[[Site, Any, int, tuple[int, ...]], Any] | None = None
        self.named: Callable[[int, Any], None] | None = None
        self.made: list[tuple[int, int]] = []
        self.calls = Calls()
        self._local = threading.local()
        self._test = test_of(settings.select) if settings.select else None
        if self._test is not None:
            self.names = tuple(dict.fromkeys(self._test.co_names))

    # ---- what the program calls ----

    def value(self, number: int, value: Any, index: tuple[Any, ...] = ()) -> Any:
        """Record a value as it was computed, and give back what the program is to bind."""
        self.seen(number, value, index)
        if self.force is None or self._frames() is None:
            return value
        site = self.places.sites[number - 1]
        section, path = self._where(site)
        return value if section is None else self.force(site, value, section, tuple(i for _, i in path))

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

    def left(self, number: int) -> None:
        """A loop has ended: what is called from now on is not called within it."""
        frames = self._frames()
        if frames is not None:
            frame = frames[-1]
            frame.loops = {n: frame.loops[n] for n in self.places.loops[number - 1].around if n in frame.loops}

    @contextmanager
    def call(self, number: int) -> Iterator[None]:
        """The body of a function."""
        frames = self._frames() or [_Frame(())]
        outer = self._path(tuple(frames[-1].loops))
        frames.append(_Frame(outer, self.places.functions[number - 1], frames[-1]))
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
        if not eval(self._test, {"__builtins__": {}}, where):
            return None
        key = tuple(where[name] for name in self.names)
        if key not in self.sections:
            self.sections.append(key)
        return self.sections.index(key)

    def _where(self, site: Site) -> tuple[int | None, Path]:
        """The section, and the loop indices within it."""
        path = self._path(site.loops)
        section = self._section(path)
        if section is None or section == OUTSIDE:
            return section, path
        own = [place + 1 for place, (name, _) in enumerate(path) if name in self.names]
        return section, path[max([0, *own]) :]

    # ---- recording ----

    def _record(self, site: Site, value: Any, index: tuple[Any, ...]) -> None:
        section, path = self._where(site)
        if section is None:
            return
        if section == OUTSIDE and self._test is not None:
            self.seen_outside[site.number] = self.seen_outside.get(site.number, 0) + 1
            if self.seen_outside[site.number] > self.settings.each:
                return
        call = self._call(self._local.frames[-1])
        for part, number in parts(value):
            self.store.count += 1
            if self.named is not None and is_tensor(number):
                self.named(self.store.count, number)
            self.store.take(site, part, number, index, path, section, call)

    def _call(self, frame: _Frame) -> int:
        """The number of a call; 0 is the program itself."""
        if frame.number < 0:
            frame.number = 0 if frame.caller is None else self.calls.add(frame.function, self._call(frame.caller))
        return frame.number

    def trace(self, program: str, facts: Mapping[str, Any]) -> CapturedTrace:
        """All that was recorded."""
        return CapturedTrace(
            program=program,
            section_names=self.names or tuple(self.store.settings.axes),
            sections=tuple(self.sections),
            columns=self.store.columns_of_values(),
            remarks=tuple(self.store.remarks),
            dropped=self.store.dropped,
            flows=tuple(self.places.flows),
            aliases=tuple(self.store.aliases),
            calls=tuple(self.calls.found),
            made=np.array(self.made, dtype=np.int64).reshape(-1, 2),
            facts=facts,
        )


def test_of(select: str) -> CodeType:
    """The code of a selecting expression; C's ``&&`` and ``||`` are ``and`` and ``or``.

    Raises:
        CaptureError: it is more than comparisons of names and numbers.
    """
    text = select.replace("&&", " and ").replace("||", " or ").strip()
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise CaptureError(f"select is no expression: {select!r}: {error.msg}") from error
    strange = next((node for node in ast.walk(tree) if not isinstance(node, TESTS)), None)
    if strange is not None:
        raise CaptureError(f"select takes comparisons of loop counters and numbers; got {select!r}")
    return compile(tree, "select", "eval")
