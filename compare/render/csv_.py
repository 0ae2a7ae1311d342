"""A comparison as CSV (``docs/schemas/comparison-csv-1.json``): a row for each pair, leftover and finding.

Text that a spreadsheet would take for a formula gets an apostrophe in front: names come from untrusted logs.
"""

from __future__ import annotations

import csv
import io

from compare.judging.keys import Key
from compare.judging.result import Ambiguity, Comparison, Leftover, Pair, Problem
from compare.render.text import clean, value_text, waiver_text

SCHEMA_VERSION = 1
COLUMNS = (
    "kind",
    "section",
    "pixel_slow",
    "pixel_fast",
    "record",
    "indices",
    "name",
    "occurrence",
    "unit",
    "status",
    "a",
    "b",
    "class",
    "origin",
    "fails",
    "ulps",
    "absolute",
    "relative",
    "tolerance",
    "envelope",
    "local",
    "propagated",
    "cause",
    "evidence",
    "forked",
    "excused",
    "waived",
    "line_a",
    "line_b",
    "note",
    "schema_version",
)
FORMULA_STARTS = ("=", "+", "-", "@")


def render(result: Comparison) -> str:
    """Header and rows, pairs in execution order, then leftovers, ambiguities and problems."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    rows = [_pair(pair) for pair in result.pairs]
    rows += [_leftover(leftover) for leftover in result.leftovers]
    rows += [_ambiguity(ambiguity) for ambiguity in result.ambiguities]
    rows += [_problem(problem) for problem in result.problems]
    for row in rows:
        writer.writerow({**row, "schema_version": SCHEMA_VERSION})
    return stream.getvalue()


def _pair(pair: Pair) -> dict[str, object]:
    return {
        "kind": "pair",
        **_key(pair.key),
        "unit": _text(pair.unit),
        "status": pair.status.value,
        "a": _value(pair.a),
        "b": _value(pair.b),
        "class": pair.difference.value,
        "origin": pair.origin.value,
        "fails": int(pair.fails),
        **{name: _float(getattr(pair, name)) for name in ("ulps", "absolute", "relative", "tolerance")},
        **{name: _float(getattr(pair, name)) for name in ("envelope", "local", "propagated")},
        "cause": _text(pair.cause.label) if pair.cause else "",
        "evidence": _text(pair.cause.evidence) if pair.cause else "",
        "forked": int(pair.forked),
        "excused": int(pair.excused),
        "waived": _text(waiver_text(pair.waived)),
        "line_a": pair.line_a or "",
        "line_b": pair.line_b or "",
        "note": _text(pair.note),
    }


def _leftover(leftover: Leftover) -> dict[str, object]:
    side = leftover.side.value
    row = {"kind": f"only_{side}", **_key(leftover.key), "status": leftover.status.value}
    return {**row, side: _value(leftover.value), f"line_{side}": leftover.line or ""}


def _ambiguity(ambiguity: Ambiguity) -> dict[str, object]:
    return {"kind": "ambiguity", **_key(ambiguity.key), "note": _text(ambiguity.message)}


def _problem(problem: Problem) -> dict[str, object]:
    key = _key(problem.key) if problem.key else {}
    row = {"kind": "problem", **key, "class": problem.kind.value, "note": _text(problem.message)}
    return {**row, "fails": int(problem.waived is None), "waived": _text(waiver_text(problem.waived))}


def _key(key: Key) -> dict[str, object]:
    slow, fast = key.pixel or ("", "")
    return {
        "section": _text(str(key.section)),
        "pixel_slow": slow,
        "pixel_fast": fast,
        "record": _text(key.record),
        "indices": _text(" ".join(f"{index}={number}" for index, number in key.indices)),
        "name": _text(key.name),
        "occurrence": key.occurrence,
    }


def _value(value: object) -> str:
    """Numbers as they are; words, alone or in a vector, like any other text."""
    text = value_text(value)  # type: ignore[arg-type]  # callers pass what a pair or leftover holds
    words = any(isinstance(part, str) for part in (value if isinstance(value, tuple) else (value,)))
    return _text(text) if words else text


def _float(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _text(text: str) -> str:
    text = clean(text)
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) else text
