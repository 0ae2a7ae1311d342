"""Which names of two programs are the same quantity: accepted, proposed, unpaired, each with its evidence.

A pair is accepted only where the values are the unique mutual match in every case (to rounding, up to sign and a power
of ten) and carry enough information, or where values and names agree; and never against the names. Values that differ
cannot be found by value: names propose them, with the neighbours in the graph, and that is where a fault is.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from capture import gaps
from capture.conventions import settled
from capture.edges import Edges, joined
from capture.errors import CaptureError
from capture.groups import (
    SINGLE,
    TOLERANCE,
    Group,
    alike,
    allowed,
    by_case,
    factor_between,
    matches,
    spectrum,
    unfolded,
)
from capture.pairs import STATED, Pair, Pairing, Verdict
from capture.proposals import propose
from capture.series import Series, series_of, without_unit, words_of
from capture.trace import CapturedTrace

Holders = dict[str, list[Group]]
ENOUGH, SOME = 3, 1  # distinct full-width numbers: enough alone; enough together with a name
LONG = 8  # short numbers, such as rounded indices, count when there are so many, and not all alike


def pair_traces(reference: Sequence[CapturedTrace], port: Sequence[CapturedTrace]) -> Pairing:
    """Pair what two programs stored in the same cases, in the same order."""
    return pair_series(series_of(reference), series_of(port), (joined(reference), joined(port)))


def pair_series(a: Sequence[Series], b: Sequence[Series], edges: tuple[Edges, Edges] = ({}, {})) -> Pairing:
    """Pair two sides' series, whose def-use graphs are given; see the module."""
    groups_a, groups_b = group(a), group(b)
    holders = _holders(groups_a), _holders(groups_b)
    pairs: list[Pair] = []
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    for level in (_exact, _rounded, _unfolded, gaps.candidates, _partial):
        candidates = level([g for g in groups_a if id(g) not in taken_a], [g for g in groups_b if id(g) not in taken_b])
        for pair in _judged(candidates, holders):
            pairs.append(pair)
            taken_a.add(id(pair.a))
            taken_b.add(id(pair.b))
    pairs = settled(pairs, edges)
    rest_a = [g for g in groups_a if id(g) not in taken_a]
    rest_b = [g for g in groups_b if id(g) not in taken_b]
    proposals = propose(rest_a, rest_b, pairs, edges)
    proposed_a, proposed_b = {id(p.a) for p in proposals}, {id(p.b) for p in proposals}
    return Pairing(
        pairs=(*pairs, *proposals),
        unpaired_a=tuple(g for g in rest_a if id(g) not in proposed_a),
        unpaired_b=tuple(g for g in rest_b if id(g) not in proposed_b),
    )


# ---- one quantity under several names ----


def group(series: Sequence[Series]) -> list[Group]:
    """Series with the same numbers together, in the order of their first store."""
    found: dict[tuple[object, ...], Group] = {}
    for one in sorted(series, key=lambda s: s.order):
        blocks = [block.essential() for _, block in sorted(one.blocks.items())]
        if not blocks or any(not np.isfinite(block).all() for block in blocks):
            continue
        shapes = tuple(block.shape for block in blocks)
        vector = np.concatenate([block.reshape(-1) for block in blocks]) + 0.0  # -0 is 0
        full = information(vector)
        name = one.tail if full == 0 else ""  # numbers like 0 and 1 are equal by chance: only with the same name
        found.setdefault((shapes, vector.tobytes(), name), Group([], vector, shapes, full)).members.append(one)
    for one_group in found.values():
        raw = {name for member in one_group.members for name in member.names}
        one_group.names = frozenset(raw | {without_unit(name) for name in raw})
    return list(found.values())


def information(values: NDArray[np.float64]) -> int:
    """How many distinct numbers of full width there are: those that chance does not make equal."""
    distinct = np.unique(np.abs(values))[:1000]
    wide = sum(1 for value in distinct.tolist() if len(f"{value:.15e}".partition("e")[0].rstrip("0")) > 6)
    return wide + (ENOUGH if len(values) >= LONG and len(distinct) >= ENOUGH else 0)


# ---- candidates ----


def _exact(a: Sequence[Group], b: Sequence[Group]) -> list[tuple[Group, Group, float]]:
    """Pairs of groups with the very same numbers, axes in any order."""
    found: dict[bytes, list[Group]] = {}
    for one in b:
        found.setdefault(np.sort(one.vector).tobytes(), []).append(one)
    candidates = []
    for one in a:
        for other in found.get(np.sort(one.vector).tobytes(), ()):
            if matches(one, other, 1.0, 0.0) is not None:
                candidates.append((one, other, 1.0))
    return candidates


def _rounded(a: Sequence[Group], b: Sequence[Group]) -> list[tuple[Group, Group, float]]:
    """Pairs that are the same to rounding, up to sign and a power of ten."""
    by_size: dict[int, list[Group]] = {}
    for one in b:
        by_size.setdefault(len(one.vector), []).append(one)
    stacked = {size: np.stack([spectrum(g) for g in groups]) for size, groups in by_size.items()}
    candidates = []
    for one in a:
        size = len(one.vector)
        if size not in stacked or not np.any(one.vector):
            continue
        distance = np.abs(stacked[size] - spectrum(one)).max(axis=1)
        for at in np.flatnonzero(distance <= SINGLE):
            other = by_size[size][int(at)]
            if distance[at] > allowed(one, other):
                continue
            factor = factor_between(one, other)
            if factor is not None and matches(one, other, factor, allowed(one, other)) is not None:
                candidates.append((one, other, factor))
    return candidates


def _unfolded(a: Sequence[Group], b: Sequence[Group]) -> list[tuple[Group, Group, float]]:
    """Pairs that agree over all axes of one side: a port that runs through several loops as one."""
    by_size: dict[int, list[tuple[Group, NDArray[np.float64]]]] = {}
    for other in b:
        for vector in (other.vector, unfolded(other)):
            by_size.setdefault(len(vector), []).append((other, vector))
    candidates: dict[tuple[int, int], tuple[Group, Group, float]] = {}
    for one in a:
        full = unfolded(one)
        if len(full) == len(one.vector) or not np.any(full):
            continue
        scale = TOLERANCE * float(np.abs(full).max())
        for other, vector in by_size.get(len(full), ()):
            known = one.information >= SOME or bool(one.names & other.names)
            if known and bool((np.abs(full - vector) <= scale).all()):
                candidates[id(one), id(other)] = (one, other, 1.0)
    return list(candidates.values())


def _partial(a: Sequence[Group], b: Sequence[Group]) -> list[tuple[Group, Group, float]]:
    """Pairs of one name that agree in the cases that both have: in others one side does not come there."""
    holders_b = _holders(b)
    candidates: dict[tuple[int, int], tuple[Group, Group, float]] = {}
    for one in a:
        mine = by_case(one)
        for other in {id(g): g for name in one.names for g in holders_b.get(name, ())}.values():
            theirs = by_case(other)
            common = mine.keys() & theirs.keys()
            told = one.information >= SOME and other.information >= SOME and mine.keys() != theirs.keys()
            if told and common and all(alike(mine[c], theirs[c]) for c in common):
                candidates[id(one), id(other)] = (one, other, 1.0)
    return list(candidates.values())


# ---- judging ----


def _judged(candidates: Sequence[tuple[Group, Group, float]], holders: tuple[Holders, Holders]) -> list[Pair]:
    """Candidates that are the only ones for both sides, or that names single out; the others are proposals."""
    by_a: dict[int, list[tuple[Group, Group, float]]] = {}
    by_b: dict[int, list[tuple[Group, Group, float]]] = {}
    for candidate in candidates:
        by_a.setdefault(id(candidate[0]), []).append(candidate)
        by_b.setdefault(id(candidate[1]), []).append(candidate)
    chosen: list[Pair] = []
    used: set[int] = set()
    ranked = sorted(candidates, key=lambda c: -_likeness(c[0], c[1]))
    for one, other, factor in ranked:
        if id(one) in used or id(other) in used:
            continue
        alone = len(by_a[id(one)]) == 1 and len(by_b[id(other)]) == 1
        pair = _verdict(one, other, factor, alone, holders)
        if pair is not None:
            chosen.append(pair)
            used |= {id(one), id(other)}
    return chosen


def _verdict(a: Group, b: Group, factor: float, alone: bool, holders: tuple[Holders, Holders]) -> Pair | None:
    shared = a.names & b.names
    information = min(a.information, b.information)
    likeness = _likeness(a, b)
    if factor != 1.0 and ((factor < 0.0 and shared) or _one_unit(a, b)):
        return None  # a name says that it is one quantity in one unit: the values differ
    said = f"{len(a.vector)} values agree, {information} of full width"
    if factor != 1.0:
        said += f", port = {factor:g} x reference"
    said += f"; names in common: {', '.join(sorted(shared)[:4])}" if shared else "; no name in common"
    if _contradicted(a, b, holders):
        said += "; both names are used for other values too"
        return Pair(a, b, Verdict.PROPOSED, factor, said, tried=False)
    enough = (alone and information >= ENOUGH and not (_may_be_left_over(a) and likeness == 0.0)) or (
        shared and information >= SOME
    )
    telling = any(len(words_of(name)) > 1 for name in shared) or len(np.unique(a.vector)) > 1
    enough = enough or (factor == 1.0 and bool(shared) and (telling or _only_ones(shared, holders)))
    enough = enough or (factor == 1.0 and alone and likeness == 1.0)
    enough = enough or (likeness >= 0.5 and alone and information >= SOME)
    if enough:
        order = matches(a, b, factor, allowed(a, b)) or gaps.order_of(a, b)
        return Pair(a, b, Verdict.ACCEPTED, factor, said, shared, order or ())
    if (shared and information) or likeness >= 0.5 or information >= SOME:
        return Pair(
            a,
            b,
            Verdict.PROPOSED,
            factor,
            said + ("" if alone else "; other quantities agree as well"),
            shared,
            tried=bool(shared),
        )
    return None


def _one_unit(a: Group, b: Group) -> bool:
    """Whether both sides use one name with its unit: no other unit can be meant."""
    raw_a, raw_b = ({name for member in one.members for name in member.names} for one in (a, b))
    return any(without_unit(name) != name for name in raw_a & raw_b)


def _may_be_left_over(one: Group) -> bool:
    """Whether all that is known are elements of arrays that were handed to a callee, which may not have filled them."""
    return all(member.site.kind == "written" and member.name.rpartition(".")[2].isdigit() for member in one.members)


def _only_ones(shared: frozenset[str], holders: tuple[Holders, Holders]) -> bool:
    """Whether a name in common belongs to one quantity of each side alone."""
    return any(all(len(side.get(name, ())) == 1 for side in holders) for name in shared)


def _contradicted(a: Group, b: Group, holders: tuple[Holders, Holders]) -> bool:
    """Whether each side uses the other's name for something else: exchanged variables."""
    if a.names & b.names:
        return False
    other_a = any(g is not a for name in b.names for g in holders[0].get(name, ()))
    other_b = any(g is not b for name in a.names for g in holders[1].get(name, ()))
    return other_a and other_b


def _likeness(a: Group, b: Group) -> float:
    """How alike the names are: 1 with a name in common, else the share of words in common."""
    if a.names & b.names:
        return 1.0
    pairs = itertools.product(_words(a), _words(b))
    return max((len(left & right) / len(left | right) for left, right in pairs), default=0.0)


def _words(one: Group) -> list[frozenset[str]]:
    return [words_of(name) for name in sorted(one.names)[:20] if len(name) > 2]


def _holders(groups: Sequence[Group], shortest: int = 2) -> Holders:
    """The quantities that have a name, for names of so many letters."""
    holders: Holders = {}
    for one in groups:
        for name in one.names:
            if len(name) >= shortest:
                holders.setdefault(name, []).append(one)
    return holders


def confirm(pairing: Pairing, names: Mapping[str, str]) -> Pairing:
    """The pairing with the pairs that the user stated: the reference's name -> the port's.

    Raises:
        CaptureError: a stated name is no quantity of its side.
    """
    if not names:
        return pairing
    sides = [
        [p.a for p in pairing.pairs] + list(pairing.unpaired_a),
        [p.b for p in pairing.pairs] + list(pairing.unpaired_b),
    ]
    stated: list[Pair] = []
    for name_a, name_b in names.items():
        one, other = (_called(name, side) for name, side in zip((name_a, name_b), sides, strict=True))
        if one is None or other is None:
            missing = name_a if one is None else name_b
            raise CaptureError(f"[capture.pairs] names {missing!r}, which this capture has no values of")
        stated.append(Pair(one, other, Verdict.ACCEPTED, 1.0, STATED, frozenset({name_a})))
    taken = {id(group) for pair in stated for group in (pair.a, pair.b)}
    others = tuple(p for p in pairing.pairs if id(p.a) not in taken and id(p.b) not in taken)
    return Pairing(
        (*stated, *others),
        tuple(g for g in pairing.unpaired_a if id(g) not in taken),
        tuple(g for g in pairing.unpaired_b if id(g) not in taken),
    )


def _called(name: str, groups: Sequence[Group]) -> Group | None:
    exact = [g for g in groups if any(member.name == name for member in g.members)]
    return next(iter(exact or [g for g in groups if name in g.names]), None)
