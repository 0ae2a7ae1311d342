"""Which positions are used and which are seen together: subsample, seeds, neighbours. Every draw has its own stream."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.errors import InputError

SUBSAMPLE, GROUPING, SPLIT, ORDER = range(4)
"""Offsets from the seed of the streams."""


@dataclass(frozen=True)
class Grouping:
    """How groups are made: gridsize^2 positions each, from the seed's nearest neighbours."""

    n_groups: int | None = None
    gridsize: int = 1
    neighbor_count: int = 4
    enable_oversampling: bool = False
    sequential_sampling: bool = False
    seed: int = 42

    @property
    def channels(self) -> int:
        """C, members of a group."""
        return self.gridsize**2


def subsample(count: int, wanted: int | None, seed: int) -> np.ndarray:
    """Numbers of the positions that are used, ascending; all without a wish.

    Raises:
        InputError: more were asked for than there are.
    """
    if wanted is None:
        return np.arange(count)
    if not 1 <= wanted <= count:
        raise InputError(f"n_subsample is {wanted}; 1 to {count} positions can be taken")
    return np.sort(_stream(seed, SUBSAMPLE).choice(count, wanted, replace=False))


def make_groups(x: np.ndarray, y: np.ndarray, grouping: Grouping) -> np.ndarray:
    """Numbers of the positions of each group, the seed first, (groups, C).

    Raises:
        InputError: more groups were asked for than there can be, or a group would be larger than its neighbourhood.
    """
    C, K, count = grouping.channels, grouping.neighbor_count, len(x)
    _check(grouping, count)
    n_groups = count if grouping.n_groups is None else grouping.n_groups
    random = _stream(grouping.seed, GROUPING)
    if n_groups >= count:
        seeds = np.arange(count)
    elif grouping.sequential_sampling:
        seeds = np.arange(n_groups)
    else:
        seeds = random.choice(count, n_groups, replace=False)
    if C == 1:
        return seeds[:, None]
    near = _nearest(x, y, min(K, count - 1))
    groups = [[int(s), *(int(n) for n in random.choice(near[s], C - 1, replace=False))] for s in seeds]
    return np.array(_more(groups, near, n_groups, C, random))


def _check(grouping: Grouping, count: int) -> None:
    C, K = grouping.channels, grouping.neighbor_count
    if C > 1 and K < C - 1:
        raise InputError(f"gridsize {grouping.gridsize} needs neighbor_count of at least {C - 1}; it is {K}")
    if count < C:
        raise InputError(f"gridsize {grouping.gridsize} needs at least {C} positions; there are {count}")
    if grouping.n_groups is None or grouping.n_groups <= count:
        return
    if not grouping.enable_oversampling:
        raise InputError(
            f"{grouping.n_groups} groups were asked for, there are {count} positions; ask for at most {count}, or pass "
            "--enable_oversampling with gridsize > 1"
        )
    if C == 1:
        raise InputError(f"oversampling needs gridsize > 1: with gridsize 1 there are {count} different groups")
    if K < C:
        raise InputError(
            f"oversampling with gridsize {grouping.gridsize} needs neighbor_count of at least {C}; it is {K}"
        )
    largest = count * math.comb(min(K, count - 1), C - 1)
    if grouping.n_groups > largest:
        raise InputError(f"{grouping.n_groups} groups were asked for; at most {largest} different ones exist")


def _nearest(x: np.ndarray, y: np.ndarray, K: int) -> np.ndarray:
    """The K nearest other positions of each, ties to the lower number, (M, K)."""
    distance = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1, kind="stable")[:, :K]


def _more(
    groups: list[list[int]], near: np.ndarray, n_groups: int, C: int, random: np.random.RandomState
) -> list[list[int]]:
    """Further groups with other members, until there are enough."""
    seen = {(g[0], frozenset(g[1:])) for g in groups}
    while len(groups) < n_groups:
        for seed in range(len(near)):
            members = [int(n) for n in random.choice(near[seed], C - 1, replace=False)]
            if len(groups) < n_groups and (seed, frozenset(members)) not in seen:
                seen.add((seed, frozenset(members)))
                groups.append([seed, *members])
    return groups


def validation_split(count: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the groups for training and for validation: drawn, at least one of 20 and more."""
    held = int(fraction * count)
    if count >= 20 and fraction > 0:
        held = max(held, 1)
    shuffled = _stream(seed, SPLIT).permutation(count)
    return np.sort(shuffled[held:]), np.sort(shuffled[:held])


def order_stream(seed: int) -> np.random.RandomState:
    """The stream that orders batches."""
    return _stream(seed, ORDER)


def _stream(seed: int, purpose: int) -> np.random.RandomState:
    return np.random.RandomState(seed + purpose)


def offsets(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dx, dy of each member: position minus the group's centre, summed in order, (groups, C) each.

    A patch's content moves by +(dx, dy) when it is placed.
    """
    members = x[groups], y[groups]
    dx, dy = (m - (np.cumsum(m, axis=1)[:, -1:] / groups.shape[1]) for m in members)
    return dx, dy
