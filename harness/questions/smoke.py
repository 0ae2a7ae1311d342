"""Running any command line and observing what it did: output, time, memory, device, files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TextIO

from harness.errors import WrongUse
from harness.running.processes import Stream, end_all, interrupts_deferred, new_mark, start

RECORDS_VARIABLE = "HARNESS_SMOKE_RECORDS"
NOT_ENTERED = frozenset({".git", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
MOST_FILES = 100_000
MOST_KEPT = 32 << 20
"""Bytes of each stream that go into the evidence folder; all is shown."""


@dataclass(frozen=True)
class FileState:
    """A file in the working folder: its size in bytes and when it was changed (ns)."""

    size: int
    changed_ns: int


@dataclass(frozen=True)
class Match:
    """A pattern and the first line that it matched; None: no line."""

    pattern: str
    line: str | None


@dataclass(frozen=True)
class Observed:
    """What a command did.

    Attributes:
        status: exit status; negative: the signal that ended it.
        seconds: from start to end.
        peak_bytes: largest resident size of any one process of it.
        torch: what each Python process that loaded torch said at its end.
        made: files that are new or changed, with size and SHA-256.
        removed: files that are gone.
    """

    command: tuple[str, ...]
    status: int
    started: float
    seconds: float
    peak_bytes: int
    timed_out: bool
    stdout: str
    stderr: str
    torch: tuple[Mapping[str, object], ...] = ()
    made: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """The device it really used, in words."""
        used = [
            f"{device['device']} ({device['name']}), peak {device['peak_bytes']} bytes allocated"
            for record in self.torch
            for device in record["devices"]  # type: ignore[attr-defined]
            if device["peak_bytes"] > 0
        ]
        if used:
            return "; ".join(used)
        return "cpu (torch was loaded, CUDA was not used)" if self.torch else "cpu (no torch in any Python process)"


def observe(
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str],
    timeout_s: float | None,
    apart_from: Path | None = None,
) -> Observed:
    """Run a command in ``folder``, showing its output as it comes, and say what it did.

    ``apart_from`` is left out of the files looked at (the evidence folder itself).

    Raises:
        ProgramFailed: it cannot be started.
    """
    before = snapshot(folder, apart_from)
    with tempfile.TemporaryDirectory(prefix="harness_smoke_") as records:
        hook = str(Path(__file__).resolve().parent / "smoke_hook")
        path = os.pathsep.join(word for word in (hook, environment.get("PYTHONPATH", "")) if word)
        inside = {**environment, "PYTHONPATH": path, RECORDS_VARIABLE: records}
        began, clock = time.time(), time.monotonic()
        status, timed_out, out, err = _run(command, folder, inside, timeout_s)
        seconds = time.monotonic() - clock
        torch = tuple(json.loads(path.read_text("utf-8")) for path in sorted(Path(records).glob("*.json")))
    after = snapshot(folder, apart_from)
    changed = sorted(name for name, state in after.items() if before.get(name) != state)
    return Observed(
        command=tuple(command),
        status=status,
        started=began,
        seconds=seconds,
        peak_bytes=_peak_bytes(),
        timed_out=timed_out,
        stdout=out,
        stderr=err,
        torch=torch,
        made={name: (after[name].size, _sha256(folder / name)) for name in changed},
        removed=tuple(sorted(before.keys() - after.keys())),
    )


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout_s: float | None
) -> tuple[int, bool, str, str]:
    mark = new_mark()
    with interrupts_deferred():
        process = start(command, folder, {**environment, **mark})
    assert process.stdout is not None
    assert process.stderr is not None
    streams = [
        Stream(process, pipe, partial(_show, file), MOST_KEPT, ends=False)
        for pipe, file in ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
    ]
    timed_out = False
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        end_all(process, mark)  # also what it left running
    out, err = (stream.text() for stream in streams)
    return process.returncode, timed_out, out, err


def _show(file: TextIO, piece: bytes) -> None:
    print(piece.decode("utf-8", "replace"), end="", file=file, flush=True)


def _peak_bytes() -> int:
    """Largest resident size among the processes this one has waited for; Linux counts in KiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def snapshot(folder: Path, apart_from: Path | None = None) -> dict[str, FileState]:
    """Every file below a folder (links not followed, version control and caches left out) by relative name.

    Raises:
        WrongUse: more files than can be watched.
    """
    found = {}
    for path in _walk(folder, apart_from):
        state = path.lstat()
        found[path.relative_to(folder).as_posix()] = FileState(state.st_size, state.st_mtime_ns)
        if len(found) > MOST_FILES:
            raise WrongUse(f"{folder} holds more than {MOST_FILES} files; run in a smaller folder (--cwd DIR)")
    return found


def _walk(folder: Path, apart_from: Path | None) -> Iterator[Path]:
    left_out = apart_from.resolve() if apart_from else None
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if name not in NOT_ENTERED and (here / name).resolve() != left_out]
        for name in files:
            if (here / name).is_file() and not (here / name).is_symlink():
                yield here / name


def _sha256(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def compiled(patterns: Sequence[str], flag: str) -> list[re.Pattern[str]]:
    """Regular expressions of an option; WrongUse for one that is none."""
    try:
        return [re.compile(pattern) for pattern in patterns]
    except re.error as error:
        raise WrongUse(f"{flag} {error.pattern!r} is not a regular expression: {error}") from error


def first_matches(patterns: Sequence[re.Pattern[str]], output: str) -> list[Match]:
    """For each pattern the first line of the output that it matches anywhere."""
    lines = output.splitlines()
    return [
        Match(pattern.pattern, next((line for line in lines if pattern.search(line)), None)) for pattern in patterns
    ]
