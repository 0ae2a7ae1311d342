"""A quantity of the reference and one of the port that are the same: the pair, its evidence, and all pairs together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from capture.gaps import spread
from capture.groups import Group
from capture.series import Block

STATED = "stated in parity.toml"


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A quantity of the reference and one of the port.

    Attributes:
        factor: port = factor x reference; a sign and a power of ten.
        evidence: in words.
        shared: names that both sides use.
        order: of the reference's axes in the port's.
        tried: for a proposal: whether it is used until the user has confirmed it.
        agrees: whether the values are the same, up to rounding and the factor.
    """

    a: Group
    b: Group
    verdict: Verdict
    factor: float
    evidence: str
    shared: frozenset[str] = frozenset()
    order: tuple[int, ...] = ()
    tried: bool = True
    agrees: bool = True

    @property
    def stated(self) -> bool:
        """Whether the user said so."""
        return self.evidence == STATED

    @property
    def usable(self) -> bool:
        """Accepted, or a proposal that nothing speaks against: such a one is tried, and said to be one."""
        return self.verdict is Verdict.ACCEPTED or self.tried


def aligned(pair: Pair, place: tuple[int, int], block: Block) -> NDArray[np.float64] | None:
    """The reference's values over the axes of the port's block, NaN where its loops left one out; None: no fit."""
    places_b = sorted(pair.b.first.blocks)
    places_a = sorted(pair.a.first.blocks)
    if place not in places_b or len(places_a) != len(places_b):
        return None
    source = pair.a.first.blocks[places_a[places_b.index(place)]]
    if source.places is not None and source.values.size < block.values.size:
        return spread(source, block, pair.order, pair.factor)
    values = source.essential() * pair.factor
    if len(pair.order) == values.ndim:
        values = values.transpose(pair.order)
    varying = block.varying()
    shape = tuple(block.values.shape[axis] for axis in varying)
    if values.size != int(np.prod(shape, dtype=np.int64)):
        if source.values.size == block.values.size:  # the port runs through the loops as one
            return source.values.reshape(block.values.shape) * pair.factor
        return np.broadcast_to(values.reshape(-1)[0], block.values.shape) if values.size == 1 else None
    full = tuple(block.values.shape[axis] if axis in varying else 1 for axis in range(block.values.ndim))
    return np.broadcast_to(values.reshape(full), block.values.shape)


@dataclass(frozen=True, slots=True)
class Pairing:
    pairs: tuple[Pair, ...]
    unpaired_a: tuple[Group, ...]
    unpaired_b: tuple[Group, ...]

    def accepted(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.verdict is Verdict.ACCEPTED)

    def proposed(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.verdict is Verdict.PROPOSED)
