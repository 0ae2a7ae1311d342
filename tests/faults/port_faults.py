"""Faults in the port: one function broken at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mutations import IN_32_BITS, NEGATED, Fault, arguments, as_float32, each, reordered, result, times

from simulator.evaluation import pixel_sum
from simulator.model import crystal, detector, lattice, mosaic, prepare, samples, scan, scatter, sources
from simulator.model import structure_factors as factors
from simulator.model.algebra import Rotation, Vec
from simulator.model.lattice import Miller
from simulator.model.terms import Pixels

SUBPIXEL, SOURCE, PHI, DOMAIN = "SUBPIXEL", "SOURCE", "PHI", "DOMAIN"
MM, ANGSTROM_IN_NM = 1e3, 0.1


def broken(
    name: str, step: str, label: str, original: Any, replacement: Callable[[Any], Any], case: str = "scan"
) -> Fault:
    """A fault of the port at ``RECORD.quantity``."""
    record, _, quantity = step.rpartition(".")
    return Fault(name, (record, quantity), label, case, original, replacement)


def _half_pixel_less(pixels: Pixels, sub: Any, c: Any, physics: Any) -> tuple[Any, ...]:
    return pixels._replace(fast=pixels.fast - 0.5), sub, c, physics


def _half_subpixel_less(pixels: Pixels, sub: Any, c: Any, physics: Any) -> tuple[Any, ...]:
    return pixels, sub._replace(sub_s=sub.sub_s - 0.5, sub_f=sub.sub_f - 0.5), c, physics


def _first_subpixel(pixels: Pixels, sub: Any, c: Any, physics: Any) -> tuple[Any, ...]:
    return pixels, sub._replace(sub_f=0.0 * sub.sub_f), c, physics


def _next_subpixel(pixels: Pixels, sub: Any, c: Any, physics: Any) -> tuple[Any, ...]:
    return pixels, sub._replace(sub_f=sub.sub_f + 1.0), c, physics


def _first_layer(located: Any, sub: Any, c: Any, physics: Any) -> tuple[Any, ...]:
    return located, sub._replace(thick_tic=0.0 * sub.thick_tic), c, physics


GEOMETRY = (
    broken("position negated", "SUBPIXEL.pixel_pos_meters", "sign", scatter.pixel_position, NEGATED),
    broken("position in mm", "SUBPIXEL.pixel_pos_meters", "unit", scatter.pixel_position, times(MM)),
    broken(
        "position y and z", "SUBPIXEL.pixel_pos_meters", "swapped-components", scatter.pixel_position,
        reordered(0, 2, 1),
    ),
    broken(
        "position moved along", "SUBPIXEL.pixel_pos_meters", "shifted-components", scatter.pixel_position,
        reordered(1, 2, 0),
    ),
    broken("position in 32 bits", "SUBPIXEL.pixel_pos_meters", "float32-rounding", scatter.pixel_position, IN_32_BITS),
    broken(
        "position half a pixel off", "SUBPIXEL.pixel_pos_meters", "half-pixel", scatter.pixel_position,
        arguments(_half_pixel_less),
    ),
    broken(
        "corner of the subpixel", "SUBPIXEL.pixel_pos_meters", "half-pixel", scatter.pixel_position,
        arguments(_half_subpixel_less),
    ),
    broken(
        "always the first subpixel", "SUBPIXEL.pixel_pos_meters", "stale-step", scatter.pixel_position,
        arguments(_first_subpixel), "subpixels",
    ),
    broken(
        "the next subpixel", "SUBPIXEL.pixel_pos_meters", "stale-step", scatter.pixel_position,
        arguments(_next_subpixel), "subpixels",
    ),
    broken("distance in mm", "SUBPIXEL.R_distance_meters", "unit", scatter.sample_distance, times(MM)),
    broken("half the distance", "SUBPIXEL.R_distance_meters", "unit", scatter.sample_distance, times(0.5)),
    broken(
        "distance in 32 bits", "SUBPIXEL.R_distance_meters", "float32-rounding", scatter.sample_distance, IN_32_BITS
    ),
    broken("direction reversed", "SUBPIXEL.diffracted_vec", "sign", scatter.direction, NEGATED),
    broken(
        "direction x and y", "SUBPIXEL.diffracted_vec", "swapped-components", scatter.direction, reordered(1, 0, 2)
    ),
    broken(
        "direction not normalised", "SUBPIXEL.diffracted_vec", "not-normalised", scatter.direction,
        lambda _: lambda position, R: position,
    ),
    broken(
        "solid angle without one R", "SUBPIXEL.omega_pixel_sr", "missing-factor", scatter.solid_angle,
        lambda original: lambda located, c, physics: original(located, c, physics) * located.R_distance_meters,
    ),
    broken("solid angle in mm^2", "SUBPIXEL.omega_pixel_sr", "unit", scatter.solid_angle, times(MM * MM)),
    broken(
        "solid angle without obliquity", "SUBPIXEL.omega_pixel_sr", "unknown", scatter.solid_angle,
        lambda original: lambda located, c, physics: original(located, c, physics)
        * located.R_distance_meters / c.close_distance_m,
    ),
    broken("twice the photons captured", "SUBPIXEL.capture_fraction", "unit", scatter.captured_fraction, times(2.0)),
    broken(
        "photons that pass", "SUBPIXEL.capture_fraction", "unknown", scatter.captured_fraction,
        result(lambda value: 1.0 - value),
    ),
    broken(
        "always the first layer", "SUBPIXEL.capture_fraction", "unknown", scatter.captured_fraction,
        arguments(_first_layer),
    ),
    broken("beam spot negated", "Fbeam_meters", "sign", detector.beam_spot_along, NEGATED),
    broken("nearest point negated", "Fclose_meters", "sign", detector.nearest_point_along, NEGATED),
    broken("first pixel in mm", "pix0_vector_meters", "unit", detector.first_pixel, times(MM)),
    broken(
        "beam centre without half pixels", "pix0_vector_meters", "half-pixel", detector.beam_centre,
        lambda original: lambda d: (lambda c: c._replace(
            Fbeam_m=c.Fbeam_m - 0.5 * d.pixel_size_m, Sbeam_m=c.Sbeam_m - 0.5 * d.pixel_size_m))(original(d)),
    ),
    broken(
        "first pixel with F and S swapped", "pix0_vector_meters", "swapped-components", detector.first_pixel,
        arguments(lambda f, F, s, S, along, O: (f, S, s, F, along, O)),
    ),
)  # fmt: skip


def _sine_without_pi(_: Any) -> Callable[..., Any]:
    return lambda h, h0, N: torch.sin(N * h) / torch.sin(h)


SCATTERING = (
    broken(
        "scattering reversed", "SOURCE.scattering_vec_A_inv", "sign", scatter.scattering_vector_per_m, NEGATED
    ),
    broken("half the scattering vector", "SOURCE.scattering_vec_A_inv", "unit",
           scatter.scattering_vector_per_m, times(0.5)),
    broken("scattering in 1/nm", "SOURCE.scattering_vec_A_inv", "unit", scatter.scattering_vector_per_m, times(10.0)),
    broken("scattering not over lambda", "SOURCE.scattering_vec_A_inv", "missing-factor",
           scatter.scattering_vector_per_m,
           lambda original: lambda located, s: each(
               original(located, s), lambda part: part * (s.wavelength_m * 1e10))),
    broken("scattering moved along", "SOURCE.scattering_vec_A_inv", "shifted-components",
           scatter.scattering_vector_per_m, reordered(2, 0, 1)),
    broken("scattering in 32 bits", "SOURCE.scattering_vec_A_inv", "float32-rounding",
           scatter.scattering_vector_per_m, IN_32_BITS),
    broken("whole length for half of it", "SOURCE.stol_A_inv", "unit", scatter.sin_theta_over_lambda, times(2.0)),
    broken("stol in 32 bits", "SOURCE.stol_A_inv", "float32-rounding", scatter.sin_theta_over_lambda, IN_32_BITS),
    broken("polarization not halved", "SOURCE.polar", "unit", scatter.polarization, times(2.0)),
    broken("polarization in 32 bits", "SOURCE.polar", "float32-rounding", scatter.polarization, IN_32_BITS),
    broken("polarized across", "SOURCE.polar", "unknown", scatter.polarization,
           lambda original: lambda located, incident, c, physics: original(
               located, incident, c._replace(polarization_factor=-c.polarization_factor), physics)),
    broken("incident reversed", "SOURCE.incident_vec", "sign", sources._incident_from, NEGATED, "sources"),
    broken("the next source", "SOURCE.lambda_angstroms", "stale-step", sources.source_points,
           result(lambda points: points[1:] + points[:1]), "sources"),
    broken("wavelength in nm", "SOURCE.lambda_angstroms", "unit", sources.source_points,
           result(lambda points: [p._replace(wavelength_m=p.wavelength_m * ANGSTROM_IN_NM) for p in points])),
)  # fmt: skip

CRYSTAL = (
    broken("angle in radians for degrees", "PHI.phi_deg", "unit", scan.phi_at, times(57.29577951308232), "first"),
    broken("angle negated", "PHI.phi_deg", "sign", scan.phi_at, NEGATED, "first"),
    broken("the next phi step", "PHI.phi_deg", "stale-step", scan.phi_at,
           arguments(lambda start, step, number: (start, step, number + 1)), "first"),
    broken("rotated the other way", "PHI.ap_angstroms", "unknown", scan.rotated_edge,
           arguments(lambda edge, axis, phi: (edge, axis, -phi)), "first"),
    broken("cell edge in nm", "PHI.ap_angstroms", "unit", scan.rotated_edge, times(ANGSTROM_IN_NM), "first"),
    broken("cell edge in 32 bits", "PHI.ap_angstroms", "float32-rounding", scan.rotated_edge, IN_32_BITS, "first"),
    broken("about a swapped axis", "PHI.ap_angstroms", "unknown", scan.rotated_edge,
           arguments(lambda edge, axis, phi: (edge, Vec(axis.x, axis.z, axis.y), phi)), "first"),
    broken("reciprocal cell negated", "a_star_A_inv", "sign", crystal.reciprocal_edge, NEGATED),
    broken("mosaic rotations transposed", "UMAT.umat", "transposed-components", mosaic.random_rotation,
           result(lambda m: Rotation(*(Vec(*(row[i] for row in m)) for i in range(3)))), "mosaic"),
    broken("neighbouring domains", "UMAT.umat", "stale-step", mosaic.mosaic_rotations,
           result(lambda all_: [all_[0], *all_[2:], all_[1]]), "mosaic"),
    broken("mosaic rotations in 32 bits", "UMAT.umat", "float32-rounding", mosaic.random_rotation,
           result(lambda m: Rotation(*(each(row, as_float32) for row in m))), "mosaic"),
    broken("rotated by the transposed matrix", "DOMAIN.hkl_frac", "unknown", samples.domain_edge,
           arguments(lambda edge, m: (edge, Rotation(*(Vec(*(row[i] for row in m)) for i in range(3))))), "mosaic"),
)  # fmt: skip

REFLECTION = (
    broken("indices negated", "DOMAIN.hkl_frac", "sign", scatter.fractional_indices, NEGATED),
    broken("h and k", "DOMAIN.hkl_frac", "swapped-components", scatter.fractional_indices, reordered(1, 0, 2)),
    broken("k, l, h", "DOMAIN.hkl_frac", "shifted-components", scatter.fractional_indices, reordered(1, 2, 0)),
    broken("indices in 32 bits", "DOMAIN.hkl_frac", "float32-rounding", scatter.fractional_indices, IN_32_BITS),
    broken("indices of a cell in nm", "DOMAIN.hkl_frac", "unit", scatter.fractional_indices, times(0.1)),
    broken("rounded down", "DOMAIN.hkl_rounded", "off-by-one", scatter.nearest_indices,
           lambda _: lambda hkl: Miller(*(torch.floor(x) for x in hkl))),
    broken("k one too large", "DOMAIN.hkl_rounded", "off-by-one", scatter.nearest_indices,
           result(lambda hkl: hkl._replace(k=hkl.k + 1.0))),
    broken("grating negated", "DOMAIN.F_latt_a", "sign", lattice._grating, NEGATED),
    broken("sines without pi", "DOMAIN.F_latt_a", "unknown", lattice._grating, _sine_without_pi),
    broken("one cell less", "DOMAIN.F_latt_a", "unknown", lattice._grating,
           arguments(lambda h, h0, N: (h, h0, N - 1.0))),
    broken("half the grating", "DOMAIN.F_latt_a", "unit", lattice._grating, times(0.5)),
    broken("without the c axis", "DOMAIN.F_latt", "missing-factor", lattice.product_of_axes,
           lambda _: lambda a, b, c: a * b),
    broken("lattice factor in 32 bits", "DOMAIN.F_latt", "float32-rounding", lattice.product_of_axes, IN_32_BITS),
    broken("ball without its pi", "DOMAIN.F_latt", "unknown", lattice._sinc3,
           arguments(lambda x: (x / 3.141592653589793,)), "round"),
    broken("the reflection before", "DOMAIN.F_cell", "unknown", factors.nearest,
           arguments(lambda table, hkl0: (table, hkl0._replace(h=hkl0.h - 1.0))), "list"),
    broken("interpolated backwards", "DOMAIN.F_cell", "unknown", factors.through_lines,
           arguments(lambda lines, *rest: ([line.flip(-1) for line in lines[::-1]], *rest)), "interpolated"),
)  # fmt: skip

SUM = (
    broken("F_cell not squared", "DOMAIN.I_term", "missing-factor", scatter.intensity_term,
           lambda _: lambda F_cell, F_latt, own: F_cell * F_latt * F_latt),
    broken("F_latt not squared", "DOMAIN.I_term", "missing-factor", scatter.intensity_term,
           lambda _: lambda F_cell, F_latt, own: F_cell * F_cell * F_latt, "round"),
    broken("term in 32 bits", "DOMAIN.I_term", "float32-rounding", scatter.intensity_term, IN_32_BITS),
    broken("twice the term", "DOMAIN.I_term", "unit", scatter.intensity_term, times(2.0)),
    broken("half the photons", "I_pixel_final", "unit", pixel_sum.photons, times(0.5)),
    broken("photons without polarization", "I_pixel_final", "missing-factor", pixel_sum.photons,
           lambda original: lambda I, held, *rest: original(I, held, *rest) / held.polar),
    broken("photons not averaged", "I_pixel_final", "missing-factor", pixel_sum.photons,
           lambda original: lambda I, held, captures, c, physics: original(I, held, captures, c, physics) * c.steps),
    broken("photons in 32 bits", "I_pixel_final", "float32-rounding", pixel_sum.photons, IN_32_BITS),
    broken("Avogadro's number cut short", "background_I", "truncated-constant", prepare.AVOGADRO,
           lambda _: 6.022e23, "water"),
    broken("electron radius cut short", "r_e_sqr", "truncated-constant", prepare.R_E_SQR_m2, lambda _: 7.941e-30),
)  # fmt: skip

PORT_FAULTS = (*GEOMETRY, *SCATTERING, *CRYSTAL, *REFLECTION, *SUM)
