"""Covering arrays: few cells in which every pair of levels of any two axes occurs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations

Cell = dict[str, str]
"""Level by axis, both by name."""

CANDIDATES = 40
"""Cells that are tried for each place; the one that covers most new pairs is taken."""

Pair = tuple[tuple[str, str], tuple[str, str]]


def pairs_of(cell: Mapping[str, str]) -> set[Pair]:
    """All pairs of levels in a cell."""
    return set(combinations(sorted(cell.items()), 2))


def covering_array(axes: Mapping[str, Sequence[str]], seed: int) -> list[Cell]:
    """Cells in which every pair of levels of two axes occurs, found greedily; the same for the same seed.

    Raises:
        ValueError: fewer than two axes, or one without levels.
    """
    if len(axes) < 2 or not all(axes.values()):
        raise ValueError("a covering array needs at least two axes with at least one level each")
    chance = random.Random(seed)
    missing: set[Pair] = {
        pair
        for one, other in combinations(sorted(axes), 2)
        for pair in (((one, a), (other, b)) for a in axes[one] for b in axes[other])
    }
    cells = []
    while missing:
        best = max(
            (_candidate(axes, missing, chance) for _ in range(CANDIDATES)), key=lambda c: len(pairs_of(c) & missing)
        )
        missing -= pairs_of(best)
        cells.append(best)
    return cells


def _candidate(axes: Mapping[str, Sequence[str]], missing: set[Pair], chance: random.Random) -> Cell:
    """A cell with one of the missing pairs, the other axes set one by one to what covers most."""
    cell: Cell = dict(chance.choice(sorted(missing)))
    rest = [axis for axis in axes if axis not in cell]
    chance.shuffle(rest)
    for axis in rest:
        levels = list(axes[axis])
        chance.shuffle(levels)
        cell[axis] = max(levels, key=lambda level: _gained(cell, axis, level, missing))
    return {axis: cell[axis] for axis in axes}


def _gained(cell: Cell, axis: str, level: str, missing: set[Pair]) -> int:
    new = (axis, level)
    return sum(((other, new) if other < new else (new, other)) in missing for other in cell.items())


def filled_up(cells: Sequence[Cell], axes: Mapping[str, Sequence[str]], n_cells: int, seed: int) -> list[Cell]:
    """The cells and random others, all different, up to a number (or as many as there are)."""
    chance = random.Random(seed)
    most = 1
    for levels in axes.values():
        most *= len(levels)
    found = {tuple(cell.items()): cell for cell in cells}
    while len(found) < min(n_cells, most):
        cell = {axis: chance.choice(list(levels)) for axis, levels in axes.items()}
        found.setdefault(tuple(cell.items()), cell)
    return list(found.values())
