"""What rounding does to a step, seen operation by operation while the port's own function runs.

``Perturbed`` multiplies every operation's result by (1 + u xi), which measures a noise floor. ``Recorded`` remembers
every result, from which a first-order bound is summed. Both see leaf operations only; one that they do not know is an
error, so that a fused operation cannot slip through as if it were rounded once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

UNIT_ROUNDOFF = 2.0**-53

LIBRARY_ULPS = {"sin": 1.0, "cos": 1.0, "exp": 1.0, "atan2": 1.0, "pow": 1.0}
"""Documented errors of the mathematical functions (the C library's, and torch's vectorised ones)."""

ROUNDED_ONCE = frozenset({"add", "sub", "mul", "div", "true_divide", "sqrt", "nearest_root"})

EXACT = frozenset(
    [
        "neg",
        "abs",
        "ceil",
        "floor",
        "round",
        "where",
        "clamp",
        "minimum",
        "maximum",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "and",
        "or",
        "invert",
        "to",
        "expand",
        "expand_as",
        "reshape",
        "stack",
        "full_like",
        "remainder",
        "tensor",
        "tolist",
        "ones_like",
        "zeros_like",
        "getitem",
        "gather",
        "unbind",
        "unfold",
        "flip",
        "iter",
        "flat_index",
        "get",
        "set",
        "dim",
        "size",
        "max",
        "min",
        "argmax",
        "any",
        "all",
        "isfinite",
        "detach",
        "clone",
        "bool",
        "item",
        "long",
        "nan_to_num",
    ]
)
"""Operations whose result is exact, or that compute no value."""


def operation(function: Callable[..., Any]) -> str:
    """The plain name of a torch function: ``__rsub__`` is ``sub``."""
    name = getattr(function, "__name__", str(function)).strip("_")
    for known in (*ROUNDED_ONCE, *LIBRARY_ULPS):
        if name == f"r{known}":
            return known
    return name


@functools.cache
def ulps_of(function: Callable[..., Any]) -> float:
    """Rounding error of a torch function in units of 2u; 0 where it is exact.

    Raises:
        NotImplementedError: a function whose rounding nobody has stated.
    """
    name = operation(function)
    if name in ROUNDED_ONCE:
        return 1.0
    if name in LIBRARY_ULPS:
        return 2.0 * LIBRARY_ULPS[name]
    if name in EXACT:
        return 0.0
    raise NotImplementedError(
        f"the rounding of torch.{name} is not known; add it to subjects.nanobragg.replay.rounding"
    )


def _is_number(result: object) -> bool:
    return isinstance(result, Tensor) and result.is_floating_point()


def exactly_representable(values: Tensor) -> Tensor:
    """Where a result is a whole number: an operation that gives one is taken for exact (counts, indices, axes)."""
    return values == torch.round(values)


class Perturbed(TorchFunctionMode):
    """Multiplies every rounded result by (1 + u xi), xi uniform in [-1, 1].

    Args:
        generator: where xi comes from.
        first_still: of several runs side by side (along the last axis) the first stays as it is; a single number is
            all runs' and stays too.
    """

    def __init__(self, generator: torch.Generator, *, first_still: bool = False) -> None:
        super().__init__()
        self._generator, self._first_still = generator, first_still

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not _is_number(result) or ulps_of(func) == 0.0:
            return result
        if not self._first_still:
            return perturbed(result, self._generator)
        if not result.dim():
            return result
        moved = perturbed(result, self._generator)
        moved[..., 0] = result[..., 0]
        return moved


def perturbed(values: Tensor, generator: torch.Generator) -> Tensor:
    """The values, each moved by up to one rounding error."""
    if values.dim() == 0:  # the same, cheaper
        number = float(values)
        moves = math.isfinite(number) and number != round(number)
        move = UNIT_ROUNDOFF * (2.0 * float(torch.rand((), generator=generator)) - 1.0)
        return values * (1.0 + move) if moves else values
    xi = 2.0 * torch.rand(values.shape, generator=generator, dtype=values.dtype) - 1.0
    return torch.where(exactly_representable(values), values, values * (1.0 + UNIT_ROUNDOFF * xi))


class Recorded(TorchFunctionMode):
    """Remembers every rounded result that depends on the inputs, with its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[tuple[Tensor, float]] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if _is_number(result):
            ulps = ulps_of(func)
            if ulps and result.requires_grad:
                self.results.append((result, ulps))
        return result


def first_order_bound(output: Tensor, inputs: Sequence[Tensor], recorded: Recorded) -> tuple[Tensor, list[Tensor]]:
    """The bound on what both sides' rounding does to ``output``, and its derivatives by the inputs.

    ``2u x sum |result x d output / d result|`` over operations and inputs, library calls with their ulps. Rows must
    not depend on each other; a recorded result may hold several numbers a row.

    Args:
        output: (n,).
        inputs: each (n,), requiring grad.
        recorded: what was recorded while ``output`` was made from them.

    Returns:
        The bound (n,), and abs(d output / d input) for each input (n,).
    """
    zeros = torch.zeros_like(output)
    if not output.requires_grad:
        return zeros, [zeros for _ in inputs]
    nodes = [*inputs, *(result for result, _ in recorded.results)]
    weights = [1.0] * len(inputs) + [ulps for _, ulps in recorded.results]
    slopes = torch.autograd.grad(output.sum(), nodes, retain_graph=True, allow_unused=True)
    bound = zeros.detach().clone()
    for node, slope, weight in zip(nodes, slopes, weights, strict=True):
        if slope is not None:
            share = torch.nan_to_num((node.detach() * slope).abs(), nan=0.0)
            bound += weight * share.reshape(*zeros.shape, -1).sum(dim=-1)
    found = [zeros.detach() if s is None else torch.nan_to_num(s.abs(), nan=0.0) for s in slopes[: len(inputs)]]
    return 2.0 * UNIT_ROUNDOFF * bound, found
