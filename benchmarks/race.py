"""Contenders side by side on the same workloads: a run of each, in turn, round after round."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import spread, times_faster
from benchmarks.contenders import BASELINE, Contender, Failed, Running
from benchmarks.workloads import IMAGE_FILE, Workload

Say = Callable[[str], None]


def race(
    workloads: Sequence[Workload],
    racers: Sequence[Contender],
    *,
    threads: int,
    rounds: int,
    at_once: int = 1,
    say: Say,
) -> list[dict[str, Any]]:
    """Run every contender on every workload once to warm up (the port compiles then), and then ``rounds`` times.

    All are interleaved: a machine that grows slower meanwhile grows slower for all.

    Args:
        workloads: what they run.
        racers: who.
        threads: of each.
        rounds: how often it is each one's turn.
        at_once: runs of a turn of the port: all but the first find caches and threads awake. (A program is started
            anew for each run.)
        say: told of each turn.

    Returns:
        Each workload's figures; per contender all runs, medians, and how far its image is from the exact one.
    """
    with ExitStack() as stack:
        heats = [_Heat(stack, workload, racers, threads, say) for workload in workloads]
        for number in range(rounds):
            for heat in heats:
                heat.run(f"{number + 1}/{rounds}", at_once, say)
        return [heat.figures(threads) for heat in heats]


class _Heat:
    """Contenders on one workload, warmed up; processes and folders last as long as the stack."""

    def __init__(
        self, stack: ExitStack, workload: Workload, racers: Sequence[Contender], threads: int, say: Say
    ) -> None:
        self._workload = workload
        self._running: dict[str, Running] = {}
        for racer in racers:
            folder = stack.enter_context(workload.folder())
            self._running[racer.name] = stack.enter_context(Running(racer, workload.argv, folder, threads))
        self._first, self._failures = _warmed_up(self._running, say)
        self._runs: dict[str, list[dict[str, Any]]] = {name: [] for name in self._running if name not in self._failures}
        self._loads: list[float] = []

    def run(self, number: str, at_once: int, say: Say) -> None:
        """Each contender's turn."""
        self._loads.append(os.getloadavg()[0])
        for name, answers in self._runs.items():
            contender = self._running[name]
            answers += [contender.run() for _ in range(at_once if contender.contender.program is None else 1)]
        walls = ", ".join(f"{name} {answers[-1]['wall_s']:.3f}" for name, answers in self._runs.items())
        say(f"{self._workload.name} {number}: {walls} s (load {self._loads[-1]:.1f})")

    def figures(self, threads: int) -> dict[str, Any]:
        """What was measured."""
        differences = image_differences({name: self._running[name].folder / IMAGE_FILE for name in self._runs})
        sizes = next((run for run in self._first.values() if "evaluations" in run), {})
        results = {
            name: summary(answers, self._first[name], sizes.get("evaluations")) | {"image": differences.get(name)}
            for name, answers in self._runs.items()
        }
        _add_ratios(results)
        return {
            "workload": self._workload.name,
            "about": self._workload.about,
            "argv": list(self._workload.argv),
            "pixels": sizes.get("pixels"),
            "evaluations": sizes.get("evaluations"),
            "threads": threads,
            "loads": self._loads,
            "contenders": results,
            "failures": self._failures,
        }


def _warmed_up(running: dict[str, Running], say: Say) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The first run of each, and why some failed."""
    first: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}
    for name, contender in running.items():
        try:
            first[name] = contender.run()
        except Failed as failure:
            failures[name] = str(failure)
            say(str(failure))
    return first, failures


def summary(runs: Sequence[dict[str, Any]], first: dict[str, Any], evaluations: int | None) -> dict[str, Any]:
    """Medians of one contender's runs, and its rate from the median."""
    wall = spread([run["wall_s"] for run in runs])
    cpu = spread([run["cpu_s"] for run in runs])
    figures: dict[str, Any] = {
        "wall_s": wall._asdict(),
        "cpu_s": cpu._asdict(),
        "first_wall_s": first["wall_s"],
        "peak_bytes": max(run["peak_bytes"] for run in runs),
        "runs": list(runs),
    }
    if evaluations:
        figures["evaluations_per_s"] = evaluations / wall.median
    if "phases" in runs[0]:
        figures["beyond_output_bytes"] = max(run["beyond_output_bytes"] for run in runs)
        names = runs[0]["phases"]
        figures["phases_s"] = {name: spread([run["phases"][name]["wall_s"] for run in runs]).median for name in names}
    return figures


def _add_ratios(results: dict[str, dict[str, Any]]) -> None:
    """How many times faster than the baseline each is, by wall and by CPU time."""
    if BASELINE not in results:
        return
    baseline = results[BASELINE]
    for figures in results.values():
        for kind in ("wall_s", "cpu_s"):
            ratio = times_faster(baseline[kind]["median"], figures[kind]["median"])
            figures[f"times_faster_{kind.removesuffix('_s')}"] = ratio


def image_differences(images: dict[str, Path], exact: str = "eager") -> dict[str, float]:
    """Largest difference of each float image from the exact one, over that image's largest pixel."""
    import numpy as np

    if exact not in images:
        return {}
    truth = np.fromfile(images[exact], "<f4").astype(np.float64)
    scale = float(np.abs(truth).max()) or 1.0
    found = {}
    for name, path in images.items():
        other = np.fromfile(path, "<f4").astype(np.float64)
        found[name] = float(np.abs(other - truth).max() / scale) if other.shape == truth.shape else float("inf")
    return found


def wait_for_idle(limit: float, patience_s: float, say: Say) -> float:
    """Wait until the load is below ``limit``, ``patience_s`` at most; the load then."""
    end = time.monotonic() + patience_s
    while (load := os.getloadavg()[0]) >= limit and time.monotonic() < end:
        time.sleep(5)
    if load >= limit:
        say(f"the load is {load:.1f}: wall times will be too long; compare CPU seconds")
    return load


def have_program(name: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(name) is not None
