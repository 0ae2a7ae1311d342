"""What a flag's value may be: the requirement in words, and the word's value in the units the model computes with."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.experiment import degrees

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:inf|infinity|nan)", re.IGNORECASE)

LARGEST_WHOLE_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Value:
    """One value of a flag: ``parse`` makes it of a word, or raises ValueError when it is not ``requirement``."""

    requirement: str
    parse: Callable[[str], Any]


def is_number(word: str) -> bool:
    """Whether a word reads as a number, finite or not."""
    return bool(_DECIMAL.fullmatch(word) or _NOT_FINITE.fullmatch(word))


def number(word: str) -> float:
    """A finite decimal number; ValueError for anything else."""
    if not _DECIMAL.fullmatch(word):
        raise ValueError(f"{word!r} is not a finite number")
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word!r} is too large")
    return value


def whole_number(word: str) -> int:
    """An integer of 32 bits, written without a decimal point."""
    if not _WHOLE.fullmatch(word):
        raise ValueError(f"{word!r} is not a whole number")
    value = int(word)
    if abs(value) > LARGEST_WHOLE_NUMBER:
        raise ValueError(f"{word!r} is too large")
    return value


def number_or_zero(word: str) -> float:
    """The number that a word is, 0 for any other word (how the reference reads a word that is no number)."""
    try:
        return number(word)
    except ValueError:
        return 0.0


def _scaled(divisor: float) -> Callable[[str], float]:
    return lambda word: number(word) / divisor


def _checked(parse: Callable[[str], Any], holds: Callable[[Any], bool]) -> Callable[[str], Any]:
    def parse_and_check(word: str) -> Any:
        value = parse(word)
        if not holds(value):
            raise ValueError(f"{word!r} is out of range")
        return value

    return parse_and_check


def _is_positive(value: float) -> bool:
    return value > 0


def _is_not_negative(value: float) -> bool:
    return value >= 0


def _file_name(word: str) -> str:
    if not word or word.startswith("-"):
        raise ValueError(f"{word!r} is a flag" if word else "the name is empty")
    return word


def _case_name(word: str) -> str:
    if not word or word.startswith("-") or any(character.isspace() for character in word):
        raise ValueError(f"{word!r} is not a word")
    return word


def one_of(*choices: str) -> Value:
    """One of a few words, in any case of letters; the value is in capitals."""

    def parse(word: str) -> str:
        if word.lower() not in choices:
            raise ValueError(f"{word!r} is none of them")
        return word.upper()

    return Value(" or ".join(choices), parse)


def absorption_per_m(word: str) -> float | None:
    """``-detector_abs``: micrometres as an attenuation per metre; ``inf`` or 0 is None, no absorption at all."""
    if word.lower().lstrip("+") in ("inf", "infinity"):
        return None
    depth_um = number(word)
    if depth_um < 0:
        raise ValueError(f"{word!r} is negative")
    return 1.0 / (depth_um * 1e-6) if depth_um > 0 else None


NUMBER = Value("a number", number)
POSITIVE = Value("a number greater than 0", _checked(number, _is_positive))
NOT_NEGATIVE = Value("a number of at least 0", _checked(number, _is_not_negative))
WHOLE = Value("a whole number", whole_number)
NATURAL = Value("a whole number greater than 0", _checked(whole_number, _is_positive))
INDEX = Value("a whole number of at least 0", _checked(whole_number, _is_not_negative))
LENGTH_MM = Value("a length in mm", _scaled(1e3))
POSITIVE_MM = Value("a length in mm greater than 0", _checked(_scaled(1e3), _is_positive))
NONZERO_MM = Value("a length in mm other than 0", _checked(_scaled(1e3), bool))
SIZE_UM = Value("a size in micrometres of at least 0", _checked(_scaled(1e6), _is_not_negative))
THICKNESS_UM = Value("a thickness in micrometres of at least 0", lambda word: _not_negative_number(word) * 1e-6)
DEGREES = Value("an angle in degrees", lambda word: degrees(number(word)))
MILLIRADIANS = Value("an angle in mrad", _scaled(1e3))
PERCENT = Value("a percentage", _scaled(1e2))
WAVELENGTH = Value("a wavelength in Angstrom greater than 0", _checked(number, _is_positive))
ENERGY = Value(
    "an energy in eV greater than 0", _checked(lambda word: 12398.42 / _positive_number(word), math.isfinite)
)
PIXELS = Value("a number of pixels", lambda word: _whole_natural(word))
FILE = Value("a file name", _file_name)
WORD = Value("a word", _case_name)


def _positive_number(word: str) -> float:
    return float(_checked(number, _is_positive)(word))


def _not_negative_number(word: str) -> float:
    return float(_checked(number, _is_not_negative)(word))


def _whole_natural(word: str) -> int:
    value = number(word)
    if value != int(value) or not 0 < value <= LARGEST_WHOLE_NUMBER:
        raise ValueError(f"{word!r} is none")
    return int(value)


def parse_all(kinds: Sequence[Value], words: Sequence[str]) -> tuple[Any, ...]:
    """Each word as its kind of value; ValueError for the first that is not."""
    return tuple(kind.parse(word) for kind, word in zip(kinds, words, strict=True))
