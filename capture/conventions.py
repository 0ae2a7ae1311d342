"""Units and signs: when a constant factor between two quantities is a convention, and when it is a fault.

Another unit, or the other sign, is taken back by what is made from it: something there agrees as it is. Where nothing
does, the values differ, by that factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from capture.edges import Edges
from capture.neighbours import Side
from capture.pairs import Pair, Verdict
from capture.proposals import is_telling


def settled(pairs: Sequence[Pair], edges: tuple[Edges, Edges]) -> list[Pair]:
    """Pairs by value, those with a factor that nothing takes back as proposals of quantities that differ.

    Args:
        edges: the def-use graphs of the reference and of the port.
    """
    if all(pair.factor == 1.0 for pair in pairs):
        return list(pairs)
    sides = Side.of(edges[0]), Side.of(edges[1])
    for number, pair in enumerate(pairs):
        sides[0].own(pair.a, number)
        sides[1].own(pair.b, number)
    made = [(sides[0].makes(pair.a), sides[1].makes(pair.b)) for pair in pairs]
    below = [(a & b) or (a | b) for a, b in made]
    sound = {number for number, pair in enumerate(pairs) if pair.factor == 1.0}
    telling = {number for number, pair in enumerate(pairs) if is_telling(pair.a)}
    while taken_back := {number for number, makes in enumerate(below) if makes & sound & telling} - sound:
        sound |= taken_back
    return [
        pair if number in sound or not pair.usable else _differing(pair, bool(below[number]))
        for number, pair in enumerate(pairs)
    ]


def _differing(pair: Pair, has_readers: bool) -> Pair:
    """Of a quantity that others are made from, the pair is a guess: one of those may be wrong instead."""
    said = f"the values differ by a factor of {pair.factor:g}, which nothing that is made from them takes back"
    shared = frozenset() if has_readers else pair.shared
    return replace(pair, verdict=Verdict.PROPOSED, factor=1.0, evidence=said, shared=shared, agrees=False)
