"""Measuring which sizes of evaluation are fastest on a device, to be remembered by the simulator."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator import Experiment
    from simulator.evaluation.execution import CompileChoice
    from simulator.evaluation.tiles import TileElements

CANDIDATES = {
    "eager": [1 << n for n in range(15, 20)],
    "compiled": [1 << n for n in range(17, 22)],
    "interpolating": [1 << n for n in range(16, 21)],
}
"""Samples x pixels to try, by how they are computed; four times as many on other devices than the CPU."""

SAMPLES = 10
"""Phi steps a pixel."""

CRYSTAL = f"-cell 40 40 40 90 90 90 -misset 14 22 33 -N 20 -default_F 100 -osc 1 -phisteps {SAMPLES}"
GEOMETRY = "-lambda 1 -distance 100 -oversample 1"

Report = Callable[[str], None]
"""Called with what is about to be measured."""


@dataclass(frozen=True)
class Measured:
    """The sizes of one way of computing: median seconds of an image by samples x pixels."""

    kind: str
    seconds: Mapping[int, float]

    @property
    def fastest(self) -> int:
        """The smallest size within 2 % of the least time."""
        least = min(self.seconds.values())
        return min(size for size, taken in self.seconds.items() if taken <= 1.02 * least)


def measure(device: str, *, kinds: Sequence[str], pixels: int, rounds: int, report: Report) -> list[Measured]:
    """Time images of ``pixels`` x ``pixels`` at every candidate size, in turn.

    Raises:
        InputError: the device is not there.
    """
    return [_measure(kind, device, pixels, rounds, report) for kind in kinds]


def _measure(kind: str, device: str, pixels: int, rounds: int, report: Report) -> Measured:
    from simulator import ExecutionConfig, Simulator

    compile_: CompileChoice = "never" if kind == "eager" else "always"
    experiment = _experiment(pixels, interpolate=kind == "interpolating")
    more = 1 if device == "cpu" else 4
    simulators = {}
    for size in CANDIDATES[kind]:
        tile = replace(_default(device), **{kind: more * size})
        execution = ExecutionConfig(device=device, compile=compile_, tile=tile, memory_bytes=1 << 34)
        report(f"{kind}, {more * size} samples x pixels" + (": compiling" if compile_ == "always" else ""))
        simulators[more * size] = Simulator(experiment, execution=execution)
        _seconds(simulators[more * size])
    taken: dict[int, list[float]] = {size: [] for size in simulators}
    for number in range(rounds):
        report(f"{kind}: round {number + 1} of {rounds}")
        for size, simulator in simulators.items():
            taken[size].append(_seconds(simulator))
    return Measured(kind, {size: statistics.median(seconds) for size, seconds in taken.items()})


def _default(device: str) -> TileElements:
    from simulator.evaluation.tiles import DEFAULTS

    return DEFAULTS[device.partition(":")[0]]


def _seconds(simulator: object) -> float:
    import torch

    began = time.perf_counter()
    with torch.no_grad():
        float(simulator.image().sum())  # type: ignore[attr-defined]  # waits for the device too
    return time.perf_counter() - began


def _experiment(pixels: int, *, interpolate: bool) -> Experiment:
    from simulator import Experiment

    words = [*CRYSTAL.split(), *GEOMETRY.split(), "-detpixels", str(pixels), "-pixel", repr(100.0 / pixels)]
    experiment = Experiment.from_argv(words)
    return with_factors(experiment, interpolate=True) if interpolate else experiment


def with_factors(experiment: Experiment, *, interpolate: bool) -> Experiment:
    """The experiment with a list of structure factors."""
    import numpy as np

    from simulator import StructureFactors

    reach = 40  # indices; the detector's corner sees 30
    values = 100.0 + 50.0 * np.random.default_rng(1).random((2 * reach + 1,) * 3)
    factors = StructureFactors(100.0, values, (-reach,) * 3, math.prod(values.shape))
    return replace(
        experiment, structure_factors=factors, sampling=replace(experiment.sampling, interpolate=interpolate)
    )
