"""Running the PyTorch port on a case. torch is loaded by the first function called here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import Pixel
from harness.errors import WrongUse
from harness.scratch import Prepared
from harness.traced import Traced

if TYPE_CHECKING:
    from simulator import Experiment, Simulator


@dataclass(frozen=True)
class Computing:
    """What the port computes with, as asked for on the command line."""

    device: str = "auto"
    dtype: str = "float64"
    threads: int | None = None


DTYPES = ("float64", "float32", "mixed")


def make_simulator(experiment: Experiment, computing: Computing) -> Simulator:
    """The port's simulator for an experiment; a warning about the device chosen goes to stderr once.

    Raises:
        InputError: the device is not there.
    """
    import torch

    from simulator import Simulator

    dtype: Any = computing.dtype if computing.dtype == "mixed" else getattr(torch, computing.dtype)
    return Simulator(experiment, device=computing.device, dtype=dtype)


def read_case(prepared: Prepared, folder: Path) -> Experiment:
    """The experiment of a case whose inputs and setup's leavings lie in ``folder``."""
    from simulator import Experiment

    return Experiment.from_argv((*prepared.case.argv, "-case", prepared.case.name), folder)


def run_setup(prepared: Prepared, folder: Path, computing: Computing) -> None:
    """Run a case's setup lines through the port, in the folder where the case will run."""
    for argv in prepared.case.setup:
        simulate(argv, folder, computing)


def simulate(argv: Sequence[str], folder: Path, computing: Computing) -> tuple[Experiment, Any]:
    """Render one command line and write its files into ``folder``; gives the experiment and the float image."""
    from simulator.outputs import write_outputs

    from simulator import Experiment

    experiment = Experiment.from_argv(argv, folder)
    image = make_simulator(experiment, computing).image()
    write_outputs(experiment, image, folder)
    return experiment, image


def check_dtype(dtype: str) -> None:
    """Raises WrongUse for a dtype that does not exist."""
    if dtype not in DTYPES:
        raise WrongUse(f"--dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")


def trace_pixels(simulator: Simulator, pixels: Sequence[Pixel]) -> dict[Pixel, str]:
    """The port's trace of each pixel, as text."""
    return {pixel: "\n".join(simulator.trace(*pixel).lines()) + "\n" for pixel in pixels}


def traced(prepared: Prepared, pixels: Sequence[Pixel], computing: Computing) -> Traced:
    """The traces of a case's pixels through the port, with the time of each phase.

    Raises:
        InputError: the port refuses the command line, an input file, the device or a pixel.
    """
    check_dtype(computing.dtype)
    seconds: dict[str, float] = {}
    with prepared.scratch() as folder:
        with timed(seconds, "import"):
            import simulator.simulator  # noqa: F401
        with timed(seconds, "parse"):
            run_setup(prepared, folder, computing)
            experiment = read_case(prepared, folder)
        with timed(seconds, "prepare"):
            machine = make_simulator(experiment, computing)
        with timed(seconds, "compute"):
            traces = trace_pixels(machine, pixels)
    device, reason = str(machine.device), getattr(machine, "device_reason", None)
    return Traced(
        traces, device=device, requested=computing.device, reason=reason, dtype=computing.dtype, seconds=seconds
    )


@contextmanager
def timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    """Record how long the block took, in seconds."""
    began = time.monotonic()
    yield
    seconds[phase] = time.monotonic() - began


def with_plain_warnings() -> None:
    """Show a warning as one line on stderr instead of with the line of code that raised it."""

    def plain(message: Warning | str, *_: object, **__: object) -> str:
        return f"warning: {message}\n"

    warnings.formatwarning = plain
