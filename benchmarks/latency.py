"""How long a trace takes: the whole process, and where in it the time goes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import spread
from benchmarks.contenders import ROOT, Failed
from benchmarks.processes import measure_often
from benchmarks.race import Say

WARM_TRACES = 20
GRID, QUICK_GRID = 1000, 50
"""Pixels of the many-pixel trace."""


def latency(*, rounds: int, grid: int, say: Say) -> dict[str, Any]:
    """The default trace of each program as whole processes, and the port's stages in fresh processes."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="benchmarks_") as folder:
        harness = [sys.executable, "-m", "harness"]
        for name, words in (("harness trace", ["trace"]), ("harness reference trace", ["reference", "trace"])):
            results[name] = measure_often([*harness, *words, "--out-dir", folder], rounds)
            say(f"{name}: {results[name]['wall_s']['median']:.2f} s")
    runs = [_stages(grid) for _ in range(rounds)]
    results["stages_s"] = {stage: spread([run[stage] for run in runs])._asdict() for stage in runs[0]}
    say(", ".join(f"{stage} {figures['median']:.4f} s" for stage, figures in results["stages_s"].items()))
    return results | {"grid": grid}


def _stages(grid: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.latency", str(grid)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"the stages of a trace: {done.stderr.strip()[-500:]}")
    stages: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return stages


def measure_stages(grid: int) -> dict[str, float]:
    """Seconds of each stage of a trace of the supervisor pixel, in this process, which must be fresh."""
    seconds: dict[str, float] = {}

    def stage(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        seconds[name] = time.perf_counter() - began
        return result

    stage("import torch", lambda: __import__("torch"))
    stage("import simulator", lambda: __import__("simulator.evaluation.simulator"))
    from benchmarks.workloads import workloads
    from simulator import ExecutionConfig, Experiment, Simulator

    workload = workloads()[0]
    with workload.folder() as folder:
        experiment = stage("parse", lambda: Experiment.from_argv(workload.argv, folder))
        machine = stage("prepare", lambda: Simulator(experiment, execution=ExecutionConfig(device="cpu")))
        trace = stage("compute", lambda: machine.trace(685, 1039))
        stage("write", lambda: _write(folder / "trace.log", list(trace.lines())))
    stage("compute, warm", lambda: [machine.trace(685, 1039 + i) for i in range(WARM_TRACES)])
    seconds["compute, warm"] /= WARM_TRACES
    rows, columns = experiment.detector.pixels_slow, experiment.detector.pixels_fast
    pixels = [divmod(i * (rows * columns // grid), columns) for i in range(grid)]
    traces = stage(f"compute {grid} pixels", lambda: _many(machine, pixels))
    stage(f"write {grid} pixels", lambda: [list(one.lines()) for one in traces])
    return seconds


def _many(machine: Any, pixels: list[tuple[int, int]]) -> list[Any]:
    """All traces: in one call where the simulator takes several pixels, else one by one."""
    if hasattr(machine, "traces"):
        return list(machine.traces(pixels))
    return [machine.trace(*pixel) for pixel in pixels]


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", "ascii")


if __name__ == "__main__":
    print(json.dumps(measure_stages(int(sys.argv[1]))))
