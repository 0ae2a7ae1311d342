"""Running another program: in its own process group, with a time limit, cleaned up whatever happens."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from compare.progress import working
from harness.errors import ProgramFailed

MARK = "HARNESS_RUN"
"""A variable with a word of its own for each run: its descendants are known by it, wherever they go."""

MOST_OUTPUT = 256 << 20
"""Bytes that a program may print to each of its streams."""

END = 4096
"""Characters of an endless output that are quoted."""

PIECE = 1 << 16
LAST_WORDS_S = 5.0


@dataclass(frozen=True)
class Finished:
    """What a program did: its words, working folder, start (Unix seconds), length, exit status and output."""

    command: tuple[str, ...]
    folder: Path
    started: float
    seconds: float
    status: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, for a failure's record."""
        return f"--- stdout ---\n{self.stdout}\n--- stderr ---\n{self.stderr}\n"

    def ending(self) -> str:
        """How it ended, in words: the exit status or the signal, and the last line it complained with."""
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        said = f": {lines[-1].strip()}" if lines else ""
        if self.status < 0:
            return f"was ended by {signal.Signals(-self.status).name}{said}"
        return f"ended with exit status {self.status}{said}"


def run(
    command: Sequence[str], folder: Path, timeout_s: float | None, environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a program to its end and return what it did, whatever its exit status.

    Raises:
        ProgramFailed: it cannot be started, is still running after ``timeout_s``, or prints more than is kept (it is
            killed then, with all that it started).
    """
    began, clock = time.time(), time.monotonic()
    process = None
    mark = new_mark()
    try:
        with interrupts_deferred():
            process = start(command, folder, {**(os.environ if environment is None else environment), **mark})
        streams = [Stream(process, pipe) for pipe in (process.stdout, process.stderr) if pipe is not None]
        with working(f"running {shlex.join(command)}"):
            process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        assert process is not None
        end_all(process, mark)
        said = "".join(stream.text() for stream in streams)
        raise ProgramFailed(
            f"{command[0]} was still running after {timeout_s:g} s and was ended; --timeout SECONDS allows more", said
        ) from error
    except BaseException:
        if process is not None:
            end_all(process, mark)
        raise
    end_all(process, mark)  # what it left running: a program's output ends with the program
    out, err = (stream.text() for stream in streams)
    if any(stream.flooded for stream in streams):
        raise ProgramFailed(
            f"{command[0]} printed more than {MOST_OUTPUT >> 20} MiB and was ended", out[:END] + err[:END]
        )
    return Finished(tuple(command), folder, began, time.monotonic() - clock, process.returncode, out, err)


class Stream:
    """What a program prints into a pipe, read as it comes.

    Args:
        process: the program.
        pipe: one of its streams.
        show: called with each piece.
        most: bytes that are kept.
        ends: whether a program that prints more is ended; else the rest is shown and not kept.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipe: IO[bytes],
        show: Callable[[bytes], None] = lambda piece: None,
        most: int = MOST_OUTPUT,
        ends: bool = True,
    ) -> None:
        self.flooded = False
        self._process, self._pipe, self._show, self._most, self._ends = process, pipe, show, most, ends
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            while piece := os.read(self._pipe.fileno(), PIECE):
                self._show(piece)
                room = self._most - len(self._kept)
                self._kept += piece[:room]
                if len(piece) > room:
                    self.flooded = True
                    if self._ends:
                        end_group(self._process)
                        return

    def text(self) -> str:
        """All that was kept; to be asked for when the program has ended."""
        self._thread.join(LAST_WORDS_S)  # longer only where something that hides from us holds the pipe
        more = f"\n[what came after {self._most >> 20} MiB was not kept]\n" if self.flooded and not self._ends else ""
        return bytes(self._kept).decode("utf-8", "replace") + more


def new_mark() -> dict[str, str]:
    """A variable for a run's environment."""
    return {MARK: uuid.uuid4().hex}


def start(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own, its streams in pipes.

    Raises:
        ProgramFailed: it cannot be started.
    """
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ProgramFailed(f"{command[0]} cannot be run: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Ctrl-C takes effect after the block: while a program starts, nobody could end it yet."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if arrived and callable(usual):
        usual(signal.SIGINT, None)


def end_all(process: subprocess.Popen[bytes], mark: Mapping[str, str]) -> None:
    """Kill the process group that ``start`` made and whatever has left it (a daemon), by the mark it inherited."""
    end_group(process)
    for pid in _marked(f"{MARK}={mark[MARK]}".encode()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> Iterator[int]:
    """Processes with the mark in their environment, where the system shows it (Linux)."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0"):
                yield int(place.name)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group that ``run`` started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
