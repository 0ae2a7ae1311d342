"""|F| of a reflection: the nearest one's, or interpolated between its neighbours (model, sections 5 and 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulator.experiment import StructureFactors
from simulator.model.lattice import Miller


class FactorTable(NamedTuple):
    """The list in a border of ``default_F``, so that an index clamped into it needs no question; 0-d tensors else."""

    F: Tensor
    """Flat, ((nl + 2)(nk + 2)(nh + 2),), h fastest: the last axis that interpolation sums over, so that a line of four
    neighbours is one load. Then zeros, so that a 4x4x4 block fits behind any corner."""
    default_F: Tensor
    minima: tuple[Tensor, Tensor, Tensor]
    """hmin, kmin, lmin."""
    counts: tuple[Tensor, Tensor, Tensor]
    """Indices along each axis without the border: max - min + 1; 0 when there is no list."""


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
    default = torch.as_tensor(factors.default_F, dtype=torch.float64, device="cpu").reshape(())
    values = factors.values if factors.values is not None else np.zeros((0, 0, 0))
    listed = torch.from_numpy(values) if isinstance(values, np.ndarray) else values
    nh, nk, nl = listed.shape
    bordered = default.expand(nh + 2, nk + 2, nl + 2).clone()
    bordered[1:-1, 1:-1, 1:-1] = listed.to(device="cpu", dtype=torch.float64)
    room = torch.zeros(_block_span(nh + 2, nk + 2), dtype=torch.float64, device="cpu")

    def indices(numbers: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
        h, k, l = (torch.tensor(float(n), dtype=index_dtype, device=device) for n in numbers)
        return h, k, l

    return FactorTable(
        torch.cat([bordered.permute(2, 1, 0).reshape(-1), room]).to(device=device, dtype=dtype),
        default.to(device=device, dtype=dtype),
        indices(factors.minima),
        indices((nh, nk, nl)),
    )


def nearest(table: FactorTable, hkl0: Miller) -> Tensor:
    """|F| of the nearest reflection; ``default_F`` outside the ranges."""
    h, k, l = (
        torch.minimum((index - (low - 1.0)).clamp(min=0.0), count + 1.0)
        for index, low, count in zip(hkl0, table.minima, table.counts, strict=True)
    )
    # The second clamp leads an index that is no number to the border.
    return table.F[_flat_index(table, h, k, l).clamp(0, table.F.shape[0] - 1)]


def leaves_range(table: FactorTable, hkl: Miller) -> Tensor:
    """True where the 4x4x4 block around the fractional indices is not wholly inside the list, as for no number."""
    h, k, l = (leaves_axis(*axis) for axis in zip(hkl, table.minima, table.counts, strict=True))
    return h | k | l


def leaves_axis(x: Tensor, low: Tensor, count: Tensor) -> Tensor:
    """True where four neighbours of x are not all among ``count`` indices from ``low`` on, as for no number."""
    return ~((x - low + 3.0 <= count) & (x - 2.0 >= low))


def tricubic(table: FactorTable, hkl: Miller) -> Interpolated:
    """Cubic Lagrange polynomials through the 4x4x4 block at floor - 1 .. floor + 2, along l, then k, then h.

    Where the block leaves the list the value is meaningless but finite; the caller takes the nearest one there.
    """
    starts = [torch.floor(x) - 1.0 for x in hkl]
    coords = [tuple(start + j for j in range(4)) for start in starts]
    h, k, l = (start - (low - 1.0) for start, low in zip(starts, table.minima, strict=True))
    nh, nk, _ = (count.to(torch.int64) + 2 for count in table.counts)
    corner = _flat_index(table, h, k, l)
    corner = torch.minimum(corner.clamp(min=0), table.F.shape[0] - 1 - _block_span(nh, nk))
    along_h = table.F.unfold(0, 4, 1)
    lines = [along_h[corner + (m * nk + j) * nh] for j in range(4) for m in range(4)]
    block = tuple(line[..., i] for i in range(4) for line in lines)
    return Interpolated(through_lines(lines, hkl, starts), block, *coords)


def _block_span(nh: Any, nk: Any) -> Any:
    """From a block's first entry to its last, in a table of nh x nk entries a plane."""
    return (3 * nk + 3) * nh + 3


def through_block(block: tuple[Tensor, ...], hkl: Miller, starts: Sequence[Tensor]) -> Tensor:
    """The polynomials' value at hkl from its 64 neighbours, l fastest, which begin at ``starts``."""
    return through_lines([torch.stack(block[first::16], dim=-1) for first in range(16)], hkl, starts)


def through_lines(lines: Sequence[Tensor], hkl: Miller, starts: Sequence[Tensor]) -> Tensor:
    """The same from 16 lines of four neighbours along h, (..., 4) each, those next to each other in l together."""
    weights_h, weights_k, weights_l = (_lagrange_weights(x, start) for x, start in zip(hkl, starts, strict=True))
    along_k, along_l = ([weight[..., None] for weight in weights] for weights in (weights_k, weights_l))
    planes = [_weighted(along_l, lines[4 * j : 4 * j + 4]) for j in range(4)]
    return _weighted(weights_h, _weighted(along_k, planes).unbind(-1))


def _flat_index(table: FactorTable, h: Tensor, k: Tensor, l: Tensor) -> Tensor:
    """Where the bordered table keeps the entry with these (non-negative) offsets."""
    nh, nk = table.counts[0] + 2.0, table.counts[1] + 2.0
    if h.dtype == torch.float64:  # exact: every array that fits in memory has fewer than 2^53 entries
        return ((l * nk + k) * nh + h).to(torch.int64)
    return (l.to(torch.int64) * nk.to(torch.int64) + k.to(torch.int64)) * nh.to(torch.int64) + h.to(torch.int64)


def _lagrange_weights(x: Tensor, start: Tensor) -> tuple[Tensor, ...]:
    """Weights of four unit-spaced points beginning at ``start``, for a point between the middle two."""
    d0, d1, d2, d3 = x - start, x - (start + 1.0), x - (start + 2.0), x - (start + 3.0)
    return (
        d1 * d2 * d3 / -6.0,
        d0 * d2 * d3 / 2.0,
        d0 * d1 * d3 / -2.0,
        d0 * d1 * d2 / 6.0,
    )


def _weighted(weights: Sequence[Tensor], values: Sequence[Tensor]) -> Tensor:
    return weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2] + weights[3] * values[3]
