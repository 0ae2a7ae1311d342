"""Many single numbers in a few tensors: a compiled kernel checks and passes on each of its arguments at every call."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

Tree = TypeVar("Tree", bound=tuple[Any, ...])


class Place(NamedTuple):
    """Where a packed tree keeps one of its tensors."""

    table: int
    row: int | None
    """None: it is the table."""


def packed(tree: Tree) -> tuple[tuple[Tensor, ...], Tree]:
    """A tree of tuples as tables, its 0-d tensors side by side by dtype, and the same tree of places.

    The places are hashable, and equal for trees of the same form and dtypes.
    """
    leaves = _leaves(tree)
    dtypes = list(dict.fromkeys(leaf.dtype for leaf in leaves if leaf.ndim == 0))
    numbers = [torch.stack([leaf for leaf in leaves if leaf.ndim == 0 and leaf.dtype == dtype]) for dtype in dtypes]
    tables = [leaf for leaf in leaves if leaf.ndim > 0]
    used: Counter[int] = Counter()

    def place(leaf: Tensor) -> Place:
        number = dtypes.index(leaf.dtype) if leaf.ndim == 0 else len(dtypes) + used[-1]
        used[number if leaf.ndim == 0 else -1] += 1
        return Place(number, used[number] - 1 if leaf.ndim == 0 else None)

    def placed(branch: Any) -> Any:
        return place(branch) if isinstance(branch, Tensor) else _like(branch, [placed(twig) for twig in branch])

    return (*numbers, *tables), placed(tree)


def unpacked(tables: tuple[Tensor, ...], places: Tree) -> Tree:
    """The tree again; its 0-d tensors are views."""

    def found(branch: Any) -> Any:
        if isinstance(branch, Place):
            table = tables[branch.table]
            return table if branch.row is None else table[branch.row]
        return _like(branch, [found(twig) for twig in branch])

    tree: Tree = found(places)
    return tree


def _like(branch: tuple[Any, ...], twigs: list[Any]) -> tuple[Any, ...]:
    """A tuple of that kind, named or plain."""
    return type(branch)(*twigs) if hasattr(branch, "_fields") else tuple(twigs)


def _leaves(tree: Any) -> list[Tensor]:
    return [tree] if isinstance(tree, Tensor) else [leaf for branch in tree for leaf in _leaves(branch)]
