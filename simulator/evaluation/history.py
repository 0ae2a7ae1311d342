"""What a pixel inherits from those before it: whose cell it finds, and whether interpolation was switched off.

The reference computes pixels one after the other and lets two things leak from one to the next. Both are resolved here
without replaying the past: see the known defects phi-carryover and interpolation-latch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from simulator.evaluation.pixel_sum import Sweep, subpixels
from simulator.evaluation.region import Region
from simulator.model.prepare import Prepared
from simulator.model.samples import SampleTable, samples_of
from simulator.model.scatter import (
    evaluation_number,
    fractional_indices,
    locate,
    nearest_indices,
    pixels_at,
    scattering_vector_per_m,
    sin_theta_over_lambda,
    skipped_by_dmin,
)
from simulator.model.structure_factors import leaves_axis, leaves_range
from simulator.model.terms import Constants, Located, Physics, Pixels, Samples

SCAN_PIXELS = 4096

MARGIN = 1e-3
"""By how much a bound on Miller indices is widened: more than any rounding, in 32 bits too."""


@dataclass(frozen=True)
class Probe:
    """Looks at single steps of the pixel sum without summing: which evaluations are executed, and where they lie."""

    prepared: Prepared
    physics: Physics
    c: Constants
    region: Region
    samples: SampleTable

    def first_executed(self, region: Region) -> tuple[tuple[int, int], Sweep] | None:
        """The first pixel of the region with a sweep that -dmin does not skip, and that sweep; None: no pixel has."""
        if not self.physics.cut_by_dmin:
            return (region.pixel_at(0), Sweep(0, 0)) if region.n_active else None
        for flat in region.chunks(SCAN_PIXELS, self.c.pixel_size_m.device):
            order = self._first_executed_order(flat)
            found = torch.nonzero(torch.isfinite(order))
            if len(found):
                position = int(found[0, 0])
                subpixel, sample = divmod(int(order[position]), self.samples.total)
                pixel = divmod(int(flat[position]), region.shape[1])
                return pixel, Sweep(subpixel, sample // self.samples.per_source)
        return None

    def last_executing(self, region: Region, start: int, stop: int) -> tuple[int, int] | None:
        """The last of the region's pixels numbered start .. stop - 1 that -dmin leaves any sweep; None: none has."""
        if not self.physics.cut_by_dmin:
            return region.pixel_at(stop - 1)
        flat = region.flat_indices(start, stop, self.c.pixel_size_m.device)
        executing = torch.nonzero(torch.isfinite(self._first_executed_order(flat)))
        if not len(executing):
            return None
        slow, fast = divmod(int(flat[int(executing[-1, 0])]), region.shape[1])
        return slow, fast

    def _first_executed_order(self, flat: Tensor) -> Tensor:
        """(P,) number of the first evaluation that is executed; inf where all are skipped."""
        first = torch.full(flat.shape, math.inf, dtype=torch.float64, device=flat.device)
        pixels = pixels_at(flat, self.c)
        for _, _, sub in subpixels(self.prepared, self.c, self.samples.total):
            located = locate(pixels, sub, self.c, self.physics)
            for tile in self.samples.tiles():
                samples = samples_of(tile.packed, self.c)
                stol = sin_theta_over_lambda(scattering_vector_per_m(located, samples))
                first = _earliest(first, ~skipped_by_dmin(stol, self.c), evaluation_number(sub, samples))
        return first

    def first_escape(self, flat: Tensor, first: Sweep | None = None) -> Tensor:
        """(P,) number of the first evaluation that leaves the structure factor list; inf where none does."""
        escape = torch.full(flat.shape, math.inf, dtype=torch.float64, device=flat.device)
        pixels = pixels_at(flat, self.c)
        for number, _, sub in subpixels(self.prepared, self.c, self.samples.total):
            located = locate(pixels, sub, self.c, self.physics)
            source = first.source if first is not None and first.subpixel == number else None
            for tile in self.samples.tiles(source):
                samples = samples_of(tile.packed, self.c)
                escape = _earliest(escape, self._escapes(located, samples), evaluation_number(sub, samples))
        return escape

    def cannot_escape(self) -> bool:
        """Whether the geometry alone shows that no evaluation leaves the structure factor list.

        ``|h| <= |a| |S|``, and the scattering vector S is longest at a corner of the detector: directions within a
        given angle (below 90 degrees) of the beam make a convex cone, which holds the whole detector with its corners.
        """
        if self.physics.curved or not self.region.n_active:
            return False
        nearest_to_beam, longest_per_m = self._corner_extremes()
        if not (nearest_to_beam > 0.0 and math.isfinite(longest_per_m)):
            return False
        reach = [(1.0 + MARGIN) * edge * longest_per_m for edge in self.samples.longest_edges_m]
        bounds = [torch.tensor([-x, x], dtype=torch.float64, device="cpu") for x in reach]
        factors = self.c.factors
        ranges = zip(bounds, factors.minima, factors.counts, strict=True)
        return not any(bool(leaves_axis(x, low.cpu(), count.cpu()).any()) for x, low, count in ranges)

    def _corner_extremes(self) -> tuple[float, float]:
        """The least cosine of the scattering angle at the region's corners, and the greatest 1/m of ``|S|`` there."""
        slow, fast = self.region.slow_range, self.region.fast_range
        corners = [(s, f) for s in (slow.start, slow.stop - 1) for f in (fast.start, fast.stop - 1)]
        like = self.c.pixel_size_m
        rows, columns = torch.tensor(corners, dtype=like.dtype, device=like.device).unbind(1)
        incident, wavelengths = self.samples.sources[:, :3, None], self.samples.sources[:, 3:]
        least, longest = math.inf, 0.0
        for _, tics, sub in subpixels(self.prepared, self.c):
            inner_s, inner_f = (0 < tic < self.prepared.oversample - 1 for tic in (tics.sub_s, tics.sub_f))
            if inner_s or inner_f or 0 < tics.thick_tic < self.prepared.thick_steps - 1:
                continue
            located = locate(Pixels(rows, columns), sub, self.c, self.physics)
            diffracted = torch.stack(list(located.diffracted_vec)).to(device="cpu", dtype=torch.float64)
            lengths = (diffracted - incident).norm(dim=1) / wavelengths
            least = min(least, float((diffracted * incident).sum(dim=1).min()))
            longest = max(longest, float(lengths.max()))
        return least, longest

    def _escapes(self, located: Located, samples: Samples) -> Tensor:
        scattering = scattering_vector_per_m(located, samples)
        hkl = fractional_indices(scattering, samples)
        escapes = leaves_range(self.c.factors, hkl)
        if self.physics.lattice_can_vanish and not self.physics.with_water:
            lattice = self.physics.lattice(hkl, nearest_indices(hkl), self.c.lattice, self.physics.axes)
            escapes = escapes & (lattice.F_latt != 0.0)
        if self.physics.cut_by_dmin:
            escapes = escapes & ~skipped_by_dmin(sin_theta_over_lambda(scattering), self.c)
        return escapes


def _earliest(so_far: Tensor, happens: Tensor, order: Tensor) -> Tensor:
    """(P,) the smaller of ``so_far`` and the number of the first of T evaluations (T, P) at which it happens."""
    numbers = torch.where(happens, order.to(torch.float64), math.inf)
    return torch.minimum(so_far, numbers.min(dim=0).values)


@dataclass(frozen=True)
class FirstSweeps:
    """Each thread's first executed sweep, by its pixel; empty where it makes no difference."""

    by_pixel: dict[tuple[int, int], Sweep]

    @classmethod
    def find(cls, probe: Probe, threads: int) -> FirstSweeps:
        """Find them for a C program with that many threads."""
        if not probe.prepared.scan.first_differs:
            return cls({})
        blocks = (probe.region.active_in_rows(rows) for rows in probe.region.thread_rows(threads))
        found = (probe.first_executed(block) for block in blocks)
        return cls(dict(item for item in found if item is not None))


def carried_from(probe: Probe, slow: int, fast: int, threads: int) -> tuple[int, int] | None:
    """The pixel that left its cell to this one: the last before it, of the same thread, that rotated; None: nobody."""
    if probe.prepared.scan.left_behind is None:
        return None
    (rows,) = (rows for rows in probe.region.thread_rows(threads) if slow in rows)
    block = probe.region.active_in_rows(rows)
    stop = block.number_of(slow, fast)
    while stop > 0:
        start = max(0, stop - SCAN_PIXELS)
        found = probe.last_executing(block, start, stop)
        if found is not None:
            return found
        stop = start
    return None


class LatchPoint(NamedTuple):
    """The evaluation that switched interpolation off."""

    flat_index: int
    evaluation: float


class InterpolationLatch:
    """When interpolation is switched off for good: at the first evaluation, in raster order, outside the list."""

    def __init__(self, probe: Probe, first_sweeps: FirstSweeps) -> None:
        self._probe, self._first_sweeps = probe, first_sweeps
        self._scanned = probe.region.n_active if probe.cannot_escape() else 0
        self._point: LatchPoint | None = None

    def evaluations(self, flat: Tensor) -> Tensor:
        """(P,) number of the evaluation, within each pixel, from which it is off: inf before, -1 after the point."""
        if self._point is None and self._scanned < self._probe.region.n_active:
            self._find(until=int(flat.max()))
        point = self._point
        never = torch.full(flat.shape, math.inf, dtype=torch.float64, device=flat.device)
        if point is None:
            return never
        at = torch.where(flat == point.flat_index, point.evaluation, -1.0)
        return torch.where(flat < point.flat_index, never, at.to(torch.float64))

    def _find(self, until: int) -> None:
        """Scan on for the point, as far as needed, up to a flat index."""
        region = self._probe.region
        while self._point is None and self._scanned < region.n_active:
            flat = region.flat_indices(self._scanned, min(region.n_active, self._scanned + SCAN_PIXELS), self._device)
            if int(flat[0]) > until:
                break
            self._scanned += len(flat)
            escape = self._escapes_of(flat)
            found = torch.nonzero(torch.isfinite(escape))
            if len(found):
                position = int(found[0, 0])
                self._point = LatchPoint(int(flat[position]), float(escape[position]))

    def _escapes_of(self, flat: Tensor) -> Tensor:
        escape = self._probe.first_escape(flat)
        for pixel, sweep in self._first_sweeps.by_pixel.items():
            here = flat == self._probe.region.flat_index(*pixel)
            if bool(here.any()):
                escape = torch.where(here, self._probe.first_escape(flat[here], sweep), escape)
        return escape

    @property
    def _device(self) -> torch.device:
        return self._probe.c.pixel_size_m.device


class Inherited:
    """What the pixels of one simulation inherit from each other, found when it is first asked for.

    Args:
        probe: evaluates what decides it.
        threads: the thread count of the C program to imitate.
        latches: whether interpolation, once switched off, stays off.
    """

    def __init__(self, probe: Probe, threads: int, latches: bool) -> None:
        self.probe, self.threads, self.latches = probe, threads, latches

    @cached_property
    def first_sweeps(self) -> FirstSweeps:
        """Of each thread's first pixel."""
        return FirstSweeps.find(self.probe, self.threads)

    def evaluations(self, flat: Tensor) -> Tensor:
        """(P,) or (1,), number of the evaluation within each pixel from which interpolation is off for good."""
        return self._latch.evaluations(flat) if self.latches else self._never

    @cached_property
    def _latch(self) -> InterpolationLatch:
        return InterpolationLatch(self.probe, self.first_sweeps)

    @cached_property
    def _never(self) -> Tensor:
        return torch.full((1,), math.inf, dtype=torch.float64, device=self.probe.c.pixel_size_m.device)
