"""How many additions stand behind a value of the reference: what the order of a sum may change.

A port that adds up an array at once rounds otherwise than a loop that adds one term after the other, by up to a unit in
the last place a term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capture.edges import edges_of
from capture.groups import Group
from capture.neighbours import Side, nodes
from capture.pairs import Pair
from capture.trace import CapturedTrace


def terms_of(pairs: Sequence[Pair], trace: CapturedTrace) -> dict[int, int]:
    """By the pair's place: the longest sum that the reference's value is, or is made from past the last pair."""
    stored = stores(trace)
    side = Side.of(edges_of(trace), ((number, pair.a) for number, pair in enumerate(pairs) if pair.usable))
    return {number: _longest(pair.a, side, stored) for number, pair in enumerate(pairs) if pair.usable}


def stores(trace: CapturedTrace) -> Mapping[str, int]:
    """How often each accumulator (a variable that its own store reads) was added to."""
    found: dict[str, int] = {}
    for column in trace.columns:
        if column.site.target and column.site.target in column.site.reads:
            found[column.site.target] = found.get(column.site.target, 0) + len(column)
    return found


def _longest(group: Group, side: Side, stored: Mapping[str, int]) -> int:
    own = nodes(group)
    return max((stored.get(node, 0) for node in own | side.passed(group)), default=0)
