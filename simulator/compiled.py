"""The compiled evaluation of a tile: ``scatter`` fused into one kernel that keeps nothing but the sum."""

from __future__ import annotations

import functools
import shutil
import sysconfig
import types
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from simulator.pixel_sum import EagerKernels, Evaluation, Intensity, SubpixelTics, summed
from simulator.samples import Tile
from simulator.scatter import Constants, Held, Physics, Pixels, Samples, Scatter, Subpixel, scatter

TILE_SAMPLES = 32
"""Samples of a compiled tile at most."""

MOST_PIXELS = {"cpu": 1 << 17, "cuda": 1 << 20, "mps": 1 << 18}
"""Pixels of a compiled chunk at most."""

COMPILATION_S = 13.0
"""What compiling takes the first time; later processes find it in the compiler's cache and need a third of it."""

SAVED_S = {"cpu": 33e-9, "cuda": 3e-9, "mps": 3e-9}
"""What an evaluation (a pixel at a sample) takes less once it is compiled."""

INTERPOLATION_SAVES = 9
"""How many times that tricubic interpolation saves."""

SHAPES_OF_A_KERNEL = 1 << 12
"""Compiled variants of a kernel in one process: each size of chunk and tile is another."""


@functools.cache
def compiler_missing() -> str | None:
    """Why torch.compile cannot run here; None: it can."""
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        return "no C++ compiler was found (install g++)"
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists():
        return "the Python headers are missing (install python3-dev)"
    return None


def compiled_chunk(elements: int, tile_size: int, n_pixels: int, device: torch.device) -> int:
    """Pixels of a chunk: a power of two, so that few images need a kernel of their own.

    Args:
        elements: samples x pixels at most.
        tile_size: samples.
        n_pixels: of the image; a smaller one is filled up to an eighth of a whole chunk.
        device: where.
    """
    whole = min(MOST_PIXELS[device.type], 1 << max(0, (elements // tile_size).bit_length() - 1))
    step = max(1, whole // 8)
    return min(whole, step * -(-n_pixels // step))


def worth_compiling(evaluations: int, device: torch.device, *, interpolating: bool) -> bool:
    """Whether an image of that many pixels x samples is computed sooner when it is compiled first."""
    saved_s = evaluations * SAVED_S[device.type] * (INTERPOLATION_SAVES if interpolating else 1)
    return saved_s >= COMPILATION_S and compiler_missing() is None


class CompiledKernels:
    """The pixel sum's parts as compiled kernels. For sums without compounding factors, and without gradients."""

    def intensity(
        self, pixels: Pixels, latch: Tensor, evaluations: Iterable[Evaluation], c: Constants, physics: Physics
    ) -> Intensity:
        """The whole sum in one kernel where it is one tile of one subpixel; else a kernel for each part."""
        only, evaluations = _only(evaluations)
        if only is not None:
            tile, tiles = _only(only.tiles)
            if tile is not None:
                return self.call(_sum_of_one_tile, pixels, only.sub, tile.samples, latch, c, physics)
            evaluations = [only._replace(tiles=tiles)]
        return summed(pixels, latch, evaluations, c, physics, self).intensity

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        """The sum with the tile's terms added, in whatever order is fastest."""
        return None, self.call(_sum_of_terms, *arguments)

    def call(self, part: Callable[..., Any], *arguments: Any) -> Any:
        with torch.no_grad():
            return _compiled(part, arguments[-1])(*arguments[:-1])


class _Fused(EagerKernels):
    """Parts as they stand, to be compiled together with what calls them."""

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        return None, _sum_of_terms(*arguments)


def _sum_of_one_tile(
    pixels: Pixels, sub: Subpixel, samples: Samples, latch: Tensor, c: Constants, physics: Physics
) -> Intensity:
    tile = Tile(samples, start=0, n_samples=samples.weight.shape[0])
    only = Evaluation(SubpixelTics(0, 0, 0), sub, [tile], first=True, completes_layer=True)
    return summed(pixels, latch, [only], c, physics, _Fused()).intensity


Item = TypeVar("Item")


def _only(items: Iterable[Item]) -> tuple[Item | None, Iterable[Item]]:
    """The only item, None where there are more or none; and all of them."""
    rest = iter(items)
    seen = list(islice(rest, 2))
    return (seen[0] if len(seen) == 1 else None), chain(seen, rest)


def _sum_of_terms(
    pixels: Pixels,
    sub: Subpixel,
    held: Held,
    samples: Samples,
    I: Tensor,
    latch: Tensor,
    c: Constants,
    physics: Physics,
) -> Tensor:
    evaluated, _ = scatter(pixels, sub, held, samples, I, latch, c, physics)
    return I + evaluated.I_term.sum(dim=0)


@functools.cache
def _compiled(part: Callable[..., Any], physics: Physics) -> Callable[..., Any]:
    """One kernel for all experiments with these formulas: every number is an argument."""

    def with_physics(*args: Any) -> Any:
        return part(*args, physics)

    # The compiler counts recompilations per code object: give each kernel its own.
    code = with_physics.__code__.replace(co_name=part.__name__)
    kernel = types.FunctionType(code, globals(), part.__name__, None, with_physics.__closure__)
    settings: dict[str, Any] = {
        "dynamic": False,
        "fullgraph": True,
        "recompile_limit": SHAPES_OF_A_KERNEL,
        "options": {"assert_indirect_indexing": False},  # every index is clamped into its table before it is used
    }
    return torch.compile(kernel, **settings)
