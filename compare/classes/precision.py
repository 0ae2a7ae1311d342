"""How many digits a log prints, and what that loses.

A log's precision is stated: on the command line, by the vocabulary, by the log's format line. Without a statement
every digit counts, with one exception: a whole log of at least ENOUGH floats with no fewer than FEWEST digits, none
of them longer than N digits, was printed with N. Never is it guessed from one value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EXACT = 17  # digits that name any double
LOSSY = 15  # up to so many digits a text is shorter than what tells doubles apart
FEWEST = 12  # digits of a float that is not short
SEVERAL = 10  # floats, before it is said that all of them are short
ENOUGH = 200  # floats that are not short, before a precision is inferred


@dataclass(frozen=True, slots=True)
class Digits:
    """Significant digits of one side. ``stated``: shorter values are rounded too (%g drops zeros at the end)."""

    count: int = EXACT
    stated: bool = False

    @property
    def exact(self) -> bool:
        return not 0 < self.count <= LOSSY


@dataclass
class Longest:
    """Looks at the floats of a whole log, in the order they come; settled once one has too many digits."""

    digits: int = 0
    count: int = 0  # floats that are not short
    seen: int = 0  # floats of any length
    most: int = 0  # digits of the longest of them

    def see(self, values: Floats) -> None:
        for value in values.ravel().tolist():
            if self.digits > LOSSY:
                return
            found = significant_digits(value)
            self.seen, self.most = self.seen + 1, max(self.most, found)
            if found >= FEWEST:
                self.count += 1
                self.digits = max(self.digits, found)

    @property
    def all_short(self) -> bool:
        """Whether there are several floats and none of them has the digits of a full number."""
        return self.seen >= SEVERAL and self.most < FEWEST

    def inferred(self) -> Digits | None:
        """The precision of the log, where so many floats leave no other reading."""
        if self.count < ENOUGH or self.digits > LOSSY:
            return None
        return Digits(self.digits)


def significant_digits(value: float) -> int:
    """Digits of the shortest decimal that reads back to a value: of up to 15 printed digits, those without zeros."""
    mantissa = repr(value).partition("e")[0].lstrip("-").replace(".", "").strip("0")
    return len(mantissa) if mantissa.isdigit() else 0


def largest_loss(values: Floats, digits: Digits) -> Floats:
    """Half a unit in the last printed digit; 0 where printing loses nothing."""
    if digits.exact:
        return np.zeros_like(values)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
        loss = 0.5 * 10.0 ** (exponent - digits.count + 1) + np.spacing(np.abs(values))
    return np.where(np.isfinite(loss) & (values != 0), loss, 0.0)


def loses(value: float, digits: Digits) -> bool:
    """Whether this text may stand for another value: longer ones contradict the statement and count as exact."""
    found = significant_digits(value)
    return found <= digits.count if digits.stated else found == digits.count


def printing_loss(values: Floats, digits: Digits, asked: npt.NDArray[np.bool_]) -> Floats:
    """What printing may have taken from each of the values ``asked`` for, 0 elsewhere."""
    loss = largest_loss(values, digits)
    loss[~asked] = 0.0
    for place in zip(*np.nonzero(loss), strict=True):
        if not loses(float(values[place]), digits):
            loss[place] = 0.0
    return loss
