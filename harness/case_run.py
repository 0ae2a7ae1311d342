"""One case through both programs: what each wrote and traced, or how it refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import Pixel
from harness.errors import ProgramFailed, WrongUse
from harness.port import Computing, make_simulator, read_case, render, run_setup, trace_pixels
from harness.processes import Finished
from harness.reference import Reference, pixel_words, run_case, split_traces
from harness.reference import trace_pixels as trace_reference
from harness.scratch import Prepared

if TYPE_CHECKING:
    import numpy as np

    from simulator import Experiment

KINDS = ("float", "int", "pgm", "noise")


@dataclass(frozen=True)
class SideRun:
    """What one program made of a case. ``refusal``: its message when it refused; then there is nothing else."""

    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    """float (float32), int, noise (uint16) and pgm (uint8), each slow x fast, those that were written."""
    traces: Mapping[Pixel, str] = field(default_factory=dict)
    runs: Sequence[Finished] = ()
    refusal: str | None = None
    device: str = "cpu"


def run_port(prepared: Prepared, pixels: Sequence[Pixel], computing: Computing) -> SideRun:
    """Render and trace a case with the port."""
    from simulator.errors import InputError

    try:
        with prepared.scratch() as folder:
            run_setup(prepared, folder, computing)
            experiment = read_case(prepared, folder)
            rendered = render(experiment, folder, computing)
            traces = trace_pixels(rendered.simulator, pixels)
            return SideRun(read_images(experiment, folder), traces, device=str(rendered.simulator.device))
    except InputError as error:
        return SideRun(refusal=str(error))


def trace_with_port(prepared: Prepared, pixels: Sequence[Pixel], computing: Computing) -> dict[Pixel, str]:
    """Trace more pixels of a case with the port."""
    with prepared.scratch() as folder:
        run_setup(prepared, folder, computing)
        return trace_pixels(make_simulator(read_case(prepared, folder), computing), pixels)


def run_reference(
    reference: Reference, prepared: Prepared, pixels: Sequence[Pixel], timeout_s: float | None
) -> SideRun:
    """Render and trace a case with the reference program.

    Raises:
        ProgramFailed: it crashed, hung or printed no trace.
    """
    try:
        with prepared.scratch() as folder:
            words = ("-case", prepared.case.name, *pixel_words(pixels)) if reference.own else ()
            runs = run_case(reference, prepared, folder, words, timeout_s=timeout_s)
            images = read_images(_experiment(prepared, folder), folder)
    except WrongUse as error:
        return SideRun(refusal=str(error))
    except ProgramFailed as error:
        if prepared.case.fails:
            return SideRun(refusal=str(error))
        raise
    if not reference.own:
        more, traces = trace_reference(reference, prepared, pixels, timeout_s=timeout_s)
        return SideRun(images, traces, runs + more)
    traces = split_traces(reference, runs[-1], pixels) if pixels else {}
    return SideRun(images, traces, runs)


def trace_with_reference(
    reference: Reference, prepared: Prepared, pixels: Sequence[Pixel], timeout_s: float | None
) -> dict[Pixel, str]:
    """Trace more pixels of a case with the reference program."""
    return trace_reference(reference, prepared, pixels, timeout_s=timeout_s)[1]


def _experiment(prepared: Prepared, folder: Path) -> Experiment:
    """For the names and sizes of the files that were written: the port reads the same command line."""
    from simulator.errors import InputError

    try:
        return read_case(prepared, folder)
    except InputError as error:
        raise ProgramFailed(f"the port refuses what the reference program accepted: {error}") from error


def read_images(experiment: Experiment, folder: Path) -> dict[str, np.ndarray]:
    """The image files that a run left in ``folder``, by kind.

    Raises:
        ProgramFailed: a file that the command line asks for is missing or has another size.
    """
    from compare.image_files import ImageFileError, read_image

    detector, output = experiment.detector, experiment.output
    names = (output.float_file, output.int_file, output.pgm_file, output.noise_file)
    size = (detector.pixels_slow, detector.pixels_fast)
    images: dict[str, np.ndarray] = {}
    for kind, name in zip(KINDS, names, strict=True):
        if name is None:
            continue
        try:
            images[kind] = read_image(folder / name, size).pixels
        except ImageFileError as error:
            raise ProgramFailed(f"the {kind} image cannot be compared: {error}") from error
    return images
