"""Kernels for kinds of experiments, compiled before anybody waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator import ExecutionConfig, Experiment, Simulator
from subjects.nanobragg.tuning import GEOMETRY, with_factors

CRYSTAL = "-cell 40 40 40 90 90 90 -misset 14 22 33 -N 20 -default_F 100 -detpixels 64 -pixel 1.5"
SCAN = "-osc 1 -phisteps 10"


@dataclass(frozen=True)
class Kind:
    """What an experiment of the kind says on its command line beside a crystal and a detector, and its factors."""

    words: str
    listed: bool = True
    interpolated: bool = False

    def experiment(self) -> Experiment:
        """A small one of it. The kernels are the same for any number of pixels, steps, sources and domains above 1."""
        words = [*CRYSTAL.split(), *GEOMETRY.split(), *self.words.split()]
        experiment = Experiment.from_argv(words)
        return with_factors(experiment, interpolate=self.interpolated) if self.listed else experiment


KINDS: Mapping[str, Kind] = {
    "still": Kind(""),
    "scan": Kind(SCAN),
    "many samples or subpixels": Kind(f"{SCAN} -oversample 2"),
    "scan, default_F alone": Kind(SCAN, listed=False),
    "many samples or subpixels, default_F alone": Kind(f"{SCAN} -oversample 2", listed=False),
    "scan, interpolated": Kind(SCAN, interpolated=True),
    "scan, Gaussian spots": Kind(f"{SCAN} -gauss_xtal"),
    "scan, round crystal": Kind(f"{SCAN} -round_xtal"),
    "scan, top-hat spots": Kind(f"{SCAN} -tophat_spots"),
    "scan, sensor in layers": Kind(f"{SCAN} -detector_abs 300 -detector_thick 450 -detector_thicksteps 5"),
}


def build_kernels(experiments: Mapping[str, Experiment], report: Callable[[str], None]) -> dict[str, int]:
    """Compile what images of these experiments need and nobody has compiled here; how many kernels, by experiment.

    Raises:
        InputError: nothing can compile here.
        KernelRefused: the compiler cannot do one of them.
        OSError: they cannot be kept.
    """
    built = {}
    execution = ExecutionConfig(device="cpu", compile="always")
    for name, experiment in experiments.items():
        kernels = Simulator(experiment, execution=execution).kernels
        said: list[str] = []

        def told(words: str, name: str = name, said: list[str] = said) -> None:
            said.append(words)
            report(f"{name}: {words}")

        kernels.build(told)
        built[name] = len(said)
    return built
