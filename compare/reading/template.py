"""Many lines of one shape, read by the places of the numbers in the first of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_SLOTS = 1000
NUMBER = r"([^\s,;:=|\[\](){}]+)"
BLANKS = re.compile(r"[ \t]+")


def rows_of(lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[tuple[str, ...]] | None:
    """For each line its texts at these places of the first one; None if a line differs in anything else."""
    if len(spans) > MOST_SLOTS:
        return None
    match = re.compile(_pattern(lines[0], spans)).fullmatch
    found = [match(line) for line in lines]
    if not all(found):
        return None
    return [row.groups() for row in found if row]


def _pattern(line: str, spans: Sequence[tuple[int, int]]) -> str:
    """What stands between the numbers must be the same; how many blanks, need not."""
    parts, at = [], 0
    for start, end in spans:
        parts += [_between(line[at:start]), NUMBER]
        at = end
    return "".join([*parts, _between(line[at:])])


def _between(text: str) -> str:
    return r"[ \t]+".join(re.escape(part) for part in BLANKS.split(text))
