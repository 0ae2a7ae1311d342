"""The process that is measured: one contender, ready to run one workload again and again.

``python -m benchmarks.worker SPECIFICATION`` reads the specification (JSON: argv, folder, threads and either
``program`` or ``device``, ``dtype`` and ``compile``), then runs once for every line on its standard input and answers
with a line of JSON. A program is run from here because a child's peak memory counts what its parent held: this module
therefore imports nothing that is large until a simulator is asked for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.resources import forget_peak, peak_bytes, resident_bytes, timed

FAILED = 4


def program_runner(specification: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Runs another program; whole processes are timed."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(specification["threads"])}
    command = [specification["program"], *specification["argv"]]

    def run() -> dict[str, Any]:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=specification["folder"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with status {child.returncode}")
        return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}

    return run


def simulator_runner(specification: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Runs the port, from the command line's words to the files, in a process that has imported it."""
    import torch

    from simulator import ExecutionConfig, Experiment, Simulator
    from simulator.evaluation.allocator import keep_freed_memory
    from simulator.files.outputs import HeaderGeometry, write_outputs

    keep_freed_memory()
    folder = Path(specification["folder"])
    execution = ExecutionConfig(
        device=specification["device"],
        dtype=specification["dtype"],
        compile=specification["compile"],
        threads=specification["threads"],
    )

    def run() -> dict[str, Any]:
        phases: dict[str, dict[str, float]] = {}
        forget_peak()
        before = resident_bytes()
        with timed(phases, "parse"):
            experiment = Experiment.from_argv(specification["argv"], folder)
        with timed(phases, "prepare"):
            simulator = Simulator(experiment, execution=execution)
        with timed(phases, "compute"), torch.no_grad():
            image = simulator.image().cpu()
        rendering = peak_bytes()
        with timed(phases, "write"):
            pixels = image.to(torch.float32).numpy()
            write_outputs(experiment, pixels, HeaderGeometry.of(simulator.prepared.geometry), folder)
        output = image.numel() * image.element_size()
        beyond = rendering - before - output
        if simulator.device.type == "cuda":  # what counts is the memory of the card
            beyond = torch.cuda.max_memory_allocated(simulator.device) - output
        samples = simulator.prepared.steps * simulator.prepared.thick_steps
        return {
            "wall_s": sum(phase["wall_s"] for phase in phases.values()),
            "cpu_s": sum(phase["cpu_s"] for phase in phases.values()),
            "phases": phases,
            "peak_bytes": peak_bytes(),
            "beyond_output_bytes": max(0, beyond),
            "pixels": simulator.region.n_active,
            "evaluations": simulator.region.n_active * samples,
        }

    return run


def main() -> None:
    """Serve one run per line of standard input."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the work prints must not be taken for an answer
    specification = json.loads(sys.argv[1])
    try:
        run = program_runner(specification) if "program" in specification else simulator_runner(specification)
        for _ in sys.stdin:
            answers.write(json.dumps(run()) + "\n")
    except Exception as error:
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
