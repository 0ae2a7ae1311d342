"""From an experiment to what the pixel sum reads: everything that does not depend on the pixel.

All of it is computed on the CPU in float64 (by the C library where no gradient is wanted) and moved to the device once,
so that every device starts from the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import Experiment
from simulator.model.algebra import Rotation, Scalar, Vec, cross, dot, is_zero, stacked, value_of
from simulator.model.crystal import Cell, rounded_up, unit_cell, unrounded_oversample
from simulator.model.detector import Geometry, detector_geometry
from simulator.model.lattice import SHAPES, LatticeConstants, square, square_reduced, square_short_sines
from simulator.model.mosaic import IDENTITY, mosaic_rotations
from simulator.model.precision import Precision
from simulator.model.scan import Scan, scan_steps
from simulator.model.sources import SourcePoint, source_points
from simulator.model.structure_factors import factor_table
from simulator.model.terms import Constants, Physics

R_E_SQR_m2 = 7.94079248018965e-30
"""Classical electron radius squared."""

AVOGADRO = 6.02214179e23
F_WATER = 2.57


@dataclass(frozen=True)
class Prepared:
    """The experiment in numbers; floats, or tensors where gradients are wanted."""

    experiment: Experiment
    defects: Defects
    geometry: Geometry
    cell: Cell
    wavelength_m: Scalar
    sources: list[SourcePoint]
    source_weights: list[float]
    """What each source's terms are multiplied by."""
    umats: list[Rotation]
    mosaic: bool
    scan: Scan
    oversample: int
    oversample_unrounded: float
    """What it is rounded up from; 0 where nothing is rounded: it is given, or no number."""
    subpixel_size_m: float
    thick_steps: int
    background_I: Scalar

    @property
    def steps(self) -> int:
        """Evaluations that are averaged: sources x domains x phi steps x subpixels (not layers)."""
        per_subpixel = len(self.sources) * len(self.umats) * len(self.scan.steps)
        return per_subpixel * self.oversample * self.oversample


def prepare(experiment: Experiment, defects: Defects, zero_phi_steps: tuple[bool, ...] | None = None) -> Prepared:
    """Compute all that the pixels share.

    Args:
        experiment: what is simulated.
        defects: which of the reference's defects to reproduce.
        zero_phi_steps: which phi steps count as 0; None decides by their values.

    Raises:
        InputError: nothing to diffract, an impossible cell or detector.
    """
    experiment = _in_float64(experiment)
    detector, crystal = experiment.detector, experiment.crystal
    _require_pixels(experiment)
    wavelength_m = experiment.beam.wavelength_A / 1e10
    geometry = detector_geometry(experiment)
    cell = unit_cell(experiment, wavelength_m, defects)
    unrounded = 0.0
    if not experiment.sampling.oversample:
        distance_m, pixel_size_m = value_of(geometry.distance_m), detector.pixel_size_m
        unrounded = unrounded_oversample(cell, value_of(wavelength_m), distance_m, pixel_size_m)
    oversample = experiment.sampling.oversample or rounded_up(unrounded)
    sources = source_points(experiment.beam, geometry, wavelength_m)
    weights = [1.0] * len(sources)
    if "source-weights-ignored" not in defects:
        total = sum(source.weight for source in sources)
        if total <= 0.0 and sources:
            raise InputError(f"the weights of the sources add up to {total:g}; at least one must be positive")
        weights = [source.weight * len(sources) / total for source in sources]
    mosaic = not is_zero(crystal.mosaic_spread_rad)
    return Prepared(
        experiment=experiment,
        defects=defects,
        geometry=geometry,
        cell=cell,
        wavelength_m=wavelength_m,
        sources=sources,
        source_weights=weights,
        umats=mosaic_rotations(crystal) if mosaic else [IDENTITY],
        mosaic=mosaic,
        scan=scan_steps(experiment.spindle, geometry.spindle, cell, defects, zero_phi_steps),
        oversample=oversample,
        oversample_unrounded=unrounded,
        subpixel_size_m=detector.pixel_size_m / oversample,
        thick_steps=detector.thickness.count,
        background_I=_background(experiment),
    )


def _in_float64(experiment: Experiment) -> Experiment:
    """The experiment with its tensors in float64 on the CPU, where everything here is computed, and their graphs."""
    parts = {}
    for name in ("crystal", "beam", "detector", "sampling", "spindle"):
        part = getattr(experiment, name)
        given = {field.name: getattr(part, field.name) for field in fields(part)}
        tensors = {key: value for key, value in given.items() if isinstance(value, Tensor)}
        parts[name] = replace(part, **{key: _float64_on_cpu(tensor) for key, tensor in tensors.items()})
    return replace(experiment, **parts)


def _float64_on_cpu(tensor: Tensor) -> Tensor:
    """One number as a 0-d tensor, whatever its shape."""
    converted = tensor.to(device="cpu", dtype=torch.float64)
    return converted.reshape(()) if converted.numel() == 1 else converted


def _background(experiment: Experiment) -> Scalar:
    return water_background(experiment.sampling.water_m, experiment.beam.fluence_photons_per_m2)


def water_background(water: float, fluence: Scalar) -> Scalar:
    """Scattering of so many metres of water in a beam of so many photons per m^2, in the reference's units."""
    return F_WATER * F_WATER * R_E_SQR_m2 * fluence * water * water * water * 1e6 * AVOGADRO / 18.0


def _require_pixels(experiment: Experiment) -> None:
    detector = experiment.detector
    if detector.pixels_fast < 1 or detector.pixels_slow < 1:
        raise InputError(
            f"a detector needs at least one pixel; got {detector.pixels_slow} x {detector.pixels_fast} (slow x fast)"
        )


def physics_of(prepared: Prepared, precision: Precision, *, compiled: bool) -> Physics:
    """The formulas that hold in this run.

    Args:
        prepared: the experiment in numbers.
        precision: in 32 bits the lattice factor is taken from the distance to the reflection.
        compiled: take the cheapest form of a value, and add terms in whatever order.
    """
    experiment, defects = prepared.experiment, prepared.defects
    sampling, crystal, beam = experiment.sampling, experiment.crystal, experiment.beam
    oversampled = (sampling.oversample_thick, sampling.oversample_polar, sampling.oversample_omega)
    na, nb, nc = prepared.cell.N_cells
    listed = experiment.structure_factors.values is not None
    lattice = SHAPES[crystal.shape]
    if lattice is square and precision.reduced:
        lattice = square_reduced
    elif lattice is square and compiled:
        lattice = square_short_sines
    return Physics(
        lattice=lattice,
        axes=(na > 1, nb > 1, nc > 1),
        curved=experiment.detector.curved,
        curved_along_laboratory_axes="curved-axes" in defects,
        point_pixel=experiment.detector.point_pixel,
        absorbing=experiment.detector.thickness.range > 0.0,
        cut_by_dmin=sampling.dmin_A > 0.0,
        interpolate=sampling.interpolate and listed,
        lattice_can_vanish=crystal.shape != "square",
        with_water=sampling.water_m != 0.0,
        listed=listed,
        weighted=any(weight != 1.0 for weight in prepared.source_weights),
        polarized=beam.polarized,
        preferred_plane=beam.polarization_factor != 0.0,
        oversampled=oversampled,
        compounding="oversample-compounds" in defects and any(oversampled),
        layer_by_layer="last-layer-capture" not in defects and not sampling.oversample_thick,
        background_in_sum="background-scaling" in defects,
        in_loop_order=not compiled,
    )


def handedness(fdet: Vec, sdet: Vec, beam: Vec) -> Scalar:
    """(F x S).beam: its sign says which way a curved detector bends."""
    return dot(cross(fdet, sdet), beam)


def constants_of(prepared: Prepared, device: torch.device, precision: Precision) -> Constants:
    """The pixels' shared numbers as 0-d tensors on the device."""
    experiment, geometry, cell = prepared.experiment, prepared.geometry, prepared.cell
    detector = experiment.detector

    def number(x: Scalar, dtype: torch.dtype = precision.position) -> Tensor:
        return stacked([x])[0].to(device=device, dtype=dtype)

    def vector(v: Vec, dtype: torch.dtype = precision.position) -> Vec:
        return Vec(*(number(x, dtype) for x in v))

    rest = precision.intensity
    handed = value_of(handedness(geometry.fdet, geometry.sdet, geometry.beam))
    na, nb, nc = cell.N_cells
    return Constants(
        width=number(detector.pixels_fast, torch.float64),
        pixel_size_m=number(detector.pixel_size_m),
        subpixel_size_m=number(prepared.subpixel_size_m),
        oversample=number(prepared.oversample),
        fdet=vector(geometry.fdet),
        sdet=vector(geometry.sdet),
        odet=vector(geometry.odet),
        beam=vector(geometry.beam),
        pix0_m=vector(geometry.pix0_m),
        distance_m=number(geometry.distance_m),
        close_distance_m=number(geometry.close_distance_m),
        Fbeam_m=number(geometry.centre.Fbeam_m),
        Sbeam_m=number(geometry.centre.Sbeam_m),
        curvature_sign=number(1.0 if handed >= 0.0 else -1.0),
        thick_step_m=number(detector.thickness.step),
        attenuation_per_m=number(detector.attenuation_per_m),
        polarization=vector(geometry.polarization),
        polarization_factor=number(experiment.beam.polarization_factor),
        dmin_m=number(experiment.sampling.dmin_A / 1e10),
        intensity_scale=number(R_E_SQR_m2 * experiment.beam.fluence_photons_per_m2),
        steps=number(prepared.steps),
        background_I=number(prepared.background_I),
        lattice=LatticeConstants(
            Na=number(na, rest),
            Nb=number(nb, rest),
            Nc=number(nc, rest),
            fudge=number(experiment.crystal.fudge, rest),
            a_star=vector(cell.a_star_A_inv, rest),
            b_star=vector(cell.b_star_A_inv, rest),
            c_star=vector(cell.c_star_A_inv, rest),
        ),
        factors=factor_table(experiment.structure_factors, device, rest, precision.position),
    )
