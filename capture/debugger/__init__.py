"""A binary with debug information and no sources: one function stepped through by gdb. Slow, and said to be so."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from capture.errors import CaptureError, NotHarmless, NothingSelected, ProgramFailed
from capture.trace import OUTSIDE, CapturedTrace, Site, Values

INSIDE = Path(__file__).with_name("inside.py")
SLOW = "stepped by a debugger: hundreds of times slower than the program, and one function only"


@dataclass(frozen=True, slots=True)
class Debugged:
    """What to step through.

    Attributes:
        command: the program and its arguments, as words.
        function: the function whose local variables are recorded.
        condition: in C, over its variables when it is entered; empty: always.
        visits: calls that are recorded, at most.
        steps: lines of one call, at most.
    """

    command: tuple[str, ...]
    function: str
    condition: str = ""
    visits: int = 16
    steps: int = 100_000
    timeout_s: float = 600.0


def capture_debugged(job: Debugged, folder: Path) -> CapturedTrace:
    """The local variables of a function, each time a line changed one.

    Raises:
        CaptureError: there is no gdb, or it does not know the function.
        NotHarmless: the program printed something else under gdb.
        NothingSelected: the function was not reached, or its condition never held.
    """
    if shutil.which("gdb") is None:
        raise CaptureError("capturing a binary needs gdb with Python: the package gdb of the system")
    with tempfile.TemporaryDirectory(prefix="capture_") as name:
        work = Path(name)
        plain = _run(list(job.command), folder, job.timeout_s)
        said = _stepped(job, folder, work)
        printed = (work / "stdout").read_bytes() if (work / "stdout").exists() else b""
        if printed != plain.stdout:
            raise NotHarmless(f"{job.command[0]} printed something else under gdb than alone; nothing of this is used")
        events = work / "events"
        lines = events.read_text().splitlines() if events.exists() else []
    if not lines:
        reason = "its condition never held" if job.condition else "it was not reached"
        raise NothingSelected(
            f"nothing was recorded of {job.function}: {reason}, or gdb does not know it: {said[-300:]}"
        )
    return _trace(job, [json.loads(line) for line in lines])


def _run(command: list[str], folder: Path, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False
        )
    except OSError as error:
        raise ProgramFailed(f"{command[0]} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"{command[0]} was still running after {timeout_s:g} s") from error


def _stepped(job: Debugged, folder: Path, work: Path) -> str:
    settings = {
        "function": job.function,
        "condition": job.condition,
        "visits": job.visits,
        "steps": job.steps,
        "run": f"run < /dev/null > {shlex.quote(str(work / 'stdout'))} 2> {shlex.quote(str(work / 'stderr'))}",
        "events": str(work / "events"),
    }
    (work / "settings.json").write_text(json.dumps(settings))
    command = ["gdb", "-q", "-nx", "-batch", "-x", str(INSIDE), "--args", *job.command]
    environment = {**os.environ, "PARITY_DEBUGGER": str(work / "settings.json")}
    try:
        finished = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=job.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(
            f"gdb was still stepping after {job.timeout_s:g} s; choose fewer visits or a condition"
        ) from error
    return finished.stdout + finished.stderr


def _trace(job: Debugged, events: list[dict[str, Any]]) -> CapturedTrace:
    """One site for each variable and line."""
    columns: dict[tuple[str, int, int], list[tuple[int, int, list[float]]]] = {}
    files: dict[tuple[str, int, int], dict[str, Any]] = {}
    for order, event in enumerate(events, 1):
        key = (event["name"], event["line"], len(event["values"]))
        columns.setdefault(key, []).append((order, event["visit"], event["values"]))
        files.setdefault(key, event)
    return CapturedTrace(
        program=Path(job.command[0]).name,
        columns=tuple(
            _values(number, files[key], rows, job.function) for number, (key, rows) in enumerate(columns.items(), 1)
        ),
        remarks=(SLOW,),
        facts={"outputs_identical": True, "events": len(events)},
    )


def _values(number: int, event: dict[str, Any], rows: list[tuple[int, int, list[float]]], function: str) -> Values:
    kind = str(event["type"])
    site = Site(
        number=number,
        name=event["name"],
        function=function,
        file=event["file"],
        line=event["line"],
        type=kind,
        components=tuple(str(i) for i in range(len(event["values"]))) if len(event["values"]) > 1 else ("",),
    )
    return Values(
        site=site,
        names=("visit",),
        indices=np.array([[visit] for _, visit, _ in rows], dtype=np.int64),
        elements=np.zeros((len(rows), 0), dtype=np.int64),
        values=np.array([values for _, _, values in rows], dtype=np.int64 if kind == "int" else np.float64),
        order=np.array([order for order, _, _ in rows], dtype=np.int64),
        section=np.full(len(rows), OUTSIDE, dtype=np.int64),
        calls=np.zeros(len(rows), dtype=np.int64),
    )
