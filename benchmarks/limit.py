"""The machine's limit: operations counted, what the cores can do, the share reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import lowest_time_s
from benchmarks.contenders import Failed
from benchmarks.operations import FUNCTION_OPERATIONS, count_operations
from benchmarks.race import Say
from benchmarks.workloads import workloads

SOURCE = Path(__file__).with_name("peak.c")
FLAGS = (
    *("-std=c11", "-O3", "-march=native", "-mprefer-vector-width=512", "-ffp-contract=fast"),
    *("-fno-math-errno", "-fno-trapping-math", "-fopenmp"),
)
SHRINK = 8
"""The supervisor image this many times coarser is one chunk."""

RATE_OF = {
    "multiply or add": "add",
    "divide": "divide",
    "square root": "root",
    "round": "round",
    "select or compare": "add",
    "convert": "add",
    "function": "add",
}
"""Which measured rate holds for a kind of operation; a look-up's is that of ``lookup``."""


def limit(*, threads: int, say: Say) -> dict[str, Any]:
    """What the supervisor image's evaluations would take at the machine's rates, in float64 and mixed."""
    rates = measured_rates(threads)
    say("rates: " + ", ".join(f"{name} {rate / 1e9:.2f} G/s" for name, rate in rates.items()))
    results: dict[str, Any] = {}
    for name, dtype in (("compiled", "float64"), ("mixed", "mixed"), ("float32", "float32")):
        counts = count_operations(workloads(SHRINK)[0], dtype)
        results[name] = bound(counts, rates)
        at_best = results[name]["per_s"] / 1e6
        say(f"{name}: {sum(counts.values()):.0f} operations an evaluation, at best {at_best:.0f} M/s")
    return {"rates_per_s": rates, "threads": threads, "contenders": results}


def bound(counts: dict[str, float], rates: dict[str, float]) -> dict[str, Any]:
    """The highest rate of evaluations: every operation at its measured rate, none of them overlapping another.

    Args:
        counts: operations per evaluation, by ``kind, width``.
        rates: operations per second by name and width.
    """
    work: dict[str, float] = {}
    for key, count in counts.items():
        kind, width = key.split(", ")
        rate = "lookup" if kind == "look up" else f"{RATE_OF[kind]}{width}"
        work[rate] = work.get(rate, 0.0) + count * (FUNCTION_OPERATIONS if kind == "function" else 1)
    return {"operations": counts, "per_s": 1.0 / lowest_time_s(work, rates)}


def share_reached(bound_per_s: float, reached_per_s: float) -> float:
    """The share of the limit that was reached."""
    return reached_per_s / bound_per_s


def measured_rates(threads: int) -> dict[str, float]:
    """Operations per second of all threads together, by ``peak.c``.

    Raises:
        Failed: no C compiler, or the program does not build or run.
    """
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        raise Failed(f"measuring the machine needs a C compiler; {compiler} was not found")
    with tempfile.TemporaryDirectory(prefix="benchmarks_") as folder:
        program = Path(folder) / "peak"
        _run([compiler, *FLAGS, "-o", str(program), str(SOURCE), "-lm"], threads)
        lines = _run([str(program)], threads).splitlines()
    return {name: float(rate) for name, rate in (line.split() for line in lines)}


def _run(command: list[str], threads: int) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).name}: {done.stderr.strip()[-500:]}")
    return done.stdout
