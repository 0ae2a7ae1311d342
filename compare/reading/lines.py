"""The trace lines of a block: found behind prefixes, put together where a printer broke them, grouped by shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from compare.reading.envelope import PREFIX, WORD, looks_like_a_trace, trace_part

VALUE_MARKS = b"0123456789+-.eE"  # what is left of a line without them is its shape
MOST_SHOWN = 3
LONGEST_CONTINUATION = 1_000_000  # lines of one printed array
WRAPPED_AT = 60  # Fortran's list output breaks lines that are longer
NUMBERS_ONLY = re.compile(rb"[ \t]{2,}(?:[+-]?[\d.][\d.eEdD+-]*(?:[ \t,]+|$))+$")
ENDS_IN_NUMBER = re.compile(rb"[ \t=,][+-]?[\d.][\d.eEdD+-]*[ \t]*$")


@dataclass
class Shown:
    """Lines of one kind: how many, and the first of them."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, number: int, line: bytes) -> None:
        self.count += 1
        if len(self.first) < MOST_SHOWN:
            self.first.append((number, line[:120].decode("utf-8", "replace").strip()))

    def extend(self, later: Shown, lines_before: int) -> None:
        """Lines of a block that begins after so many others."""
        self.count += later.count
        room = MOST_SHOWN - len(self.first)
        self.first += [(lines_before + number, text) for number, text in later.first[:room]]


Group = tuple[list[int], list[bytes]]


def by_shape(block: bytes, unread: Shown) -> Iterator[tuple[bool, list[int], list[bytes]]]:
    """Groups of (certain, line numbers, lines) that look alike once their numbers are taken away."""
    groups: dict[bytes, Group] = {}
    doubtful: dict[bytes, Group] = {}
    for number, text, certain in trace_lines(block, unread):
        shape = text.translate(None, VALUE_MARKS)
        chosen = groups if certain else doubtful
        found = chosen.get(shape)
        if found is None:
            found = chosen[shape] = ([], [])
        found[0].append(number)
        found[1].append(text)
    for certain, several in ((True, groups), (False, doubtful)):
        for numbers, lines in several.values():
            yield certain, numbers, lines


def trace_lines(block: bytes, unread: Shown) -> Iterator[tuple[int, bytes, bool]]:
    """(line number, text from TRACE on, whether only a prefix stands before it); lines that look alike are noted."""
    lines = block.split(b"\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        number = at
        if line.startswith(PREFIX):
            text, certain = line, True
        elif WORD in line and (found := trace_part(line)) is not None:
            text, certain = found
        else:
            if looks_like_a_trace(line):
                unread.add(number, line)
            continue
        if b"\x1b" in text:
            text = trace_part(text)[0]  # type: ignore[index]  # it begins with TRACE
        if (b"[" in text or b"(" in text) and _is_open(text):
            end = _closing(lines, at, text)
            text, at = b" ".join([text, *lines[at:end]]), end
        elif at < len(lines) and lines[at].startswith(b"  ") and len(text) >= WRAPPED_AT:
            end = _wrapped(lines, at, text)
            text, at = b" ".join([text, *lines[at:end]]), end
        yield number, text, certain


def is_marked(block: bytes) -> bool:
    """Whether any line of a block holds a trace."""
    at = block.find(WORD)
    while at >= 0:
        start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
        if trace_part(block[start : end if end >= 0 else len(block)]) is not None:
            return True
        at = block.find(WORD, end) if end >= 0 else -1
    return False


def _is_open(text: bytes) -> bool:
    """Whether a bracket is left open, as it is in the first line of a printed array."""
    return text.count(b"[") > text.count(b"]") or text.count(b"(") > text.count(b")")


def _closing(lines: list[bytes], at: int, text: bytes) -> int:
    """Behind the line that closes the brackets; ``at`` where none does before the next trace line."""
    square, round_ = (text.count(o) - text.count(c) for o, c in ((b"[", b"]"), (b"(", b")")))
    for end in range(at, min(len(lines), at + LONGEST_CONTINUATION)):
        line = lines[end]
        if WORD in line:
            break
        square += line.count(b"[") - line.count(b"]")
        round_ += line.count(b"(") - line.count(b")")
        if square <= 0 and round_ <= 0:
            return end + 1
    return at


def _wrapped(lines: list[bytes], at: int, text: bytes) -> int:
    """Behind the lines of numbers alone that continue a long line of numbers."""
    if not ENDS_IN_NUMBER.search(text[-40:]):
        return at
    while at < len(lines) and NUMBERS_ONLY.match(lines[at]):
        at += 1
    return at
