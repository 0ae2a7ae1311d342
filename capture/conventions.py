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
    a = Side.of(edges[0], enumerate(pair.a for pair in pairs))
    b = Side.of(edges[1], enumerate(pair.b for pair in pairs))
    made = [(a.makes(pair.a), b.makes(pair.b)) for pair in pairs]
    below = [(ours & theirs) or (ours | theirs) for ours, theirs in made]
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
