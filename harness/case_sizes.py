"""What ``compare images --case`` asks: how many pixels the image of a case has."""

from __future__ import annotations

import json
from pathlib import Path

from compare.imaging.case_sizes import record_of
from harness.case import Case, case_from_argv
from harness.choices import named_case
from harness.errors import WrongUse
from harness.finding import find_subject
from harness.running.scratch import prepare
from harness.subject import Subject


def shape_of_case(name: str) -> tuple[int, int] | None:
    """(slow, fast) of a case by name, of a case's TOML file, or of an evidence folder; None for anything else.

    Raises:
        WrongUse: the case is known and has no image, or its command line is refused.
    """
    subject = find_subject(None)
    case = _known(subject, name)
    if case is None:
        return None
    shape = subject.image_shape(prepare(subject, case))
    if shape is None:
        raise WrongUse(f"case {case.name!r} has no image whose size is known")
    return shape


def _known(subject: Subject, name: str) -> Case | None:
    if name in subject.case_names() or Path(name).suffix == ".toml":
        return named_case(subject, name)
    record = record_of(name)
    if record is None or not record.is_file():
        return None
    content = json.loads(record.read_text("utf-8"))
    return case_from_argv(content["argv"]) if isinstance(content, dict) and content.get("argv") else None
