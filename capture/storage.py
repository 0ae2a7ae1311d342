"""A captured trace in a file: numbers as arrays, everything else as JSON; nothing in it is ever executed."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from capture.errors import CaptureError
from capture.trace import CapturedTrace, Site, Values

ARRAYS = ("indices", "elements", "values", "order", "section")


def save(trace: CapturedTrace, path: Path) -> None:
    """Write a trace; the file appears whole or not at all."""
    content = io.BytesIO()
    np.savez_compressed(content, **_arrays(trace))
    temporary = path.with_name(path.name + ".partial")
    temporary.write_bytes(content.getvalue())
    temporary.rename(path)


def _arrays(trace: CapturedTrace) -> dict[str, Any]:
    head = {
        "program": trace.program,
        "section_names": trace.section_names,
        "sections": trace.sections,
        "remarks": trace.remarks,
        "dropped": trace.dropped,
        "flows": trace.flows,
        "facts": dict(trace.facts),
        "columns": [{"site": asdict(c.site), "names": c.names} for c in trace.columns],
    }
    arrays: dict[str, Any] = {"head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
    for number, column in enumerate(trace.columns):
        for name in ARRAYS:
            arrays[f"{number}_{name}"] = getattr(column, name)
    return arrays


def load(path: Path) -> CapturedTrace:
    """Read a trace.

    Raises:
        CaptureError: the file is missing, or is none that `save` wrote.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            columns = tuple(
                Values(_site(entry["site"]), tuple(entry["names"]), *(stored[f"{number}_{name}"] for name in ARRAYS))
                for number, entry in enumerate(head["columns"])
            )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CaptureError(f"{path} is no captured trace: {error}") from error
    return CapturedTrace(
        program=head["program"],
        section_names=tuple(head["section_names"]),
        sections=tuple(tuple(key) for key in head["sections"]),
        columns=columns,
        remarks=tuple(head["remarks"]),
        dropped=head["dropped"],
        flows=tuple((node, tuple(reads)) for node, reads in head["flows"]),
        facts=head["facts"],
    )


def _site(entry: dict[str, Any]) -> Site:
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in ("components", "reads", "loops")}
    return Site(**{**entry, **lists})
