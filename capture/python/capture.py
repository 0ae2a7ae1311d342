"""A Python program captured on a case: run untouched, run with the import hook, proved harmless, read."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import capture
from capture.c.build import Trees
from capture.c.prove import Job, Outputs, captured_outputs, plain_outputs, run
from capture.errors import CaptureError, NothingSelected, ProgramFailed
from capture.storage import load
from capture.trace import CapturedTrace

PYTHON = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?\Z")
LIBRARIES = re.compile(r"^[ \t]*(?:import|from)[ \t]+(torch|numpy|scipy|jax|pandas)\b", re.MULTILINE)
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "venv", "__pycache__", "*.pyc", "*.partial", ".parity")
EAGER = {"TORCHDYNAMO_DISABLE": "1", "TORCH_COMPILE_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
ROOT = Path(capture.__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Port:
    """A Python program as its user runs it.

    Attributes:
        folder: where it lies; copied, never written.
        packages: modules to capture; empty: those that lie in the folder.
        only: functions to capture; empty: all.
        select: an expression over its loop counters, Python's operators; empty: everything.
        axes: arrays' axes by the name of the loop they stand for: their length, and the selected indices.
        preload: modules that every run imports, such as ``torch``.
        limits: fields of `capture.python.recorder.Settings`.
    """

    folder: Path
    packages: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    select: str = ""
    axes: Mapping[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    preload: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class CapturePython:
    """A port ready to be captured on cases."""

    port: Port
    trees: Trees

    def trace(self, job: Job, *, runs: int = 2) -> CapturedTrace:
        """The trace of one case.

        Raises:
            NotDeterministic, NotHarmless: see `capture.c.prove`.
            ProgramFailed: the port fails.
            NothingSelected: no value was recorded, or the expression never held.
        """
        job = replace(job, environment={**job.environment, **EAGER})
        plain = plain_outputs(self.trees, job, runs)
        failed = f"{job.command} {_ending(plain)}" if plain.status != 0 else ""
        if failed:  # what it stored until then may say why; a traceback names the recorder's frames, too
            job = replace(job, ignored=(*job.ignored, "stderr"))
        out = self.trees.work / "port.npz"
        captured = captured_outputs(self.trees, "plain", self._job(job, [{"out": str(out)}]), plain, {}, job)
        trace = load(out) if out.exists() else CapturedTrace("port")
        if failed and not trace.columns:
            raise ProgramFailed(failed, _said(plain))
        if not trace.columns:
            raise NothingSelected("no value of the port was recorded: none of its modules was captured, or none ran")
        facts = {
            **trace.facts,
            "outputs": len(plain.files) + len(plain.streams),
            "outputs_identical": True,
            "runs": runs,
            "ignored": list(job.ignored),
            "seconds_plain": plain.seconds,
            "seconds_captured": captured.seconds,
            "torch_compile": "switched off",
        }
        remarks = (f"what it stores past its failure: {failed}", *trace.remarks) if failed else trace.remarks
        return replace(trace, facts=facts, remarks=remarks)

    def traces(self, job: Job, tasks: Sequence[Mapping[str, Any]]) -> list[CapturedTrace | None]:
        """The traces of several runs, each with values forced or moved; None where the run failed."""
        job = replace(job, environment={**job.environment, **EAGER})
        outs = [self.trees.work / f"task{number}.npz" for number in range(len(tasks))]
        for out in outs:
            out.unlink(missing_ok=True)
        named = [{**task, "out": str(out)} for task, out in zip(tasks, outs, strict=True)]
        run(self.trees, "plain", self._job(job, named, graph=False))
        return [load(out) if out.exists() else None for out in outs]

    def _job(self, job: Job, tasks: Sequence[Mapping[str, Any]], *, graph: bool = True) -> Job:
        settings = self.trees.work / "settings.json"
        settings.write_text(json.dumps({**self._settings(), "tasks": list(tasks), "graph": graph}))
        own = job.environment.get("PYTHONPATH", os.environ.get("PYTHONPATH"))
        path = os.pathsep.join(filter(None, [str(ROOT), own]))
        return replace(
            job,
            command=captured_command(job.command, settings),
            environment={**job.environment, "PYTHONPATH": path},
        )

    def _settings(self) -> dict[str, Any]:
        port = self.port
        return {
            "folder": str(self.trees.place),
            "program": port.folder.name,
            "packages": list(port.packages),
            "only": list(port.only),
            "select": port.select,
            "axes": {name: [size, list(chosen)] for name, (size, chosen) in port.axes.items()},
            "preload": list(port.preload) or sorted(imported(self.trees.stored("plain"))),
            "limits": dict(port.limits),
        }


def captured_command(command: str, settings: Path) -> str:
    """``python port.py ...`` as the recorder's process runs it.

    Raises:
        CaptureError: it is no call of Python.
    """
    words = shlex.split(command)
    if len(words) < 2 or not PYTHON.match(words[0]):
        raise CaptureError(f"the port's run must be 'python SCRIPT ...' or 'python -m MODULE ...'; got {command!r}")
    return shlex.join([words[0], "-m", "capture.python.child", str(settings), *words[1:]])


def imported(folder: Path) -> set[str]:
    """Which large libraries the sources of a folder import: what every run would import again."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        found |= set(LIBRARIES.findall(path.read_text("utf-8", "replace")))
    return found


def _ending(outputs: Outputs) -> str:
    lines = [line for line in outputs.streams["stderr"].decode("utf-8", "replace").splitlines() if line.strip()]
    return f"ended with exit status {outputs.status}" + (f": {lines[-1].strip()}" if lines else "")


def _said(outputs: Outputs) -> str:
    return "".join(stream.decode("utf-8", "replace") for stream in outputs.streams.values())


@contextmanager
def capture_python(port: Port) -> Iterator[CapturePython]:
    """Copy a port to a temporary folder that goes when the block ends.

    Raises:
        CaptureError: the folder does not exist.
    """
    if not port.folder.is_dir():
        raise CaptureError(f"{port.folder} is no folder; the port's sources were expected there")
    work = Path(tempfile.mkdtemp(prefix="capture_")).resolve()
    try:
        shutil.copytree(port.folder, work / "plain", ignore=LEFT_BEHIND, symlinks=True)
        yield CapturePython(port, Trees(work))
    finally:
        shutil.rmtree(work, ignore_errors=True)
