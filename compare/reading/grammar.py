"""One trace line to names and value texts, exactly; the reference for the paths for many lines in `columns`.

    line = TRACE [ "_" SIDE [ "_" RECORD ] ] [ index ] ":" body        the colon may be missing

with ``name value`` lines where there is no RECORD, ``key=value key=value`` where there is one, and everything else
that `phrases` reads. An index is one or more integers: ``CELL 0:``, ``CELL[0]:``, ``CELL: 0:``; an element
without a name is ``[i,j,k]=value``. What is neither read nor a heading without numbers is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from compare.reading.numbers import NUMBER, is_number
from compare.reading.phrases import Items, PartlyPrinted, Reader
from compare.reading.tokens import Piece, Token, Unreadable, tokens_of

HEAD = re.compile(
    r"TRACE(?:[_-](?P<side>[A-Za-z0-9]+)(?:_(?P<record>\w+))?)?"
    r"(?P<index>(?:\s*#?\d{1,18}|\s*\[[\d\s,+-]{1,200}\]|\s*\([\d\s,+-]{1,200}\))(?=\s*:|\s+[A-Za-z_|]))?"
    r"(?P<colon>\s*[:\])>|]+|(?=\s)|$)",
    re.A,
)
BODY_INDEX = re.compile(r"\s*(?:#?(\d{1,18})\s*:|\[([\d\s,+-]{1,200})\]\s*:?)(?=\s*[A-Za-z_|])", re.A)
ELEMENT = re.compile(r"\s*\[([\d\s,+-]{1,200})\]\s*=(?=\s*\S)", re.A)
NAMED_ELEMENT = re.compile(r"([^\s=:,;\[\](){}]+)((?:\[[\d\s,+-]{1,100}\]|\([\d\s,+-]{1,100}\))+)(?=\s|[=:])", re.A)
PLAIN_HEADER = re.compile(rf"TRACE_([A-Za-z0-9]+): ([A-Za-z_]\w*)((?: {NUMBER})+)$", re.A)
PLAIN_RECORD = re.compile(rf"TRACE_([A-Za-z0-9]+)_(\w+)((?: [A-Za-z_]\w*={NUMBER}(?:,{NUMBER})*)+)$", re.A)
VALUES = re.compile(r"[^ =,]+(?=[ ,]|$)")
NUMBERS = re.compile(r"[+-]?\d+", re.A)
DECORATION = re.compile(r"\s*(?:[=*#~-]{2,}|[*#>+-](?=\s))\s*")
NAMELESS = "value"  # the name of what is printed without one
LARGEST_POSITION = 1 << 62


@dataclass(frozen=True, slots=True)
class Parsed:
    """A trace line: fields are (name, value texts); a text is one number or one word.

    ``spans`` are the places of the texts in the line, those of ``positions`` first; empty where a text stands for
    several. ``element``: the positions tell elements of an array apart, else evaluations of the record.
    """

    side: str
    record: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    positions: tuple[int, ...] = ()
    element: bool = False
    spans: tuple[tuple[int, int], ...] = field(default=(), compare=False)


class Malformed(Exception):
    """A line that begins like a trace line and cannot be read as one."""


def parse_line(line: str, words: Collection[str] = ()) -> Parsed | None:
    """Parse one line that begins with TRACE, without its end; None when it is a heading without numbers.

    ``words`` are names whose values are words, whatever they look like.
    Raises Malformed for a line that is cut off or garbled.
    """
    plain = _plain(line, words)
    if plain is not None:
        return plain
    if "\0" in line:
        raise Malformed("it holds NUL bytes: the log is damaged there")
    head = HEAD.match(line)
    if head is None:
        if any(token.kind == "number" for token in tokens_of(line)):
            raise Malformed("it begins with TRACE and is of no known form")
        return None
    side, record, colon = head["side"] or "", head["record"] or "", head["colon"].strip()
    positions, spans = _positions(head, "index")
    start, end = _undecorated(line, head.end())
    decorated = end < len(line.rstrip())
    if start >= end:
        if colon and not record and start == head.end():
            raise Malformed("no name and no value")
        return None
    line = line[:end].rstrip()
    if record:
        parsed = _record_line(line, start, side, record, positions, spans)
    else:
        parsed = _header_line(line, start, side, words, strict=not colon, title=decorated)
    if parsed is not None and positions and not parsed.positions:
        parsed = Parsed(side, record, parsed.fields, positions, False, (*spans, *parsed.spans) if parsed.spans else ())
    return parsed


def _plain(line: str, words: Collection[str]) -> Parsed | None:
    """Today's format, which most lines are in, at less cost; None for any other."""
    header = PLAIN_HEADER.match(line)
    if header:
        if header[2] in words:
            return None
        start = header.start(3)
        spans = tuple((start + m.start(), start + m.end()) for m in VALUES.finditer(header[3]))
        return Parsed(header[1], "", ((header[2], tuple(header[3].split())),), spans=spans)
    record = PLAIN_RECORD.match(line)
    if record is None:
        return None
    pairs = [pair.split("=") for pair in record[3].split()]
    if len({name for name, _ in pairs}) < len(pairs):
        return None
    start = record.start(3)
    spans = tuple((start + m.start(), start + m.end()) for m in VALUES.finditer(record[3]))
    return Parsed(record[1], record[2], tuple((name, tuple(text.split(","))) for name, text in pairs), spans=spans)


def _undecorated(line: str, start: int) -> tuple[int, int]:
    """Where the text of a body begins and ends without the rules and bullets that headings are decorated with."""
    end = len(line.rstrip())
    opening = DECORATION.match(line, start, end)
    if opening is None:
        return start + len(line[start:end]) - len(line[start:end].lstrip()), end
    closing = re.search(r"[=*#~-]{2,}$", line[opening.end() : end])
    return opening.end(), opening.end() + closing.start() if closing else end


def _positions(match: re.Match[str], group: str | int) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """The integers of an index and where they stand."""
    if not match[group]:
        return (), ()
    start = match.start(group)
    found = list(NUMBERS.finditer(match[group]))
    numbers = tuple(int(number.group()) for number in found)
    separate = NUMBERS.sub("", match[group]).replace(",", " ").strip(" #[]()\t")
    if separate or not numbers or any(abs(number) >= LARGEST_POSITION for number in numbers):
        raise Malformed(f"{match[group].strip()!r} is no index")
    return numbers, tuple((start + number.start(), start + number.end()) for number in found)


# ---------------------------------------------------------------------------------------------------- records


def _record_line(
    line: str, start: int, side: str, record: str, positions: tuple[int, ...], spans: tuple[tuple[int, int], ...]
) -> Parsed | None:
    element = ELEMENT.match(line, start)
    if element:
        at, where = _positions(element, 1)
        pieces = _alone(line, element.end())
        return _parsed(side, record, [(NAMELESS, pieces)], at, where, element=True)
    index = BODY_INDEX.match(line, start)
    if index and not positions:
        group = 1 if index[1] else 2
        positions, spans = _positions(index, group)
        start = index.end()
    tokens = tokens_of(line, start)
    if _is_number_list(tokens):
        return _parsed(side, record, [(NAMELESS, _alone(line, start))], positions, spans)
    reader = _reader(line, tokens, units=not any(_key_value(tokens, at) for at in range(1, len(tokens) - 1)))
    try:
        return _parsed(side, record, _checked(reader.items()), positions, spans)
    except Unreadable:
        if not any(token.kind == "number" for token in tokens) and not any(t.text == "=" for t in tokens):
            return None
        raise Malformed(f"{_shown(line[start:])} is not of the form key=value") from None


def _is_number_list(tokens: list[Token]) -> bool:
    return bool(tokens) and (tokens[0].kind == "number" or tokens[0].text in ("[", "("))


def _key_value(tokens: list[Token], at: int) -> bool:
    """``key=value`` without blanks."""
    return tokens[at].text == "=" and tokens[at - 1].end == tokens[at].start and tokens[at].end == tokens[at + 1].start


def _alone(line: str, start: int) -> list[Piece]:
    try:
        return _reader(line, tokens_of(line, start), units=True).value_alone()
    except Unreadable:
        raise Malformed(f"{_shown(line[start:])} is no number and no vector of numbers") from None


# ---------------------------------------------------------------------------------------------------- header lines


def _header_line(
    line: str, start: int, side: str, words: Collection[str], *, strict: bool, title: bool
) -> Parsed | None:
    """``strict``: without a colon after TRACE, only numbers make a trace of it. ``title``: decorated like one."""
    tokens = tokens_of(line, start)
    if words and tokens[0].kind == "word" and tokens[0].text in words:
        return _text(line, tokens, side)
    reader = _reader(line, tokens, units=True)
    numeric = any(token.kind == "number" for token in tokens)
    if title and not numeric:
        return None
    try:
        return _header_items(_checked(reader.items()), line, start, side, strict=strict)
    except Unreadable:
        pass
    if tokens[-1].text == ":":
        titled = _titled(line, tokens) if numeric else []
        if titled or not numeric:
            return _parsed(side, "", titled, (), ()) if titled else None
    if strict:
        if numeric:
            raise Malformed(f"{_shown(line)} has no colon after TRACE and is no name with numbers")
        return None
    return _text(line, tokens, side)


def _header_items(items: Items, line: str, start: int, side: str, *, strict: bool) -> Parsed:
    if strict and not all(is_number(piece.text) for _, pieces in items for piece in pieces):
        raise Unreadable
    element = NAMED_ELEMENT.match(line, start) if len(items) == 1 else None
    if element and items[0][0].startswith(element[1]):
        at, where = _positions(element, 2)
        return _parsed(side, "", [(element[1], items[0][1])], at, where, element=True)
    return _parsed(side, "", items, (), ())


def _titled(line: str, tokens: list[Token]) -> Items:
    """The numbers in the brackets of a heading, ``Copying (phi=0 domain=0 reference):``; none if it has others."""
    opening = next((at for at, token in enumerate(tokens) if token.text == "("), 0)
    if not opening or any(token.kind == "number" for token in tokens[:opening]):
        return []
    title = " ".join(line[tokens[0].start : tokens[opening - 1].end].split())
    inside = tokens[opening + 1 :]
    found: Items = []
    for at, token in enumerate(inside):
        if token.kind == "number":
            if at < 2 or inside[at - 1].text not in ("=", ":") or inside[at - 2].kind != "word":
                return []
            found.append((f"{title}.{inside[at - 2].text}", [Piece(token.text, (token.start, token.end))]))
    return found


def _text(line: str, tokens: list[Token], side: str) -> Parsed:
    """A name and the rest of the line as one word."""
    name, rest = tokens[0], tokens[1:]
    if name.kind in ("sign", "number"):
        raise Malformed(f"{_shown(line[name.start :])} has no name")
    if rest and rest[0].text in ("=", ":", ":="):
        rest = rest[1:]
    if not rest:
        raise Malformed(f"{_shown(line[name.start :])} has no value")
    if any(t.text in ("[", "(", "{") for t in rest[:1]) and not Reader(line, rest, units=True).closed:
        raise Malformed(f"{_shown(line[name.start :])} leaves a bracket open")
    text = " ".join(line[rest[0].start :].split())
    return Parsed(side, "", ((name.text, (text,)),))


# ---------------------------------------------------------------------------------------------------- both


def _reader(line: str, tokens: list[Token], *, units: bool) -> Reader:
    try:
        return Reader(line, tokens, units=units)
    except PartlyPrinted as error:
        raise Malformed(f"{_shown(line)}: {error}") from None


def _checked(items: Items) -> Items:
    for name, pieces in items:
        if not pieces or not name:
            raise Unreadable
    return items


def _parsed(
    side: str,
    record: str,
    items: Items,
    positions: tuple[int, ...],
    spans: tuple[tuple[int, int], ...],
    *,
    element: bool = False,
) -> Parsed:
    fields = tuple((name, tuple(piece.text for piece in pieces)) for name, pieces in items)
    places = tuple(piece.span for _, pieces in items for piece in pieces)
    whole = all(start >= 0 for start, _ in places) and all(is_number(t) for _, texts in fields for t in texts)
    return Parsed(side, record, fields, positions, element, (*spans, *places) if whole else ())


def _shown(text: str) -> str:
    return repr(text.strip()[:80])
