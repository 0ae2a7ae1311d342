"""One trace line to names and value texts, exactly; the reference for the vectorised path in `columns`.

TRACE_<SIDE>: name value [value value]       also name=value, name x,y,z, name label:value label:value
TRACE_<SIDE>_<RECORD> key=value key=value    also with a colon after the record
TRACE_<SIDE>_<RECORD>: [i,j,k]=value         an element without a name, by its position
TRACE_<SIDE>_<RECORD>: [x, y, z]             a vector without a name
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = b"TRACE_"
LINE = re.compile(r"TRACE_(?P<side>[A-Za-z0-9]+)(?:_(?P<record>\w+))?(?P<colon>:?)(?P<rest>(?<=:).*|\s.*|)$", re.S)
FIELD = re.compile(r"[A-Za-z_][\w.]*=\S+$")
NAME = re.compile(r"([^\s=]+)(?:\s*=\s*|\s+)(.*)$", re.S)
ELEMENT = re.compile(r"\[(\s*[+-]?\d{1,18}(?:[\s,]+[+-]?\d{1,18})*\s*)\]\s*=\s*(\S+)$", re.A)
LABELLED = re.compile(r"([A-Za-z_]\w*):(\S+)$")
SEPARATORS = re.compile(r"[\s,]+")
INTEGER = re.compile(r"[+-]?\d+$", re.A)
DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?$", re.A)
HEXADECIMAL = re.compile(r"[+-]?0[xX][\da-fA-F]*\.?[\da-fA-F]*(?:[pP][+-]?\d+)?$", re.A)
SPECIAL = re.compile(r"[+-]?(?:inf|infinity|nan)(?:\(\w*\))?$", re.I | re.A)
NAMELESS = "value"  # the name of what is printed without one


@dataclass(frozen=True, slots=True)
class Parsed:
    """A trace line: fields are (name, value texts); a text is one number or one word."""

    side: str
    record: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    positions: tuple[int, ...] = ()  # of an element without a name


class Malformed(Exception):
    """A line that begins like a trace line and cannot be read as one."""


def parse_line(line: str) -> Parsed | None:
    """Parse one line without its end; None when it is no trace line but a marker or a remark.

    Raises Malformed for a line that is cut off or garbled.
    """
    found = LINE.match(line)
    if found is None:
        return None
    side, record, rest = found["side"], found["record"], found["rest"].strip()
    if not rest:
        if found["colon"] and not record:
            raise Malformed("no name and no value")
        return None
    if record is None:
        if not found["colon"]:
            return None
        return Parsed(side, "", _named_fields(rest))
    return _record_line(side, record, rest)


def _record_line(side: str, record: str, rest: str) -> Parsed | None:
    element = ELEMENT.match(rest)
    if element:
        positions = tuple(int(text) for text in SEPARATORS.split(element[1].strip()) if text)
        values = value_texts(element[2])
        if not values:
            raise Malformed(f"{rest!r} has no value")
        return Parsed(side, record, ((NAMELESS, values),), positions)
    if rest.startswith("["):
        values = value_texts(rest)
        if not values or not all(map(is_number, values)):
            raise Malformed(f"{rest!r} is no vector of numbers")
        return Parsed(side, record, ((NAMELESS, values),))
    tokens = rest.split()
    good = [FIELD.match(token) is not None for token in tokens]
    if all(good):
        fields = tuple(_split_field(token) for token in tokens)
        if len({name for name, _ in fields}) < len(fields):
            raise Malformed("a key is given twice")
        return Parsed(side, record, fields)
    if any("=" in token for token in tokens):
        bad = tokens[good.index(False)]
        raise Malformed(f"{bad!r} is not of the form key=value")
    named = NAME.match(rest)
    if named and all(is_number(text) for text in value_texts(named[2])):
        return Parsed(side, record, ((named[1], value_texts(named[2])),))
    return None


def _split_field(token: str) -> tuple[str, tuple[str, ...]]:
    name, _, text = token.partition("=")
    values = value_texts(text)
    if not values or text.endswith(",") or text.startswith(",") or ",," in text:
        raise Malformed(f"{token!r} lacks a value")
    return name, values


def _named_fields(rest: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    named = NAME.match(rest)
    if named is None or not named[2].strip():
        raise Malformed(f"{rest!r} has no value")
    name, text = named[1], named[2].strip()
    labelled = [LABELLED.match(token) for token in text.split()]
    if all(labelled):
        return tuple((f"{name}.{m[1]}", value_texts(m[2])) for m in labelled if m)
    values = value_texts(text)
    if not values:
        raise Malformed(f"{rest!r} has no value")
    if all(is_number(value) for value in values):
        return ((name, values),)
    return ((name, (" ".join(text.split()),)),)


def value_texts(text: str) -> tuple[str, ...]:
    """The numbers or words of a value: split at commas and blanks, brackets taken off."""
    stripped = text.strip()
    if stripped[:1] in ("[", "(") and stripped[-1:] in ("]", ")"):
        stripped = stripped[1:-1]
    return tuple(part for part in SEPARATORS.split(stripped) if part)


def is_integer(text: str) -> bool:
    """Plain digits; ``-0`` is a float, since an integer has no negative zero."""
    return INTEGER.match(text) is not None and not (text.startswith("-") and not text.strip("-0"))


def is_number(text: str) -> bool:
    return any(form.match(text) for form in (DECIMAL, SPECIAL, HEXADECIMAL))


def number(text: str) -> float:
    """The double nearest to a decimal or hexadecimal text; ``inf``, ``nan`` and ``nan(...)`` too.

    Raises ValueError for anything else.
    """
    if DECIMAL.match(text):
        return float(text.translate(FORTRAN_EXPONENT))
    if SPECIAL.match(text):
        return float(text.partition("(")[0])
    if HEXADECIMAL.match(text):
        return float.fromhex(text)
    raise ValueError(f"{text!r} is not a number")


FORTRAN_EXPONENT = str.maketrans("dD", "ee")
