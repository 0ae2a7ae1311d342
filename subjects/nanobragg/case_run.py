"""One case through both programs: what each wrote and traced, or how it refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import Pixel
from harness.errors import ProgramFailed, WrongUse
from harness.processes import Finished
from harness.scratch import Prepared
from subjects.nanobragg.port import Computing, make_simulator, read_case, render, run_setup, trace_pixels
from subjects.nanobragg.reference import Reference, pixel_words, run_case, split_traces
from subjects.nanobragg.reference import trace_pixels as trace_reference

if TYPE_CHECKING:
    import numpy as np

    from simulator import Experiment

PIXEL_TYPES = {"float": "<f4", "int": "<u2", "pgm": "u1", "noise": "<u2"}


@dataclass(frozen=True)
class SideRun:
    """What one program made of a case. ``refusal``: its message when it refused; then there is nothing else."""

    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    """float (float32), int, noise (uint16) and pgm (uint8), each slow x fast, those that were written."""
    headers: Mapping[str, bytes] = field(default_factory=dict)
    """Of the integer and the noise image."""
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
            device = str(rendered.simulator.device)
            return SideRun(read_images(experiment, folder), read_headers(experiment, folder), traces, device=device)
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
            experiment = _experiment(prepared, folder)
            images, headers = read_images(experiment, folder), read_headers(experiment, folder)
    except WrongUse as error:
        return SideRun(refusal=str(error))
    except ProgramFailed as error:
        if prepared.case.fails:
            return SideRun(refusal=str(error))
        raise
    if not reference.own:
        more, traces = trace_reference(reference, prepared, pixels, timeout_s=timeout_s)
        return SideRun(images, headers, traces, runs + more)
    traces = split_traces(reference, runs[-1], pixels) if pixels else {}
    return SideRun(images, headers, traces, runs)


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
    detector, output = experiment.detector, experiment.output
    names = (output.float_file, output.int_file, output.pgm_file, output.noise_file)
    size = (detector.pixels_slow, detector.pixels_fast)
    kinds = zip(PIXEL_TYPES, names, strict=True)
    return {kind: _pixels(folder / name, PIXEL_TYPES[kind], size) for kind, name in kinds if name is not None}


def _pixels(path: Path, pixel_type: str, size: tuple[int, int]) -> np.ndarray:
    """The pixels at the end of an image file, whatever the length of its header (the reference's may overflow)."""
    import numpy as np

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ProgramFailed(f"the image {path.name} was not written: {error.strerror}") from error
    length = size[0] * size[1] * np.dtype(pixel_type).itemsize
    header = len(content) - length
    if header < 0 or (pixel_type == PIXEL_TYPES["float"] and header != 0):
        raise ProgramFailed(f"{path.name} has {len(content)} bytes; {size[0]} x {size[1]} pixels need {length}")
    return np.frombuffer(content, pixel_type, offset=header).reshape(size)


def read_headers(experiment: Experiment, folder: Path) -> dict[str, bytes]:
    """What precedes the pixels of the integer and noise images, by kind."""
    names = {"int": experiment.output.int_file, "noise": experiment.output.noise_file}
    length = 2 * experiment.detector.pixels_slow * experiment.detector.pixels_fast
    return {kind: (folder / name).read_bytes()[:-length] for kind, name in names.items() if name is not None}
