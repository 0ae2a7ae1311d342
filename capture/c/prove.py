"""The proof that a capture is harmless: every output of the captured run is the untouched run's, byte for byte."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from capture.c.build import Trees, restore
from capture.errors import CaptureError, NotDeterministic, NotHarmless, ProgramFailed

FIRST_BYTES = 200


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a program: a case.

    Attributes:
        command: the command line, run by a shell in the program's folder.
        files: inputs put there before, by name.
        environment: variables for it.
        ignored: patterns of outputs that are not compared (times of day, say): file names, ``stdout``, ``stderr``.
        statuses: exit statuses that count as success.
    """

    command: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Outputs:
    """All that a run leaves: both streams, the exit status, and each file that it made or changed."""

    status: int
    streams: Mapping[str, bytes]
    files: Mapping[str, str]  # sha256 by name
    seconds: float

    def differences(self, other: Outputs, ignored: Sequence[str]) -> list[str]:
        """In words, what is not the same byte for byte."""
        said = [] if self.status == other.status else [f"exit status {self.status} and {other.status}"]
        for name in self.streams:
            if self.streams[name] != other.streams[name] and not _matches(name, ignored):
                said.append(f"{name}: {_first_difference(self.streams[name], other.streams[name])}")
        for name in sorted({*self.files, *other.files}):
            if self.files.get(name) != other.files.get(name) and not _matches(name, ignored):
                once = name not in self.files or name not in other.files
                said.append(f"file {name} {'is written by one run only' if once else 'differs'}")
        return said


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _first_difference(a: bytes, b: bytes) -> str:
    for number, (left, right) in enumerate(zip(a.splitlines(), b.splitlines(), strict=False), 1):
        if left != right:
            return f"line {number}: {_shown(left)} and {_shown(right)}"
    return f"{len(a)} and {len(b)} bytes"


def _shown(line: bytes) -> str:
    return repr(line[:80].decode("utf-8", "replace"))


def run(trees: Trees, built: str, job: Job, capture: Mapping[str, str] | None = None) -> Outputs:
    """Run a built tree on a case, in a fresh copy of it.

    Raises:
        ProgramFailed: it cannot be started, or takes too long.
    """
    restore(trees, built)
    for name, content in job.files.items():
        path = (trees.place / name).resolve()
        if not path.is_relative_to(trees.place.resolve()):
            raise CaptureError(f"the input {name!r} would lie outside the program's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    before = _stamps(trees.place)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PARITY_")}
    began = time.monotonic()
    streams, status = _process(job, trees.place, {**environment, **job.environment, **(capture or {})})
    seconds = time.monotonic() - began
    after = _stamps(trees.place)
    changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    files = {name: _digest(trees.place / name) for name in changed}
    return Outputs(status, streams, files, seconds)


def _process(job: Job, folder: Path, environment: Mapping[str, str]) -> tuple[dict[str, bytes], int]:
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {job.command}" if _is_simple(job.command) else job.command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=job.timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"{job.command} was still running after {job.timeout_s:g} s and was ended") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode == 127:
        raise ProgramFailed(f"{job.command} cannot be run: {err.decode('utf-8', 'replace').strip()}")
    return {"stdout": out, "stderr": err}, process.returncode


def _is_simple(command: str) -> bool:
    return not any(mark in command for mark in "|&;<>()`\n")


def _stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = Path(at) / name
            if path.is_file():
                status = path.stat()
                found[path.relative_to(folder).as_posix()] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "removed"


def plain_outputs(trees: Trees, job: Job, runs: int = 2) -> Outputs:
    """The outputs of the untouched program, after seeing that they are the same every time.

    Raises:
        NotDeterministic: they are not.
        ProgramFailed: it ends with a signal.
    """
    first = run(trees, "plain", job)
    if first.status < 0:
        output = "".join(stream.decode("utf-8", "replace") for stream in first.streams.values())
        raise ProgramFailed(f"{job.command} was ended by {signal.Signals(-first.status).name}", output)
    for number in range(1, runs):
        again = run(trees, "plain", job)
        if differing := first.differences(again, job.ignored):
            raise NotDeterministic(_changing(differing, f"run {number + 1}"))
    return first


def _changing(differing: Sequence[str], when: str) -> str:
    return (
        f"the untouched program gave other outputs in {when}: {'; '.join(differing[:3])}. A capture cannot be proved "
        "harmless with it: fix its seed or its number of threads, or name outputs that may differ under ignore"
    )


def captured_outputs(
    trees: Trees, built: str, job: Job, plain: Outputs, capture: Mapping[str, str], untouched: Job | None = None
) -> Outputs:
    """The outputs of the captured program in the tree ``built``, seen to be the untouched one's.

    Args:
        job: how the captured program is run.
        untouched: how the untouched one is, where that is another command.

    Raises:
        NotDeterministic: an output differs, and the untouched program's does so too by itself.
        NotHarmless: an output differs.
    """
    captured = run(trees, built, job, capture)
    if differing := plain.differences(captured, job.ignored):
        if by_itself := plain.differences(run(trees, "plain", untouched or job), job.ignored):  # the time of day, say
            raise NotDeterministic(_changing(by_itself, "a later run"))
        raise NotHarmless(
            f"the captured program's outputs are not the untouched program's: {'; '.join(differing[:3])}. Nothing of "
            "this capture is used. Where the compiler contracts or reorders floating point, build both without that "
            "(-ffp-contract=off, no -ffast-math)"
        )
    return captured
