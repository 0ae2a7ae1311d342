"""Tables that programs print: headings over columns, comma- or tab-separated values, Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from compare.reading.numbers import is_number
from compare.reading.unmarked.prefixes import is_rule
from compare.reading.unmarked.statements import COUNTERS, Fields, Statement

LONGEST_NAME = 40
MOST_SKIPPED = 2  # rules and units between a heading and its first row
LONGEST_FOR_DIGIT = 4000  # characters of a row that are searched for its first number
DIGIT = re.compile(r"\d")
INTEGER = re.compile(r"\d{1,18}$")
UNIT_ROW = re.compile(r"[\s|]*(?:[(\[][^()\[\]]*[)\]][\s|]*)+$")

Split = Callable[[str], list[str]]


def _by_pipes(text: str) -> list[str]:
    return [cell.strip() for cell in text.strip().strip("|").split("|")] if text.count("|") > 1 else []


def _by_blanks(text: str) -> list[str]:
    return text.split()


def _by_wide_blanks(text: str) -> list[str]:
    return re.split(r"\s{2,}", text.strip())


def _by(sign: str) -> Split:
    return lambda text: [cell.strip().strip('"') for cell in text.strip().split(sign)] if sign in text else []


SPLITS: tuple[Split, ...] = (_by_pipes, _by("\t"), _by(","), _by(";"), _by_wide_blanks, _by_blanks)
LOOSE = (_by_wide_blanks, _by_blanks)


@dataclass
class Heading:
    """The names over the columns of a table, and how its rows are split."""

    names: tuple[str, ...]
    split: Split
    rows: Counter[tuple[str, ...]] = field(default_factory=Counter)  # so far, under each heading

    def cells(self, text: str) -> list[str] | None:
        """The cells of a row; None where a text is none of this table."""
        cells = (_by_blanks if self.split in LOOSE else self.split)(text)
        extra = self.split in LOOSE and len(cells) == len(self.names) + 1
        if not extra and len(cells) != len(self.names):
            return None
        numeric = [is_number(cell) for cell in cells]
        if self.split in LOOSE and not all(numeric[1:]):
            return None
        return cells if any(numeric) else None

    def statement(self, text: str) -> Statement | None:
        """What a row states, under its counter."""
        cells = self.cells(text)
        if cells is None:
            return None
        names = self.names if len(cells) == len(self.names) else ("row", *self.names)
        if not is_number(cells[0]) and cells[0]:
            return Statement(_labelled(names, cells))
        counters = []
        at = 0
        while at < len(cells) - 1 and INTEGER.match(cells[at]) and (at == 0 or names[at].lower() in COUNTERS):
            counters.append((names[at].lower(), int(cells[at])))
            at += 1
        if at == 1 and counters[0][0] not in COUNTERS and not self._counts(counters[0][1]):
            counters, at = [], 0
        if not counters:
            counters = [("row", self.rows[self.names])]
        self.rows[self.names] += 1
        fields: Fields = [(name, (cell,)) for name, cell in zip(names[at:], cells[at:], strict=True) if cell]
        return Statement(fields, tuple(counters)) if fields else None

    def _counts(self, number: int) -> bool:
        """Whether the first column has counted its rows up to here, from 0 or 1."""
        return number - self.rows[self.names] in (0, 1)


def _labelled(names: Sequence[str], cells: Sequence[str]) -> Fields:
    numeric = [at for at, cell in enumerate(cells) if at and is_number(cell)]
    if len(numeric) == 1:
        return [(cells[0], (cells[numeric[0]],))]
    return [(f"{cells[0]}.{names[at]}", (cells[at],)) for at in numeric]


def heading_at(texts: Sequence[str], at: int, rows: Counter[tuple[str, ...]]) -> tuple[Heading, int] | None:
    """A heading at this line and the place of its first row; None where there is none."""
    if "=" in texts[at]:
        return None
    first = at + 1
    while first < len(texts) and first - at <= MOST_SKIPPED and (is_rule(texts[first]) or UNIT_ROW.match(texts[first])):
        first += 1
    if first == len(texts) or DIGIT.search(texts[first], 0, LONGEST_FOR_DIGIT) is None:
        return None
    for split in SPLITS:
        names = tuple(name.strip("`*\"' ") for name in split(texts[at].lstrip("# ")))
        if len(names) < 2 or not all(map(_is_name, names)) or len(set(names)) < len(names):
            continue
        heading = Heading(names, split, rows)
        if heading.cells(texts[first]) is not None:
            return heading, first
    return None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and not is_number(text) and text[-1] != ":"
