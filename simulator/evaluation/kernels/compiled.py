"""The compiled evaluation of a tile: ``scatter`` fused into one kernel that keeps nothing but the sum."""

from __future__ import annotations

import functools
import shutil
import sysconfig
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from simulator.evaluation.kernels.packing import packed
from simulator.evaluation.kernels.request import Request
from simulator.evaluation.pixel_sum import EagerKernels, Evaluation, Intensity, SubpixelTics, sum_after, summed
from simulator.model.samples import PackedSamples, Tile
from simulator.model.scatter import pixels_at
from simulator.model.terms import Constants, Physics, Pixels, Scatter, Subpixel

TILE_SAMPLES = {"cpu": 32, "cuda": 1 << 10, "mps": 1 << 8}
"""Samples of a compiled tile at most: on a CPU what passes from loop to loop stays in its caches, on a GPU one call
evaluates all of a chunk."""

MOST_PIXELS = {"cpu": 1 << 17, "cuda": 1 << 20, "mps": 1 << 18}
"""Pixels of a compiled chunk at most."""

COMPILATION_S = 13.0
"""What compiling takes the first time; later processes find it on the disk."""

SAVED_S = {"cpu": 33e-9, "cuda": 3e-9, "mps": 3e-9}
"""What an evaluation (a pixel at a sample) takes less once it is compiled."""

INTERPOLATION_SAVES = 9
"""How many times that tricubic interpolation saves."""


@functools.cache
def compiler_missing() -> str | None:
    """Why kernels cannot be compiled here; None: they can."""
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


def saved_s(evaluations: int, device: torch.device, *, interpolating: bool) -> float:
    """Seconds by which an image of that many pixels x samples is computed sooner with kernels that are there."""
    return evaluations * SAVED_S[device.type] * (INTERPOLATION_SAVES if interpolating else 1)


class Library(Protocol):
    """Where compiled kernels come from."""

    def evaluate(self, request: Request) -> Any:
        """The result of a call."""


class CompiledKernels:
    """The pixel sum's parts as compiled kernels. For sums without compounding factors, and without gradients.

    Args:
        c: the numbers of all sums.
        library: where the kernels come from.
    """

    def __init__(self, c: Constants, library: Library) -> None:
        self._numbers, self._places = packed(c)
        self._library = library

    def intensity(
        self, flat: Tensor, latch: Tensor, evaluations: Iterable[Evaluation], c: Constants, physics: Physics
    ) -> Intensity:
        """The whole sum in one kernel where it is one tile of one subpixel; else a kernel for each part."""
        only, evaluations = _only(evaluations)
        if only is not None:
            tile, tiles = _only(only.tiles)
            if tile is not None:
                return self.call(_sum_of_one_tile, flat, only.sub, tile.packed, latch, c, physics)
            evaluations = [only._replace(tiles=tiles)]
        pixels = self.call(_pixels_at, flat, c, physics)
        return summed(pixels, latch, evaluations, c, physics, self).intensity

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        """The sum with the tile's terms added."""
        return None, self.call(sum_after, *arguments)

    def call(self, part: Callable[..., Any], *arguments: Any) -> Any:
        *own, _, physics = arguments
        with torch.no_grad():
            return self._library.evaluate(Request(part, self._places, physics, self._numbers, tuple(own)))


class _Fused(EagerKernels):
    """Parts as they stand, to be compiled together with what calls them."""

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        return None, sum_after(*arguments)


def _sum_of_one_tile(
    flat: Tensor, sub: Subpixel, samples: PackedSamples, latch: Tensor, c: Constants, physics: Physics
) -> Intensity:
    only = Evaluation(SubpixelTics(0, 0, 0), sub, [Tile(samples, start=0)], first=True, completes_layer=True)
    return summed(pixels_at(flat, c), latch, [only], c, physics, _Fused()).intensity


def _pixels_at(flat: Tensor, c: Constants, physics: Physics) -> Pixels:
    return pixels_at(flat, c)


Item = TypeVar("Item")


def _only(items: Iterable[Item]) -> tuple[Item | None, Iterable[Item]]:
    """The only item, None where there are more or none; and all of them."""
    rest = iter(items)
    seen = list(islice(rest, 2))
    return (seen[0] if len(seen) == 1 else None), chain(seen, rest)
