"""Texts of numbers, as programs in C, Fortran and Python print them."""

from __future__ import annotations

import re

_DIGITS = r"(?:\d+(?:\.\d*)?|\.\d+)"
_EXPONENT = r"(?:[eEdD][+-]?\d+)"
_DECIMAL = rf"[+-]?(?:\d+\.\d*|\.\d+)[+-]\d{{3}}(?![\d.])|[+-]?{_DIGITS}{_EXPONENT}?"
_HEXADECIMAL = r"[+-]?0[xX](?:[\da-fA-F]+\.?[\da-fA-F]*|\.[\da-fA-F]+)(?:[pP][+-]?\d+)?"
_NAMED = r"(?:[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN][qQsS]?)(?:\(\w*\))?"
_SPECIAL = rf"[+-]?(?:{_NAMED}|1\.\#(?:[QS]NAN|IND|INF)\d*)"
NUMBER = rf"(?>{_SPECIAL}|{_HEXADECIMAL}|{_DECIMAL})"  # atomic: a long line that fails must fail at once

INTEGER = re.compile(r"[+-]?\d+$", re.A)
DECIMAL = re.compile(rf"(?:{_DECIMAL})$", re.A)
HEXADECIMAL = re.compile(rf"{_HEXADECIMAL}$", re.A)
SPECIAL = re.compile(rf"{_SPECIAL}$", re.A)
BARE_EXPONENT = re.compile(r"(?<=[\d.])[+-]\d{3}$", re.A)
FORTRAN_EXPONENT = str.maketrans("dD", "ee")


def is_integer(text: str) -> bool:
    """Plain digits; ``-0`` is a float, since an integer has no negative zero."""
    return INTEGER.match(text) is not None and not (text.startswith("-") and not text.strip("-0"))


def is_number(text: str) -> bool:
    return any(form.match(text) for form in (DECIMAL, SPECIAL, HEXADECIMAL))


def number(text: str) -> float:
    """The double nearest to a decimal or hexadecimal text; ``inf``, ``nan``, ``nan(...)``, ``1.#QNAN`` too.

    Raises ValueError for anything else.
    """
    if DECIMAL.match(text):
        return float(decimal_text(text))
    if SPECIAL.match(text):
        return _special(text)
    if HEXADECIMAL.match(text):
        return float.fromhex(text)
    raise ValueError(f"{text!r} is not a number")


def decimal_text(text: str) -> str:
    """A decimal text with the exponent that everybody reads."""
    return BARE_EXPONENT.sub(_with_letter, text.translate(FORTRAN_EXPONENT))


def _with_letter(exponent: re.Match[str]) -> str:
    return "e" + exponent.group()


def _special(text: str) -> float:
    size = float("inf") if "inf" in text.lower() else float("nan")
    return -size if text.startswith("-") else size
