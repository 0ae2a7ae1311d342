"""The loops around ``scatter``: layers, subpixels and tiles of samples of some pixels (model, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice, product
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from simulator.evaluation.recomputed import recomputed
from simulator.evaluation.threads import unshared_operations
from simulator.model.algebra import Vec
from simulator.model.prepare import Prepared
from simulator.model.samples import PackedSamples, SampleTable, Tile, samples_of
from simulator.model.scatter import (
    captured_fraction,
    locate,
    pixels_at,
    polarization,
    scatter,
    scattering_vector_per_m,
    sin_theta_over_lambda,
    skipped_by_dmin,
    solid_angle,
)
from simulator.model.terms import Constants, Held, Located, Physics, Pixels, Samples, Scatter, Subpixel


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
        self, flat: Tensor, latch: Tensor, evaluations: Iterable[Evaluation], c: Constants, physics: Physics
    ) -> Intensity:
        """What an image needs of ``summed``, of pixels given by their flat indices."""

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        """``scatter`` of these arguments: what was evaluated (None: nothing of it is kept) and the sum."""

    def call(self, part: Callable[..., Any], *arguments: Any) -> Any:
        """Evaluate one of the smaller parts, whose last arguments are the Constants and the Physics."""


class EagerKernels:
    """Every operation by itself: the reference's own formulas in its own order."""

    def intensity(
        self, flat: Tensor, latch: Tensor, evaluations: Iterable[Evaluation], c: Constants, physics: Physics
    ) -> Intensity:
        return summed(pixels_at(flat, c), latch, evaluations, c, physics, self).intensity

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        return tile_scatter(*arguments)

    def call(self, part: Callable[..., Any], *arguments: Any) -> Any:
        return part(*arguments)


class RecomputedKernels(EagerKernels):
    """The same, keeping no tile's values for the backward pass but computing them again there."""

    def tile_sum(self, *arguments: Any) -> tuple[Scatter | None, Tensor]:
        (I_after,) = recomputed(lambda *again: (sum_after(*again),), *arguments)
        return None, I_after


def tile_scatter(
    pixels: Pixels,
    sub: Subpixel,
    held: Held,
    packed: PackedSamples,
    I_before: Tensor,
    interpolates_before: Tensor,
    c: Constants,
    physics: Physics,
) -> tuple[Scatter, Tensor]:
    """``scatter`` of a tile's samples."""
    return scatter(pixels, sub, held, samples_of(packed, c), I_before, interpolates_before, c, physics)


def sum_after(*arguments: Any) -> Tensor:
    """The sum that ``tile_scatter`` of these arguments leaves, alone."""
    return tile_scatter(*arguments)[1]


class Renewals(NamedTuple):
    """Which of the held factors are computed anew before a tile."""

    omega: bool
    capture: bool
    polar: bool

    @classmethod
    def before(cls, physics: Physics, *, of_pixel: bool, of_layer: bool, of_subpixel: bool) -> Renewals:
        """As the reference has it; the tile may be the first of its pixel, layer, subpixel.

        A factor that is not oversampled stays that of the first subpixel (capture: of the layer's first), the
        polarization that of the first source that -dmin does not skip. Oversampling renews the polarization even
        where -nopolar had fixed it at 1.
        """
        capture, polar, omega = physics.oversampled
        return cls(
            omega=of_pixel or (omega and of_subpixel),
            capture=of_layer or (capture and of_subpixel),
            polar=polar or (physics.polarized and (of_pixel or physics.cut_by_dmin)),
        )


def renewed(
    pixels: Pixels,
    sub: Subpixel,
    held: Held,
    packed: PackedSamples,
    renewals: Renewals,
    c: Constants,
    physics: Physics,
) -> tuple[Held, Tensor]:
    """The factors as a tile's evaluations hold them, and the polarization factor (P,) that is left after them."""
    located = locate(pixels, sub, c, physics)
    if renewals.omega:
        held = held._replace(omega_pixel_sr=solid_angle(located, c, physics))
    if renewals.capture:
        held = held._replace(capture_fraction=captured_fraction(located, sub, c, physics))
    if not renewals.polar:
        return held, held.polar
    samples, entering = samples_of(packed, c), held.polar
    if physics.oversampled[1]:
        held = held._replace(polar=polarization(located, samples.incident, c, physics))
        return held, last_kept(held.polar, located, samples, entering, c, physics)
    if physics.cut_by_dmin:
        polar = polarization(located, samples.incident, c, physics)
        held = held._replace(polar=first_kept(polar, located, samples, entering, c))
        return held, held.polar
    first_incident = Vec(*(component[:1] for component in samples.incident))
    held = held._replace(polar=polarization(located, first_incident, c, physics)[0])
    return held, held.polar


def first_kept(polar: Tensor, located: Located, samples: Samples, entering: Tensor, c: Constants) -> Tensor:
    """(P,) the factor so far, or where there is none yet, that of the first sample that -dmin does not skip."""
    stol = sin_theta_over_lambda(scattering_vector_per_m(located, samples))
    kept = ~skipped_by_dmin(stol, c)
    candidate = polar.expand_as(kept).gather(0, kept.to(torch.int8).argmax(dim=0, keepdim=True))[0]
    return torch.where((entering == 0.0) & kept.any(dim=0), candidate, entering)


def last_kept(
    polar: Tensor, located: Located, samples: Samples, entering: Tensor, c: Constants, physics: Physics
) -> Tensor:
    """(P,) the factor of the last sample that -dmin does not skip; the one so far where it skips all."""
    if not physics.cut_by_dmin:
        return polar[-1]
    stol = sin_theta_over_lambda(scattering_vector_per_m(located, samples))
    kept = ~skipped_by_dmin(stol, c)
    last = kept.shape[0] - 1 - kept.flip(0).to(torch.int8).argmax(dim=0, keepdim=True)
    return torch.where(kept.any(dim=0), polar.expand_as(kept).gather(0, last)[0], entering)


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


def subpixels(prepared: Prepared, c: Constants, samples: int = 0) -> Iterator[tuple[int, SubpixelTics, Subpixel]]:
    """Layers and subpixels in loop order: number, integer indices, the same as tensors.

    Args:
        prepared: how many there are.
        c: on which device.
        samples: evaluations of each.
    """
    n, layers = prepared.oversample, prepared.thick_steps

    def number(x: float) -> Tensor:
        return torch.full_like(c.steps, float(x))

    # A tensor of its own for each index: which of them are one and the same would else be part of a compiled kernel.
    thick_tics, s_tics, f_tics = ([number(i) for i in range(m)] for m in (layers, n, n))
    indices = product(range(layers), range(n), range(n))
    for i, (thick, s, f) in enumerate(indices):
        tics = SubpixelTics(thick, s, f)
        yield i, tics, Subpixel(thick_tics[thick], s_tics[s], f_tics[f], number(i * samples))


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
        for tile in tiles:
            begins = tile.start == 0
            renewals = Renewals.before(
                physics, of_pixel=first and begins, of_layer=begins_layer and begins, of_subpixel=begins
            )
            polar_after = held.polar
            if any(renewals):
                held, polar_after = kernels.call(renewed, pixels, sub, held, tile.packed, renewals, c, physics)
            evaluated, I = kernels.tile_sum(pixels, sub, held, tile.packed, I, interpolates_before, c, physics)
            if evaluated is not None:
                visit(tics, tile, evaluated)
            held = held._replace(polar=polar_after)
        omega_sum = omega_sum + held.omega_pixel_sr
        if physics.layer_by_layer and completes_layer:
            total, I = layer_added(total, I, held.capture_fraction), zero
            captures = captures + held.capture_fraction
    I = total if physics.layer_by_layer else I
    final = kernels.call(photons, I, held, captures, c, physics)
    return PixelResult(I, held, final, omega_sum)


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
        flat: Tensor,
        interpolates_before: Tensor,
        *,
        first: Sweep | None = None,
        visit: Visitor = ignore,
    ) -> PixelResult:
        """Sum P pixels.

        Args:
            flat: their flat indices (slow x width + fast), (P,).
            interpolates_before: (P,) or (1,), number of the evaluation that switched interpolation off for good.
            first: the sweep that is the first of its thread, where these pixels contain it.
            visit: called with every evaluation, in loop order.
        """
        pixels, evaluations = pixels_at(flat, self._c), self._evaluations(first)
        return summed(pixels, interpolates_before, evaluations, self._c, self._physics, self._kernels, visit)

    def intensity(self, flat: Tensor, interpolates_before: Tensor, first: Sweep | None = None) -> Intensity:
        """What an image needs of P pixels, given by their flat indices; arguments as above."""
        return self._kernels.intensity(flat, interpolates_before, self._evaluations(first), self._c, self._physics)

    def rehearsal(self, flat: Tensor, interpolates_before: Tensor) -> None:
        """Ask the kernels for all kinds of calls that ``intensity`` makes, but not for all calls."""
        few = (e._replace(tiles=islice(e.tiles, 2)) for e in islice(self._evaluations(None), 2))
        self._kernels.intensity(flat, interpolates_before, few, self._c, self._physics)

    def recomputed_intensity(self, flat: Tensor, interpolates_before: Tensor, first: Sweep | None = None) -> Intensity:
        """The same with gradients, for which it is computed once more; on one thread."""

        def work(flat: Tensor, interpolates_before: Tensor, c: Constants, tables: tuple[Tensor, ...]) -> Intensity:
            samples = self._samples.of_tables(tables)
            with unshared_operations():
                again = PixelSum(self._prepared, c, self._physics, samples, self._kernels)
                return again.intensity(flat, interpolates_before, first)

        return Intensity(*recomputed(work, flat, interpolates_before, self._c, self._samples.tables))

    @cached_property
    def _subpixels(self) -> list[tuple[int, SubpixelTics, Subpixel]]:
        return list(subpixels(self._prepared, self._c, self._samples.total))

    def _evaluations(self, first: Sweep | None) -> Iterator[Evaluation]:
        last = self._prepared.oversample - 1
        for number, tics, sub in self._subpixels:
            first_source = first.source if first is not None and first.subpixel == number else None
            tiles = self._samples.tiles(first_source)
            yield Evaluation(tics, sub, tiles, number == 0, tics.sub_s == tics.sub_f == last)
