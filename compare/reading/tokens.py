"""The tokens of a trace line: numbers, words, quoted texts and signs, with their places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from compare.reading.numbers import NUMBER, is_number

MOST_REPEATS = 1_000_000
OPEN = {"[": "]", "(": ")", "{": "}"}
TOKEN = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<text>"[^"]*"|'[^']*')(?![\w'"])
    |(?P<number>{NUMBER})(?=$|[\s,;:=\[\](){{}}|%])
    |(?P<sign>:=|=>|->|={{1,3}}|[:,;\[\](){{}}]|\|(?![^\s|]+\|))
    |(?P<word>(?:(?!->|=>)[^\s,;:=\[\](){{}}])+)""",
    re.X | re.A,
)
ATOM = (
    r"(?:[munpkMGµμ]?(?:m|s|g|A|V|W|J|N|K|Pa|Hz|eV|T|C|mol|rad|sr|Ang|bar|b|px)|[Ff]?[Pp]hotons?|[Cc]ounts?|[Pp]ixels?|"
    r"[Aa]ngstroe?ms?|[A-Za-z]*[Mm]et(?:er|re)s?|[Dd]eg(?:rees?)?|[Mm]?[Rr]ad(?:ian)?s?|[Ss]teradians?|[Ss]econds?|"
    r"[Ii]nv(?:erse)?|per|[Åå]|Å|°|%|electrons?|barns?|sec|min|hours?|h|ulps?|1)"
)
UNIT = re.compile(rf"{ATOM}(?:(?:\^|\*\*)?[-+]?\d+|[²³⁻¹]+)?(?:[*/·.]{ATOM}(?:(?:\^|\*\*)?[-+]?\d+|[²³⁻¹]+)?)*$")
WITH_UNIT = re.compile(rf"(?P<number>{NUMBER})(?P<unit>%|°|px|[munk]?m|[mun]?s|Å|deg|m?rad|[kM]?eV|[kM]?Hz)$", re.A)
COMPLEX = re.compile(rf"(?P<real>{NUMBER})(?P<imaginary>[+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ij]$", re.A)
REPEATED = re.compile(rf"(?P<times>\d+)\*(?P<number>{NUMBER})$", re.A)


class Token(NamedTuple):
    """``kind`` is number, word, text or sign; ``start`` and ``end`` are positions in the line."""

    kind: str
    text: str
    start: int
    end: int


class Piece(NamedTuple):
    """One number or word of a value, and where it stands; (-1, -1) where it is written once for several."""

    text: str
    span: tuple[int, int]


class Unreadable(Exception):
    """A text that is not of this grammar."""


def tokens_of(line: str, start: int = 0) -> list[Token]:
    """The tokens of a line from a position on, blanks left out."""
    found = []
    for match in TOKEN.finditer(line, start):
        kind = match.lastgroup or ""
        if kind != "blank":
            text = match.group()
            found.append(Token("number" if kind == "word" and is_number(text) else kind, text, *match.span()))
    return found


def is_numeric(token: Token) -> bool:
    """Whether a token is a number, or is made of numbers: with a unit glued to it, repeated, complex."""
    if token.kind == "number":
        return True
    return token.kind == "word" and any(form.match(token.text) for form in (WITH_UNIT, REPEATED, COMPLEX))


def pieces_of(token: Token) -> list[Piece]:
    """The numbers of one token: itself, without a unit glued to it, or so many times as it says."""
    if token.kind == "number":
        return [Piece(token.text, (token.start, token.end))]
    found = WITH_UNIT.match(token.text)
    if found:
        return [Piece(found["number"], (token.start, token.start + found.end("number")))]
    found = COMPLEX.match(token.text)
    if found:
        return [Piece(found[part], (-1, -1)) for part in ("real", "imaginary")]
    repeated = REPEATED.match(token.text)
    if repeated is None or len(repeated["times"]) > 7 or int(repeated["times"]) > MOST_REPEATS:
        raise Unreadable
    return [Piece(repeated["number"], (-1, -1))] * int(repeated["times"])


def partners_of(tokens: Sequence[Token]) -> dict[int, int]:
    """Position of each opening bracket -> that of its closing one; brackets without a partner are left out."""
    partners: dict[int, int] = {}
    open_at: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in OPEN:
            open_at.append(at)
        elif open_at and token.text == OPEN[tokens[open_at[-1]].text]:
            partners[open_at.pop()] = at
    return partners
