"""Which compiled kernels an experiment's images take, where they come from, and whether they are worth having."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from simulator.errors import InputError
from simulator.evaluation.history import Inherited
from simulator.evaluation.kernels.compiled import (
    COMPILATION_S,
    TILE_SAMPLES,
    CompiledKernels,
    Library,
    compiler_missing,
    saved_s,
)
from simulator.evaluation.kernels.files import kernel_files
from simulator.evaluation.kernels.kept import KeptKernels
from simulator.evaluation.pixel_sum import PixelSum
from simulator.evaluation.region import SIMD_BLOCK, Region, filled
from simulator.evaluation.threads import unshared_operations
from simulator.model.precision import Precision
from simulator.model.prepare import Prepared, physics_of
from simulator.model.samples import SampleTable
from simulator.model.terms import Constants, Physics

log = logging.getLogger("simulator")

LEAST_SAVED_S = 0.05
"""Images that kernels would compute sooner by less than that are not worth looking for them."""

WORTH_BUILDING_S = 0.3
"""An image that would gain this much has its kernels compiled in the background for the next one."""

REHEARSED_BLOCKS = 3
"""Blocks of pixels with which a kernel is compared with its formulas before it is used."""


@dataclass(eq=False)
class ImageKernels:
    """The kernels of one simulator's images.

    Attributes:
        prepared, constants, precision, device, region: of the simulator.
        physics: its formulas, as they are evaluated without kernels.
        inherited: what pixels inherit.
        compile: auto, always or never.
    """

    prepared: Prepared
    constants: Constants
    physics: Physics
    precision: Precision
    device: torch.device
    region: Region
    inherited: Inherited
    compile: str

    def ready(self) -> bool:
        """Whether images take the compiled path; where they do, its kernels are there.

        Raises:
            InputError: they were to be compiled always, and cannot be.
        """
        if self.compile == "never" or self.physics.compounding:
            return False
        if self.compile == "always":
            if missing := compiler_missing():
                raise InputError(f"images cannot be compiled here: {missing}; pass compile='never' or 'auto'")
            self.build()
            return True
        saved = self.seconds_saved
        if saved < LEAST_SAVED_S:
            return False
        if saved >= COMPILATION_S and compiler_missing() is None:
            self.build()
            return True
        return self.kept is not None and not self.kept.missing

    @property
    def seconds_saved(self) -> float:
        """How much sooner an image is there with kernels than without, about."""
        samples = self.region.n_active * self.prepared.steps * self.prepared.thick_steps
        return saved_s(samples, self.device, interpolating=self.physics.interpolate)

    def build_in_background(self) -> int:
        """Have a process that outlives this one compile what later images of this kind would gain from.

        Returns:
            How many kernels it compiles; 0 where nothing is missing, gained or possible, or it was asked not to.
        """
        wanted = self.compile == "auto" and not self.physics.compounding and compiler_missing() is None
        if not wanted or self.seconds_saved < WORTH_BUILDING_S or self.kept is None:
            return 0
        return self.kept.build_in_background()

    def build(self, report: Callable[[str], None] = log.info) -> None:
        """Compile what this experiment's images need and no earlier run has left.

        Args:
            report: told what is being done.
        """
        if self.kept is not None:
            self.kept.build(report)

    @cached_property
    def kept(self) -> KeptKernels | None:
        """The kernels for this experiment's images that an earlier run has left, and which of them are missing;
        None where kernels are not kept."""
        files = kernel_files()
        if self.device.type != "cpu" or files is None:
            return None
        kept = KeptKernels(files)
        self._rehearse(kept)
        return kept

    @cached_property
    def samples(self) -> SampleTable:
        """The samples in tiles as kernels take them."""
        return SampleTable(self.prepared, self.device, self.precision, TILE_SAMPLES[self.device.type])

    @cached_property
    def pixel_sum(self) -> PixelSum:
        """The pixel sum by these kernels."""
        return self._sum_by(self._library)

    def _sum_by(self, library: Library) -> PixelSum:
        physics = physics_of(self.prepared, self.precision, compiled=True)
        kernels = CompiledKernels(self.constants, library)
        return PixelSum(self.prepared, self.constants, physics, self.samples, kernels)

    @cached_property
    def _library(self) -> Library:
        """Where compiled kernels come from: files on the CPU, elsewhere the compiler, which has files of its own."""
        if self.kept is not None:
            return self.kept
        from simulator.evaluation.kernels.just_in_time import JustInTime

        return JustInTime()

    def _rehearse(self, kept: KeptKernels) -> None:
        """Ask for each kernel once, with few pixels."""
        pixel_sum, index = self._sum_by(kept), self._rehearsed_pixels()
        with torch.no_grad(), unshared_operations():
            pixel_sum.rehearsal(index, self.inherited.evaluations(index))

    def _rehearsed_pixels(self) -> Tensor:
        """Flat indices of blocks of pixels at the beginning, in the middle and at the end."""
        last = self.region.n_active - SIMD_BLOCK
        starts = [max(0, last * i // (REHEARSED_BLOCKS - 1)) for i in range(REHEARSED_BLOCKS)]
        ends = [min(start + SIMD_BLOCK, self.region.n_active) for start in starts]
        blocks = [self.region.flat_indices(s, e, self.device) for s, e in zip(starts, ends, strict=True)]
        return filled(torch.cat(blocks), REHEARSED_BLOCKS * SIMD_BLOCK)
