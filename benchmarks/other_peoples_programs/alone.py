"""Larger programs by other people, captured without a port.

    python -m benchmarks.other_peoples_programs.alone [NAME ...]

For each: lines, places that are traced, what was left out, seconds for writing the probes and of both runs. That every
output is the untouched program's, byte for byte, is what a capture demands.
"""

from __future__ import annotations

import shutil
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.other_peoples_programs.__main__ import HERE, WORK, fetched
from benchmarks.other_peoples_programs.inputs import MADE
from capture.c.build import Program, Trees, build
from capture.c.capture import Limits, capture_c
from capture.c.prove import Job
from capture.c.rewrite import instrument
from capture.errors import CaptureError
from capture.settings import EVERYTHING


def staged(name: str, entry: Mapping[str, Any]) -> Path:
    folder = WORK / "staged" / f"alone_{name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(fetched(entry["package"]) / entry.get("folder", "."), folder, symlinks=True)
    for file in entry.get("inputs", ()):
        if file in MADE:
            MADE[file](folder / file)
    return folder


def captured(name: str, entry: Mapping[str, Any]) -> str:
    program = Program(staged(name, entry), entry["build"])
    seconds, lines = probed(program)
    job = Job(entry["run"], ignored=tuple(entry.get("ignore", ())))
    with capture_c(program) as ready:
        trace = ready.trace(job, limits=Limits(each=EVERYTHING))
    facts, sites = trace.facts, len(trace.sites())
    return (
        f"{name}: {lines} lines, {len(ready.instrumented.probes.sites)} probes in {seconds:.1f} s of this processor; "
        f"{sites} quantities, {len(trace)} values; {facts['outputs']} outputs identical; "
        f"{facts['seconds_plain']:.2f} s plain, {facts['seconds_captured']:.2f} s captured\n"
        + "".join(f"    left out: {remark}\n" for remark in trace.remarks)
    )


def probed(program: Program) -> tuple[float, int]:
    """Processor seconds that writing the probes takes, and the lines of the sources that were built."""
    trees = Trees(WORK / "probed")
    shutil.rmtree(trees.work, ignore_errors=True)
    trees.work.mkdir(parents=True)
    units = build(program, trees)
    began = time.process_time()
    instrument(trees.place, units)
    seconds = time.process_time() - began
    return seconds, sum(unit.source.read_bytes().count(b"\n") for unit in units)


def main(names: Sequence[str]) -> int:
    programs = tomllib.loads((HERE / "programs.toml").read_text())["alone"]
    for name in names or programs:
        try:
            print(captured(name, programs[name]), end="", flush=True)
        except CaptureError as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
