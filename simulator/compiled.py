"""The compiled evaluation of a tile: ``scatter`` fused into one kernel that keeps nothing but the sum."""

from __future__ import annotations

import functools
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from simulator.scatter import Constants, Held, Physics, Pixels, Samples, Scatter, Subpixel, scatter

TILE_SAMPLES = 32
"""Samples of a compiled tile at most."""

CHUNK_PIXELS = {"cpu": 1 << 16, "cuda": 1 << 20, "mps": 1 << 18}

SAMPLES_WORTH_COMPILING = {"cpu": 400_000_000, "cuda": 4_000_000_000, "mps": 4_000_000_000}
"""Pixels x samples whose saving pays for a compilation: about 15 s at what the eager path loses a sample."""


@functools.cache
def compiler_missing() -> str | None:
    """Why torch.compile cannot run here; None: it can."""
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        return "no C++ compiler was found (install g++)"
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists():
        return "the Python headers are missing (install python3-dev)"
    return None


def worth_compiling(evaluations: int, device: torch.device) -> bool:
    """Whether an image of that many pixels x samples is computed sooner when it is compiled first."""
    return evaluations >= SAMPLES_WORTH_COMPILING[device.type] and compiler_missing() is None


@functools.cache
def _compiled(physics: Physics) -> Callable[..., Tensor]:
    """One kernel for all experiments with these formulas: every number is an argument."""

    def tile_sum(
        pixels: Pixels, sub: Subpixel, held: Held, samples: Samples, I: Tensor, latch: Tensor, c: Constants
    ) -> Tensor:
        evaluated, _ = scatter(pixels, sub, held, samples, I, latch, c, physics)
        return I + evaluated.I_term.sum(dim=0)

    return torch.compile(tile_sum, dynamic=False, fullgraph=True)


class CompiledTileSum:
    """Adds a tile's terms with a compiled kernel. For sums without compounding factors, and without gradients."""

    tile_size = TILE_SAMPLES

    def __init__(self, c: Constants, physics: Physics) -> None:
        self._c, self._kernel = c, _compiled(physics)

    def __call__(
        self, pixels: Pixels, sub: Subpixel, held: Held, samples: Samples, I: Tensor, interpolates_before: Tensor
    ) -> tuple[Scatter | None, Tensor]:
        with torch.no_grad():
            return None, self._kernel(pixels, sub, held, samples, I, interpolates_before, self._c)

    @staticmethod
    def chunk_pixels(device: torch.device) -> int:
        """Pixels of a chunk."""
        return CHUNK_PIXELS[device.type]
