"""The samples of a subpixel (source x phi step x mosaic domain) as dense tiles of tensors."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from simulator.model.algebra import Rotation, Vec, rotate_umat, stacked, value_of
from simulator.model.precision import Precision
from simulator.model.prepare import Prepared
from simulator.model.scan import PhiStep
from simulator.model.terms import Constants, Samples

MOST_TILES_KEPT = 4096
"""Tiles are small; beyond this many they are made again when needed, so that memory stays bounded."""

TABLES = ("_sources", "_weights", "_phi_deg", "_phi", "_first_phi", "_cells", "_first_cells")


class PackedSamples(NamedTuple):
    """T samples in two tables, whose columns ``samples_of`` names: few arguments for a kernel, of any T.

    A column's elements are apart: along contiguous ones, which are few, a compiler would lay out its loops and leave
    all but one thread idle.
    """

    beams: Tensor
    """(T, 4), or (1, 4) where all T share it: direction, wavelength."""
    cells: Tensor
    """(T, 21): phi, the six edges, weight, order."""


def samples_of(packed: PackedSamples, c: Constants) -> Samples:
    """The columns under their names."""
    beam, cell = ([table[:, i : i + 1] for i in range(table.shape[1])] for table in packed)
    ap, bp, cp, a, b, c_edge = (Vec(*cell[i : i + 3]) for i in range(1, 19, 3))
    weight = cell[19].to(c.lattice.Na.dtype)
    return Samples(Vec(*beam[:3]), beam[3], cell[0], ap, bp, cp, a, b, c_edge, weight, cell[20])


class Tile(NamedTuple):
    """T consecutive samples in loop order."""

    packed: PackedSamples
    start: int

    @property
    def n_samples(self) -> int:
        """T."""
        return len(self.packed.cells)


class SampleTable:
    """All samples of a subpixel, from which tiles are cut.

    Args:
        prepared: the experiment in numbers.
        device: where the tiles live.
        precision: their dtypes.
        tile_size: T at most.
    """

    def __init__(self, prepared: Prepared, device: torch.device, precision: Precision, tile_size: int) -> None:
        self._device, self._precision = device, precision
        scan = prepared.scan
        self.n_sources, self.n_phi, self.n_domains = len(prepared.sources), len(scan.steps), len(prepared.umats)
        beams = [x for s in prepared.sources for x in (*s.incident, s.wavelength_m)]
        self._sources = stacked(beams).reshape(self.n_sources, 4)
        self._weights = stacked(prepared.source_weights)
        self._phi_deg = stacked([printed_degrees(value_of(step.phi_rad)) for step in scan.steps])
        self._phi = _phi_cells(scan.steps)
        self._first_phi = _phi_cells(scan.first_steps)
        umats = prepared.umats if prepared.mosaic else None
        self._cells = _domain_cells(self._phi, umats)
        self._first_cells = _domain_cells(self._first_phi, umats)
        self.per_source = self.n_phi * self.n_domains
        self.total = self.n_sources * self.per_source
        tiles = max(1, -(-self.total // max(1, tile_size)))
        self._size = max(1, -(-self.total // tiles))
        # A tile belongs to one graph: none is kept where gradients are wanted.
        kept = lru_cache(maxsize=MOST_TILES_KEPT)(self._tile)
        self._kept: Callable[[int, int | None], Tile] = self._tile if self.requires_grad else kept

    @property
    def tables(self) -> tuple[Tensor, ...]:
        """All numbers that the samples are made from."""
        return tuple(getattr(self, name) for name in TABLES)

    def of_tables(self, tables: tuple[Tensor, ...]) -> SampleTable:
        """The same samples, made from other tensors."""
        other = copy.copy(self)
        for name, table in zip(TABLES, tables, strict=True):
            setattr(other, name, table)
        other._kept = other._tile
        return other

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient with respect to any sample's numbers is wanted."""
        return any(table.requires_grad for table in self.tables)

    @property
    def sources(self) -> Tensor:
        """(n_sources, 4): each source's direction and wavelength in metres, float64 on the CPU."""
        return self._sources.detach()

    @property
    def longest_edges_m(self) -> tuple[float, float, float]:
        """The greatest length of a, b and c in any sample."""
        cells = torch.cat([self._cells, self._first_cells]).detach().reshape(-1, 3, 3)
        a, b, c = cells.norm(dim=2).max(dim=0).values.tolist()
        return a, b, c

    @property
    def n_tiles(self) -> int:
        """Tiles of a subpixel."""
        return -(-self.total // self._size)

    @property
    def tile_size(self) -> int:
        """T of the largest tile."""
        return self._size

    def tiles(self, first_source: int | None = None) -> Iterator[Tile]:
        """The tiles of a subpixel in loop order.

        Args:
            first_source: the source whose sweep is the first that its thread executes; None: none here.
        """
        for start in range(0, self.total, self._size):
            yield self._kept(start, first_source)

    def _tile(self, start: int, first_source: int | None) -> Tile:
        index = torch.arange(start, min(start + self._size, self.total), device="cpu")
        source, step = index // self.per_source, index % self.per_source
        phi_step = step // self.n_domains
        phi, cells = self._phi[phi_step], self._cells[step]
        if first_source is not None:
            first = (source == first_source)[:, None]
            phi = torch.where(first, self._first_phi[phi_step], phi)
            cells = torch.where(first, self._first_cells[step], cells)
        beams = self._sources[source]
        if bool((source == source[0]).all()):
            beams = beams[:1]  # shared: the scattering vector is then computed once for all samples
        numbers = [self._phi_deg[phi_step], phi, cells, self._weights[source], index.to(torch.float64)]
        cells = torch.cat([column.reshape(len(index), -1) for column in numbers], dim=1)
        packed = (table.to(self._device, self._precision.position) for table in (beams, cells))
        return Tile(PackedSamples(*packed), start)


def printed_degrees(phi_rad: float) -> float:
    """phi as the reference prints it, a last bit away from other orders."""
    return phi_rad * 180.0 * (1.0 / math.pi)


def _phi_cells(steps: tuple[PhiStep, ...]) -> Tensor:
    """ap, bp, cp of each step: (n_phi, 9), metres."""
    return stacked([x for step in steps for edge in step[1:] for x in edge]).reshape(len(steps), 9)


def domain_edge(edge: Vec, umat: Rotation) -> Vec:
    """A cell edge as a mosaic domain has it."""
    return rotate_umat(edge, umat)


def _domain_cells(phi_cells: Tensor, umats: list[Rotation] | None) -> Tensor:
    """a, b, c of each (phi step, domain) in loop order: (n_phi x n_domains, 9), metres."""
    if umats is None:
        return phi_cells
    table = stacked([x for umat in umats for row in umat for x in row]).reshape(-1, 9)
    rotation = Rotation(*(Vec(*table[:, 3 * row : 3 * row + 3].unbind(1)) for row in range(3)))
    edges = (Vec(*phi_cells[:, i : i + 3, None].unbind(1)) for i in (0, 3, 6))
    rotated = [component for edge in edges for component in domain_edge(edge, rotation)]
    return torch.stack(rotated, dim=-1).reshape(-1, 9)
