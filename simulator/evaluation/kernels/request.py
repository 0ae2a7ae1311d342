"""What a kernel is made for: a part of the pixel sum, its formulas, and the kind of its arguments."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from simulator.evaluation import pixel_sum
from simulator.evaluation.kernels import packing
from simulator.evaluation.kernels.packing import unpacked
from simulator.model import algebra, lattice, samples, scatter, structure_factors, terms
from simulator.model.terms import Constants, Physics

SOURCES = (algebra, lattice, packing, pixel_sum, samples, scatter, structure_factors, terms)
"""Modules that a kernel is made from: with other text in them it is another kernel."""

VERSION = 1
"""Of how kernels are made from them."""


@dataclass(frozen=True, eq=False)
class Request:
    """A call of one of the pixel sum's parts, by which a kernel for all calls of its kind is made.

    Attributes:
        part: takes ``arguments``, Constants and Physics.
        places: where the Constants lie in ``numbers``.
        physics: which formulas.
        numbers: the Constants' tensors.
        arguments: trees of tensors and of what is fixed in the kernel.
    """

    part: Callable[..., Any]
    places: Constants
    physics: Physics
    numbers: tuple[Tensor, ...]
    arguments: tuple[Any, ...]

    @cached_property
    def _flat(self) -> tuple[list[Any], Any]:
        return pytree.tree_flatten((self.numbers, *self.arguments))

    def __getstate__(self) -> dict[str, Any]:
        """Its fields, without what was derived from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors in it, in order, contiguous."""
        return [leaf.contiguous() for leaf in self._flat[0] if isinstance(leaf, Tensor)]

    @cached_property
    def kind(self) -> tuple[Any, ...]:
        """What the kernel depends on besides the formulas: dtypes, which axes have length 1, and what is fixed."""
        leaves, tree = self._flat
        described = (_kind_of(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves)
        return self.part, *described, tree

    def evaluate(self, tensors: Sequence[Tensor]) -> Any:
        """The part as it stands, operation by operation, of other tensors of this kind."""
        given = iter(tensors)
        leaves, tree = self._flat
        numbers, *arguments = pytree.tree_unflatten(
            [next(given) if isinstance(leaf, Tensor) else leaf for leaf in leaves], tree
        )
        return self.part(*arguments, unpacked(numbers, self.places), self.physics)

    @cached_property
    def description(self) -> dict[str, Any]:
        """All that the kernel depends on, in words."""
        return {
            "part": self.part.__name__,
            "physics": {field.name: _in_words(getattr(self.physics, field.name)) for field in fields(self.physics)},
            "places": repr(self.places),
            "kind": [_in_words(item) for item in self.kind[1:]],
            **environment(),
        }

    @cached_property
    def key(self) -> str:
        """A name for the description."""
        return hashlib.sha256(json.dumps(self.description, sort_keys=True).encode()).hexdigest()[:32]


def _kind_of(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.dtype, tensor.device.type, *(length == 1 for length in tensor.shape)


def _in_words(value: object) -> str:
    return value.__qualname__ if callable(value) and hasattr(value, "__qualname__") else str(value)


@functools.cache
def environment() -> dict[str, str]:
    """What compiled code depends on besides what it computes: versions, the processor, the formulas' source."""
    text = b"".join(Path(module.__file__ or "").read_bytes() for module in SOURCES)
    return {
        "version": str(VERSION),
        "torch": torch.__version__,
        "processor": f"{platform.system()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "source": hashlib.sha256(text).hexdigest(),
    }
