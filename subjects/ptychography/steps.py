"""The steps of the forward model and of stitching, each a small function of its inputs.

The same functions make images, traces, replays and, through autograd, the training of the network; a planted fault is
another function in one of their places (`mutations`). Complex numbers are real pairs: a product is written out, so that
eager evaluation makes the bits that the C program makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from subjects.ptychography.contract import Scan

Interpolation = Literal["bilinear", "nearest", "fourier"]
INTERPOLATIONS: tuple[Interpolation, ...] = ("bilinear", "nearest", "fourier")


class Pair(NamedTuple):
    """A complex tensor as its real and imaginary parts."""

    re: Tensor
    im: Tensor

    def complex(self) -> Tensor:
        """The same as one complex tensor."""
        return torch.complex(self.re, self.im)

    def at(self, index: Any) -> Pair:
        """Both parts at an index of tensors."""
        return Pair(self.re[index], self.im[index])


class Cell(NamedTuple):
    """The pixel that a window starts in, and how far into it: col0, row0 (whole numbers), fractions in [0, 1)."""

    col0: Tensor
    row0: Tensor
    frac_x: Tensor
    frac_y: Tensor


def pair_of(values: Tensor) -> Pair:
    """A complex tensor as a pair."""
    return Pair(values.real.contiguous(), values.imag.contiguous())


def product(a: Pair, b: Pair) -> Pair:
    """a b, each part two products and one sum; no fused multiply-add."""
    return Pair(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)


# ---------------------------------------------------------------------------------------------------------- placement


def positions(scan: Scan) -> tuple[Tensor, Tensor]:
    """x and y of every position in object pixels, float64 (M,)."""
    return torch.from_numpy(scan.x_px.copy()), torch.from_numpy(scan.y_px.copy())


def corner(x_px: Tensor, y_px: Tensor, origin_x_px: float, origin_y_px: float) -> tuple[Tensor, Tensor]:
    """left and top: where pixel (0, 0) of the window lies. The origin is (h, h) in the object's frame."""
    return x_px - origin_x_px, y_px - origin_y_px


def cell(left_px: Tensor, top_px: Tensor, interpolation: Interpolation) -> Cell:
    """Floor and fraction; `nearest` rounds halves up and has no fraction."""
    if interpolation == "nearest":
        zero = torch.zeros_like(left_px)
        return Cell(torch.floor(left_px + 0.5).long(), torch.floor(top_px + 0.5).long(), zero, zero)
    col0, row0 = torch.floor(left_px), torch.floor(top_px)
    return Cell(col0.long(), row0.long(), left_px - col0, top_px - row0)


def weights(frac_x: Tensor, frac_y: Tensor) -> Tensor:
    """Of the corners 00 01 10 11 (row, column), (..., 4)."""
    rest_x, rest_y = 1.0 - frac_x, 1.0 - frac_y
    return torch.stack([rest_y * rest_x, rest_y * frac_x, frac_y * rest_x, frac_y * frac_x], dim=-1)


# -------------------------------------------------------------------------------------------------------------- patch


def bilinear_patch(image: Pair, where: Cell, corner_weights: Tensor, side: int) -> Pair:
    """The four neighbours of each pixel in the order of the corners, (B, side, side).

    A neighbour outside the object counts 0, that neighbour alone; one of weight exactly 0 is not read.
    """
    total: Pair | None = None
    for number in range(4):
        weight = corner_weights[..., number, None, None].to(image.re.dtype)
        part = _window(image, where.row0 + number // 2, where.col0 + number % 2, side)
        part = Pair(weight * part.re, weight * part.im)
        if total is None:
            total = part
        else:
            unread = weight == 0.0
            total = Pair(
                torch.where(unread, total.re, total.re + part.re), torch.where(unread, total.im, total.im + part.im)
            )
    assert total is not None
    return total


def _window(image: Pair, row0: Tensor, col0: Tensor, side: int) -> Pair:
    """side x side pixels from (row0, col0) for each position; 0 outside the object.

    The image is one for all (rows, cols), or one for each position (B, rows, cols).
    """
    steps = torch.arange(side, device=image.re.device)
    rows, cols = row0[..., None].to(steps.device) + steps, col0[..., None].to(steps.device) + steps
    n_rows, n_cols = image.re.shape[-2:]
    inside = ((rows >= 0) & (rows < n_rows))[..., :, None] & ((cols >= 0) & (cols < n_cols))[..., None, :]
    at: tuple[Tensor, ...] = rows.clamp(0, n_rows - 1)[..., :, None], cols.clamp(0, n_cols - 1)[..., None, :]
    if image.re.ndim == 3:
        at = torch.arange(len(image.re), device=steps.device)[:, None, None], *at
    zero = image.re.new_zeros(())
    return Pair(torch.where(inside, image.re[at], zero), torch.where(inside, image.im[at], zero))


def fourier_patch(image: Pair, where: Cell, kernel: Pair, side: int) -> Pair:
    """The window moved by its fraction with a phase ramp on its transform, columns first; taken as periodic."""
    window = _window(image, where.row0, where.col0, side)
    shifted = _shift_last_axis(window, where.frac_x, kernel, side)
    swapped = Pair(shifted.re.transpose(-1, -2), shifted.im.transpose(-1, -2))
    shifted = _shift_last_axis(swapped, where.frac_y, kernel, side)
    return Pair(shifted.re.transpose(-1, -2), shifted.im.transpose(-1, -2))


def _shift_last_axis(window: Pair, fraction: Tensor, kernel: Pair, side: int) -> Pair:
    """Transform, phase factor, inverse transform of every line, by running sums; fraction 0 leaves it as it is."""
    phase = phase_factors(fraction, side)
    forward = running_sums(product(Pair(window.re[..., None, :], window.im[..., None, :]), kernel)).at((..., -1))
    turned = product(forward, Pair(phase.re[..., None, :], phase.im[..., None, :]))
    inverse = Pair(kernel.re, -kernel.im)
    back = running_sums(product(Pair(turned.re[..., None, :], turned.im[..., None, :]), inverse)).at((..., -1))
    still = (fraction == 0.0)[..., None, None]
    return Pair(torch.where(still, window.re, back.re / side), torch.where(still, window.im, back.im / side))


def phase_factors(fraction: Tensor, side: int) -> Pair:
    """exp(2 pi i m f / N) with signed frequencies m, (..., N); the Nyquist term of even N is the cosine alone."""
    rows_re, rows_im = [], []
    for f in fraction.reshape(-1).tolist():
        signed = [k if 2 * k < side else k - side for k in range(side)]
        angles = [((2.0 * math.pi) * (m * f)) / side for m in signed]
        rows_re.append([math.cos(a) for a in angles])
        rows_im.append([0.0 if 2 * k == side else math.sin(a) for k, a in enumerate(angles)])
    shape = (*fraction.shape, side)
    re, im = (torch.tensor(rows, dtype=torch.float64).reshape(shape) for rows in (rows_re, rows_im))
    return Pair(re, im)


# ------------------------------------------------------------------------------------------- exit wave and far field


def exit_wave(patch: Pair, probe: Pair) -> Pair:
    """P o of every mode: patch (B, N, N), probe (modes, N, N) -> (B, modes, N, N)."""
    lifted = Pair(patch.re[..., None, :, :], patch.im[..., None, :, :])
    return product(probe, lifted)


def row_power(exit_: Pair) -> Tensor:
    """Sum of |exit|^2 along each row, left to right, (..., N)."""
    return torch.cumsum(exit_.re * exit_.re + exit_.im * exit_.im, dim=-1)[..., -1]


def modulus_sums(exit_: Pair) -> Tensor:
    """Sum of |exit| along each row, (..., N)."""
    return torch.cumsum(square_root(exit_.re * exit_.re + exit_.im * exit_.im), dim=-1)[..., -1]


def square_root(values: Tensor) -> Tensor:
    """Correctly rounded, without a gradient: on the CPU torch's own is an ulp off for one value in a hundred."""
    return torch.from_numpy(np.asarray(np.sqrt(values.detach().cpu().numpy()))).to(values.device)


def frequency(index: Tensor, side: int, centre: int) -> Tensor:
    """The DFT frequency that a detector index stands for: the inverse of fftshift, also for odd sides."""
    return (index + side - centre) % side


def twiddle(side: int) -> Pair:
    """T_k = exp(-i (2 pi k)/N), float64 (N,), from the C library's cos and sin."""
    angles = [((2.0 * math.pi) * k) / side for k in range(side)]
    re, im = ([f(a) for a in angles] for f in (math.cos, lambda a: -math.sin(a)))
    return Pair(torch.tensor(re, dtype=torch.float64), torch.tensor(im, dtype=torch.float64))


def kernel_of(factors: Pair) -> Pair:
    """T_((v c) mod N), (N, N)."""
    k = torch.arange(len(factors.re))
    return factors.at((k[:, None] * k) % len(k))


def running_sums(terms: Pair) -> Pair:
    """Sums from 0 along the last axis, left to right, every one of them."""
    return Pair(torch.cumsum(terms.re, dim=-1), torch.cumsum(terms.im, dim=-1))


def row_sums(exit_: Pair, kernel: Pair) -> Pair:
    """G: along each row with the frequencies of the kernel's rows (V, N): (..., N, N) -> (..., N rows, V)."""
    lifted = Pair(exit_.re[..., None, :], exit_.im[..., None, :])
    return running_sums(product(lifted, kernel)).at((..., -1))


def row_terms(sums: Pair, kernel: Pair) -> Pair:
    """G T of every row: sums (..., N rows, V), kernel (U, N) -> (..., U, V, N)."""
    re, im = (part.transpose(-1, -2)[..., None, :, :] for part in sums)
    return product(Pair(re, im), Pair(kernel.re[:, None, :], kernel.im[:, None, :]))


def mode_intensity(field: Pair, side: int) -> Tensor:
    """|F|^2/N^2: with it the sum over the detector is the power of the exit wave."""
    return (field.re * field.re + field.im * field.im) / (float(side) * float(side))


def intensity(modes: Tensor, fields: Pair, side: int) -> Tensor:
    """Sum over the modes (second axis), which add as intensities."""
    total = torch.zeros_like(modes[:, 0])
    for mode in range(modes.shape[1]):
        total = total + modes[:, mode]
    return total


# ----------------------------------------------------------------------------------------------- counts and stitching


def dose_factor(nphotons: float, mean_exit_power: float) -> float:
    """Field units to photons^(1/2); 1 without a number of photons (0)."""
    return math.sqrt(nphotons / mean_exit_power) if nphotons > 0.0 else 1.0


def expected_count(intensity_: Tensor, dose: float) -> Tensor:
    """lambda."""
    return (dose * dose) * intensity_


def measured_count(scan: Scan, j: int, slow: int, fast: int) -> float:
    """k, in double before anything is squared."""
    return float(scan.counts[j, slow, fast])


def deviance(expected: Tensor, measured: Tensor, log: Callable[[Tensor], Tensor] = torch.log) -> Tensor:
    """lambda - k + k ln(k/lambda), with k ln k = 0 at 0: half the deviance of a Poisson count."""
    some = measured > 0.0
    ratio = torch.where(some, measured, 1.0) / torch.where(some, expected, 1.0)
    return (expected - measured) + torch.where(some, measured * log(ratio), 0.0)


def placed_corner(
    x_px: Tensor, y_px: Tensor, group_x_px: Tensor, group_y_px: Tensor, origin_x_px: float, origin_y_px: float
) -> tuple[Tensor, Tensor]:
    """left and top of a patch on the canvas: at its own position, wherever its group's centre is."""
    return x_px - origin_x_px, y_px - origin_y_px


def truth_position(x_px: Tensor, y_px: Tensor) -> tuple[Tensor, Tensor]:
    """Where a truth patch is cut."""
    return x_px, y_px


def is_placed(rows: tuple[int, int], cols: tuple[int, int], shape: tuple[int, int]) -> bool:
    """Whether a patch that touches these rows and columns (first, last) is placed: always, or it is an error."""
    return True


def merged(patches: Pair, groups: Tensor) -> Pair:
    """The patches that are placed: each as it is."""
    return patches


def unchanged(values: Tensor) -> Tensor:
    """A value after its step, in double."""
    return values


def rounded(values: Tensor) -> Tensor:
    """A value after its step, rounded to float32 (the behaviour float32-fields)."""
    return values.float().double()


def object_of(scan: Scan) -> Tensor:
    """The object, complex128 (H, W)."""
    assert scan.object is not None
    return torch.from_numpy(scan.object.copy())


def probe_of(scan: Scan) -> Tensor:
    """The probe in the gauge of the scan, complex128 (modes, N, N)."""
    return torch.from_numpy(scan.probe.copy())


@dataclass(frozen=True)
class Steps:
    """The steps that a planted fault can take the place of; everything else calls the functions above directly."""

    positions: Callable[[Scan], tuple[Tensor, Tensor]] = positions
    corner: Callable[[Tensor, Tensor, float, float], tuple[Tensor, Tensor]] = corner
    cell: Callable[[Tensor, Tensor, Interpolation], Cell] = cell
    bilinear_patch: Callable[[Pair, Cell, Tensor, int], Pair] = bilinear_patch
    object_of: Callable[[Scan], Tensor] = object_of
    probe_of: Callable[[Scan], Tensor] = probe_of
    frequency: Callable[[Tensor, int, int], Tensor] = frequency
    mode_intensity: Callable[[Pair, int], Tensor] = mode_intensity
    intensity: Callable[[Tensor, Pair, int], Tensor] = intensity
    measured_count: Callable[[Scan, int, int, int], float] = measured_count
    deviance: Callable[..., Tensor] = deviance
    placed_corner: Callable[[Tensor, Tensor, Tensor, Tensor, float, float], tuple[Tensor, Tensor]] = placed_corner
    truth_position: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = truth_position
    is_placed: Callable[[tuple[int, int], tuple[int, int], tuple[int, int]], bool] = is_placed
    merged: Callable[[Pair, Tensor], Pair] = merged
    stored: Callable[[Tensor], Tensor] = unchanged


STEPS = Steps()
