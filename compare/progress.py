"""What is being done, on the terminal, while it takes longer than a moment.

A line on standard error, drawn where that is a terminal and gone when the work is done; nothing anywhere else. With
`be_verbose` each piece of work is a line that stays, with its time, wherever standard error goes.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MOMENT_S, TICK_S = 1.0, 0.5
ERASED = "\r\x1b[K"


class _Line:
    """The line, and the works that are going on: the innermost is told. One thread draws it."""

    def __init__(self) -> None:
        self.silent = False
        self.works: list[tuple[str, float]] = []
        self.verbose = False
        self.lock = threading.RLock()
        self._drawn = False
        self._wake = threading.Event()

    def begin(self, what: str) -> None:
        with self.lock:
            self.works.append((what, time.monotonic()))
            if len(self.works) == 1 and _on_terminal():
                self._wake = threading.Event()
                threading.Thread(target=self._draw_until, args=(self._wake,), daemon=True).start()

    def end(self) -> None:
        with self.lock:
            what, began = self.works.pop()
            self.erase()
            if not self.works:
                self._wake.set()
            if self.verbose and not self.silent:
                print(f"... {what}: {time.monotonic() - began:.2f} s", file=sys.stderr, flush=True)

    def change(self, what: str) -> None:
        with self.lock:
            self.erase()
            self.works[-1] = (what, self.works[-1][1])
            if not self.silent:
                print(f"... {what}", file=sys.stderr, flush=True)

    def erase(self) -> None:
        with self.lock:
            if self._drawn:
                sys.stderr.write(ERASED)
                sys.stderr.flush()
                self._drawn = False

    def _draw_until(self, ended: threading.Event) -> None:
        while not ended.wait(TICK_S):
            with self.lock:
                if ended.is_set() or not self.works:
                    return
                what, began = self.works[-1]
                seconds = time.monotonic() - began
                if seconds >= MOMENT_S:
                    columns = shutil.get_terminal_size().columns
                    sys.stderr.write(ERASED + f"... {what} ({seconds:.0f} s)"[: columns - 1])
                    sys.stderr.flush()
                    self._drawn = True


_line = _Line()


def _on_terminal() -> bool:
    return not _line.silent and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def be_verbose(wanted: bool) -> None:
    """Whether each piece of work leaves a line with its time."""
    _line.verbose = wanted


def be_silent() -> None:
    """For a process that works beside others: what they all wait for is told by the one that started them."""
    _line.silent = True


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Tell what is being done, in a few words that follow "...", while the block runs. Blocks may stand in blocks.

    Yields a function for work in several parts of minutes: each call names the next, in a line that stays.
    """
    _line.begin(what)
    try:
        yield _line.change
    finally:
        _line.end()


def erase() -> None:
    """To be called before something else is printed while work goes on; the line comes back by itself."""
    _line.erase()
