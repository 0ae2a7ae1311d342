"""Trees of tensors kept in a few tables come back as they were."""

from __future__ import annotations

from typing import NamedTuple

import torch

from simulator.evaluation.kernels.packing import packed, unpacked


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


class Tree(NamedTuple):
    number: torch.Tensor
    table: torch.Tensor
    pair: Pair
    plain: tuple[torch.Tensor, torch.Tensor]


def tree_of(start: float, dtype: torch.dtype = torch.float32) -> Tree:
    numbers = [torch.tensor(start + i, dtype=torch.float64, device="cpu") for i in range(5)]
    table = torch.arange(6, dtype=torch.float64, device="cpu") * start
    return Tree(numbers[0], table, Pair(numbers[1].to(dtype), numbers[2]), (numbers[3], numbers[4].to(dtype)))


def test_a_tree_comes_back_as_it_was() -> None:
    tree = tree_of(2.5)
    tables, places = packed(tree)
    assert [table.dtype for table in tables] == [torch.float64, torch.float32, torch.float64]
    back = unpacked(tables, places)
    assert isinstance(back, Tree)
    assert isinstance(back.pair, Pair)
    pairs = zip((*back[:2], *back.pair, *back.plain), (*tree[:2], *tree.pair, *tree.plain), strict=True)
    assert all(torch.equal(now, before) and now.dtype == before.dtype for now, before in pairs)


def test_places_depend_on_form_and_dtypes_alone() -> None:
    places = packed(tree_of(1.0))[1]
    assert packed(tree_of(7.0))[1] == places
    assert hash(packed(tree_of(7.0))[1]) == hash(places)
    assert packed(tree_of(1.0, torch.float64))[1] != places
