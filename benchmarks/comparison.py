"""Comparing large logs: ``compare traces`` against ``numdiff`` on the same files, and the reader by itself."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import spread, times_faster
from benchmarks.logs import write_logs
from benchmarks.processes import measure, medians
from benchmarks.race import Say, have_program

PARITY_OR_DIVERGENCE = (0, 1)
SHORT_LOG = 200


def comparison(*, lines: int, rounds: int, say: Say) -> dict[str, Any]:
    """Both programs in turn on two logs of ``lines`` DOMAIN lines; short logs to see what a process costs."""
    with tempfile.TemporaryDirectory(prefix="benchmarks_") as name:
        folder = Path(name)
        a, b = write_logs(folder, lines)
        size = a.stat().st_size + b.stat().st_size
        commands = {"compare traces": [sys.executable, "-m", "compare", "traces", str(a), str(b)]}
        if have_program("numdiff"):
            commands["numdiff"] = numdiff_command(a, b)
        runs: dict[str, list[dict[str, Any]]] = {program: [] for program in commands}
        for number in range(rounds):
            for program, command in commands.items():
                runs[program].append(measure(command, allowed=PARITY_OR_DIVERGENCE))
                say(f"{program} {number + 1}/{rounds}: {runs[program][-1]['wall_s']:.2f} s, {lines} lines a side")
        reading = [read_seconds(a) for _ in range(rounds)]
        results = {program: medians(found) for program, found in runs.items()}
        short_a, short_b = write_logs(folder, SHORT_LOG)
        short = [sys.executable, "-m", "compare", "traces", str(short_a), str(short_b)]
        results["compare traces, 200 lines"] = medians(
            [measure(short, allowed=PARITY_OR_DIVERGENCE) for _ in range(rounds)]
        )
    figures: dict[str, Any] = {"lines": lines, "bytes": size, "programs": results}
    figures["reader_s"] = spread(reading)._asdict()
    figures["reader_megabytes_per_s"] = size / 2e6 / figures["reader_s"]["median"]
    seconds = results["compare traces"]["wall_s"]["median"]
    figures["megabytes_per_s"] = size / 1e6 / seconds
    if "numdiff" in results:
        figures["times_faster_than_numdiff"] = times_faster(results["numdiff"]["wall_s"]["median"], seconds)
    return figures


def read_seconds(path: Path) -> float:
    """The time to read one log into columns, and nothing else."""
    from compare.judging.result import Side
    from compare.reading.log import Log, Pool
    from compare.words.vocabulary import packaged

    pool = Pool()
    began = time.perf_counter()
    try:
        for _ in Log([str(path)], packaged(), Side.A, pool):
            pass
    finally:
        pool.close()
    return time.perf_counter() - began


def numdiff_command(a: Path, b: Path) -> list[str]:
    """numdiff with the separators of a trace and a tolerance that every value is within; figures only."""
    return ["numdiff", "-q", "-r", "1e-9", "-s", " =,\\t\\n", str(a), str(b)]
