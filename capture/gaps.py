"""Loops that leave iterations out (``if (i != j)``, ``j < i``), and a port that computes all of an array at once.

The reference's values stand at some places of the port's array: at the indices that its loops went through. What the
port computes at the other places has no counterpart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from capture.groups import Group, allowed
from capture.series import Block

MOST_AXES = 4
Order = tuple[int, ...]


def positions(source: Block, block: Block, order: Order) -> NDArray[np.int64] | None:
    """Where the reference's values stand in the port's block, flat; None where an index is not there.

    Args:
        order: for each axis of the port's block the reference's index that runs along it.
    """
    if source.places is None or source.places.shape[1] != len(block.axes) or len(order) != len(block.axes):
        return None
    found = np.zeros(len(source.places), dtype=np.int64)
    for axis, column in zip(block.axes, order, strict=True):
        there = np.array(axis.indices)
        wanted = source.places[:, column]
        at = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
        if (there[at] != wanted).any():
            return None
        found = found * len(axis) + at
    return found


def views(a: Group, b: Group) -> Iterator[tuple[Order, NDArray[np.float64]]]:
    """The port's numbers at the places of the reference's, for each order of the axes that has them."""
    if not _may_fit(a, b):
        return
    blocks = list(zip(_blocks(a), _blocks(b), strict=True))
    for order in itertools.permutations(range(len(blocks[0][1].axes))):
        found = [positions(x, y, order) for x, y in blocks]
        if all(at is not None for at in found):
            yield (
                order,
                np.concatenate([y.values.reshape(-1)[at] for (_, y), at in zip(blocks, found, strict=True)]),
            )


def _may_fit(a: Group, b: Group) -> bool:
    """Whether the port has as many axes as the reference has indices, and more numbers; a constant is anywhere."""
    ours, theirs = a.first.blocks, b.first.blocks
    if len(ours) != len(theirs) or not a.has_gaps:
        return False
    ranks = {len(block.axes) for block in theirs.values()} | {_indices(block) for block in ours.values()}
    if len(ranks) != 1 or not 0 < min(ranks) <= MOST_AXES:
        return False
    more = all(y.values.size > x.values.size for x, y in zip(_blocks(a), _blocks(b), strict=True))
    return more and bool(a.vector.min() != a.vector.max())


def _indices(block: Block) -> int:
    return 0 if block.places is None else block.places.shape[1]


def candidates(a: Sequence[Group], b: Sequence[Group]) -> list[tuple[Group, Group, float]]:
    """Pairs of groups of which the port's has the reference's numbers at the reference's places."""
    whole = [other for other in b if not other.is_sequence]
    return [(one, other, 1.0) for one in a if one.has_gaps for other in whole if order_of(one, other) is not None]


def order_of(a: Group, b: Group) -> Order | None:
    """The order of axes with which the port has the reference's numbers at their places; None where there is none."""
    scale = allowed(a, b) * float(np.abs(a.vector).max(initial=0.0))
    agreeing = (order for order, there in views(a, b) if bool((np.abs(a.vector - there) <= scale).all()))
    return next(agreeing, None)


def spread(source: Block, block: Block, order: Order, factor: float) -> NDArray[np.float64] | None:
    """The reference's values over the port's block, NaN where it has none; None where they do not fit."""
    at = positions(source, block, order)
    if at is None:
        return None
    found = np.full(block.values.shape, np.nan)
    found.reshape(-1)[at] = source.values.reshape(-1) * factor
    return found


def _blocks(one: Group) -> list[Block]:
    return [block for _, block in sorted(one.first.blocks.items())]
