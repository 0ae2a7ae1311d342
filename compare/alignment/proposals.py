"""Names that may be the same quantity under another name: proposed with their evidence, never paired.

A name that one log alone prints and the vocabulary does not know is proposed for one that the other log alone prints
where their values are the same numbers, up to a sign and a power of ten, and no other left over name has them; values
of few digits also need a neighbour: the same quantity printed just before or just after on both sides.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compare.classes.store import Name
from compare.judging.leftovers import Book, Entry
from compare.judging.result import Pair, Remark, Side
from compare.words.vocabulary import Vocabulary

FEWEST_DIGITS = 5  # of the longest component; fewer agree by chance
ENOUGH_DIGITS = 9  # that need no neighbour
AGREEMENT = 1e-4
MOST_NAMES = 2000  # of one log that are looked at

Signature = tuple[int, ...]


@dataclass(frozen=True)
class Candidate:
    """The first value of a left over name."""

    name: Name
    entry: Entry
    numbers: tuple[float, ...]
    digits: int

    @property
    def label(self) -> str:
        return ".".join(filter(None, self.name))


def proposals(book: Book, vocabulary: Vocabulary, pairs: Sequence[Pair]) -> Iterator[Remark]:
    """One remark for each name that may stand for another."""
    sides = {side: _by_signature(book, side) for side in Side}
    neighbours = {side: _Neighbours(pairs, side) for side in Side}
    for signature, in_a in sides[Side.A].items():
        in_b = sides[Side.B].get(signature, [])
        if len(in_a) != 1 or len(in_b) != 1:
            continue
        a, b = in_a[0], in_b[0]
        known = [vocabulary.quantity(*one.name).known for one in (a, b)]
        factor = _factor(a.numbers, b.numbers)
        if all(known) or factor is None:
            continue
        near = neighbours[Side.A].of(a.entry.order) & neighbours[Side.B].of(b.entry.order)
        if min(a.digits, b.digits) >= ENOUGH_DIGITS or near:
            yield _remark(a, b, factor, near, b_is_older=not known[1])


def _by_signature(book: Book, side: Side) -> dict[Signature, list[Candidate]]:
    found: dict[Signature, list[Candidate]] = {}
    for name, _ in zip(book.names(side), range(MOST_NAMES), strict=False):
        entry = book.entries(side, name)[0]
        if not all(isinstance(part, int | float) and math.isfinite(part) for part in entry.value):
            continue
        numbers = tuple(map(float, entry.value))
        digits = max((_digits(abs(number)) for number in numbers), default=0)
        if digits >= FEWEST_DIGITS:
            found.setdefault(_signature(numbers), []).append(Candidate(name, entry, numbers, digits))
    return found


def _digits(size: float) -> int:
    return len(repr(size).split("e")[0].replace(".", "").strip("0"))


def _signature(numbers: tuple[float, ...]) -> Signature:
    """The same for values that differ by a sign and a power of ten alone: four digits of each component."""
    largest = max(map(abs, numbers))
    unit = 10.0 ** (math.floor(math.log10(largest)) - 3)
    return tuple(int(abs(number) / unit + 0.25) for number in numbers)


def _factor(a: tuple[float, ...], b: tuple[float, ...]) -> float | None:
    """a = factor x b: a power of ten, perhaps with a sign; None where the components do not agree on one."""
    at = max(range(len(a)), key=lambda i: abs(a[i]))
    if not b[at]:
        return None
    power = round(math.log10(abs(a[at] / b[at])))
    factor = math.copysign(10.0**power, a[at] / b[at]) if abs(power) < 300 else 1.0
    scale = abs(a[at])
    return factor if all(abs(p - factor * q) <= AGREEMENT * scale for p, q in zip(a, b, strict=True)) else None


class _Neighbours:
    """What a log prints just before and just after a line, of what both logs print."""

    def __init__(self, pairs: Sequence[Pair], side: Side) -> None:
        named = ((pair, f"{pair.key.record}.{pair.key.name}") for pair in pairs)
        ordered = sorted({(pair.order if side is Side.A else pair.line_b, name) for pair, name in named})
        self._lines = [line for line, _ in ordered]
        self._names = [name for _, name in ordered]

    def of(self, line: int) -> set[tuple[str, str]]:
        at = bisect_left(self._lines, line)
        found = set()
        if at:
            found.add(("after", self._names[at - 1].lstrip(".")))
        if at < len(self._names):
            found.add(("before", self._names[at].lstrip(".")))
        return found


def _remark(a: Candidate, b: Candidate, factor: float, near: set[tuple[str, str]], *, b_is_older: bool) -> Remark:
    older, of = (b, a) if b_is_older else (a, b)
    factor = factor if b_is_older else 1 / factor
    facts = ["the same number" if factor == 1.0 else f"the same number x {factor:g}"]
    facts += [f"{where} {name} in both logs" for where, name in sorted(near)]
    entry = f'[[alias]] name = "{older.label}" of = "{of.label}"' + ("" if factor == 1.0 else f" factor = {factor:g}")
    side = "b" if b_is_older else "a"
    text = (
        f"{older.label} of {side} may be {of.label} ({', '.join(facts)}); to say so, put into the vocabulary: {entry}"
    )
    return Remark("proposal", text)
