"""Running another program: in its own process group, with a time limit, cleaned up whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ProgramFailed


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
        ProgramFailed: it cannot be started, or is still running after ``timeout_s`` (it is killed then).
    """
    began, clock = time.time(), time.monotonic()
    process = None
    try:
        with interrupts_deferred():
            process = _start(command, folder, environment)
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        assert process is not None
        end_group(process)
        out, err = process.communicate()
        raise ProgramFailed(
            f"{command[0]} was still running after {timeout_s:g} s and was ended; --timeout SECONDS allows more",
            out.decode("utf-8", "replace") + err.decode("utf-8", "replace"),
        ) from error
    except BaseException:
        if process is not None:
            end_group(process)
        raise
    return Finished(
        command=tuple(command),
        folder=folder,
        started=began,
        seconds=time.monotonic() - clock,
        status=process.returncode,
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
    )


def _start(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramFailed(f"{command[0]} cannot be run: {error.strerror}") from error


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


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group that ``run`` started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
