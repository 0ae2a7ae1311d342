"""Kernels made when they are first called, by torch.compile: for devices whose compiler keeps what it made itself."""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from simulator.evaluation.kernels.packing import unpacked
from simulator.evaluation.kernels.request import Request
from simulator.model.samples import PackedSamples
from simulator.model.terms import Constants, Physics

SHAPES_OF_A_KERNEL = 1 << 12
"""Compiled variants of a kernel in one process: each size of chunk is another."""


class JustInTime:
    """Compiles what it is asked for."""

    def evaluate(self, request: Request) -> Any:
        """The request's result."""
        for argument in request.arguments:
            if isinstance(argument, PackedSamples):
                _let_any_number(argument)
        return _compiled(request.part, request.places, request.physics)(request.numbers, *request.arguments)


def _let_any_number(samples: PackedSamples) -> None:
    """One kernel serves every number of samples but 1."""
    for table in samples:
        if len(table) > 1:
            torch._dynamo.mark_dynamic(table, 0)


def _of_arguments(checks: Sequence[Any]) -> list[bool]:
    """Which of the compiler's checks are made at each call: not those of what a kernel was made for, nor of code."""
    return [re.split(r"\W", check.name)[0] in ("", "args", "numbers") for check in checks]


@functools.cache
def _compiled(part: Callable[..., Any], places: Constants, physics: Physics) -> Callable[..., Any]:
    """One kernel for all experiments with these formulas: every number is an argument."""

    def of_numbers(numbers: tuple[Tensor, ...], *args: Any) -> Any:
        return part(*args, unpacked(numbers, places), physics)

    # The compiler counts recompilations per code object: give each kernel its own.
    code = of_numbers.__code__.replace(co_name=part.__name__)
    kernel = types.FunctionType(code, globals(), part.__name__, None, of_numbers.__closure__)
    settings: dict[str, Any] = {
        "dynamic": False,
        "fullgraph": True,
        "recompile_limit": SHAPES_OF_A_KERNEL,
        "options": {
            "assert_indirect_indexing": False,  # every index is clamped into its table before it is used
            "guard_filter_fn": _of_arguments,
            # On a GPU, as eager: a product is rounded before it is added to (the lattice's reduction counts on it),
            "emulate_precision_casts": True,
            # and quotients are rounded correctly.
            "eager_numerics.division_rounding": True,
        },
    }
    return torch.compile(kernel, **settings)
