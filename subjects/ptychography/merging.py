"""Patches of one group on one canvas and cut out again: what overlaps must agree."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from subjects.ptychography import steps as physics
from subjects.ptychography.steps import Cell, Pair

LEAST_WEIGHT = 1e-6
SMALLEST_PIXEL_WEIGHT = 1e-3


def margin(dx: np.ndarray, dy: np.ndarray) -> int:
    """q: rows and columns around a patch, from the offsets of the data and never from a nominal step."""
    return 1 + math.ceil(max(float(np.abs(dx).max()), float(np.abs(dy).max())))


def merge_weights(probe: Pair) -> Tensor:
    """|P|^2/max + 1e-3, modes summed, (N, N)."""
    power = (probe.re * probe.re + probe.im * probe.im).sum(dim=0)
    return power / power.max() + SMALLEST_PIXEL_WEIGHT


def moved(images: Pair, left: Tensor, top: Tensor, side: int) -> Pair:
    """side x side windows of images (B, rows, cols) from fractional corners, 0 outside."""
    col0, row0 = torch.floor(left), torch.floor(top)
    cell = Cell(col0.long(), row0.long(), left - col0, top - row0)
    return physics.bilinear_patch(images, cell, physics.weights(cell.frac_x, cell.frac_y), side)


def merged(patches: Pair, dx: Tensor, dy: Tensor, weight: Tensor, q: int) -> Pair:
    """The weighted mean of a group's patches, seen again at every member: (G, C, N, N) -> the same shape.

    Args:
        dx, dy: offsets, (G, C). weight: of a patch's pixels, (N, N), the same in numerator and denominator.
    """
    G, C, N, _ = patches.re.shape
    left, top = dx.reshape(-1), dy.reshape(-1)
    weighted = Pair((weight * patches.re).reshape(G * C, N, N), (weight * patches.im).reshape(G * C, N, N))
    canvas = N + 2 * q
    placed = moved(weighted, -q - left, -q - top, canvas)
    flat = weight.expand(G * C, N, N)
    weights = moved(Pair(flat, torch.zeros_like(flat)), -q - left, -q - top, canvas).re
    den = weights.reshape(G, C, canvas, canvas).sum(dim=1)
    covered = den > LEAST_WEIGHT
    safe = torch.where(covered, den, 1.0)
    mean = [torch.where(covered, p.reshape(G, C, canvas, canvas).sum(dim=1) / safe, 0.0) for p in placed]
    seen = [m[:, None].expand(G, C, canvas, canvas).reshape(G * C, canvas, canvas) for m in mean]
    cut = moved(Pair(*seen), q + left, q + top, N)
    return Pair(cut.re.reshape(G, C, N, N), cut.im.reshape(G, C, N, N))
