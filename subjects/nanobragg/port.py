"""Running the PyTorch port on a case. torch is loaded by the first function called here that computes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import Section
from harness.questions.traced import Trace, Traced
from harness.running.computing import Computing, bytes_of, timed
from harness.running.scratch import Prepared

if TYPE_CHECKING:
    import numpy as np

    from simulator import ExecutionConfig, Experiment, Simulator
    from simulator.files.outputs import Written

Progress = Callable[[int, int], None]
"""Called with (pixels done, pixels in all)."""


def execution_of(computing: Computing) -> ExecutionConfig:
    """What is asked of the simulator."""
    from simulator import ExecutionConfig

    return ExecutionConfig(
        device=computing.device,
        dtype=computing.dtype,
        compile=computing.compile,  # type: ignore[arg-type]  # one of the choices, as Computing has seen
        memory_bytes=bytes_of(computing.memory),
    )


@dataclass(frozen=True)
class Rendered:
    """An image that the port rendered and the files that it wrote."""

    experiment: Experiment
    simulator: Simulator
    image: np.ndarray
    """float32, slow x fast."""
    written: Written
    solid_angle_sr: float

    def printed(self) -> list[str]:
        """The figures about the image as the reference prints them."""
        return self.written.lines(self.experiment, self.simulator.prepared.oversample, self.solid_angle_sr)


def make_simulator(experiment: Experiment, computing: Computing) -> Simulator:
    """The port's simulator for an experiment; that ``auto`` fell back to the CPU is said on stderr, once.

    Raises:
        InputError: the device is not there.
    """
    from simulator import Simulator

    with plain_warnings():
        return Simulator(experiment, execution=execution_of(computing))


def read_case(prepared: Prepared, folder: Path) -> Experiment:
    """The experiment of a case whose inputs and setup's leavings lie in ``folder``."""
    return read_line(("-case", prepared.case.name, *prepared.case.argv), folder)


def read_line(argv: Sequence[str], folder: Path) -> Experiment:
    """The experiment of a command line; what is ignored of it is said on stderr, a line each."""
    from simulator import Experiment

    with plain_warnings():
        return Experiment.from_argv(argv, folder)


def run_setup(prepared: Prepared, folder: Path, computing: Computing) -> None:
    """Run a case's setup lines through the port, in the folder where the case will run."""

    for argv in prepared.case.setup:
        render(read_line(argv, folder), folder, computing)


def render(experiment: Experiment, folder: Path, computing: Computing, progress: Progress | None = None) -> Rendered:
    """Render an experiment and write its files into ``folder``."""
    import numpy as np

    from simulator.files.outputs import HeaderGeometry, write_outputs

    simulator = make_simulator(experiment, computing)
    rendering = simulator.render(progress) if progress else simulator.render()
    with np.errstate(over="ignore"):  # beyond 32 bits is infinite
        image = rendering.image.detach().cpu().numpy().astype(np.float32)
    geometry = HeaderGeometry.of(simulator.prepared.geometry)
    written = write_outputs(experiment, image, geometry, folder)
    return Rendered(experiment, simulator, image, written, rendering.solid_angle_sr)


def trace_pixels(simulator: Simulator, pixels: Sequence[Section]) -> dict[Section, str]:
    """The port's trace of each pixel, as text."""
    traces = simulator.traces(pixels)  # type: ignore[arg-type]  # a section is (slow, fast)
    return {pixel: "\n".join(trace.lines()) + "\n" for pixel, trace in zip(pixels, traces, strict=True)}


def traced(prepared: Prepared, pixels: Sequence[Section], computing: Computing) -> Traced:
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
            import simulator.evaluation.simulator  # noqa: F401
        with timed(seconds, "prepare"):
            machine = make_simulator(experiment, computing)
        with timed(seconds, "compute"):
            texts = trace_pixels(machine, pixels)
    resolution = machine.resolution
    return Traced(
        {section: Trace(text) for section, text in texts.items()},
        device=resolution.device,
        requested=resolution.requested,
        reason=resolution.reason,
        dtype=computing.dtype,
        seconds=seconds,
    )


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
