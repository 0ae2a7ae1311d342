"""Running the PyTorch port on a case. torch is loaded by the first function called here that computes."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import Pixel
from harness.errors import WrongUse
from harness.scratch import Prepared
from harness.traced import Traced

if TYPE_CHECKING:
    import numpy as np

    from simulator import ExecutionConfig, Experiment, Simulator
    from simulator.outputs import Written

DTYPES = ("float64", "float32", "mixed")
COMPILE_CHOICES = ("auto", "always", "never")
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
Progress = Callable[[int, int], None]
"""Called with (pixels done, pixels in all)."""


@dataclass(frozen=True)
class Computing:
    """What the port computes with, as asked for on the command line."""

    device: str = "auto"
    dtype: str = "float64"
    compile: str = "auto"
    memory: str = "1GiB"
    """For temporaries beside the image."""

    def __post_init__(self) -> None:
        for option, choices in (("dtype", DTYPES), ("compile", COMPILE_CHOICES)):
            if getattr(self, option) not in choices:
                raise WrongUse(f"--{option} must be one of {', '.join(choices)}; got {getattr(self, option)!r}")
        bytes_of(self.memory)

    def execution(self) -> ExecutionConfig:
        """The same for the simulator."""
        from simulator import ExecutionConfig

        return ExecutionConfig(
            device=self.device,
            dtype=self.dtype,
            compile=self.compile,  # type: ignore[arg-type]  # one of the choices, as was seen above
            memory_bytes=bytes_of(self.memory),
        )


def bytes_of(size: str) -> int:
    """``512MB``, ``2GB``, ``1.5GiB`` or a plain number in bytes; WrongUse for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", size.strip())
    if not match or match[2].upper() not in UNITS:
        raise WrongUse(f"--memory must be a size such as 512MB, 2GB or 1GiB; got {size!r}")
    return int(float(match[1]) * UNITS[match[2].upper()])


@dataclass(frozen=True)
class Rendered:
    """An image that the port rendered and the files that it wrote."""

    experiment: Experiment
    simulator: Simulator
    image: np.ndarray
    """float32, slow x fast."""
    written: Written
    solid_angle_sr: float


def make_simulator(experiment: Experiment, computing: Computing) -> Simulator:
    """The port's simulator for an experiment; that ``auto`` fell back to the CPU is said on stderr, once.

    Raises:
        InputError: the device is not there.
    """
    from simulator import Simulator

    with plain_warnings():
        return Simulator(experiment, execution=computing.execution())


def read_case(prepared: Prepared, folder: Path) -> Experiment:
    """The experiment of a case whose inputs and setup's leavings lie in ``folder``."""
    from simulator import Experiment

    return Experiment.from_argv((*prepared.case.argv, "-case", prepared.case.name), folder)


def run_setup(prepared: Prepared, folder: Path, computing: Computing) -> None:
    """Run a case's setup lines through the port, in the folder where the case will run."""
    from simulator import Experiment

    for argv in prepared.case.setup:
        render(Experiment.from_argv(argv, folder), folder, computing)


def render(experiment: Experiment, folder: Path, computing: Computing, progress: Progress | None = None) -> Rendered:
    """Render an experiment and write its files into ``folder``."""
    import numpy as np

    from simulator.outputs import HeaderGeometry, write_outputs

    simulator = make_simulator(experiment, computing)
    rendering = simulator.render(progress) if progress else simulator.render()
    image = rendering.image.detach().cpu().numpy().astype(np.float32)
    geometry = HeaderGeometry.of(simulator.prepared.geometry)
    written = write_outputs(experiment, image, geometry, folder)
    return Rendered(experiment, simulator, image, written, rendering.solid_angle_sr)


def trace_pixels(simulator: Simulator, pixels: Sequence[Pixel]) -> dict[Pixel, str]:
    """The port's trace of each pixel, as text."""
    traces = simulator.traces(pixels)
    return {pixel: "\n".join(trace.lines()) + "\n" for pixel, trace in zip(pixels, traces, strict=True)}


def traced(prepared: Prepared, pixels: Sequence[Pixel], computing: Computing) -> Traced:
    """The traces of a case's pixels through the port, with the time of each phase.

    Raises:
        InputError: the port refuses the command line, an input file, the device or a pixel.
    """
    seconds: dict[str, float] = {}
    with prepared.scratch() as folder:
        with timed(seconds, "parse"):  # before torch is loaded: bad input is answered at once
            run_setup(prepared, folder, computing)
            experiment = read_case(prepared, folder)
        with timed(seconds, "import"):
            import simulator.simulator  # noqa: F401
        with timed(seconds, "prepare"):
            machine = make_simulator(experiment, computing)
        with timed(seconds, "compute"):
            traces = trace_pixels(machine, pixels)
    resolution = machine.resolution
    return Traced(
        traces,
        device=resolution.device,
        requested=resolution.requested,
        reason=resolution.reason,
        dtype=computing.dtype,
        seconds=seconds,
    )


@contextmanager
def timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    """Record how long the block took, in seconds."""
    began = time.monotonic()
    yield
    seconds[phase] = time.monotonic() - began


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings as one line on stderr, without the line of code that raised them."""

    def plain(message: Warning | str, *_: object, **__: object) -> str:
        return f"warning: {message}\n"

    usual = warnings.formatwarning
    warnings.formatwarning = plain
    try:
        yield
    finally:
        warnings.formatwarning = usual
