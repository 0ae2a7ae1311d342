"""The trace of a pixel as data, and as the text of the trace format (model, trace format 1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

import simulator
from simulator.evaluation.pixel_sum import PixelResult, SubpixelTics
from simulator.experiment import RADIANS_TO_DEGREES
from simulator.model.algebra import Scalar, Vec, scale, value_of
from simulator.model.prepare import Prepared, R_E_SQR_m2
from simulator.model.samples import Tile, samples_of
from simulator.model.scatter import (
    METRES_TO_ANGSTROMS,
    interpolates,
    scattering_vector_per_m,
    sin_theta_over_lambda,
    skipped_by_dmin,
)
from simulator.model.terms import Constants, Located, Physics, Scatter

Value = str | int | float | tuple[float, ...] | tuple[int, ...]

SUBPIXEL = ("pixel_pos_meters", "R_distance_meters", "omega_pixel_sr", "diffracted_vec", "capture_fraction")
SOURCE = ("incident_vec", "lambda_angstroms", "scattering_vec_A_inv", "stol_A_inv", "polar", "cos_2theta")
PHI = ("phi_deg", "ap_angstroms", "bp_angstroms", "cp_angstroms", "k_frac", "F_latt_b", "F_latt")
DOMAIN = (
    "hkl_frac",
    "hkl_rounded",
    "F_latt_a",
    "F_latt_b",
    "F_latt_c",
    "F_latt",
    "F_cell",
    "I_term",
    "I_running",
)
TRICUBIC = ("block", "h_coords", "k_coords", "l_coords")

_INTEGERS = ("hkl_rounded", "h_coords", "k_coords", "l_coords")


class Record(NamedTuple):
    """One evaluation inside the pixel."""

    name: str
    indices: dict[str, int]
    values: dict[str, Value]


@dataclass(frozen=True)
class Trace:
    """Every intermediate value of one pixel, in the order of the trace format."""

    header: Mapping[str, Value]
    umats: list[Record]
    """The mosaic domains' rotations; the reference prints them right after ``steps``."""
    records: list[Record]
    closing: Mapping[str, Value]

    @property
    def I_pixel_final(self) -> float:
        """The pixel's value in photons."""
        value = self.closing["I_pixel_final"]
        assert isinstance(value, float)
        return value

    def lines(self, side: str = "PY") -> Iterator[str]:
        """The text, line by line without line ends; floats read back to the same bits."""
        for name, value in self.header.items():
            yield f"TRACE_{side}: {name} {format_value(value, ' ')}"
            if name == "steps":
                yield from (format_record(umat, side) for umat in self.umats)
        for record in self.records:
            yield format_record(record, side)
        for name, value in self.closing.items():
            yield f"TRACE_{side}: {name} {format_value(value, ' ')}"

    def per_phi_lines(self, side: str = "PY") -> Iterator[str]:
        """The lines of the PHI records alone."""
        return (format_record(record, side) for record in self.records if record.name == "PHI")


def format_record(record: Record, side: str) -> str:
    """One record as its line."""
    pairs = {**record.indices, **record.values}.items()
    return f"TRACE_{side}_{record.name} " + " ".join(f"{key}={format_value(v, ',')}" for key, v in pairs)


def format_value(value: Value, separator: str) -> str:
    """A value as the format writes it: 17 significant digits, vectors with a separator."""
    if isinstance(value, tuple):
        return separator.join(format_value(x, separator) for x in value)
    return f"{value:.17g}" if isinstance(value, float) else str(value)


class _PixelNotes:
    """What one pixel's evaluations were, as they were shown."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.cos_2theta = 0.0

    def add(
        self, name: str, indices: Mapping[str, int], rows: dict[str, list[Any]], row: int, names: tuple[str, ...]
    ) -> None:
        values = {n: rows[n][row % len(rows[n])] for n in names}
        self.records.append(Record(name, dict(indices), values))


class TraceRecorder:
    """Writes down what the pixel sum shows it of the first ``n_pixels`` of its pixels."""

    def __init__(
        self, prepared: Prepared, physics: Physics, c: Constants, interpolates_before: Tensor, n_pixels: int = 1
    ) -> None:
        self._prepared, self._physics, self._c = prepared, physics, c
        self._interpolates_before = interpolates_before
        self._notes = [_PixelNotes() for _ in range(n_pixels)]
        self._subpixel: SubpixelTics | None = None
        self._evaluations_seen = 0

    def visit(self, tics: SubpixelTics, tile: Tile, evaluated: Scatter) -> None:
        """Take down a tile's evaluations."""
        n = len(self._notes)
        by_name = {name: _by_pixel(name, field, n) for name, field in evaluated._asdict().items()}
        skipped = self._skipped(tile, evaluated)
        interpolated = self._interpolated(tile, evaluated)
        new_subpixel, self._subpixel = tics != self._subpixel, tics
        for number, notes in enumerate(self._notes):
            rows = {name: columns[number % len(columns)] for name, columns in by_name.items()}
            if new_subpixel:
                notes.add("SUBPIXEL", tics._asdict(), rows, 0, SUBPIXEL)
            self._note_samples(notes, tics, tile, rows, skipped[number % len(skipped)], interpolated[number])
        self._evaluations_seen += tile.n_samples

    def _note_samples(
        self,
        notes: _PixelNotes,
        tics: SubpixelTics,
        tile: Tile,
        rows: dict[str, list[Any]],
        skipped: list[bool],
        interpolated: list[bool],
    ) -> None:
        domains, phis = len(self._prepared.umats), len(self._prepared.scan.steps)
        for row in range(tile.n_samples):
            if skipped[row % len(skipped)]:
                continue
            sweep, domain = divmod(tile.start + row, domains)
            source, phi = divmod(sweep, phis)
            indices = {**tics._asdict(), "source": source}
            if phi == 0 and domain == 0:
                notes.cos_2theta = rows["cos_2theta"][row % len(rows["cos_2theta"])]
                notes.add("SOURCE", indices, rows, row, SOURCE)
            indices["phi_tic"] = phi
            if domain == 0:
                notes.add("PHI", indices, rows, row, PHI)
            indices["mos_tic"] = domain
            notes.add("DOMAIN", indices, rows, row, DOMAIN)
            if interpolated[row % len(interpolated)]:
                notes.add("TRICUBIC", indices, rows, row, TRICUBIC)

    def _skipped(self, tile: Tile, evaluated: Scatter) -> list[list[bool]]:
        """By pixel, which rows -dmin skips (one for all where they share a source)."""
        if not self._physics.cut_by_dmin:
            return [[False]]
        located = Located(evaluated.pixel_pos_meters, evaluated.R_distance_meters, evaluated.diffracted_vec)
        stol = sin_theta_over_lambda(scattering_vector_per_m(located, samples_of(tile.packed, self._c)))
        skipped: list[list[bool]] = skipped_by_dmin(stol, self._c)[:, : len(self._notes)].T.tolist()
        return skipped

    def _interpolated(self, tile: Tile, evaluated: Scatter) -> list[list[bool]]:
        """By pixel, which rows took the tricubic value."""
        if not self._physics.interpolate:
            return [[False]] * len(self._notes)
        numbers = torch.arange(tile.n_samples, device=self._interpolates_before.device) + self._evaluations_seen
        taken = interpolates(evaluated.hkl_frac, numbers[:, None], self._interpolates_before, self._c.factors)
        if self._physics.lattice_can_vanish and not self._physics.with_water:
            taken = taken & (evaluated.F_latt != 0.0)  # else the evaluation ends before the lookup
        rows: list[list[bool]] = taken[:, : len(self._notes)].T.tolist()
        return rows

    def trace(
        self,
        pixel: tuple[int, int],
        result: PixelResult,
        carried_from: tuple[int, int] | None,
        *,
        device: str,
        dtype: str,
        number: int = 0,
    ) -> Trace:
        """All that was taken down of the pixel with that number, with the header and what the loops left."""
        header = trace_header(self._prepared, pixel, device, dtype) | self._carried(carried_from)
        umats = []
        if self._prepared.mosaic:
            for domain, umat in enumerate(self._prepared.umats):
                nine = tuple(value_of(x) for row in umat for x in row)
                umats.append(Record("UMAT", {"mos_tic": domain}, {"umat": nine}))
        notes, held = self._notes[number], result.held
        final = float(result.I_pixel_final[number])
        closing: dict[str, Value] = {
            "I_before_scaling": float(result.I_before_scaling[number]),
            "capture_fraction": float(held.capture_fraction[number]),
            "polar": float(held.polar[number]),
            "omega_pixel": float(held.omega_pixel_sr[number]),
            "cos_2theta": notes.cos_2theta,
            "I_pixel_final": final,
            "floatimage_accumulated": _stored(final),
        }
        return Trace(header, umats, notes.records, closing)

    def _carried(self, carried_from: tuple[int, int] | None) -> dict[str, Value]:
        """The cell that entered the pixel and who left it."""
        cell, left = self._prepared.cell, self._prepared.scan.left_behind
        edges = (cell.a0_m, cell.b0_m, cell.c0_m)
        if carried_from is not None and left is not None:
            edges = (left.ap_m, left.bp_m, left.cp_m)
        carried: dict[str, Value] = {
            f"carried_{name}_angstroms": _vector(scale(edge, METRES_TO_ANGSTROMS))
            for name, edge in zip(("ap", "bp", "cp"), edges, strict=True)
        }
        return carried | {"carried_from": "none" if carried_from is None else carried_from}


def trace_header(
    prepared: Prepared, pixel: tuple[int, int], device: str, dtype: str, number: Callable[[Scalar], Any] = value_of
) -> dict[str, Value]:
    """The header lines, in their order.

    Args:
        prepared: the experiment in numbers.
        pixel: slow, fast.
        device, dtype: what computes.
        number: how a number is shown; another than ``value_of`` for one that is many, say.
    """

    def vector(v: Vec) -> tuple[Any, ...]:
        return tuple(number(x) for x in v)

    experiment, geometry, cell = prepared.experiment, prepared.geometry, prepared.cell
    detector, centre = experiment.detector, geometry.centre
    factors = experiment.structure_factors
    header: dict[str, Value] = {
        "trace_format": 1,
        "program": "simulator",
        "version": simulator.__version__,
        "mode": prepared.defects.mode,
        "defects": str(prepared.defects),
        "device": device,
        "dtype": dtype,
        "case": experiment.output.case,
        "pixel": pixel,
        "detector_convention": geometry.convention,
        "detector_pivot": geometry.pivot,
        "beam_vec": vector(geometry.beam),
        "fdet_vec": vector(geometry.fdet),
        "sdet_vec": vector(geometry.sdet),
        "odet_vec": vector(geometry.odet),
        "pix0_vector_meters": vector(geometry.pix0_m),
        "polarization_axis": vector(geometry.polarization),
        "spindle_axis": vector(geometry.spindle),
        "distance_meters": number(geometry.distance_m),
        "close_distance_meters": number(geometry.close_distance_m),
        "Fbeam_meters": number(centre.Fbeam_m),
        "Sbeam_meters": number(centre.Sbeam_m),
        "Fclose_meters": number(centre.Fclose_m),
        "Sclose_meters": number(centre.Sclose_m),
        "Xbeam_meters": number(centre.Xbeam_m),
        "Ybeam_meters": number(centre.Ybeam_m),
        "a0_angstroms": vector(scale(cell.a0_m, METRES_TO_ANGSTROMS)),
        "b0_angstroms": vector(scale(cell.b0_m, METRES_TO_ANGSTROMS)),
        "c0_angstroms": vector(scale(cell.c0_m, METRES_TO_ANGSTROMS)),
        "a_star_A_inv": vector(cell.a_star_A_inv),
        "b_star_A_inv": vector(cell.b_star_A_inv),
        "c_star_A_inv": vector(cell.c_star_A_inv),
        "V_cell_A3": number(cell.V_cell_A3),
        "N_cells": cell.N_cells,
        "n_sources": len(prepared.sources),
        "n_mosaic_domains": len(prepared.umats),
        "n_phi_steps": len(prepared.scan.steps),
        "n_thick_steps": prepared.thick_steps,
        "oversample": prepared.oversample,
        "steps": prepared.steps,
        "fluence_photons_per_m2": number(experiment.beam.fluence_photons_per_m2),
        "r_e_sqr": R_E_SQR_m2,
        "background_I": number(prepared.background_I),
        "interpolate": int(experiment.sampling.interpolate and factors.values is not None),
        "pixel_size_meters": detector.pixel_size_m,
        "subpixel_size_meters": prepared.subpixel_size_m,
        "thick_step_meters": detector.thickness.step,
        "attenuation_per_meter": detector.attenuation_per_m,
        "polarization_factor": experiment.beam.polarization_factor,
        "crystal_shape": experiment.crystal.shape,
        "fudge": experiment.crystal.fudge,
        "phi_start_deg": number(experiment.spindle.phi_start_rad) * RADIANS_TO_DEGREES,
        "phi_step_deg": number(prepared.scan.step_rad) * RADIANS_TO_DEGREES,
        "mosaic_spread_deg": number(experiment.crystal.mosaic_spread_rad) * RADIANS_TO_DEGREES,
        "dmin_angstroms": experiment.sampling.dmin_A,
        "default_F": number(factors.default_F),
        "hkl_ranges": _ranges(prepared),
    }
    return header | _switches(prepared) | {"oversample_unrounded": prepared.oversample_unrounded}


def _switches(prepared: Prepared) -> dict[str, Value]:
    """What decides which steps are made from which others."""
    sampling, detector = prepared.experiment.sampling, prepared.experiment.detector
    arguments = {
        "oversample_thick": sampling.oversample_thick,
        "oversample_polar": sampling.oversample_polar,
        "oversample_omega": sampling.oversample_omega,
        "curved_detector": detector.curved,
        "point_pixel": detector.point_pixel,
        "unpolarized": not prepared.experiment.beam.polarized,
    }
    defects = ("phi-carryover", "oversample-compounds", "last-layer-capture", "background-scaling", "curved-axes")
    switches = {name.replace("-", "_"): name in prepared.defects for name in defects}
    return {name: int(on) for name, on in (arguments | switches).items()}


def _ranges(prepared: Prepared) -> Value:
    """hmin hmax kmin kmax lmin lmax of the list; none without one."""
    factors = prepared.experiment.structure_factors
    if factors.values is None:
        return "none"
    pairs = zip(factors.minima, factors.values.shape, strict=True)
    return tuple(int(x) for low, count in pairs for x in (low, low + count - 1))


def stored(photons: float) -> float:
    """A pixel's value as the float image keeps it."""
    return float(np.float32(photons))


def _vector(v: Vec) -> tuple[float, ...]:
    return tuple(value_of(x) for x in v)


def _by_pixel(name: str, field: Any, n: int) -> list[list[Any]]:
    """A field's values by pixel, then by sample (a single entry where all share it)."""
    if isinstance(field, list):  # the running sum: a tensor per sample
        field = torch.stack(field)
    if isinstance(field, tuple):
        components = [_by_pixel(name, component, n) for component in field]
        return [_zipped([component[i % len(component)] for component in components]) for i in range(n)]
    if not isinstance(field, Tensor):
        return [[float(field)]]
    table = field.detach().reshape(-1, field.shape[-1])[:, :n].T.to("cpu", torch.float64)
    columns: list[list[Any]] = table.tolist()
    if name in _INTEGERS:  # what is no number stays none
        return [[int(x) if math.isfinite(x) else x for x in column] for column in columns]
    return columns


def _zipped(columns: list[list[Any]]) -> list[Any]:
    longest = max((len(column) for column in columns), default=0)
    return [tuple(column[row % len(column)] for column in columns) for row in range(longest)]


def _stored(value: float) -> float:
    """As the image keeps it, in 32 bits."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))
