"""The forward model: the counts that a scan's object and probe make on the detector.

Two evaluations of the same steps, chosen when the model is made: `sums` (running sums, float64, the C program's bits)
for traces and parity, `fft` for images and training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography import steps as physics
from subjects.ptychography.contract import Scan
from subjects.ptychography.defects import Defects
from subjects.ptychography.steps import STEPS, Cell, Interpolation, Pair, Steps

Evaluation = Literal["sums", "fft"]
BATCH = 64
"""Positions whose exit waves are held at a time."""


class Place(NamedTuple):
    """Where the windows of some positions lie; every member (B,), weights (B, 4)."""

    x_px: Tensor
    y_px: Tensor
    left_px: Tensor
    top_px: Tensor
    cell: Cell
    weights: Tensor

    def at(self, i: int) -> Place:
        """Position i alone: every member without its batch, weights (4,)."""
        where = Cell(self.cell.col0[i], self.cell.row0[i], self.cell.frac_x[i], self.cell.frac_y[i])
        return Place(self.x_px[i], self.y_px[i], self.left_px[i], self.top_px[i], where, self.weights[i])


class ModeSteps(NamedTuple):
    """What one mode of one position went through on the way to the chosen pixels."""

    probe: Pair
    exit: Pair
    row_power: Tensor
    row_sums: Pair
    terms: Pair
    fields: Pair
    intensity: Tensor


Watch = Callable[[int, ModeSteps], None]


@dataclass(frozen=True)
class Forward:
    """A probe, and how its exit waves become intensities.

    Attributes:
        probe: (modes, N, N).
        kernel: T_((v c) mod N), (N, N).
        frequencies: the DFT frequency of each detector index, (N,).
    """

    probe: Pair
    kernel: Pair
    frequencies: Tensor
    steps: Steps = STEPS
    evaluation: Evaluation = "sums"

    @property
    def side(self) -> int:
        """N."""
        return self.probe.re.shape[-1]

    def intensities(
        self, patch: Pair, slow: list[int] | None = None, fast: list[int] | None = None, watch: Watch | None = None
    ) -> Tensor:
        """I of the detector pixels slow x fast (all by default): patch (B, N, N) -> (B, slow, fast)."""
        exit_ = self.exit_wave(patch)
        if self.evaluation == "fft":
            fields = self._transformed(exit_)
            modes = self.steps.mode_intensity(fields, self.side)
        else:
            fields, modes = self._summed(exit_, slow, fast, watch)
        return self.steps.stored(self.steps.intensity(modes, fields, self.side))

    def exit_wave(self, patch: Pair) -> Pair:
        """(B, modes, N, N)."""
        exit_ = physics.exit_wave(patch, self.probe)
        return Pair(self.steps.stored(exit_.re), self.steps.stored(exit_.im))

    def _transformed(self, exit_: Pair) -> Pair:
        """The same fields through a fast transform, in detector order."""
        field = torch.fft.fft2(exit_.complex())
        field = field.index_select(-2, self.frequencies).index_select(-1, self.frequencies)
        return Pair(field.real, field.imag)

    def _summed(
        self, exit_: Pair, slow: list[int] | None, fast: list[int] | None, watch: Watch | None
    ) -> tuple[Pair, Tensor]:
        """Fields and mode intensities, position by position and mode by mode (an N^3 block each)."""
        stored, everything = self.steps.stored, slice(None)
        at_u = self.kernel.at(self.frequencies[everything if slow is None else slow])
        at_v = self.kernel.at(self.frequencies[everything if fast is None else fast])
        rows = []
        for b in range(exit_.re.shape[0]):
            made = []
            for mode in range(exit_.re.shape[1]):
                wave = exit_.at((b, mode))
                sums = physics.row_sums(wave, at_v)
                sums = Pair(stored(sums.re), stored(sums.im))
                terms = physics.row_terms(sums, at_u)
                fields = physics.running_sums(terms)
                last = Pair(stored(fields.re[..., -1]), stored(fields.im[..., -1]))
                intensity = stored(self.steps.mode_intensity(last, self.side))
                if watch is not None:
                    power = physics.row_power(wave)
                    watch(mode, ModeSteps(self.probe.at(mode), wave, power, sums, terms, fields, intensity))
                made.append((last, intensity))
            rows.append(made)
        fields = Pair(*(torch.stack([torch.stack([m[0][i] for m in r]) for r in rows]) for i in (0, 1)))
        return fields, torch.stack([torch.stack([m[1] for m in r]) for r in rows])


def make_forward(
    probe: Tensor,
    *,
    steps: Steps = STEPS,
    evaluation: Evaluation = "sums",
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Forward:
    """A forward model for a probe (modes, N, N), complex; the kernel is made once, outside every loop."""
    side = probe.shape[-1]
    if probe.ndim != 3:
        raise InputError(f"the probe has the shape {tuple(probe.shape)}; (modes, N, N) was required")
    pair = physics.pair_of(probe.to(device))
    kernel = physics.kernel_of(physics.twiddle(side))
    frequencies = steps.frequency(torch.arange(side), side, side // 2)
    return Forward(
        Pair(steps.stored(pair.re).to(dtype), steps.stored(pair.im).to(dtype)),
        Pair(kernel.re.to(device, dtype), kernel.im.to(device, dtype)),
        frequencies.to(device),
        steps,
        evaluation,
    )


@dataclass(frozen=True)
class Setup:
    """A scan with the choices of a command line, ready to be evaluated.

    Attributes:
        scan: what the file holds.
        object: (H, W) as a pair; None without one.
        x_px, y_px: positions as the port reads them, float64 (M,).
    """

    scan: Scan
    forward: Forward
    object: Pair | None
    x_px: Tensor
    y_px: Tensor
    interpolation: Interpolation
    outside_zero: bool
    defects: Defects
    nphotons: float

    @property
    def steps(self) -> Steps:
        return self.forward.steps

    def place(self, chosen: list[int] | slice) -> Place:
        """The windows of positions in the object's frame."""
        x, y = self.x_px[chosen], self.y_px[chosen]
        origin = float(self.scan.centre_px)
        return self.placed(x, y, *self.steps.corner(x, y, origin, origin))

    def placed(self, x_px: Tensor, y_px: Tensor, left_px: Tensor, top_px: Tensor) -> Place:
        """The windows with these upper left corners."""
        where = self.steps.cell(left_px, top_px, self.interpolation)
        return Place(x_px, y_px, left_px, top_px, where, physics.weights(where.frac_x, where.frac_y))

    def patches(self, place: Place) -> Pair:
        """The object under the windows, (B, N, N)."""
        if self.object is None:
            raise InputError("the scan has no objectGuess, so no patch can be cut; give -patches for -stitch")
        if not self.outside_zero:
            self._require_inside(place)
        side, kernel = self.scan.patch_px, self.forward.kernel
        if self.interpolation == "fourier":
            patch = physics.fourier_patch(self.object, place.cell, kernel, side)
        else:
            patch = self.steps.bilinear_patch(self.object, place.cell, place.weights, side)
        return Pair(self.steps.stored(patch.re), self.steps.stored(patch.im))

    def _require_inside(self, place: Place) -> None:
        """InputError for a window that reaches out of the object."""
        assert self.object is not None
        rows, cols = self.object.re.shape
        shifted = self.interpolation == "bilinear"
        side, where = self.scan.patch_px, place.cell
        last_row = where.row0 + side - 1 + (where.frac_y > 0).long() * shifted
        last_col = where.col0 + side - 1 + (where.frac_x > 0).long() * shifted
        bad = (where.row0 < 0) | (where.col0 < 0) | (last_row >= rows) | (last_col >= cols)
        if bad.any():
            j = int(torch.nonzero(bad)[0])
            raise InputError(
                f"the window at x {place.x_px[j]:.17g}, y {place.y_px[j]:.17g} needs object rows {where.row0[j]} to "
                f"{last_row[j]} and columns {where.col0[j]} to {last_col[j]}; the object has {rows} x {cols}; -outside "
                "zero reads zeros there"
            )

    def exit_powers(self) -> Tensor:
        """E_j of every position, (M,)."""
        powers = []
        for start in range(0, self.scan.n_positions, BATCH):
            exit_ = self.forward.exit_wave(self.patches(self.place(slice(start, start + BATCH))))
            powers.append(torch.cumsum(physics.row_power(exit_).flatten(1), dim=1)[:, -1])
        return torch.cat(powers)

    def mean_exit_power(self) -> float:
        """Mean of E_j over all positions."""
        return float(torch.cumsum(self.exit_powers(), dim=0)[-1]) / self.scan.n_positions

    def dose(self, mean_exit_power: float) -> float:
        return physics.dose_factor(self.nphotons, mean_exit_power)

    def expected_counts(self, chosen: list[int], dose: float) -> Tensor:
        """lambda of whole patterns, (len(chosen), N, N)."""
        images = []
        size = 1 if self.forward.evaluation == "sums" else BATCH
        for start in range(0, len(chosen), size):
            patch = self.patches(self.place(chosen[start : start + size]))
            images.append(physics.expected_count(self.forward.intensities(patch), dose))
        return torch.cat(images)


def make_setup(
    scan: Scan,
    *,
    interpolation: Interpolation = "bilinear",
    outside_zero: bool = False,
    defects: Defects | None = None,
    nphotons: float = 0.0,
    steps: Steps = STEPS,
    evaluation: Evaluation = "sums",
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Setup:
    """A scan ready to be evaluated, in one dtype on one device."""
    from dataclasses import replace

    defects = defects if defects is not None else Defects(frozenset())
    if "float32-fields" in defects:
        steps = replace(steps, stored=physics.rounded)
    forward = make_forward(steps.probe_of(scan), steps=steps, evaluation=evaluation, dtype=dtype, device=device)
    image = None
    if scan.object is not None:
        values = physics.pair_of(steps.object_of(scan))
        image = Pair(values.re.to(device, dtype), values.im.to(device, dtype))
    x, y = steps.positions(scan)
    return Setup(scan, forward, image, x, y, interpolation, outside_zero, defects, nphotons)
