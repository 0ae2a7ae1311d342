"""The simulator: images and traces of an experiment from one and the same function."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from simulator.defects import Defects
from simulator.errors import InputError
from simulator.evaluation.execution import ExecutionConfig, default_execution
from simulator.evaluation.history import Inherited, Probe, carried_from
from simulator.evaluation.image_kernels import ImageKernels
from simulator.evaluation.kernels.compiled import compiled_chunk
from simulator.evaluation.pixel_sum import Intensity, PixelResult, PixelSum, RecomputedKernels, Sweep, Visitor, ignore
from simulator.evaluation.region import SIMD_BLOCK, Region, filled
from simulator.evaluation.threads import computed, unshared_operations
from simulator.evaluation.tiles import TileElements
from simulator.evaluation.trace import Trace, TraceRecorder
from simulator.evaluation.tuning import tile_elements
from simulator.experiment import Experiment
from simulator.model.algebra import quotient, value_of
from simulator.model.precision import DtypeRequest
from simulator.model.prepare import constants_of, physics_of, prepare
from simulator.model.samples import SampleTable

EAGER_TILE = 32
"""Samples of an eager tile at most."""

SPOTS = ("gauss", "tophat")
"""Shapes whose lattice factor is exactly zero but near reflections."""

SUM_BYTES = 64
"""What a pixel keeps of each tile in the backward pass at most: the sum after it and the held factors."""

TILES_KEPT_FOR_GRADIENTS = 8
"""Tiles of a chunk whose values the backward pass holds at once; with more, each is computed once more."""

TRACED_TOGETHER = 1024
"""Pixels traced in one evaluation at most."""

Progress = Callable[[int, int], None]
"""Called with (pixels done, pixels in all)."""


class Rendering(NamedTuple):
    """An image and what its statistics need."""

    image: Tensor
    """(slow, fast) in the computing precision."""
    solid_angle_sr: float
    """Sum over the pixels of the held solid angle's mean over subpixels (and sum over layers, as printed)."""


def _no_progress(done: int, of: int) -> None:
    """The progress report that reports nothing."""


class Simulator:
    """An experiment ready to compute on a device.

    What its pixels share is computed once, when it is made: a simulator carries one backward pass; make another for
    the next step of an optimisation (its parameters have changed by then).

    Args:
        experiment: what is simulated.
        device: auto, cpu, cuda, cuda:N or mps (ignored when ``execution`` is given).
        dtype: torch.float64, torch.float32, or "mixed" (likewise).
        mode: c-parity or spec; an experiment that names its own defects (``-defects``) keeps them in c-parity.
        defects: single defects turned on (True) or off (False) on top of that.
        threads: the thread count of the C program to imitate; None takes the experiment's.
        execution: how to execute; made for you, and logged, when None.
        zero_phi_steps: which phi steps count as phi = 0; None decides by their values, once.

    Raises:
        InputError: an experiment that cannot be simulated, an unknown mode, defect, device or dtype.
    """

    def __init__(
        self,
        experiment: Experiment,
        device: str = "auto",
        dtype: DtypeRequest = torch.float64,
        mode: str = "c-parity",
        *,
        defects: Mapping[str, bool] | None = None,
        threads: int | None = None,
        execution: ExecutionConfig | None = None,
        zero_phi_steps: tuple[bool, ...] | None = None,
    ) -> None:
        self.execution = execution or default_execution(device, dtype)
        self.resolution = self.execution.resolve()
        self.execution.apply()
        self.device = torch.device(self.resolution.device)
        self.precision = self.execution.precision
        base = Defects.of_mode(mode)
        if experiment.defects is not None and mode == "c-parity":
            base = experiment.defects
        self.defects = base.switched(defects or {})
        self.threads = experiment.output.threads if threads is None else threads
        if self.threads < 1:
            raise InputError(f"threads must be at least 1; got {self.threads}")
        self.experiment = experiment
        self.prepared = prepare(experiment, self.defects, zero_phi_steps)
        self.region = Region.of(experiment)
        self.constants = constants_of(self.prepared, self.device, self.precision)
        self.physics = physics_of(self.prepared, self.precision, compiled=False)

    # ---- images -----------------------------------------------------------------------------------------------

    def image(self, progress: Progress = _no_progress) -> Tensor:
        """The image, (slow, fast), photons per pixel, in the computing precision; 0 outside ROI and mask."""
        return self.render(progress).image

    def render(self, progress: Progress = _no_progress) -> Rendering:
        """The image and the statistics that only the pixel sum knows."""
        if not self.prepared.steps:
            return self._without_evaluations()
        compiled = self._compiles()
        pixel_sum = self._sum_for_images(compiled)
        size = self._chunk_pixels(compiled)
        starts = range(0, self.region.n_active, size)
        flat = torch.zeros(math.prod(self.region.shape), dtype=self.precision.position, device=self.device)
        # In one tensor: small ones, kept, would part the memory that chunk after chunk uses again.
        omegas = flat.new_zeros(len(starts))
        pieces = []
        chunks = self._computed(pixel_sum, starts, size, compiled)
        for number, (start, (index, value, omega)) in enumerate(zip(starts, chunks, strict=True)):
            omegas[number] = omega
            if value.requires_grad:
                pieces.append((index, value))
            else:
                flat[self.region.stretch(start, start + len(index)) or index] = value
            progress(min(start + size, self.region.n_active), self.region.n_active)
        if pieces:
            flat = flat.index_copy(0, torch.cat([i for i, _ in pieces]), torch.cat([v for _, v in pieces]))
        with unshared_operations():
            flat = self._with_first_pixels(flat)
        return Rendering(flat.reshape(self.region.shape), float(omegas.sum()) / self.prepared.steps)

    def _without_evaluations(self) -> Rendering:
        """The image of a beam without sources or a scan without steps: the reference divides by their number, 0."""
        held = {"capture_fraction": 1.0, "polar": float(bool(self.prepared.sources) or not self.physics.polarized)}
        I_before_scaling = value_of(self.prepared.background_I) if self.physics.background_in_sum else 0.0
        photons = quotient(value_of(self.constants.intensity_scale) * I_before_scaling, 0.0)
        for factor, oversampled in zip(held.values(), self.physics.oversampled, strict=False):
            photons *= 1.0 if oversampled else factor
        flat = torch.zeros(math.prod(self.region.shape), dtype=self.precision.position, device=self.device)
        flat[self.region.flat_indices(0, self.region.n_active, self.device)] = photons
        return Rendering(flat.reshape(self.region.shape), math.inf if self.region.n_active else math.nan)

    def values(self) -> Tensor:
        """(n_active,) photons of the pixels inside ROI and mask, in raster order: the image without the rest."""
        size = self._chunk_pixels(compiled=False)
        starts = range(0, self.region.n_active, size)
        nothing = torch.zeros(0, dtype=self.precision.position, device=self.device)
        chunks = self._computed(self._sum_for_images(compiled=False), starts, size, compiled=False)
        values = torch.cat([nothing, *(value for _, value, _ in chunks)])
        for pixel, sweep in self._inherited.first_sweeps.by_pixel.items():
            where = torch.tensor([self.region.number_of(*pixel)], device=self.device)
            values = values.index_copy(0, where, self._first_value(*pixel, sweep))
        return values

    def _computed(
        self, pixel_sum: PixelSum, starts: range, size: int, compiled: bool
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Chunk by chunk: flat indices, values, sum of solid angles."""
        wants_gradients = torch.is_grad_enabled() and self._wants_gradients

        def compute(start: int) -> tuple[Tensor, Tensor, Tensor]:
            with torch.set_grad_enabled(wants_gradients):
                index = self.region.flat_indices(start, min(start + size, self.region.n_active), self.device)
                result = self._chunk(pixel_sum, index, size)
                omega = result.omega_sum[: len(index)].detach().sum()
                return index, result.I_pixel_final[: len(index)], omega

        if compiled or self.device.type != "cpu":
            return map(compute, starts)
        if starts and not wants_gradients:  # once, before any thread asks for it
            last = self.region.n_active - 1
            self._latch_evaluations(self.region.flat_indices(last, last + 1, self.device))
        return computed(compute, starts, together=not wants_gradients)

    def _chunk(self, pixel_sum: PixelSum, index: Tensor, size: int, first: Sweep | None = None) -> Intensity:
        """The pixels of one chunk, filled up to ``size``; recomputed rather than kept where gradients are wanted."""
        index = filled(index, size)
        latch = self._latch_evaluations(index)
        if not torch.is_grad_enabled():
            return pixel_sum.intensity(index, latch, first)
        return pixel_sum.recomputed_intensity(index, latch, first)

    def _with_first_pixels(self, flat: Tensor) -> Tensor:
        """The image with each thread's first pixel computed from a cell that nothing was rotated into."""
        for pixel, sweep in self._inherited.first_sweeps.by_pixel.items():
            value = self._first_value(*pixel, sweep)
            where = self.region.flat_index(*pixel)
            if flat.requires_grad or value.requires_grad:
                flat = flat.index_copy(0, torch.tensor([where], device=self.device), value)
            else:  # without a second image
                flat[where] = value[0]
        return flat

    def _first_value(self, slow: int, fast: int, first: Sweep) -> Tensor:
        """(1,) the value of a thread's first pixel."""
        pixel_sum = self._sum_for_images(compiled=False)
        return self._chunk(pixel_sum, self._block_of(slow, fast), SIMD_BLOCK, first).I_pixel_final[:1]

    def _single(self, slow: int, fast: int, first: Sweep | None = None, visitor: Visitor = ignore) -> PixelResult:
        """One pixel, evaluated in a block whose arithmetic has the bits of the image's."""
        index = self._block_of(slow, fast)
        return self._eager_sum(index, self._latch_evaluations(index), first=first, visit=visitor)

    def _block_of(self, slow: int, fast: int) -> Tensor:
        """(SIMD_BLOCK,) flat indices, all of the one pixel."""
        return torch.full((SIMD_BLOCK,), self.region.flat_index(slow, fast), dtype=torch.int64, device=self.device)

    # ---- traces -----------------------------------------------------------------------------------------------

    def trace(self, slow: int, fast: int) -> Trace:
        """Every intermediate value of one pixel.

        Raises:
            InputError: the pixel is outside the detector or the ROI, or masked.
        """
        return self.traces([(slow, fast)])[0]

    def traces(self, pixels: Sequence[tuple[int, int]]) -> list[Trace]:
        """The traces of some pixels (slow, fast), which are evaluated together.

        Raises:
            InputError: one of them is outside the detector or the ROI, or masked.
        """
        for pixel in pixels:
            self.region.require_active(*pixel)
        if pixels and not self.prepared.steps:
            raise InputError(
                "nothing is evaluated in any pixel, so there is nothing to trace; see the steps and sources"
            )
        with torch.no_grad(), unshared_operations():
            first = self._inherited.first_sweeps.by_pixel
            alone = [[pixel] for pixel in pixels if pixel in first]
            together = [pixel for pixel in pixels if pixel not in first]
            groups = alone + [together[i : i + TRACED_TOGETHER] for i in range(0, len(together), TRACED_TOGETHER)]
            traced = {p: trace for group in groups for p, trace in zip(group, self._traced(group), strict=True)}
        return [traced[pixel] for pixel in pixels]

    def _traced(self, group: list[tuple[int, int]]) -> Iterator[Trace]:
        """Traces of pixels that share whether they are a thread's first."""
        blocks = -(-len(group) // SIMD_BLOCK)
        index = torch.tensor([self.region.flat_index(*pixel) for pixel in group], device=self.device)
        index = filled(index, blocks * SIMD_BLOCK)
        latch = self._latch_evaluations(index)
        recorder = TraceRecorder(self.prepared, self.physics, self.constants, latch, len(group))
        first = self._inherited.first_sweeps.by_pixel.get(group[0])
        result = self._eager_sum(index, latch, first=first, visit=recorder.visit)
        kind = {"device": str(self.device), "dtype": self.precision.name}
        for number, pixel in enumerate(group):
            came_from = carried_from(self._probe, *pixel, self.threads)
            yield recorder.trace(pixel, result, came_from, number=number, **kind)

    def visit(self, slow: int, fast: int, visitor: Visitor) -> PixelResult:
        """Show a visitor every evaluation of one pixel, in loop order, with the graph of what requires grad.

        The tensors hold several copies of the pixel along their last axis; take the first.

        Raises:
            InputError: the pixel is outside the detector or the ROI, or masked.
        """
        self.region.require_active(slow, fast)
        return self._single(slow, fast, self._inherited.first_sweeps.by_pixel.get((slow, fast)), visitor)

    # ---- what came before a pixel -----------------------------------------------------------------------------

    @cached_property
    def _probe(self) -> Probe:
        return Probe(self.prepared, self.physics, self.constants, self.region, self._samples)

    @cached_property
    def _inherited(self) -> Inherited:
        latches = self.physics.interpolate and "interpolation-latch" in self.defects
        return Inherited(self._probe, self.threads, latches)

    def _latch_evaluations(self, index: Tensor) -> Tensor:
        """(P,) or (1,), number of the evaluation within each pixel from which interpolation is off for good."""
        return self._inherited.evaluations(index)

    # ---- how it is computed -----------------------------------------------------------------------------------

    @cached_property
    def _samples(self) -> SampleTable:
        return SampleTable(self.prepared, self.device, self.precision, EAGER_TILE)

    @cached_property
    def _eager_sum(self) -> PixelSum:
        return PixelSum(self.prepared, self.constants, self.physics, self._samples)

    def _sum_for_images(self, compiled: bool) -> PixelSum:
        """Compiled, eager, or with gradients and many tiles, one that keeps none of them."""
        if compiled:
            return self.kernels.pixel_sum
        if self._tiles_for_gradients > TILES_KEPT_FOR_GRADIENTS:
            return PixelSum(self.prepared, self.constants, self.physics, self._samples, RecomputedKernels())
        return self._eager_sum if self._tiles_for_gradients else self._image_sum

    @cached_property
    def _image_sum(self) -> PixelSum:
        """The eager sum without what only a trace asks for."""
        spots = self.experiment.crystal.shape in SPOTS and not self.physics.with_water
        if not (spots and self.physics.interpolate and self.device.type == "cpu"):
            return self._eager_sum
        physics = replace(self.physics, skips_lookups=True)
        return PixelSum(self.prepared, self.constants, physics, self._samples)

    @property
    def _tiles_for_gradients(self) -> int:
        """Tiles of a chunk that a backward pass goes through; 0 where no gradient is wanted."""
        if not (torch.is_grad_enabled() and self._wants_gradients):
            return 0
        return self._samples.n_tiles * self.prepared.thick_steps * self.prepared.oversample**2

    @cached_property
    def kernels(self) -> ImageKernels:
        """The compiled kernels of its images."""
        return ImageKernels(
            self.prepared,
            self.constants,
            self.physics,
            self.precision,
            self.device,
            self.region,
            self._inherited,
            self.execution.compile,
        )

    def _compiles(self) -> bool:
        """Whether images take the compiled path; where they do, its kernels are there."""
        return not (torch.is_grad_enabled() and self._wants_gradients) and self.kernels.ready()

    @cached_property
    def _tile(self) -> TileElements:
        return tile_elements(self.device, self.execution.memory_bytes, self.execution.tile)

    def _chunk_pixels(self, compiled: bool) -> int:
        """Pixels evaluated together: a multiple of what keeps every element on the vectorised path."""
        n_pixels = self.region.n_active
        if compiled:
            elements = self._tile.interpolating if self.physics.interpolate else self._tile.compiled
            size = compiled_chunk(elements, self.kernels.samples.tile_size, n_pixels, self.device)
            return SIMD_BLOCK * max(1, -(-size // SIMD_BLOCK))
        size = min(self._tile.eager // self._samples.tile_size, n_pixels + SIMD_BLOCK - 1)
        if tiles := self._tiles_for_gradients:  # the sum after each of them is kept while a chunk goes backward
            size = min(size, self.execution.memory_bytes // (SUM_BYTES * tiles))
        return SIMD_BLOCK * max(1, size // SIMD_BLOCK)

    @cached_property
    def _wants_gradients(self) -> bool:
        return self._samples.requires_grad or any(t.requires_grad for t in _tensors_of(self.constants))


def _tensors_of(tree: object) -> Iterator[Tensor]:
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, tuple):
        for branch in tree:
            yield from _tensors_of(branch)
