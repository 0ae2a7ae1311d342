"""A whole log to statements: its lines put together where a printer broke them, under the headings that count them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from compare.reading.numbers import DECIMAL, NUMBER, decimal_text
from compare.reading.table import Loose
from compare.reading.unmarked.prefixes import is_progress, is_rule, lines_of, without_prefix
from compare.reading.unmarked.statements import (
    LONGEST_PHRASE,
    Counters,
    PartlyPrinted,
    Statement,
    has_number,
    heading_counter,
    statement_of,
)
from compare.reading.unmarked.tables import Heading, heading_at

LONGEST_JOINED = 20_000  # lines of one printed array
NAMED = re.compile(
    r"(?P<name>[A-Za-z_][\w .\[\]()*/^-]{0,60}?)\s*[=:]\s*(?:[\d×x]*\s*-?(?:element )?[A-Z]\w*\{.*\}:)?$"
)
NUMBERS = re.compile(rf"\s*(?:{NUMBER}(?:\s*,\s*|\s+|$))+$", re.A)
SCALE = re.compile(rf"\s*({NUMBER})\s*\*$", re.A)
OPENING, CLOSING = "([{", ")]}"
LONGEST_TEXT = 4 << 20


class Page:
    """Reads the lines of one log in order. ``loose``: what has no name; ``partly``: what its printer cut short."""

    def __init__(self, text: str) -> None:
        self._numbers: list[int] = []
        self._texts: list[str] = []
        for number, line in enumerate(text.split("\n"), 1):
            for part in lines_of(line):
                self._numbers.append(number)
                self._texts.append(part.strip() if part.lstrip().startswith("|") else without_prefix(part))
        self._rows: Counter[tuple[str, ...]] = Counter()
        self._context: list[tuple[str, int]] = []
        self._table: Heading | None = None
        self._in_table = False
        self._in_vain = 0
        self.loose = Loose()
        self.partly: list[tuple[int, str]] = []

    def statements(self) -> Iterator[tuple[int, Statement]]:
        """(line number, statement), in the order of the log."""
        at = 0
        while at < len(self._texts):
            number, text = self._numbers[at], self._texts[at]
            found, at = self._at(at)
            if found is None:
                continue
            for statement in found:
                before = list(self._context)
                self._enter(statement.counters)
                if has_number(statement.rest):
                    self.loose.add(self.loose.numbers, number, text)
                if statement.fields:
                    yield number, Statement(statement.fields, tuple(self._context))
                if self._in_table:
                    self._context = before  # what follows a table is in none of its rows

    def _at(self, at: int) -> tuple[list[Statement] | None, int]:
        """The statements that begin at a line, and where the next begin."""
        text = self._texts[at]
        if len(text) > LONGEST_PHRASE:
            text, end = self._joined(at)
            return self._single(at, text), end
        if not text or is_rule(text) or is_progress(text):
            return None, at + 1
        heading = heading_at(self._texts, at, self._rows)
        if heading is not None:
            self._table, at = heading
            return None, at
        row = self._table.statement(text) if self._table is not None else None
        self._in_table = row is not None
        if row is not None:
            return [row], at + 1
        counter = heading_counter(text)
        if counter is not None:
            self._table = None
            return [Statement([], (counter,))], at + 1
        named = NAMED.match(text)
        if named is not None and (block := self._numbers_below(at + 1)) is not None:
            texts, end = block
            return [Statement([(named["name"].strip(), texts)])], end
        text, end = self._joined(at)
        return self._single(at, text), end

    def _single(self, at: int, text: str) -> list[Statement] | None:
        try:
            found = statement_of(text) if len(text) < LONGEST_TEXT else None
        except PartlyPrinted as error:
            self.partly.append((self._numbers[at], f"{text[:80]!r}: {error}"))
            return None
        if found is not None:
            return [found]
        if NUMBERS.match(text):
            return [Statement([("values", tuple(text.replace(",", " ").split()))])]
        self.loose.add(self.loose.numbers if has_number(text) else self.loose.words, self._numbers[at], text)
        return None

    def _enter(self, counters: Counters) -> None:
        """Go on at these counters, inside those that they do not repeat."""
        if not counters:
            return
        outermost = counters[0][0]
        names = [name for name, _ in self._context]
        keep = names.index(outermost) if outermost in names else len(names)
        self._context[keep:] = counters

    # ------------------------------------------------------------------------------------------ several lines

    def _joined(self, at: int) -> tuple[str, int]:
        """A line with those that close its brackets or continue its list, and where the next begins."""
        text, end = self._texts[at], at + 1
        if text.endswith((":", "=")) and end < len(self._texts) and self._texts[end].startswith(("[", "{", "tensor(")):
            text, end = f"{text} {self._texts[end]}", end + 1
        depth = _depth(text)
        parts, last = [text], end
        while depth > 0 and last < len(self._texts) and last - end < LONGEST_JOINED and self._in_vain < LONGEST_JOINED:
            depth += _depth(self._texts[last])
            parts.append(self._texts[last])
            last += 1
        if depth == 0 and len(parts) > 1:
            text, end = " ".join(parts), last
        elif depth > 0:
            self._in_vain += len(parts)  # a log full of brackets that nobody closes is not searched again and again
        while text.endswith(",") and end < len(self._texts) and NUMBERS.match(self._texts[end]):
            text, end = f"{text} {self._texts[end]}", end + 1
        return text.rstrip(" ,;"), end

    def _numbers_below(self, at: int) -> tuple[tuple[str, ...], int] | None:
        """The numbers of lines that hold nothing else, times the factor that is written before them; None without."""
        found: list[str] = []
        factor: str | None = None
        end = at
        while at < len(self._texts):
            text = self._texts[at]
            scale = SCALE.match(text)
            if scale and not found:
                factor = scale[1]
            elif NUMBERS.match(text) and text:
                found += text.replace(",", " ").split()
                end = at + 1
            elif text or (found and at + 1 < len(self._texts) and not NUMBERS.match(self._texts[at + 1])):
                break
            at += 1
        if not found:
            return None
        return tuple(_times(text, factor) for text in found), end


def _depth(text: str) -> int:
    return sum(map(text.count, OPENING)) - sum(map(text.count, CLOSING))


def _times(text: str, factor: str | None) -> str:
    """A decimal text times another, exactly."""
    if factor is None or not DECIMAL.match(text) or not DECIMAL.match(factor):
        return text
    return str(Decimal(decimal_text(text)) * Decimal(decimal_text(factor)))
