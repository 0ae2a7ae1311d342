"""Kernels compiled ahead of time: libraries that a later process loads in milliseconds, without the compiler."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from simulator.evaluation.kernels.files import Kept, KernelFiles
from simulator.evaluation.kernels.request import Request

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
"""How far a kernel may be from the same formulas evaluated one by one, relative to the largest value."""

Shape = list[int | str]


class KernelRefused(Exception):
    """A kernel that does not compute what its formulas do, or cannot be made or loaded: it must not be used."""


class Kernel:
    """A loaded kernel. Not used before it has been compared with its formulas on the request it was loaded for.

    Args:
        kept: its files.
        request: a call of its kind; small, since it is evaluated operation by operation too.

    Raises:
        KernelRefused: it cannot be loaded, or computes something else.
    """

    def __init__(self, kept: Kept, request: Request) -> None:
        try:
            self._shapes: list[Shape] = kept.notes["shapes"]
            self._inherited: list[int | None] = kept.notes["inherited"]
            self._run = _loaded(kept.library)
        except Exception as error:
            raise KernelRefused(f"{kept.library} cannot be loaded: {error}") from error
        self._seen: set[tuple[torch.Size, ...]] = set()
        self._tree: Any = None
        self._compare(request)

    def __call__(self, tensors: Sequence[Tensor]) -> Any:
        """What the part returns."""
        shapes = tuple(tensor.shape for tensor in tensors)
        if shapes not in self._seen:
            _check_shapes(self._shapes, shapes)
            self._seen.add(shapes)
        return pytree.tree_unflatten(self._leaves(tensors), self._tree)

    def _leaves(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        made = iter(self._run(list(tensors)))
        return [next(made) if source is None else tensors[source] for source in self._inherited]

    def _compare(self, request: Request) -> None:
        tensors = request.tensors
        expected, self._tree = pytree.tree_flatten(request.evaluate(tensors))
        _check_shapes(self._shapes, [tensor.shape for tensor in tensors])
        for number, (got, wanted) in enumerate(zip(self._leaves(tensors), expected, strict=True)):
            scale = wanted.abs().nan_to_num(0.0, 0.0).max() if wanted.numel() else torch.tensor(1.0)
            allowed = float(TOLERANCE[wanted.dtype] * scale)
            if got.dtype != wanted.dtype or not torch.allclose(got, wanted, rtol=0.0, atol=allowed, equal_nan=True):
                raise KernelRefused(f"result {number} of {request.part.__name__} is not that of its formulas")


def _loaded(library: Path) -> Callable[[list[Tensor]], list[Tensor]]:
    """The library's function. Not through torch's Python loader, whose imports take seconds."""
    runner = torch._C._aoti.AOTIModelContainerRunnerCpu(str(library), 1)
    return runner.run


def _check_shapes(pattern: Sequence[Shape], shapes: Sequence[torch.Size]) -> None:
    """Lengths must be the kernel's own where it has fixed them, and equal where it takes them for equal."""
    bound: dict[str, int] = {}
    for expected, shape in zip(pattern, shapes, strict=True):
        if len(expected) != len(shape):
            raise KernelRefused(f"a tensor of shape {tuple(shape)} where {expected} is required")
        for symbol, length in zip(expected, shape, strict=True):
            if (bound.setdefault(symbol, length) if isinstance(symbol, str) else symbol) != length:
                raise KernelRefused(f"a tensor of shape {tuple(shape)} where {expected} with {bound} is required")


def compiled_ahead(request: Request, files: KernelFiles) -> Kept:
    """Compile a kernel and keep it. Takes 10 to 30 s.

    Raises:
        KernelRefused: the compiler cannot do it.
        OSError: it cannot be kept.
    """

    def make(folder: Path) -> tuple[Path, Mapping[str, Any]]:
        try:
            return _compile(request, folder)
        except OSError:
            raise
        except Exception as error:
            raise KernelRefused(f"{request.part.__name__} cannot be compiled: {error}") from error

    return files.keep(request.key, make)


class _Flat(torch.nn.Module):
    """A request as a function of tensors alone; what it hands through is left out of its results."""

    def __init__(self, request: Request, inherited: Sequence[int | None]) -> None:
        super().__init__()
        self._request, self._inherited = request, inherited

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        leaves = pytree.tree_leaves(self._request.evaluate(tensors))
        return tuple(leaf for leaf, source in zip(leaves, self._inherited, strict=True) if source is None)


def _compile(request: Request, folder: Path) -> tuple[Path, Mapping[str, Any]]:
    from torch._inductor import aoti_compile_and_package

    tensors = request.tensors
    inherited = _inherited(request, tensors)
    lengths = tuple({i: torch.export.Dim.AUTO for i, n in enumerate(t.shape) if n != 1} for t in tensors)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own
        exported = torch.export.export(
            _Flat(request, inherited), tuple(tensors), dynamic_shapes=(lengths,), strict=False
        )
        package = aoti_compile_and_package(
            exported,
            package_path=str(folder / "kernel.pt2"),
            inductor_configs={
                "assert_indirect_indexing": False,  # every index is clamped into its table before it is used
                "cpp.dynamic_threads": True,  # as many as the process that runs it has
            },
        )
    inputs = [node.meta["val"].shape for node in exported.graph.nodes if node.op == "placeholder"]
    shapes = [[length if isinstance(length, int) else str(length) for length in shape] for shape in inputs]
    notes = {"shapes": shapes, "inherited": inherited, "description": request.description}
    return _library(Path(package), folder), notes


def _inherited(request: Request, tensors: Sequence[Tensor]) -> list[int | None]:
    """For each result, which of the tensors it is; None: it is computed."""
    with torch.no_grad():
        leaves = pytree.tree_leaves(request.evaluate(tensors))
    return [next((i for i, tensor in enumerate(tensors) if leaf is tensor), None) for leaf in leaves]


def _library(package: Path, folder: Path) -> Path:
    """The one library of a package."""
    with zipfile.ZipFile(package) as archive:
        (member,) = (name for name in archive.namelist() if name.endswith(".so"))
        with archive.open(member) as source, (folder / "kernel.so").open("wb") as target:
            target.write(source.read())
    return folder / "kernel.so"
