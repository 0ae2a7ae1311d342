"""What the words after a flag say: one function for each flag that is read in a way of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import flag_values as v
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import degrees
from simulator.remarks import Remarks

Reading = tuple[dict[str, Any], int]
"""Settings that a row fills, and how many of the words after the flag are its values."""


@dataclass(frozen=True)
class Following:
    """A word that a row matches, and what follows it on the command line."""

    flag: str
    words: Sequence[str]
    meant: bool
    """The word is this row's own name, or nobody's: values that are not what they should be are said."""
    remarks: Remarks
    defects: Defects

    def object(self, message: str) -> None:
        """A remark on the flag's values, if it was meant."""
        if self.meant:
            self.remarks.object(f"{self.flag} {message}")

    def number(self, i: int) -> float:
        """Word i as atof reads it."""
        word = self.words[i]
        value, whole = v.leading_number(word)
        if not whole:
            self.object(f"needs a number, not '{word}'; it is read as {value:g}")
        elif not math.isfinite(value):
            self.object(f"needs a finite number, not '{word}'")
        return value

    def integer(self, i: int) -> int:
        """Word i as atoi reads it."""
        word = self.words[i]
        value, whole = v.leading_integer(word)
        if not whole:
            self.object(f"needs an integer, not '{word}'; it is read as {value}")
        return value

    def integer_between(self, i: int, low: int, high: int) -> int:
        """Word i as an integer in a range; InputError for anything else."""
        value, whole = v.leading_integer(self.words[i])
        if not whole or not low <= value <= high:
            raise InputError(f"{self.flag} needs an integer from {low} to {high}, not '{self.words[i]}'")
        return value


Reader = Callable[[Following], Reading | None]
"""Reads a flag's values; None: the row does not act after all."""


def read_cell(following: Following) -> Reading:
    """Up to six numbers, ending before a word that begins with ``-``; what is missing keeps what it was."""
    numbers: list[float] = []
    for i, word in enumerate(following.words[:6]):
        if word.startswith("-"):
            break
        numbers.append(following.number(i))
    if not numbers:
        following.remarks.object(
            f"{following.flag} needs one to six positive numbers after it (a b c alpha beta gamma)"
        )
    return {"cell_start": tuple(numbers)}, len(numbers)


def read_random_misset(following: Following) -> Reading | None:
    word = following.words[0]
    if "rand" not in word:
        return None
    if word != "random":
        following.object(f"needs 'random' or three angles, not '{word}' (the reference reads 'random')")
    return {"misset_rad": "random"}, 1


def read_misset(following: Following) -> Reading:
    return {"misset_rad": tuple(degrees(following.number(i)) for i in range(3))}, 3


def read_energy(following: Following) -> Reading:
    energy_eV = following.number(0)
    return {"wavelength_A": 12398.42 / energy_eV if energy_eV else math.copysign(math.inf, energy_eV)}, 1


def require_word(following: Following) -> None:
    """For flags that the reference reads without a look at whether a word follows."""
    if not following.words:
        raise InputError(
            f"{following.flag} needs a value after it; as the last word the reference reads past the command line"
        )


def read_absorption(following: Following) -> Reading:
    """``inf`` or 0: no absorption, and no thickness."""
    require_word(following)
    if "inf" in following.words[0]:
        return {"attenuation_per_m": 0.0, "thickness_m": 0.0}, 1
    depth_um = following.number(0)
    if depth_um < 0:
        following.object(f"needs a length that is not negative, not '{following.words[0]}' (as if none were given)")
    if depth_um == 0:
        return {"attenuation_per_m": 0.0, "thickness_m": 0.0}, 1
    return {"attenuation_per_m": v.quotient(1.0, depth_um * 1e-6)}, 1


def read_thickness(following: Following) -> Reading:
    require_word(following)
    return {"thickness_m": following.number(0) * 1e-6}, 1


def read_thickness_steps(following: Following) -> Reading:
    require_word(following)
    return {"thickness_steps": following.integer(0)}, 1


def read_pivot(following: Following) -> Reading:
    word = following.words[0]
    if word not in ("sample", "beam"):
        following.object(f"needs 'sample' or 'beam', not '{word}'")
    pivots = [name.upper() for name in ("sample", "beam") if name in word]
    return ({"pivot": pivots[-1]} if pivots else {}), 1


def read_curved(following: Following) -> Reading:
    """Takes no value, but as the very last word the reference overlooks it (defect ``curved-det-last-word``)."""
    if not following.words and "curved-det-last-word" in following.defects:
        following.remarks.note(f"{following.flag} is the last word, where the reference overlooks it")
        return {}, 0
    return {"curved": True}, 0


def read_trace_pixel(following: Following) -> Reading:
    slow, fast = (following.integer_between(i, 0, 2**31 - 1) for i in (0, 1))
    return {"trace_pixel": (slow, fast)}, 2


def read_defects(following: Following) -> Reading:
    return {"defects": Defects.parse(following.words[0])}, 1


def read_case(following: Following) -> Reading:
    name = following.words[0]
    if not name or any(character in " \t\n\v\f\r" for character in name):
        raise InputError(f"{following.flag} needs one word that is not empty, not '{name}'")
    return {"case": name}, 1
