"""Gradients of work that is done again for them: the same values, and nothing kept of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from simulator import ExecutionConfig, Experiment, InputError, Simulator
from simulator.evaluation.recomputed import recomputed
from simulator.evaluation.simulator import TILES_KEPT_FOR_GRADIENTS
from simulator.evaluation.tiles import TileElements
from simulator.gradients.parameters import parameters_of


class Pair(NamedTuple):
    x: Tensor
    y: Tensor


def products(pair: Pair, factor: Tensor, name: str) -> tuple[Tensor, Tensor]:
    assert name == "a word"
    return pair.x * pair.y * factor, pair.x.sin().sum()


def numbers(*values: float, requires_grad: bool = True) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, device="cpu", requires_grad=requires_grad)


def test_gradients_are_those_of_the_work_itself() -> None:
    def gradients(call: Callable[..., Any]) -> tuple[Tensor, ...]:
        pair, factor = Pair(numbers(1.0, 2.0), numbers(3.0, -4.0)), numbers(0.5, requires_grad=False)
        first, second = call(pair, factor, "a word")
        return torch.autograd.grad((first * first).sum() + second, [pair.x, pair.y])

    again = gradients(lambda *arguments: recomputed(products, *arguments))
    assert all(torch.equal(a, b) for a, b in zip(again, gradients(products), strict=True))


def test_what_nobody_asks_for_gets_no_gradient() -> None:
    pair, factor = Pair(numbers(1.0), numbers(2.0)), numbers(3.0)
    _, only_x = recomputed(products, pair, factor, "a word")
    assert torch.autograd.grad(only_x, [pair.y, factor], allow_unused=True) == (None, None)


def test_a_second_derivative_is_refused_rather_than_wrong() -> None:
    pair = Pair(numbers(1.0), numbers(2.0))
    first, _ = recomputed(products, pair, numbers(3.0), "a word")
    with pytest.raises(InputError, match="create_graph=True asks for second ones"):
        torch.autograd.grad(first.sum(), [pair.x], create_graph=True)


def with_gradients(phi_steps: int, pixels: int, **execution: Any) -> Simulator:
    """Of an image for which the distance's gradient is wanted."""
    crystal = "-cell 38 47 55 78 97 106 -default_F 100 -N 5"
    words = f"{crystal} -osc 1 -phisteps {phi_steps} -oversample 1 -detpixels {pixels} -pixel 3"
    experiment = Experiment.from_argv(words.split())
    distance = parameters_of(experiment)["distance"]
    config = replace(ExecutionConfig(device="cpu"), **execution)
    return Simulator(distance.replaced(experiment, distance.value.clone().requires_grad_()), execution=config)


def nodes_of(tensor: Tensor) -> int:
    """Of the graph behind a tensor."""
    waiting, seen = [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return len(seen)


def test_an_images_graph_does_not_grow_with_its_samples() -> None:
    few, many = (with_gradients(32 * tiles, 9).image() for tiles in (2, 2 + TILES_KEPT_FOR_GRADIENTS))
    assert nodes_of(many) == nodes_of(few)


def test_chunks_are_as_small_as_the_memory_for_their_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, a_tile, tiles = 1 << 28, 1 << 17, 10
    monkeypatch.setattr("simulator.evaluation.simulator.SUM_BYTES", a_tile)
    large = TileElements(1 << 24, 1 << 24, 1 << 24)
    simulator = with_gradients(32 * tiles, 400, memory_bytes=memory, tile=large)
    most = memory // (a_tile * tiles)
    assert most // 2 < simulator._chunk_pixels(compiled=False) <= most
    with torch.no_grad():
        assert simulator._chunk_pixels(compiled=False) > most
