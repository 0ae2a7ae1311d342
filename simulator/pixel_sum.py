"""The loops around ``scatter``: layers, subpixels and tiles of samples of some pixels (model, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from simulator.prepare import Prepared
from simulator.samples import SampleTable, Tile
from simulator.scatter import (
    Constants,
    Held,
    Located,
    Physics,
    Pixels,
    Samples,
    Scatter,
    Subpixel,
    captured_fraction,
    locate,
    polarization,
    scatter,
    scattering_vector_per_m,
    sin_theta_over_lambda,
    skipped_by_dmin,
    solid_angle,
)


class Sweep(NamedTuple):
    """Which subpixel and source a thread executes first: the one sweep that finds no rotated cell."""

    subpixel: int
    source: int


class SubpixelTics(NamedTuple):
    """The integer indices of a subpixel in the trace."""

    thick_tic: int
    sub_s: int
    sub_f: int


class Intensity(NamedTuple):
    """What an image needs, each (P,)."""

    I_pixel_final: Tensor
    omega_sum: Tensor
    """Sum of the held solid angle over layers and subpixels."""


class PixelResult(NamedTuple):
    """What the loops leave, each (P,)."""

    I_before_scaling: Tensor
    held: Held
    I_pixel_final: Tensor
    omega_sum: Tensor

    @property
    def intensity(self) -> Intensity:
        """What an image needs of it."""
        return Intensity(self.I_pixel_final, self.omega_sum)


Visitor = Callable[[SubpixelTics, Tile, Scatter], None]


def ignore(tics: SubpixelTics, tile: Tile, evaluated: Scatter) -> None:
    """The visitor that looks at nothing."""


class Kernels(Protocol):
    """How the parts of the pixel sum are evaluated: as they stand, compiled, or recomputed for gradients."""

    def intensity(
        self, pixels: Pixels, latch: Tensor, evaluations: Iterable[Evaluation], c: Constants, physics: Physics
    ) -> Intensity:
        """What an image needs of ``summed``."""

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        """``scatter`` of these arguments: what was evaluated (None: nothing of it is kept) and the sum."""

    def call(self, part: Callable[..., Any], *arguments: Any) -> Any:
        """Evaluate one of the smaller parts, whose last argument is the Physics."""


class EagerKernels:
    """Every operation by itself: the reference's own formulas in its own order."""

    def intensity(
        self, pixels: Pixels, latch: Tensor, evaluations: Iterable[Evaluation], c: Constants, physics: Physics
    ) -> Intensity:
        return summed(pixels, latch, evaluations, c, physics, self).intensity

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        return scatter(*arguments)

    def call(self, part: Callable[..., Any], *arguments: Any) -> Any:
        return part(*arguments)


class RecomputedKernels(EagerKernels):
    """The same, keeping no tile's values for the backward pass but computing them again there."""

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        return None, checkpoint(_sum_after, *arguments, use_reentrant=False, preserve_rng_state=False)


def _sum_after(*arguments: Any) -> Tensor:
    return scatter(*arguments)[1]


def first_kept(
    polar: Tensor, located: Located, samples: Samples, held_polar: Tensor, c: Constants, physics: Physics
) -> Tensor:
    """(P,) the held factor, or where there is none yet, that of the first sample that -dmin does not skip."""
    stol = sin_theta_over_lambda(scattering_vector_per_m(located, samples))
    kept = ~skipped_by_dmin(stol, c)
    candidate = polar.expand_as(kept).gather(0, kept.to(torch.int8).argmax(dim=0, keepdim=True))[0]
    return torch.where((held_polar == 0.0) & kept.any(dim=0), candidate, held_polar)


def last_kept(
    polar: Tensor, located: Located, samples: Samples, held_polar: Tensor, c: Constants, physics: Physics
) -> Tensor:
    """(P,) the factor of the last sample that -dmin does not skip; the held one where it skips all."""
    if not physics.cut_by_dmin:
        return polar[-1]
    stol = sin_theta_over_lambda(scattering_vector_per_m(located, samples))
    kept = ~skipped_by_dmin(stol, c)
    last = kept.shape[0] - 1 - kept.flip(0).to(torch.int8).argmax(dim=0, keepdim=True)
    return torch.where(kept.any(dim=0), polar.expand_as(kept).gather(0, last)[0], held_polar)


def layer_added(total: Tensor, I: Tensor, capture_fraction: Tensor) -> Tensor:
    """The layers' sums so far and this layer's, which takes its own captured fraction."""
    return total + I * capture_fraction


def photons(I: Tensor, held: Held, captures: Tensor, c: Constants, physics: Physics) -> Tensor:
    """(P,) the pixel's value from the sum, times the factors that were not applied before."""
    value = c.intensity_scale * I / c.steps
    for factor, wanted in zip(
        (held.capture_fraction, held.polar, held.omega_pixel_sr), physics.factors_last, strict=True
    ):
        if wanted:
            value = value * factor
    if physics.background_in_sum:
        return value
    capture = captures if physics.layer_by_layer else held.capture_fraction
    return value + c.background_I * held.omega_pixel_sr * held.polar * capture


def subpixels(prepared: Prepared, c: Constants) -> Iterator[tuple[int, SubpixelTics, Subpixel]]:
    """Layers and subpixels in loop order: number, integer indices, the same as tensors."""
    n, layers = prepared.oversample, prepared.thick_steps
    # A tensor of its own for each index: which of them are one and the same would else be part of a compiled kernel.
    thick_tics, s_tics, f_tics = ([torch.full_like(c.steps, float(i)) for i in range(m)] for m in (layers, n, n))
    indices = product(range(layers), range(n), range(n))
    for number, (thick, s, f) in enumerate(indices):
        yield number, SubpixelTics(thick, s, f), Subpixel(thick_tics[thick], s_tics[s], f_tics[f])


class Evaluation(NamedTuple):
    """All samples of one subpixel, in loop order."""

    tics: SubpixelTics
    sub: Subpixel
    tiles: Iterable[Tile]
    first: bool
    """Whether it is the pixel's first subpixel."""
    completes_layer: bool


def summed(
    pixels: Pixels,
    interpolates_before: Tensor,
    evaluations: Iterable[Evaluation],
    c: Constants,
    physics: Physics,
    kernels: Kernels,
    visit: Visitor = ignore,
) -> PixelResult:
    """The pixel sum over all evaluations; arguments as in ``PixelSum``."""
    zero = torch.zeros_like(pixels.fast)
    I = zero + c.background_I if physics.background_in_sum else zero
    held = Held(zero, zero, zero if physics.polarized else torch.ones_like(zero))
    total, captures, omega_sum = zero, zero, zero
    for tics, sub, tiles, first, completes_layer in evaluations:
        begins_layer = tics.sub_s == tics.sub_f == 0
        wants_place = begins_layer or any(physics.oversampled) or (physics.polarized and physics.cut_by_dmin)
        located: Located | None = kernels.call(locate, pixels, sub, c, physics) if wants_place else None
        held = _with_subpixel_factors(held, located, sub, c, physics, kernels, first=first, begins_layer=begins_layer)
        omega_sum = omega_sum + held.omega_pixel_sr
        for tile in tiles:
            entering = held.polar
            held = _with_polar(held, located, tile, c, physics, kernels, first=first and tile.start == 0)
            evaluated, I = kernels.tile_sum(pixels, sub, held, tile.samples, I, interpolates_before, c, physics)
            if evaluated is not None:
                visit(tics, tile, evaluated)
            if physics.oversampled[1]:
                assert located is not None
                held = held._replace(polar=last_kept(held.polar, located, tile.samples, entering, c, physics))
        if physics.layer_by_layer and completes_layer:
            total, I = layer_added(total, I, held.capture_fraction), zero
            captures = captures + held.capture_fraction
    I = total if physics.layer_by_layer else I
    final = kernels.call(photons, I, held, captures, c, physics)
    return PixelResult(I, held, final, omega_sum)


def _with_subpixel_factors(
    held: Held,
    located: Located | None,
    sub: Subpixel,
    c: Constants,
    physics: Physics,
    kernels: Kernels,
    *,
    first: bool,
    begins_layer: bool,
) -> Held:
    """Solid angle and capture as the loops hold them: from the first subpixel unless oversampled."""
    renews_capture, _, renews_omega = physics.oversampled
    if first or renews_omega:
        held = held._replace(omega_pixel_sr=kernels.call(solid_angle, located, c, physics))
    if renews_capture or begins_layer:
        held = held._replace(capture_fraction=kernels.call(captured_fraction, located, sub, c, physics))
    return held


def _with_polar(
    held: Held, located: Located | None, tile: Tile, c: Constants, physics: Physics, kernels: Kernels, *, first: bool
) -> Held:
    """Polarization as the loops hold it: of the first source that is not skipped, unless oversampled.

    Oversampling renews the factor even where -nopolar had fixed it at 1.
    """
    renews_polar = physics.oversampled[1]
    renews_once = physics.polarized and (first or physics.cut_by_dmin)
    if not (renews_polar or renews_once):
        return held
    assert located is not None
    polar = kernels.call(polarization, located, tile.samples.incident, c, physics)
    if renews_polar:
        return held._replace(polar=polar)
    if physics.cut_by_dmin:
        return held._replace(polar=first_kept(polar, located, tile.samples, held.polar, c, physics))
    return held._replace(polar=polar[0])


class PixelSum:
    """The pixel sum of one experiment on one device.

    Args:
        prepared: the experiment in numbers.
        c: the same as tensors.
        physics: its formulas.
        samples: its samples.
        kernels: how they are evaluated.
    """

    def __init__(
        self, prepared: Prepared, c: Constants, physics: Physics, samples: SampleTable, kernels: Kernels | None = None
    ) -> None:
        self._prepared, self._c, self._physics, self._samples = prepared, c, physics, samples
        self._kernels: Kernels = kernels or EagerKernels()

    def __call__(
        self,
        pixels: Pixels,
        interpolates_before: Tensor,
        *,
        first: Sweep | None = None,
        visit: Visitor = ignore,
    ) -> PixelResult:
        """Sum P pixels.

        Args:
            pixels: their indices, (P,).
            interpolates_before: (P,), number of the evaluation that switched interpolation off for good.
            first: the sweep that is the first of its thread, where these pixels contain it.
            visit: called with every evaluation, in loop order.
        """
        evaluations = self._evaluations(first)
        return summed(pixels, interpolates_before, evaluations, self._c, self._physics, self._kernels, visit)

    def intensity(self, pixels: Pixels, interpolates_before: Tensor) -> Intensity:
        """What an image needs of P pixels."""
        return self._kernels.intensity(pixels, interpolates_before, self._evaluations(None), self._c, self._physics)

    def _evaluations(self, first: Sweep | None) -> Iterator[Evaluation]:
        last = self._prepared.oversample - 1
        for number, tics, sub in subpixels(self._prepared, self._c):
            first_source = first.source if first is not None and first.subpixel == number else None
            tiles = self._samples.tiles(number, first_source)
            yield Evaluation(tics, sub, tiles, number == 0, tics.sub_s == tics.sub_f == last)
