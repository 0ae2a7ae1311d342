"""Whole processes, timed from outside, with the peak memory of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import spread
from benchmarks.contenders import ROOT, Failed

_STARTER = """
import json, os, subprocess, sys, time
command = json.loads(sys.argv[1])
began = time.perf_counter()
child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = child.stderr.read()
_, status, usage = os.wait4(child.pid, 0)
wall = time.perf_counter() - began
print(json.dumps({"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024,
                  "status": os.waitstatus_to_exitcode(status), "said": said.decode("utf-8", "replace")[-500:]}))
"""
"""Run by a bare interpreter: a child's peak memory counts what its parent held."""


def measure(command: Sequence[str], *, allowed: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Wall and CPU seconds, peak memory and exit status of one process.

    Raises:
        Failed: it ended with a status that is not allowed.
    """
    starter = [sys.executable, "-S", "-E", "-c", _STARTER, json.dumps(list(command))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(starter, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).name}: {done.stderr.strip()[-500:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer["status"] not in allowed:
        raise Failed(f"{' '.join(command[:4])} ended with status {answer['status']}: {answer['said'].strip()}")
    return answer


def measure_often(command: Sequence[str], times: int, *, allowed: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Medians of several runs."""
    return medians([measure(command, allowed=allowed) for _ in range(times)])


def medians(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians of repeated runs of one process."""
    return {
        "wall_s": spread([run["wall_s"] for run in runs])._asdict(),
        "cpu_s": spread([run["cpu_s"] for run in runs])._asdict(),
        "peak_bytes": max(run["peak_bytes"] for run in runs),
        "status": runs[0]["status"],
    }
