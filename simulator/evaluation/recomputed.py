"""Work that is done again for its gradients, so that nothing of it is kept meanwhile but what it started from.

``torch.utils.checkpoint`` keeps a node for every operation, which for hundreds of thousands of samples is gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten

from simulator.errors import InputError

Work = Callable[..., tuple[Tensor, ...]]


def recomputed(work: Work, *arguments: Any) -> tuple[Tensor, ...]:
    """What ``work`` makes of the arguments, trees of tuples; differentiable once.

    Every tensor that requires grad must be among the arguments: what the work takes from elsewhere counts as constant.

    Raises:
        InputError: (in the backward pass) second derivatives are asked for.
    """
    leaves, tree = tree_flatten(arguments)
    where = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]

    def of_tensors(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        filled = dict(zip(where, tensors, strict=True))
        return work(*tree_unflatten([filled.get(i, leaf) for i, leaf in enumerate(leaves)], tree))

    made: tuple[Tensor, ...] = _Recomputed.apply(of_tensors, *(leaves[i] for i in where))
    return made


class _Recomputed(torch.autograd.Function):
    """Forward without a graph; backward makes it, uses it and drops it."""

    @staticmethod
    def forward(context: Any, work: Callable[[Sequence[Tensor]], tuple[Tensor, ...]], *tensors: Tensor) -> Any:
        context.work = work
        context.set_materialize_grads(False)
        context.save_for_backward(*tensors)
        return tuple(work(tensors))

    @staticmethod
    def backward(context: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise InputError(
                "an image has first derivatives; create_graph=True asks for second ones, which would be wrong here: "
                "take differences of gradients, or the graph of single pixels (Simulator.visit)"
            )
        needed = context.needs_input_grad[1:]
        tensors = [t.detach().requires_grad_(need) for t, need in zip(context.saved_tensors, needed, strict=True)]
        with torch.enable_grad():
            made = context.work(tensors)
        reached = [(m, g) for m, g in zip(made, gradients, strict=True) if m.requires_grad and g is not None]
        wanted = [t for t in tensors if t.requires_grad]
        found: Sequence[Tensor | None] = [None] * len(wanted)
        if reached and wanted:
            outputs, of_outputs = zip(*reached, strict=True)
            found = torch.autograd.grad(outputs, wanted, of_outputs, allow_unused=True)
        of_inputs = iter(found)
        return (None, *(next(of_inputs) if t.requires_grad else None for t in tensors))
