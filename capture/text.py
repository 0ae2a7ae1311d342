"""A captured trace as text in the trace format: what is read by ``compare traces`` like any other log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from capture.trace import OUTSIDE, CapturedTrace, Site, Values
from compare.words.headings import SECTION

NOT_IN_NAMES = re.compile(r"\W+")


def trace_lines(trace: CapturedTrace, side: str) -> Iterator[str]:
    """The lines, in the order of the run within each section; values outside the selected loop come first.

    A record is a function, its indices are the loop counters and subscripts; where a name stands in the source is said
    once, before its first value.
    """
    yield f"TRACE_{side}: trace_format 1"
    yield f"TRACE_{side}: program {word(trace.program)}"
    yield from (f"TRACE_{side}_AT name={label(s)} at={s.file} line={s.line}" for s in _first_places(trace))
    rows = sorted(
        (int(column.section[at]), int(column.order[at]), number, at)
        for number, column in enumerate(trace.columns)
        for at in range(len(column))
    )
    opened = OUTSIDE
    for section, _, number, at in rows:
        if section != opened:
            yield f"TRACE_{side}_{SECTION} {_keys(trace, section)}"
            opened = section
        yield _line(trace.columns[number], at, side)


def _keys(trace: CapturedTrace, section: int) -> str:
    numbers = trace.sections[section]
    names = trace.section_names
    if len(names) != len(numbers):
        names = tuple(f"k{at}" for at in range(len(numbers)))
    return " ".join(f"{word(name)}={number}" for name, number in zip(names, numbers, strict=True))


def _first_places(trace: CapturedTrace) -> list[Site]:
    """The first site of each name."""
    return list({label(column.site): column.site for column in reversed(trace.columns)}.values())[::-1]


def label(site: Site) -> str:
    return f"{word(site.function)}.{word(site.name)}"


def word(text: str) -> str:
    """A name as the format has them."""
    return NOT_IN_NAMES.sub("_", text).strip("_") or "_"


def _line(column: Values, at: int, side: str) -> str:
    site = column.site
    indices = [f"{word(n)}={i}" for n, i in zip(column.names, column.indices[at].tolist(), strict=True)]
    indices += [f"subscript_{k}={i}" for k, i in enumerate(column.elements[at].tolist())]
    values = ",".join(repr(value) for value in column.values[at].tolist())
    return " ".join([f"TRACE_{side}_{word(site.function)}", *indices, f"{word(site.name)}={values}"])
