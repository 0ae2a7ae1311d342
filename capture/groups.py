"""Groups of series that hold the very same numbers, and whether the numbers of two groups are the same."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capture.series import SEQUENCE, Block, Series

TOLERANCE = 1e-9  # relative to the largest value: what rounding may do before values count as another quantity
SINGLE = 4e-6  # the same where either program stores single precision
POWERS = range(-12, 13)


@dataclass(slots=True, eq=False)
class Group:
    """Series of one side that hold the very same numbers: one quantity under several names."""

    members: list[Series]
    vector: NDArray[np.float64]
    shapes: tuple[tuple[int, ...], ...]
    information: int
    names: frozenset[str] = frozenset()

    @property
    def is_sequence(self) -> bool:
        """Whether a place was reached over and over with other values, some more often than others: a helper's."""
        return any(
            b.repeats and any(axis.name == SEQUENCE for axis in b.axes)
            for member in self.members
            for b in member.blocks.values()
        )

    @property
    def is_single(self) -> bool:
        """Whether it is stored in single precision."""
        return any(member.site.type == "float32" for member in self.members)

    @property
    def has_gaps(self) -> bool:
        """Whether loops left iterations out, each place that they reached being reached once."""
        return all(block.places is not None for block in self.first.blocks.values())

    @property
    def ended(self) -> int:
        """When its first name is stored last."""
        return self.first.ended

    @property
    def first(self) -> Series:
        return min(self.members, key=lambda member: member.order)


def allowed(a: Group, b: Group) -> float:
    """What rounding may do to two groups' numbers, relative to the largest."""
    return SINGLE if a.is_single or b.is_single else TOLERANCE


def by_case(one: Group) -> dict[int, list[Block]]:
    """A group's blocks, case by case."""
    found: dict[int, list[Block]] = {}
    for (case, _), block in sorted(one.first.blocks.items()):
        found.setdefault(case, []).append(block)
    return found


def alike(a: Sequence[Block], b: Sequence[Block]) -> bool:
    """Whether two sides' blocks of one case agree, over the varying axes or over all of one side's."""
    if len(a) != len(b):
        return False
    for x, y in zip(a, b, strict=True):
        views = itertools.product((x.essential(), x.values), (y.essential(), y.values))
        if not any(_close(left.reshape(-1), right.reshape(-1)) for left, right in views if left.size == right.size):
            return False
    return True


def _close(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool((np.abs(a - b) <= TOLERANCE * np.abs(a).max(initial=0.0)).all())


def unfolded(one: Group) -> NDArray[np.float64]:
    """A group's first series over all its axes, also those along which nothing changes."""
    return np.concatenate([block.values.reshape(-1) for _, block in sorted(one.first.blocks.items())]) + 0.0


def spectrum(one: Group) -> NDArray[np.float64]:
    """Sorted magnitudes relative to the largest."""
    magnitudes = np.sort(np.abs(one.vector))
    largest = magnitudes[-1] if len(magnitudes) else 0.0
    return magnitudes / largest if largest > 0 else magnitudes


def factor_between(a: Group, b: Group) -> float | None:
    """The sign and power of ten between two groups, where there is one."""
    largest_a, largest_b = float(np.abs(a.vector).max()), float(np.abs(b.vector).max())
    if not (largest_a > 0.0 and largest_b > 0.0):
        return None
    power = round(math.log10(largest_b) - math.log10(largest_a))
    ratio = largest_b / largest_a
    if power not in POWERS or abs(ratio / 10.0**power - 1.0) > allowed(a, b):
        return None
    sums = float(a.vector.sum()), float(b.vector.sum())
    sign = -1.0 if sums[0] * sums[1] < 0 else 1.0
    return sign * 10.0**power


def matches(a: Group, b: Group, factor: float, tolerance: float) -> tuple[int, ...] | None:
    """The order of a's axes for which the numbers agree place by place in all cases; None if there is none."""
    if len(a.shapes) != len(b.shapes):
        return None
    scale = float(np.abs(b.vector).max()) if len(b.vector) else 0.0
    for order in axis_orders(a.shapes, b.shapes):
        moved = reordered(a, order) * factor
        if moved.shape == b.vector.shape and bool((np.abs(moved - b.vector) <= tolerance * scale).all()):
            return order
    return None


def axis_orders(a: tuple[tuple[int, ...], ...], b: tuple[tuple[int, ...], ...]) -> Iterable[tuple[int, ...]]:
    """Orders of a's axes that give b's shapes in every case; a flat sequence has only its own."""
    ranks = {len(shape) for shape in a}
    if a == b or len(ranks) != 1 or {len(shape) for shape in b} != ranks:
        yield ()
    if len(ranks) != 1:
        return
    (rank,) = ranks
    for order in itertools.permutations(range(rank)) if rank <= 5 else ():
        if all(tuple(shape[i] for i in order) == other for shape, other in zip(a, b, strict=True)):
            yield order


def reordered(one: Group, order: tuple[int, ...]) -> NDArray[np.float64]:
    if not order or order == tuple(range(len(order))):
        return one.vector
    parts, at = [], 0
    for shape in one.shapes:
        size = int(np.prod(shape, dtype=np.int64))
        parts.append(one.vector[at : at + size].reshape(shape).transpose(order).reshape(-1))
        at += size
    return np.concatenate(parts)
