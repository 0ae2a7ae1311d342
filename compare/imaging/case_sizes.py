"""The size of a case's image: from the record of a run, or from whichever installed program knows the case."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from compare.errors import InputError

RECORD = "case.json"
KEY = "image_shape"
"""In a record: [slow, fast]."""
PROVIDERS = "compare.case_sizes"
"""Entry points: functions of a case's name or path that return (slow, fast), or None for a case they do not know."""

Shape = tuple[int, int]


def size_of_case(case: str) -> Shape:
    """(slow, fast) of a case: a folder with ``case.json``, such a file, or what an installed program calls a case.

    Raises:
        InputError: nobody knows the case, or who does cannot tell its size.
    """
    record = record_of(case)
    if record is not None and (shape := recorded_size(record)):
        return shape
    for provider in entry_points(group=PROVIDERS):
        try:
            found = provider.load()(case)
        except Exception as error:  # another program's: what it refuses is told in a line
            raise InputError(f"--case {case}: {provider.name} cannot tell its size: {error}") from error
        if found is not None:
            return _shape(found, f"{provider.name}, asked for case {case},")
    raise InputError(
        f"--case {case}: no record ({RECORD}) with {KEY!r} is there and no installed program knows such a case; "
        "give --size SLOWxFAST"
    )


def record_of(case: str) -> Path | None:
    """The record that a folder holds, or the file itself; None for what can be neither."""
    path = Path(case)
    record = path / RECORD if path.is_dir() else path
    return record if record.suffix == ".json" else None


def recorded_size(record: Path) -> Shape | None:
    """The size that a record of a run states; None where there is no record or none in it.

    Raises:
        InputError: the record is there and cannot be read.
    """
    try:
        content = json.loads(record.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{record}: cannot be read as the record of a case: {error}") from error
    stated = content.get(KEY) if isinstance(content, dict) else None
    return None if stated is None else _shape(stated, str(record))


def _shape(value: Any, where: str) -> Shape:
    try:
        slow, fast = value
        if isinstance(slow, int) and isinstance(fast, int) and min(slow, fast) >= 1:
            return slow, fast
    except (TypeError, ValueError):
        pass
    raise InputError(f"{where} must state {KEY} as [slow, fast]; it says {value!r}")
