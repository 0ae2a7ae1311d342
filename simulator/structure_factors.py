"""|F| of a reflection: the nearest one's, or interpolated between its neighbours (model, sections 5 and 8)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulator.experiment import StructureFactors
from simulator.lattice import Miller


class FactorTable(NamedTuple):
    """The array with ``default_F`` appended as its last entry, and the ranges as 0-d tensors."""

    F: Tensor
    """(nh nk nl + 1,), l fastest."""
    minima: tuple[Tensor, Tensor, Tensor]
    counts: tuple[Tensor, Tensor, Tensor]
    """Indices along each axis: max - min + 1; 0 when there is no list."""


class Interpolated(NamedTuple):
    """A tricubic evaluation and what it was made from."""

    F_cell: Tensor
    block: tuple[Tensor, ...]
    """The 64 neighbours, l fastest."""
    h_coords: tuple[Tensor, ...]
    k_coords: tuple[Tensor, ...]
    l_coords: tuple[Tensor, ...]


def factor_table(
    factors: StructureFactors, device: torch.device, dtype: torch.dtype, index_dtype: torch.dtype
) -> FactorTable:
    """The list as tensors: values in ``dtype``, ranges in ``index_dtype`` (that of the Miller indices)."""
    default = torch.as_tensor(factors.default_F, dtype=torch.float64, device="cpu").reshape(1)
    if factors.values is None:
        F, counts = default, (0, 0, 0)
    else:
        values = factors.values
        listed = torch.from_numpy(values) if isinstance(values, np.ndarray) else values
        F = torch.cat([listed.to(device="cpu", dtype=torch.float64).reshape(-1), default])
        counts = (listed.shape[0], listed.shape[1], listed.shape[2])

    def indices(numbers: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
        h, k, l = (torch.tensor(float(n), dtype=index_dtype, device=device) for n in numbers)
        return h, k, l

    return FactorTable(F.to(device=device, dtype=dtype), indices(factors.minima), indices(counts))


def nearest(table: FactorTable, hkl0: Miller) -> Tensor:
    """|F| of the nearest reflection; ``default_F`` outside the ranges."""
    h, k, l = (index - low for index, low in zip(hkl0, table.minima, strict=True))
    nh, nk, nl = table.counts
    listed = (h >= 0) & (h < nh) & (k >= 0) & (k < nk) & (l >= 0) & (l < nl)
    last = table.F.shape[0] - 1
    return table.F[torch.where(listed, _flat_index(table, h, k, l), last)]


def leaves_range(table: FactorTable, hkl: Miller) -> Tensor:
    """True where the 4x4x4 block around the fractional indices is not wholly inside the list."""
    out = None
    for x, low, count in zip(hkl, table.minima, table.counts, strict=True):
        outside = (x - low + 3.0 > count) | (x - 2.0 < low)
        out = outside if out is None else out | outside
    assert out is not None
    return out


def tricubic(table: FactorTable, hkl: Miller) -> Interpolated:
    """Cubic Lagrange polynomials through the 4x4x4 block at floor - 1 .. floor + 2, along l, then k, then h.

    Where the block leaves the list the value is meaningless but finite; the caller takes the nearest one there.
    """
    inside = ~leaves_range(table, hkl)
    starts = [torch.floor(x) - 1.0 for x in hkl]
    coords = [tuple(start + j for j in range(4)) for start in starts]
    weights = [_lagrange_weights(x, start) for x, start in zip(hkl, starts, strict=True)]
    h, k, l = (start - low for start, low in zip(starts, table.minima, strict=True))
    corner = torch.where(inside, _flat_index(table, h, k, l), 0)
    _, nk, nl = (count.to(torch.int64) for count in table.counts)
    block: list[Tensor] = []
    planes = []
    for i in range(4):
        rows = []
        for j in range(4):
            row = [table.F[torch.where(inside, corner + (i * nk + j) * nl + m, 0)] for m in range(4)]
            block.extend(row)
            rows.append(_weighted(weights[2], row))
        planes.append(_weighted(weights[1], rows))
    return Interpolated(_weighted(weights[0], planes), tuple(block), *coords)


def _flat_index(table: FactorTable, h: Tensor, k: Tensor, l: Tensor) -> Tensor:
    _, nk, nl = table.counts
    if h.dtype == torch.float64:  # exact: every array that fits in memory has fewer than 2^53 entries
        return ((h * nk + k) * nl + l).to(torch.int64)
    return (h.to(torch.int64) * nk.to(torch.int64) + k.to(torch.int64)) * nl.to(torch.int64) + l.to(torch.int64)


def _lagrange_weights(x: Tensor, start: Tensor) -> tuple[Tensor, ...]:
    """Weights of four unit-spaced points beginning at ``start``, for a point between the middle two."""
    d0, d1, d2, d3 = x - start, x - (start + 1.0), x - (start + 2.0), x - (start + 3.0)
    return (
        d1 * d2 * d3 / -6.0,
        d0 * d2 * d3 / 2.0,
        d0 * d1 * d3 / -2.0,
        d0 * d1 * d2 / 6.0,
    )


def _weighted(weights: tuple[Tensor, ...], values: list[Tensor]) -> Tensor:
    return weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2] + weights[3] * values[3]
