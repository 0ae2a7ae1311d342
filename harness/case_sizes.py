"""What ``compare images --case`` asks: how many pixels the image of a case has."""

from __future__ import annotations

import json
from pathlib import Path

from compare.case_sizes import record_of
from harness.case import Case, case_from_argv, load_case, packaged_case_names
from harness.scratch import Prepared, prepare


def image_shape(prepared: Prepared) -> tuple[int, int]:
    """(slow, fast) of a case's detector, from its flags and the image headers they name.

    Raises:
        InputError: flags or headers that cannot be read.
    """
    from simulator.commandline import read_detector

    with prepared.scratch() as folder:
        detector = read_detector(prepared.case.argv, folder)
    return detector.pixels_slow, detector.pixels_fast


def shape_of_case(name: str) -> tuple[int, int] | None:
    """The same for a packaged case, a case's TOML file, or an evidence folder; None for anything else."""
    case = _known(name)
    return image_shape(prepare(case)) if case else None


def _known(name: str) -> Case | None:
    if name in packaged_case_names() or Path(name).suffix == ".toml":
        return load_case(name)
    record = record_of(name)
    if record is None or not record.is_file():
        return None
    content = json.loads(record.read_text("utf-8"))
    return case_from_argv(content["argv"]) if isinstance(content, dict) and content.get("argv") else None
