"""Columns of evaluations: what a block of trace lines becomes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from compare.judging.keys import Section
from compare.reading.lines import Shown
from compare.reading.numbers import DECIMAL, INTEGER, decimal_text, is_integer, number

Ints = npt.NDArray[np.int64]
Values = npt.NDArray  # (n, width), int64, float64, or object (words, integers beyond 64 bits)
EXACT_INTEGER = 1 << 53
LARGE_INTEGER = 10**10  # as a float it would differ from its neighbours by no more than rounding
LONGEST_INTEGER = 4000  # digits that Python turns into a number and back


@dataclass(frozen=True, eq=False)
class Table:
    """Evaluations of one record that print the same names.

    ``index`` is (n, 1 + k): the number of the section, 0 outside of all of them, then the loop indices.
    ``order`` is (n,): positions in the log. ``columns`` maps a name to its (n, width) values.
    """

    record: str
    index_names: tuple[str, ...]
    index: Ints
    order: Ints
    columns: dict[str, Values] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """What its rows can be aligned with: the record, or the name of a line without a record."""
        if self.record:
            return f"{self.record} {' '.join(self.index_names)}"
        return f":{next(iter(self.columns))} {' '.join(self.index_names)}".rstrip()

    def __len__(self) -> int:
        return len(self.order)

    def take(self, rows: Ints | slice, names: Sequence[str] | None = None) -> Table:
        """The given rows, optionally with some of the columns only."""
        kept = self.columns if names is None else {name: self.columns[name] for name in names}
        columns = {name: values[rows] for name, values in kept.items()}
        return replace(self, index=self.index[rows], order=self.order[rows], columns=columns)


@dataclass(frozen=True, slots=True)
class Columns:
    """What lines of one shape hold: an index column for each key that is printed, the section, the values."""

    index: dict[int, Ints]  # by slot
    values: dict[str, Values]


@dataclass(frozen=True, slots=True)
class Opening:
    """A line that opens a section, or states parts of it."""

    line: int
    section: Section
    whole: bool = False  # nothing of the section before stays


@dataclass(frozen=True, eq=False, slots=True)
class Stated:
    """What the lines of a table say themselves of the section that each belongs to."""

    names: tuple[str, ...]
    numbers: Ints  # (n, number of names)


@dataclass
class Loose:
    """What an unmarked log holds beside its names and values: texts -> their first line, and how often each stands."""

    numbers: Counter[str] = field(default_factory=Counter)  # lines with numbers that were not read
    words: Counter[str] = field(default_factory=Counter)  # lines of words alone
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, kind: Counter[str], line: int, text: str) -> None:
        kind[text] += 1
        self.lines.setdefault(text, line)


@dataclass
class Block:
    """What a block of lines held. Orders are line numbers that start at 1 in the block."""

    tables: list[Table] = field(default_factory=list)
    stated: dict[int, Stated] = field(default_factory=dict)  # by position among the tables
    openings: list[Opening] = field(default_factory=list)  # in the order of their lines
    malformed: list[tuple[int, str]] = field(default_factory=list)
    headings: Shown = field(default_factory=Shown)  # lines that begin with TRACE and hold no number
    unread: Shown = field(default_factory=Shown)  # lines that only look like a trace
    sides: set[str] = field(default_factory=set)
    lines: int = 0
    trace_lines: int = 0
    loose: Loose = field(default_factory=Loose)  # of a log that no TRACE marks


def convert(texts: Sequence[str], kind: str | None) -> Values:
    """A column of texts as int64, float64 or objects.

    ``kind`` is the vocabulary's word; without one the column is of integers if every text is. Decimal texts
    become the nearest double (Python's conversion is correctly rounded).
    """
    if kind == "word":
        return _objects(list(texts))
    if kind != "float":
        integers = _integers(texts, negative_zero=kind == "int")
        if integers is not None:
            return integers
    whole = kind != "float"
    try:
        values = np.array(_doubles(texts), float)
    except ValueError:
        return _numbers_and_words(texts, whole=whole)
    fits = not _overflowed(texts, values) and (not whole or _exact(texts, values, written_out=kind is None))
    return values if fits else _numbers_and_words(texts, whole=whole)


def convert_rows(parts: Sequence[Sequence[str]], kind: str | None) -> Values:
    """Components side by side, (n, width): integers if all are, else floats or objects."""
    if len(parts) == 1:
        return convert(parts[0], kind)[:, None]
    together = convert([text for part in parts for text in part], kind)
    if together.dtype != np.int64 and (together.dtype == object or (np.abs(together) >= LARGE_INTEGER).any()):
        return side_by_side([convert(part, kind) for part in parts])
    return np.ascontiguousarray(together.reshape(len(parts), -1).T)


def _integers(texts: Sequence[str], *, negative_zero: bool) -> Values | None:
    """All texts as integers; None if one is not. ``negative_zero``: -0 is one too."""
    try:
        numbers = list(map(int, texts))
    except ValueError:
        return None
    if not all(INTEGER.match(text) if negative_zero else is_integer(text) for text in texts):
        return None
    try:
        return np.array(numbers, np.int64)
    except OverflowError:
        return _objects(numbers)


def _doubles(texts: Sequence[str]) -> list[float]:
    """Raises ValueError where a text is no number."""
    if not _odd(texts):
        try:
            return list(map(float, texts))
        except ValueError:
            pass  # an exponent without its letter, 1.#QNAN
    return [number(text) for text in texts]


def _odd(texts: Sequence[str]) -> bool:
    """Needs the exact grammar: float() takes digit groups (1_000) and lacks nan(...), D exponents, hex."""
    joined = "".join(texts)
    return not joined.isascii() or any(mark in joined for mark in "_(xXdD")


def _overflowed(texts: Sequence[str], values: npt.NDArray[np.float64]) -> bool:
    """Whether a finite number is beyond the range of doubles: as infinity it would equal any other such number."""
    return any(not _names_infinity(texts[i]) for i in np.flatnonzero(np.isinf(values)).tolist())


def _names_infinity(text: str) -> bool:
    return "inf" in text.lower()


def _exact(texts: Sequence[str], values: npt.NDArray[np.float64], *, written_out: bool) -> bool:
    """Whether no integer is too large to be held against a float's tolerance.

    ``written_out``: only texts of plain digits are integers.
    """
    suspects = np.flatnonzero(np.isfinite(values) & (np.abs(values) >= LARGE_INTEGER)).tolist()
    if written_out:
        return not any(is_integer(texts[i]) for i in suspects)
    return not suspects


def _numbers_and_words(texts: Sequence[str], *, whole: bool) -> Values:
    """``whole``: what is written as an integer stays one."""
    return _objects([_integer_or_other(text) if whole else _number_or_word(text) for text in texts])


def _integer_or_other(text: str) -> int | float | str:
    """An integer of any size, also where it is written with an exponent; one too long for Python stays a text."""
    if is_integer(text):
        return int(text) if len(text) <= LONGEST_INTEGER else text
    value = _number_or_word(text)
    if isinstance(value, float) and EXACT_INTEGER <= abs(value) < np.inf and DECIMAL.match(text):
        written = Decimal(decimal_text(text))
        return int(written) if written == written.to_integral_value() else value
    return value


def _number_or_word(text: str) -> float | str:
    try:
        value = number(text)
    except ValueError:
        return text
    return value if not math.isinf(value) or _names_infinity(text) else text


def _objects(values: Sequence[int | float | str]) -> Values:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _large(whole: Values) -> bool:
    return bool(((whole >= LARGE_INTEGER) | (whole <= -LARGE_INTEGER)).any())


def side_by_side(parts: Sequence[Values]) -> Values:
    """Columns side by side: (n, width)."""
    return np.stack(of_one_kind(parts), axis=1)


def of_one_kind(parts: Sequence[Values]) -> list[Values]:
    """Columns to be put together: small integers beside floats become floats, large ones make objects of them all."""
    kinds = {part.dtype for part in parts}
    large = len(kinds) > 1 and any(part.dtype == np.int64 and _large(part) for part in parts)
    if large or np.dtype(object) in kinds:
        return [part.astype(object) for part in parts]
    return list(parts)
