"""Numbers at the start of words, as C reads them (words and headers): what atof and atoi make of a word."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_FLOAT = re.compile(
    r"""[ \t\n\v\f\r]*(?P<number>[+-]?(?:
        (?P<hex>0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?)
        | (?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?
        | inf(?:inity)?
        | (?P<nan>nan)(?:\([0-9a-z_]*\))?
    ))""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?\d+)", re.ASCII)

MOST_DIGITS = 400
"""An integer of more digits is beyond 64 bits however it is written."""


class Leading(NamedTuple):
    """The number at the start of a word."""

    value: float
    whole: bool
    """Nothing else stands in the word."""


class LeadingInteger(NamedTuple):
    """The integer at the start of a word, in 32 bits."""

    value: int
    whole: bool
    """Nothing else stands in the word, and it was not cut to 32 bits."""


def leading_number(word: str) -> Leading:
    """The longest start of a word that is a number, as C's strtod reads it; 0 where there is none."""
    match = _FLOAT.match(word)
    if match is None:
        return Leading(0.0, whole=False)
    text = match["number"]
    value = _from_hex(text) if match["hex"] else math.nan if match["nan"] else float(text)
    return Leading(value, whole=match.end() == len(word))


def _from_hex(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return -math.inf if text.startswith("-") else math.inf


def leading_integer(word: str) -> LeadingInteger:
    """The integer that a word starts with, as C's atoi reads it: 0 where there is none, cut to 64, then to 32 bits."""
    match = _INTEGER.match(word)
    if match is None:
        return LeadingInteger(0, whole=False)
    digits = match[1]
    value = 10**20 * (-1 if digits.startswith("-") else 1) if len(digits) > MOST_DIGITS else int(digits)
    value = max(-(2**63), min(value, 2**63 - 1))
    wrapped = (value + 2**31) % 2**32 - 2**31
    return LeadingInteger(wrapped, whole=match.end() == len(word) and wrapped == value)


def number(word: str) -> float:
    """The finite number that a whole word is; ValueError for anything else."""
    value, whole = leading_number(word)
    if not whole or not math.isfinite(value):
        raise ValueError(f"{word!r} is not a finite number")
    return value


def quotient(numerator: float, denominator: float) -> float:
    """The quotient as C has it: infinite, or no number, where Python would raise an error."""
    if denominator:
        return numerator / denominator
    if not numerator or math.isnan(numerator):
        return math.nan
    return math.copysign(math.inf, numerator) * math.copysign(1.0, denominator)
