"""The images that a run of either program left in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ProgramFailed
from harness.running.scratch import Prepared
from subjects.nanobragg.judging import HEADER, PRINTED, printed_figures
from subjects.nanobragg.port import read_case

if TYPE_CHECKING:
    import numpy as np

    from simulator import Experiment

PIXEL_TYPES = {"float": "<f4", "int": "<u2", "pgm": "u1", "noise": "<u2"}


def read_artifacts(experiment: Experiment, folder: Path, log: str) -> dict[str, object]:
    """Images by kind, their headers, and the figures about them that the program printed on its ``log``.

    Raises:
        ProgramFailed: a file that the command line asks for is missing or has another size.
    """
    headers = {f"{kind}{HEADER}": header for kind, header in read_headers(experiment, folder).items()}
    return {**read_images(experiment, folder), **headers, PRINTED: printed_figures(log)}


def experiment_of(prepared: Prepared, folder: Path) -> Experiment:
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
