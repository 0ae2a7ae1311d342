"""A captured trace in a file: numbers as arrays, everything else as JSON; nothing in it is ever executed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from capture.errors import CaptureError
from capture.trace import CapturedTrace, Site, Values

ARRAYS = ("indices", "elements", "values", "order", "section", "calls")


def save(trace: CapturedTrace, path: Path) -> None:
    """Write a trace; the file appears whole or not at all."""
    content = io.BytesIO()
    np.savez(content, **_arrays(trace))
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
        "aliases": [(number, name, asdict(site)) for number, name, site in trace.aliases],
        "facts": dict(trace.facts),
        "calls": trace.calls,
        "columns": [_entry(column) for column in trace.columns],
    }
    arrays: dict[str, Any] = {"head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
    arrays["made"] = trace.made
    for name in ARRAYS:  # each kind in one piece: many small arrays are slow to read
        pieces = [np.ascontiguousarray(getattr(column, name)).reshape(-1).view(np.int64) for column in trace.columns]
        arrays[name] = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)
    return arrays


def _entry(column: Values) -> dict[str, Any]:
    shapes = {name: getattr(column, name).shape for name in ARRAYS}
    return {"site": asdict(column.site), "names": column.names, "shapes": shapes, "type": column.values.dtype.str}


def _columns(stored: Any, entries: list[dict[str, Any]]) -> Iterator[Values]:
    pieces = {name: stored[name] for name in ARRAYS}
    at = dict.fromkeys(ARRAYS, 0)
    for entry in entries:
        arrays = {}
        for name in ARRAYS:
            shape = tuple(entry["shapes"][name])
            size = int(np.prod(shape, dtype=np.int64))
            arrays[name] = pieces[name][at[name] : at[name] + size].reshape(shape)
            at[name] += size
        arrays["values"] = arrays["values"].view(np.dtype(entry["type"]))
        yield Values(site=_site(entry["site"]), names=tuple(entry["names"]), **arrays)


def load(path: Path) -> CapturedTrace:
    """Read a trace.

    Raises:
        CaptureError: the file is missing, or is none that `save` wrote.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            columns = tuple(_columns(stored, head["columns"]))
            made = stored["made"]
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CaptureError(f"{path} is no captured trace: {error}") from error
    return CapturedTrace(
        program=head["program"],
        section_names=tuple(head["section_names"]),
        sections=tuple(tuple(key) for key in head["sections"]),
        columns=columns,
        remarks=tuple(head["remarks"]),
        dropped=head["dropped"],
        flows=tuple((node, tuple(reads)) for node, reads in head["flows"]),
        aliases=tuple((number, name, _site(entry)) for number, name, entry in head["aliases"]),
        facts=head["facts"],
        calls=tuple((function, caller) for function, caller in head["calls"]),
        made=made,
    )


def _site(entry: dict[str, Any]) -> Site:
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in ("components", "reads", "loops")}
    return Site(**{**entry, **lists})
