"""Pairs of quantities whose values differ: proposed by names, by neighbours in the graph, and by how near they are.

A proposal is tried where nothing speaks against it. What speaks against it: everything that is made from both agrees in
value, so that they are no step at fault but other quantities; several could be meant; the numbers are those of another
step of the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from capture.edges import Edges
from capture.gaps import views
from capture.groups import TOLERANCE, Group, axis_orders, reordered
from capture.neighbours import Side, nodes, overlap
from capture.pairs import Pair, Verdict

ROUNDS = 3  # pairs found by neighbours are neighbours of others
SMALL = 100  # whole numbers up to it are equal by chance
LIKELY, NEAR = 0.5, 0.3  # neighbours in common, and nearness, that propose a pair without a name in common
CLOSER = 0.5  # what makes another order of axes likelier than the one as stored


@dataclass(frozen=True)
class _Candidate:
    """A group of each side that may be the same."""

    a: Group
    b: Group
    above: float  # shares of neighbours in common
    below: float

    @cached_property
    def shared(self) -> frozenset[str]:
        return self.a.names & self.b.names

    @cached_property
    def likeliest(self) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
        return likeliest(self.a, self.b)

    @property
    def order(self) -> tuple[int, ...]:
        return self.likeliest[0]

    @cached_property
    def nearness(self) -> float:
        """1 for equal magnitudes, 0 for unlike ones."""
        a, b = (np.abs(numbers) for numbers in self.likeliest[1:])
        total = a + b
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = np.where(total > 0, np.abs(a - b) / total, 0.0)
        return 1.0 - float(apart.mean()) if apart.size else 0.0

    @property
    def score(self) -> float:
        return 2.0 * bool(self.shared) + self.above + self.below + self.nearness

    @property
    def same_place(self) -> float:
        """How late both are stored: of equals, what is stored last belongs together."""
        return float(self.a.first.order + self.b.first.order)


def propose(
    a: Sequence[Group], b: Sequence[Group], pairs: Sequence[Pair], edges: tuple[Edges, Edges] = ({}, {})
) -> list[Pair]:
    """Proposals for groups that no value pairs.

    Args:
        a, b: the unpaired groups of the reference and of the port.
        pairs: those paired by value.
        edges: the def-use graphs of both.
    """
    usable = [(number, pair) for number, pair in enumerate(pairs) if pair.usable]
    agreeing = {number for number, pair in usable if pair.agrees}
    sides = (
        Side.of(edges[0], ((number, pair.a) for number, pair in usable)),
        Side.of(edges[1], ((number, pair.b) for number, pair in usable)),
    )
    rest_a, rest_b = [g for g in a if _is_step(g)], [g for g in b if _is_step(g) and not g.is_sequence]
    found: list[Pair] = []
    for _ in range(ROUNDS):
        fresh = _assigned(list(_candidates(rest_a, rest_b, sides, agreeing)))
        if not fresh:
            break
        for pair in fresh:
            sides[0].own(pair.a, len(pairs) + len(found))
            sides[1].own(pair.b, len(pairs) + len(found))
            found.append(pair)
        rest_a = [g for g in rest_a if not any(g is pair.a for pair in fresh)]
        rest_b = [g for g in rest_b if not any(g is pair.b for pair in fresh)]
    telling = _telling(pairs, (*rest_a, *(p.a for p in found)), (*rest_b, *(p.b for p in found)))
    return [_checked(pair, sides, telling & agreeing, agreeing) for pair in found]


def _is_step(one: Group) -> bool:
    """Whether it is computed somewhere: parameters alone are copies, and a sequence belongs to several steps."""
    return (not one.is_sequence or one.has_gaps) and any(member.site.kind != "parameter" for member in one.members)


def _candidates(
    a: Sequence[Group], b: Sequence[Group], sides: tuple[Side, Side], agreeing: set[int]
) -> Iterator[_Candidate]:
    made_from = [[side.made_from(g) for g in groups] for side, groups in zip(sides, (a, b), strict=True)]
    makes = [[side.makes(g) for g in groups] for side, groups in zip(sides, (a, b), strict=True)]
    for at, one in enumerate(a):
        for to, other in enumerate(b):
            in_gaps = one.has_gaps and not _same_sizes(one, other)
            if not (any(True for _ in views(one, other)) if in_gaps else _same_sizes(one, other)):
                continue
            above = overlap(made_from[0][at], made_from[1][to])
            below = overlap(makes[0][at], makes[1][to])
            candidate = _Candidate(one, other, above, below)
            differing = (makes[0][at] & makes[1][to]) - agreeing
            is_likely = bool(differing) and above >= LIKELY and below >= LIKELY
            is_near = candidate.nearness >= NEAR
            if (is_likely and is_near) or (candidate.shared and (is_near or not in_gaps)):
                yield candidate


def _assigned(candidates: list[_Candidate]) -> list[Pair]:
    """The best candidates first, each group once; without a name in common only where no other is as good."""
    ranked = sorted(candidates, key=lambda c: (-c.score, -c.same_place))
    used: set[int] = set()
    found: list[Pair] = []
    for at, best in enumerate(ranked):
        if id(best.a) in used or id(best.b) in used:
            continue
        rivals = [c for c in ranked[at + 1 :] if (c.a is best.a) != (c.b is best.b) and c.score > best.score - 0.05]
        if rivals and not best.shared:
            continue
        used |= {id(best.a), id(best.b)}
        found.append(_proposal(best))
    return found


def _proposal(one: _Candidate) -> Pair:
    names = sorted(one.shared, key=lambda n: (-len(n), n))
    why = f"both are called {names[0]}" if names else "made from the same, and the same is made from them"
    said = f"the values differ; {why}"
    return Pair(one.a, one.b, Verdict.PROPOSED, 1.0, said, frozenset(names[:1]), one.order, agrees=False)


def _telling(pairs: Sequence[Pair], a: Sequence[Group], b: Sequence[Group]) -> set[int]:
    """Pairs whose agreement says something: no numbers that are equal by chance, no other store of the variable."""
    stored = [{node for g in groups for node in nodes(g)} for groups in (a, b)]
    return {
        number
        for number, pair in enumerate(pairs)
        if is_telling(pair.a) and not (nodes(pair.a) & stored[0] or nodes(pair.b) & stored[1])
    }


def _reads(one: Group) -> bool:
    """Whether any of its stores is made from something."""
    return any(member.site.reads or member.site.kind in ("parameter", "written") for member in one.members)


def is_telling(one: Group) -> bool:
    """Whether not all numbers are small and whole."""
    return bool(((one.vector != np.round(one.vector)) | (np.abs(one.vector) > SMALL)).any())


def _checked(pair: Pair, sides: tuple[Side, Side], telling: set[int], agreeing: set[int]) -> Pair:
    """The proposal, not tried where something speaks against it."""
    above = sides[0].made_from(pair.a), sides[1].made_from(pair.b)
    makes = sides[0].makes(pair.a), sides[1].makes(pair.b)
    below = makes[0] & makes[1]
    if all(above[n] | makes[n] for n in (0, 1)) and not (above[0] & above[1] or below):
        return replace(pair, tried=False, evidence=f"{pair.evidence}; but they have no neighbour in common")
    if not _reads(pair.a) and _reads(pair.b):
        return replace(pair, tried=False, evidence=f"{pair.evidence}; but the reference's is a constant")
    if not below & telling or below - agreeing:
        return pair
    against = "but what is made from them agrees"
    if _same_sizes(pair.a, pair.b) and _is_shifted(pair.a, pair.b):
        against += ", and they are the same numbers a step of the loop later"
    elif not (sides[0].is_told_apart(pair.a) and sides[1].is_told_apart(pair.b)):
        return pair
    return replace(pair, tried=False, evidence=f"{pair.evidence}; {against}")


def _is_shifted(a: Group, b: Group) -> bool:
    """Whether one's numbers are the other's, a place later: read before, or after, the same store."""
    blocks = zip(_flat(a), _flat(b), strict=True)
    return all(len(x) == len(y) > 2 and (_equal(x[1:], y[:-1]) or _equal(x[:-1], y[1:])) for x, y in blocks)


def _flat(one: Group) -> list[NDArray[np.float64]]:
    sizes = np.cumsum([int(np.prod(shape, dtype=np.int64)) for shape in one.shapes])[:-1]
    return np.split(one.vector, sizes)


def _equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool((np.abs(a - b) <= TOLERANCE * np.abs(a).max(initial=0.0)).all())


def likeliest(a: Group, b: Group) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
    """The order of a's axes that fits b's shapes, and both sides' numbers place by place.

    Of several, the one as stored, unless another's magnitudes are much closer: a sign may be what is wrong.
    """
    if a.has_gaps and not _same_sizes(a, b):
        fitting = [(order, a.vector, there) for order, there in views(a, b)]
    elif len(a.vector) != len(b.vector):
        return (), _explained(a), _explained(b)
    else:
        fitting = [(order, reordered(a, order), b.vector) for order in axis_orders(a.shapes, b.shapes)]
    apart = [float(np.abs(np.abs(x) - np.abs(y)).sum()) for _, x, y in fitting]
    if not fitting:
        return (), a.vector, b.vector
    closest = int(np.argmin(apart))
    return fitting[closest if apart[closest] < CLOSER * apart[0] else 0]


def _same_sizes(a: Group, b: Group) -> bool:
    """Whether both have as many numbers in the explained case: in others a fault may have led to other branches."""
    return len(a.shapes) == len(b.shapes) and _explained(a).size == _explained(b).size


def _explained(one: Group) -> NDArray[np.float64]:
    """The numbers of the explained case: the first."""
    return one.vector[: int(np.prod(one.shapes[0], dtype=np.int64))]
