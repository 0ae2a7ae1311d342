"""The process's edges, the same for both programs: a reader that goes away, and signals that end the work."""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

ENDING = ("SIGTERM", "SIGHUP")


class Terminated(BaseException):
    """Another process asked this one to end: raised where it stands, so that nothing is left behind."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_code = 128 + number


def prepare_process() -> None:
    """To be called once by a program's ``main``."""
    _outlive_the_reader()
    for name in ENDING:
        with suppress(AttributeError, ValueError):  # not on this system, or not the main thread
            number = getattr(signal, name)
            if signal.getsignal(number) is signal.SIG_DFL:  # what nohup ignores stays ignored
                signal.signal(number, _terminate)


def finish() -> None:
    """Write out what is still held back, while an error can be told. Raises OSError: a full disk."""
    sys.stdout.flush()


def leave_at_once(code: int) -> NoReturn:
    """End the process without waiting for threads that still read: Ctrl-C is obeyed now."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def abandon_output() -> None:
    """Give up what is still held back: the interpreter would complain of it at its end."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for the rest of the process


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)


class _Outlet(io.FileIO):
    """A file that swallows what nobody reads any more: ``| head`` changes no verdict."""

    def write(self, piece: bytes, /) -> int:  # type: ignore[override]  # any buffer, as FileIO takes
        try:
            return super().write(piece)
        except BrokenPipeError:
            return len(piece)


def _outlive_the_reader() -> None:
    """Make standard output and error go on when their reader has gone."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue
        with suppress(OSError, ValueError):
            stream.flush()
            outlet = io.BufferedWriter(_Outlet(stream.fileno(), "wb", closefd=False))  # type: ignore[type-var]
            again = io.TextIOWrapper(
                outlet,
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=stream.line_buffering or name == "stderr",
                write_through=name == "stderr",
            )
            setattr(sys, name, again)
