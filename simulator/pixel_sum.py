"""The loops around ``scatter``: layers, subpixels and tiles of samples of some pixels (model, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from simulator.algebra import length
from simulator.prepare import Prepared, R_E_SQR_m2
from simulator.samples import SampleTable, Tile
from simulator.scatter import (
    Constants,
    Held,
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
    skipped_by_dmin,
    solid_angle,
    unpolarized,
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


class PixelResult(NamedTuple):
    """What the loops leave, each (P,)."""

    I_before_scaling: Tensor
    held: Held
    cos_2theta: Tensor
    I_pixel_final: Tensor
    omega_sum: Tensor
    """Of the held solid angle over all layers and subpixels."""


Visitor = Callable[[SubpixelTics, Tile, Scatter], None]


def ignore(tics: SubpixelTics, tile: Tile, evaluated: Scatter) -> None:
    """The visitor that looks at nothing."""


class TileSum(Protocol):
    """Adds a tile's terms to the running sum; returns what was evaluated (None: compiled away) and the sum."""

    def __call__(
        self, pixels: Pixels, sub: Subpixel, held: Held, samples: Samples, I: Tensor, interpolates_before: Tensor
    ) -> tuple[Scatter | None, Tensor]: ...


def subpixels(prepared: Prepared, c: Constants) -> Iterator[tuple[int, SubpixelTics, Subpixel]]:
    """Layers and subpixels in loop order: number, integer indices, the same as tensors."""
    n, layers = prepared.oversample, prepared.thick_steps
    tic = [torch.full_like(c.pixel_size_m, float(i)) for i in range(max(n, layers))]
    number = 0
    for thick in range(layers):
        for s in range(n):
            for f in range(n):
                yield number, SubpixelTics(thick, s, f), Subpixel(tic[thick], tic[s], tic[f])
                number += 1


class PixelSum:
    """The pixel sum of one experiment on one device.

    Args:
        prepared: the experiment in numbers.
        c: the same as tensors.
        physics: its formulas.
        samples: its samples.
        tile_sum: how a tile is evaluated; None evaluates ``scatter`` as it stands.
    """

    def __init__(
        self,
        prepared: Prepared,
        c: Constants,
        physics: Physics,
        samples: SampleTable,
        tile_sum: TileSum | None = None,
    ) -> None:
        self._prepared, self._c, self._physics, self._samples = prepared, c, physics, samples
        self._tile_sum: TileSum = tile_sum or self._evaluate
        sampling = prepared.experiment.sampling
        self._renews_capture = sampling.oversample_thick
        self._renews_polar = sampling.oversample_polar
        self._renews_omega = sampling.oversample_omega
        beam = prepared.experiment.beam
        self._polarized = beam.polarized
        self._polarization = polarization if beam.polarization_factor != 0.0 else unpolarized
        self._layer_by_layer = "last-layer-capture" not in prepared.defects and not sampling.oversample_thick
        self._background_in_sum = "background-scaling" in prepared.defects

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
        prepared = self._prepared
        zero = torch.zeros_like(pixels.fast)
        I = zero + (prepared.background_I if self._background_in_sum else 0.0)
        held = Held(zero, zero, zero if self._polarized else torch.ones_like(zero))
        total, captures, omega_sum = zero, zero, zero
        for number, tics, sub in subpixels(prepared, self._c):
            new_layer = tics.sub_s == 0 and tics.sub_f == 0
            held = self._renew_subpixel_factors(held, pixels, sub, new_layer, first_subpixel=number == 0)
            omega_sum = omega_sum + held.omega_pixel_sr
            first_source = first.source if first is not None and first.subpixel == number else None
            for tile in self._samples.tiles(number, first_source):
                held = self._renew_polar(held, pixels, sub, tile, first_tile=number == 0 and tile.start == 0)
                evaluated, I = self._tile_sum(pixels, sub, held, tile.samples, I, interpolates_before)
                if evaluated is not None:
                    visit(tics, tile, evaluated)
            held = self._hold_last_polar(held)
            if self._layer_by_layer and tics.sub_s == tics.sub_f == prepared.oversample - 1:
                total, captures, I = total + I * held.capture_fraction, captures + held.capture_fraction, zero
        I = total if self._layer_by_layer else I
        final = self._scaled(I, held, captures)
        return PixelResult(I, held, self._last_cos_2theta(pixels, sub, tile), final, omega_sum)

    def _evaluate(
        self, pixels: Pixels, sub: Subpixel, held: Held, samples: Samples, I: Tensor, interpolates_before: Tensor
    ) -> tuple[Scatter | None, Tensor]:
        return scatter(pixels, sub, held, samples, I, interpolates_before, self._c, self._physics)

    def _renew_subpixel_factors(
        self, held: Held, pixels: Pixels, sub: Subpixel, new_layer: bool, *, first_subpixel: bool
    ) -> Held:
        """Solid angle and capture as the loops hold them: from the first subpixel unless oversampled."""
        renew_omega = first_subpixel or self._renews_omega
        renew_capture = new_layer or self._renews_capture
        if not (renew_omega or renew_capture):
            return held
        located = locate(pixels, sub, self._c, self._physics)
        if renew_omega:
            held = held._replace(omega_pixel_sr=solid_angle(located, self._c, self._physics))
        if renew_capture:
            held = held._replace(capture_fraction=captured_fraction(located, sub, self._c, self._physics))
        return held

    def _renew_polar(self, held: Held, pixels: Pixels, sub: Subpixel, tile: Tile, *, first_tile: bool) -> Held:
        """Polarization as the loops hold it: of the first source that is not skipped, unless oversampled."""
        if not self._polarized or not (first_tile or self._renews_polar or self._physics.cut_by_dmin):
            return held
        samples = tile.samples
        located = locate(pixels, sub, self._c, self._physics)
        polar = self._polarization(located, samples.incident, self._c)
        if self._renews_polar:
            return held._replace(polar=polar)
        if not self._physics.cut_by_dmin:
            return held._replace(polar=polar[0])
        stol = 0.5 * length(scattering_vector_per_m(located, samples))
        kept = ~skipped_by_dmin(stol, self._c)
        first_kept = kept.to(torch.int8).argmax(dim=0, keepdim=True)
        candidate = polar.expand_as(kept).gather(0, first_kept)[0]
        return held._replace(polar=torch.where((held.polar == 0.0) & kept.any(dim=0), candidate, held.polar))

    def _hold_last_polar(self, held: Held) -> Held:
        """After a subpixel, the factor of the last source evaluated."""
        return held._replace(polar=held.polar[-1]) if held.polar.dim() == 2 else held

    def _last_cos_2theta(self, pixels: Pixels, sub: Subpixel, tile: Tile) -> Tensor:
        located = locate(pixels, sub, self._c, self._physics)
        i, d = tile.samples.incident, located.diffracted_vec
        return i.x[-1] * d.x + i.y[-1] * d.y + i.z[-1] * d.z

    def _scaled(self, I: Tensor, held: Held, captures: Tensor) -> Tensor:
        """The pixel's value: photons from the sum, times the factors that were not applied term by term."""
        prepared = self._prepared
        fluence = prepared.experiment.beam.fluence_photons_per_m2
        value = (R_E_SQR_m2 * fluence) * I / float(prepared.steps)
        if not (self._layer_by_layer or self._renews_capture):
            value = value * held.capture_fraction
        if not self._renews_polar:
            value = value * held.polar
        if not self._renews_omega:
            value = value * held.omega_pixel_sr
        if self._background_in_sum:
            return value
        capture = captures if self._layer_by_layer else held.capture_fraction
        return value + prepared.background_I * held.omega_pixel_sr * held.polar * capture
