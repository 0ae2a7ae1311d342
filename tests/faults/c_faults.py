# ruff: noqa: E501  (a table: one fault a line)
"""Faults planted in the C program: small edits of its sources, and the steps that are wrong then.

Each line: file, text, other text, the steps at fault (any of them may be named first), the cases where it shows, and
which occurrence of the text is edited. A value that one function makes for several steps is at fault in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

CASES = {
    "scan": ("scan_through_zero", (31, 57), "all"),
    "scan spec": ("scan_through_zero", (31, 57), "none"),
    "sources": ("scan_sources_subpixels", (31, 57), "all"),
    "oblique": ("oblique_cell", (31, 57), "all"),
    "factors": ("oversampled_factors", (31, 57), "all"),
    "factors spec": ("oversampled_factors", (31, 57), "none"),
    "thick": ("thick_sensor", (31, 57), "all"),
    "thick spec": ("thick_sensor", (31, 57), "none"),
    "water": ("water_background", (31, 57), "all"),
    "water spec": ("water_background", (31, 57), "none"),
    "weights": ("weighted_sources", (31, 57), "all"),
    "weights spec": ("weighted_sources", (31, 57), "none"),
    "gauss": ("mosaic_gauss", (40, 48), "all"),
    "round": ("mosaic_round", (31, 57), "all"),
    "tophat": ("tophat_dispersion", (40, 48), "all"),
    "tophat far": ("tophat_dispersion", (2, 2), "all"),
    "cubic": ("tricubic_leaves_list", (42, 52), "none"),
    "curved": ("curved_swung", (31, 57), "all"),
    "curved spec": ("curved_swung", (31, 57), "none"),
    "nearest": ("nearest_masked", (48, 48), "all"),
    "custom": ("twotheta_axis_words", (31, 57), "all"),
    "adxv": ("cubic_adxv", (31, 57), "all"),
    "dump": ("named_dump", (31, 57), "all"),
}
"""Short name -> packaged case, pixel, defects that are on."""


@dataclass(frozen=True)
class Planted:
    """One edit."""

    file: str
    text: str
    instead: str
    steps: frozenset[str]
    cases: tuple[str, ...]
    occurrence: int = 0
    labels: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.file} {self.text.strip()[:60]!r} -> {self.instead.strip()[:60]!r} ({self.occurrence})"


def fault_of(
    file: str, text: str, instead: str, steps: str, cases: str, occurrence: int = 0, *, labels: str = ""
) -> Planted:
    """A line of the table."""
    named = tuple(part.strip() for part in cases.split(","))
    return Planted(file, text, instead, frozenset(steps.split()), named, occurrence, frozenset(labels.split()))


_p = fault_of


FRAME = "fdet_vec sdet_vec odet_vec"
CARRIED = "carried_ap_angstroms carried_bp_angstroms carried_cp_angstroms"
ROTATED = "PHI.ap_angstroms PHI.bp_angstroms PHI.cp_angstroms"
CELL = "a0_angstroms b0_angstroms c0_angstroms"
AXES = "DOMAIN.F_latt_a DOMAIN.F_latt_b DOMAIN.F_latt_c"

DETECTOR = (
    _p("detector.c", 'd->beam = direction(f.beam, "beam");', 'd->beam = scaled(direction(f.beam, "beam"), -1.0);', "beam_vec", "scan, thick", labels="sign"),
    _p("detector.c", 'd->beam = direction(f.beam, "beam");', 'd->beam = scaled(direction(f.beam, "beam"), 1.01);', "beam_vec", "scan, custom", labels="not-normalised"),
    _p("detector.c", 'direction(f.fast, "fast axis")', 'direction(f.slow, "fast axis")', "fdet_vec", "scan, thick"),
    _p("detector.c", 'direction(f.fast, "fast axis")', 'scaled(direction(f.fast, "fast axis"), -1.0)', "fdet_vec", "adxv, sources", labels="sign"),
    _p("detector.c", 'direction(f.slow, "slow axis")', 'scaled(direction(f.slow, "slow axis"), -1.0)', "sdet_vec", "scan, curved", labels="sign"),
    _p("detector.c", 'direction(f.slow, "slow axis")', 'scaled(direction(f.slow, "slow axis"), 1.001)', "sdet_vec", "oblique, custom", labels="not-normalised"),
    _p("detector.c", "d->normal = unit(f.normal);", "d->normal = scaled(unit(f.normal), -1.0);", "odet_vec", "scan, thick", labels="sign"),
    _p("detector.c", "d->normal = unit(f.normal);", "d->normal = scaled(unit(f.normal), 1.0001);", "odet_vec", "sources, curved", labels="not-normalised"),
    _p("detector.c", 'direction(f.polarization, "polarization")', 'direction(f.slow, "polarization")', "polarization_axis", "weights, sources"),
    _p("detector.c", 'direction(f.polarization, "polarization")', 'scaled(direction(f.polarization, "polarization"), 2.0)', "polarization_axis", "weights, sources", labels="not-normalised"),
    _p("detector.c", 'direction(f.spindle, "spindle axis")', 'scaled(direction(f.spindle, "spindle axis"), -1.0)', "spindle_axis", "scan, sources", labels="sign"),
    _p("detector.c", 'direction(f.spindle, "spindle axis")', "f.spindle", "spindle_axis", "scan", labels="not-normalised"),
    _p("detector.c", "d->twotheta_axis = f.twotheta_axis;", "d->twotheta_axis = scaled(f.twotheta_axis, -1.0);", f"{FRAME} pix0_vector_meters", "curved, custom", labels="transposed-triple"),
    _p("detector.c", "unit(cross(d->beam, d->polarization_axis))", "unit(cross(d->polarization_axis, d->beam))", "SOURCE.incident_vec", "sources"),
    _p("detector.c", "d->pixel_size = o->pixel_size;", "d->pixel_size = o->pixel_size * 1.001;", "pixel_size_meters", "scan, curved"),
    _p("detector.c", "d->pixel_size = o->pixel_size;", "d->pixel_size = (float)o->pixel_size;", "pixel_size_meters", "oblique, factors", labels="float32-rounding"),
    _p("detector.c", "(d->size_slow + px) / 2.0", "(d->size_slow - px) / 2.0", "Xbeam_meters", "weights, sources"),
    _p("detector.c", "(d->size_slow + px) / 2.0", "(d->size_fast + px) / 2.0", "Xbeam_meters", "sources, thick"),
    _p("detector.c", "or_default(o->Ybeam, (d->size_fast + px) / 2.0)", "or_default(o->Ybeam, d->size_fast / 2.0)", "Ybeam_meters", "sources, water", labels="half-pixel"),
    _p("detector.c", "0.5 * px : 0.0", "0.0 * px : 0.0", "pix0_vector_meters", "round, thick", labels="half-pixel"),
    _p("detector.c", "0.5 * px : 0.0", "1.0 * px : 0.0", "pix0_vector_meters", "oblique, sources", labels="half-pixel"),
    _p("detector.c", "d->Fbeam = d->Ybeam + shift;", "d->Fbeam = d->Xbeam + shift;", "pix0_vector_meters", "sources, thick"),
    _p("detector.c", "d->Sbeam = d->size_slow - d->Ybeam;", "d->Sbeam = d->Ybeam;", "pix0_vector_meters", "adxv"),
    _p("detector.c", "(o->origin_x - 0.5)", "(o->origin_x + 0.5)", "pix0_vector_meters Xbeam_meters", "curved"),
    _p("detector.c", "(o->origin_y - 0.5)", "o->origin_y", "pix0_vector_meters Ybeam_meters", "curved", labels="half-pixel"),
    _p("detector.c", "dot(d->beam, rotate(d->normal, angles))", "dot(d->beam, d->normal)", "distance_meters Fbeam_meters Sbeam_meters", "thick"),
    _p("detector.c", "fabs(ratio * o->distance)", "fabs(o->distance)", "pix0_vector_meters", "thick"),
    _p("detector.c", "fabs(ratio * o->distance)", "fabs(ratio * o->distance) * 1.0001", "pix0_vector_meters", "scan, custom"),
    _p("detector.c", "d->distance = d->close_distance / ratio;", "d->distance = d->close_distance * ratio;", "pix0_vector_meters", "thick"),
    _p("detector.c", "combined(-d->Fclose, d->fast, -d->Sclose, d->slow, d->close_distance, d->normal)", "combined(d->Fclose, d->fast, -d->Sclose, d->slow, d->close_distance, d->normal)", "pix0_vector_meters", "curved"),
    _p("detector.c", "combined(-d->Fclose, d->fast, -d->Sclose, d->slow, d->close_distance, d->normal)", "combined(-d->Sclose, d->fast, -d->Fclose, d->slow, d->close_distance, d->normal)", "pix0_vector_meters", "curved, gauss", labels="swapped-components"),
    _p("detector.c", "d->origin = rotate_axis(rotate(d->origin, angles), d->twotheta_axis, d->twotheta);", "d->origin = rotate(d->origin, angles);", "pix0_vector_meters", "curved"),
    _p("detector.c", "combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->beam)", "combined(d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->beam)", "pix0_vector_meters", "scan, thick"),
    _p("detector.c", "combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->beam)", "combined(-d->Sbeam, d->fast, -d->Fbeam, d->slow, d->distance, d->beam)", "pix0_vector_meters", "scan, adxv", labels="swapped-components"),
    _p("detector.c", "combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->beam)", "combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->close_distance, d->beam)", "pix0_vector_meters", "thick, thick spec"),
    _p("detector.c", "combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->beam)", "combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->normal)", "pix0_vector_meters", "thick"),
    _p("detector.c", "d->fast = rotate_axis(rotate(d->fast, angles), d->twotheta_axis, d->twotheta);", "d->fast = rotate_axis(d->fast, d->twotheta_axis, d->twotheta);", "fdet_vec", "thick, thick spec"),
    _p("detector.c", "d->slow = rotate_axis(rotate(d->slow, angles), d->twotheta_axis, d->twotheta);", "d->slow = rotate(d->slow, angles);", "sdet_vec", "curved, custom"),
    _p("detector.c", "d->normal = rotate_axis(rotate(d->normal, angles), d->twotheta_axis, d->twotheta);", "d->normal = rotate_axis(rotate(d->normal, angles), d->twotheta_axis, -d->twotheta);", "odet_vec", "curved, custom"),
    _p("detector.c", "d->Fclose = -dot(d->origin, d->fast);", "d->Fclose = dot(d->origin, d->fast);", "Fclose_meters", "scan, thick", labels="sign"),
    _p("detector.c", "d->Sclose = -dot(d->origin, d->slow);", "d->Sclose = -dot(d->origin, d->fast);", "Sclose_meters", "scan, curved"),
    _p("detector.c", "d->close_distance = dot(d->origin, d->normal);", "d->close_distance = dot(d->origin, d->beam);", "close_distance_meters", "thick, curved"),
    _p("detector.c", "d->close_distance = dot(d->origin, d->normal);", "d->close_distance = 1.00001 * dot(d->origin, d->normal);", "close_distance_meters", "scan, factors"),
    _p("detector.c", "scaled(d->beam, d->close_distance / ratio)", "scaled(d->beam, d->close_distance)", "Fbeam_meters Sbeam_meters", "thick, thick spec"),
    _p("detector.c", "d->Fbeam = dot(d->fast, to_beam);", "d->Fbeam = dot(d->slow, to_beam);", "Fbeam_meters", "scan, curved spec"),
    _p("detector.c", "d->Sbeam = dot(d->slow, to_beam);", "d->Sbeam = -dot(d->slow, to_beam);", "Sbeam_meters", "thick, curved spec", labels="sign"),
    _p("detector.c", "d->distance = d->close_distance / ratio;", "d->distance = d->close_distance * ratio;", "distance_meters", "thick, thick spec", 1),
    _p("detector.c", "d->distance = d->close_distance / ratio;", "d->distance = d->close_distance / ratio * 1.0001;", "distance_meters", "scan, curved", 1),
    _p("detector.c", "d->curved = o->curved != 0;", "d->curved = false;", "curved_detector", "curved"),
    _p("detector.c", "d->point_pixel = o->point_pixel != 0;", "d->point_pixel = o->point_pixel == 0;", "point_pixel", "factors, scan"),
    _p("vec3.h", "v = (Vec3){v.x, v.y * c - v.z * s, v.y * s + v.z * c};", "v = (Vec3){v.x, v.y * c + v.z * s, v.z * c - v.y * s};", f"{FRAME} {CELL} V_cell_A3 pix0_vector_meters", "thick, oblique"),
)  # fmt: skip

CRYSTAL = (
    _p("crystal.c", "u.volume = 2.0 * u.a", "u.volume = 2.01 * u.a", f"V_cell_A3 {CELL}", "scan, round"),
    _p("crystal.c", "(cos(u->beta) * cos(u->gamma) - cos(u->alpha))", "(cos(u->beta) * cos(u->gamma) + cos(u->alpha))", CELL, "scan, oblique"),
    _p("crystal.c", "(cos(u->gamma) * cos(u->alpha) - cos(u->beta))", "(cos(u->gamma) * cos(u->alpha) - cos(u->gamma))", CELL, "scan, oblique"),
    _p("crystal.c", "c_star * u->volume / (u->a * u->b * u->c * sin_gamma_star)", "c_star * u->volume / (u->a * u->b * u->c)", CELL, "scan, sources"),
    _p("crystal.c", "sin_gamma_star = clip_cosine(u->c * V_star / a_star / b_star)", "sin_gamma_star = clip_cosine(sin(u->gamma))", CELL, "scan, thick"),
    _p("crystal.c", "m[i] *= 1e-10 / wavelength;", "m[i] *= 1.0;", f"V_cell_A3 {CELL}", "nearest"),
    _p("crystal.c", "(Vec3){m[0], m[3], m[6]}", "(Vec3){m[0], m[1], m[2]}", f"V_cell_A3 {CELL}", "nearest"),
    _p("crystal.c", "crystal->b_star = rotate(crystal->b_star, angles);", "crystal->b_star = rotate(crystal->b_star, scaled(angles, -1.0));", f"V_cell_A3 {CELL}", "oblique, cubic"),
    _p("crystal.c", "rescaled(b_star_c_star, measured->a / measured->volume)", "rescaled(b_star_c_star, measured->b / measured->volume)", "a0_angstroms", "scan, thick"),
    _p("crystal.c", "rescaled(c_star_a_star, measured->b / measured->volume)", "c_star_a_star", "b0_angstroms", "scan, oblique"),
    _p("crystal.c", "V_star = 1.0 / measured->volume;", "V_star = 1.001 / measured->volume;", "V_cell_A3", "scan, round"),
    _p("crystal.c", "crystal->volume = 1.0 / V_star;", "crystal->volume = 1.01 / V_star;", "V_cell_A3", "scan, nearest"),
    _p("crystal.c", "Vec3 c = scaled(a_star_b_star, crystal->volume);", "Vec3 c = scaled(a_star_b_star, -crystal->volume);", "c0_angstroms", "scan, gauss", labels="sign"),
    _p("crystal.c", "Vec3 a = scaled(b_star_c_star, crystal->volume);", "Vec3 a = scaled(c_star_a_star, crystal->volume);", "a0_angstroms", "oblique, cubic"),
    _p("crystal.c", "crystal->a_star = scaled(cross(b, c), V_star);", "crystal->a_star = scaled(cross(c, b), V_star);", "a_star_A_inv", "scan, gauss", labels="sign"),
    _p("crystal.c", "crystal->b_star = scaled(cross(c, a), V_star);", "crystal->b_star = scaled(cross(a, b), V_star);", "b_star_A_inv", "gauss, tophat"),
    _p("crystal.c", "crystal->c_star = scaled(cross(a, b), V_star);", "crystal->c_star = cross(a, b);", "c_star_A_inv", "gauss, oblique", labels="missing-factor"),
    _p("crystal.c", "scaled(b, 1e-10), scaled(c, 1e-10)", "scaled(b, 1.0001e-10), scaled(c, 1e-10)", "b0_angstroms", "scan, weights"),
    _p("crystal.c", "ceil(size / edges[i])", "floor(size / edges[i])", "N_cells", "gauss", labels="off-by-one"),
    _p("crystal.c", "cells <= 1.0 ? 1.0 : cells;", "cells <= 1.0 ? 1.0 : cells + 1.0;", "N_cells", "scan, round", labels="off-by-one"),
    _p("crystal.c", "crystal->fudge = o->fudge;", "crystal->fudge = 1.0;", "fudge", "round"),
    _p("crystal.c", "crystal->umats[0] = (Mat3){{1, 0, 0, 0, 1, 0, 0, 0, 1}};", ";", "UMAT.umat", "gauss, round"),
    _p("crystal.c", "random_rotation((float)crystal->mosaic_spread, &seed)", "random_rotation(2.0f * (float)crystal->mosaic_spread, &seed)", "UMAT.umat", "gauss, round"),
    _p("random_numbers.c", "double xy = sqrt(1.0 - r2 * r2);", "double xy = 1.0 - r2 * r2;", "UMAT.umat", "gauss, round"),
    _p("random_numbers.c", "xy * sin(PI * r1), xy * cos(PI * r1), r2", "xy * cos(PI * r1), xy * sin(PI * r1), r2", "UMAT.umat", "gauss"),
    _p("spindle.c", "s->phi[i] = s->start + s->steps.step * (double)i;", "s->phi[i] = s->start + s->steps.step * (double)(i + 1);", "PHI.phi_deg", "scan, sources", labels="stale-step"),
    _p("spindle.c", "s->phi[i] = s->start + s->steps.step * (double)i;", "s->phi[i] = s->start * (double)i + s->steps.step;", "PHI.phi_deg", "scan"),
    _p("spindle.c", "rotate_axis(cell->a, axis, phi)", "rotate_axis(cell->a, axis, -phi)", "PHI.ap_angstroms carried_ap_angstroms", "scan, sources"),
    _p("spindle.c", "rotate_axis(cell->b, axis, phi)", "rotate_axis(cell->c, axis, phi)", "PHI.bp_angstroms carried_bp_angstroms", "scan, sources"),
    _p("spindle.c", "rotate_axis(cell->c, axis, phi)", "cell->c", "PHI.cp_angstroms carried_cp_angstroms", "scan"),
    _p("spindle.c", "? rotated_cell(&crystal->direct, axis, s->phi[i])", "? rotated_cell(&crystal->direct, axis, s->phi[i] * 180.0 / PI)", f"{ROTATED} {CARRIED}", "scan, sources"),
    _p("spindle.c", "? domain_cell(&s->unmosaic[i], &crystal->umats[m])", "? domain_cell(&s->unmosaic[i], &crystal->umats[0])", "DOMAIN.hkl_frac", "gauss, round"),
    _p("spindle.c", "rotate_umat(cell->a, umat), rotate_umat(cell->b, umat)", "rotate_umat(cell->b, umat), rotate_umat(cell->a, umat)", "DOMAIN.hkl_frac", "gauss, round", labels="swapped-components"),
    _p("spindle.c", "entries[i] = s->phi[i] == 0.0 && !carries ? unrotated : current;", "entries[i] = s->phi[i] == 0.0 ? unrotated : current;", ROTATED, "scan, sources", labels="phi-carryover"),
    _p("spindle.c", "current = i;", "current = 0;", ROTATED, "scan, sources", labels="stale-step"),
    _p("vec3.h", "double d = dot(axis, v) * (1.0 - c);", "double d = dot(axis, v) * (1.0 + c);", f"{FRAME} pix0_vector_meters SOURCE.incident_vec {ROTATED} {CARRIED}", "scan, sources", labels="not-normalised"),
    _p("vec3.h", "(-axis.z * v.y + axis.y * v.z) * s", "(axis.z * v.y - axis.y * v.z) * s", f"{FRAME} pix0_vector_meters SOURCE.incident_vec {ROTATED} {CARRIED} SUBPIXEL.pixel_pos_meters", "scan, curved"),
)  # fmt: skip

BEAM = (
    _p("experiment.c", "beam->fluence = o->fluence;", "beam->fluence = o->fluence * 0.1;", "fluence_photons_per_m2", "scan, weights", labels="unit"),
    _p("experiment.c", "o->flux * o->exposure / o->beam_size / o->beam_size", "o->flux * o->exposure / o->beam_size", "fluence_photons_per_m2", "water, water spec"),
    _p("experiment.c", "beam->kahn_factor = o->kahn_factor;", "beam->kahn_factor = -o->kahn_factor;", "polarization_factor", "weights, factors", labels="sign"),
    _p("experiment.c", "beam->unpolarized = o->unpolarized != 0;", "beam->unpolarized = true;", "unpolarized", "scan, weights"),
    _p("experiment.c", "beam->wavelength = o->wavelength;", "beam->wavelength = o->wavelength * 1.01;", "SOURCE.lambda_angstroms", "scan, nearest"),
    _p("experiment.c", "beam->wavelength = o->wavelength;", "beam->wavelength = (float)o->wavelength;", "SOURCE.lambda_angstroms", "nearest, gauss", labels="float32-rounding"),
    _p("experiment.c", "F_water * F_water * CLASSICAL", "F_water * CLASSICAL", "background_I", "water, water spec"),
    _p("experiment.c", "(water_size * water_size * water_size) * 1e6", "(water_size * water_size) * 1e6", "background_I", "water, water spec"),
    _p("experiment.c", "s->dmin = o->dmin;", "s->dmin = o->dmin * 1.1;", "dmin_angstroms", "tophat, tophat far"),
    _p("experiment.c", "s->oversample_omega = o->oversample_omega != 0;", "s->oversample_omega = false;", "oversample_omega", "factors, factors spec"),
    _p("experiment.c", "s->oversample_polar = o->oversample_polar != 0;", "s->oversample_polar = true;", "oversample_polar", "sources, weights spec"),
    _p("experiment.c", "s->oversample_thick = o->oversample_thick != 0;", "s->oversample_thick = false;", "oversample_thick", "factors, factors spec"),
    _p("experiment.c", "x->spindle.steps.count * s->oversample *\n               s->oversample;", "x->spindle.steps.count * s->oversample;", "steps", "sources, factors"),
    _p("experiment.c", "s->steps = (double)x->beam.source_count * x->crystal.domains", "s->steps = (double)x->crystal.domains", "steps", "sources, weights"),
    _p("step_counts.c", "x->spindle.start = o->phi_start;", "x->spindle.start = o->phi_start + 0.01;", "phi_start_deg", "scan, sources"),
    _p("step_counts.c", "s.step = s.range / s.count;", "s.step = s.range / (s.count + 1);", "phi_step_deg", "scan", 1),
    _p("step_counts.c", "x->detector.attenuation = o->attenuation;", "x->detector.attenuation = o->attenuation * 10.0;", "attenuation_per_meter", "thick, factors", labels="unit"),
    _p("step_counts.c", "x->detector.thickness = choose_steps(\"-detector_thick\", o->thickness, 0.5e-6, 2.0);", "x->detector.thickness = choose_steps(\"-detector_thick\", o->thickness, 0.5e-6, 2.0);\n    x->detector.thickness.step *= 2.0;", "thick_step_meters", "thick, thick spec", labels="unit"),
    _p("sources.c", "hs->step * i - hs->range / 2.0", "hs->step * i", "SOURCE.incident_vec n_sources", "sources", labels="off-by-one"),
    _p("sources.c", "rotate_axis(centre, d->polarization_axis, vdiv)", "rotate_axis(centre, d->polarization_axis, hdiv)", "SOURCE.incident_vec", "sources"),
    _p("sources.c", "rotate_axis(position, d->vertical, hdiv)", "rotate_axis(position, d->vertical, -hdiv)", "SOURCE.incident_vec", "sources"),
    _p("sources.c", "beam->wavelength * (1.0 + ds->step * k - ds->range / 2.0)", "beam->wavelength * (1.0 + ds->step * k)", "SOURCE.lambda_angstroms", "tophat"),
    _p("sources.c", "beam->wavelength * (1.0 + ds->step * k - ds->range / 2.0)", "beam->wavelength", "SOURCE.lambda_angstroms", "tophat"),
    _p("sources.c", "source->incident = scaled(unit(source->position), -1.0);", "source->incident = unit(source->position);", "SOURCE.incident_vec", "scan, weights", labels="sign"),
    _p("sources.c", "source->incident = scaled(unit(source->position), -1.0);", "source->incident = scaled(source->position, -1.0);", "SOURCE.incident_vec SOURCE.scattering_vec_A_inv", "scan, sources", labels="not-normalised"),
    _p("sources.c", "source->weight * beam->source_count / weights", "source->weight / weights", "DOMAIN.I_term", "weights spec"),
    _p("sources.c", ".wavelength = v[4]}", ".wavelength = wavelength}", "SOURCE.lambda_angstroms", "weights"),
    _p("sources.c", "{v[0], v[1], v[2]}, .weight", "{v[1], v[0], v[2]}, .weight", "SOURCE.incident_vec", "weights, weights spec", labels="swapped-components"),
)  # fmt: skip

SUBPIXEL = (
    _p("scatter.c", "sub * ((double)fast * s->oversample + run->at.sub_f) + sub / 2.0", "sub * ((double)fast * s->oversample + run->at.sub_f)", "SUBPIXEL.pixel_pos_meters", "scan, sources", labels="half-pixel"),
    _p("scatter.c", "sub * ((double)fast * s->oversample + run->at.sub_f) + sub / 2.0", "sub * ((double)slow * s->oversample + run->at.sub_f) + sub / 2.0", "SUBPIXEL.pixel_pos_meters", "oblique, gauss", labels="other-pixel"),
    _p("scatter.c", "((double)fast * s->oversample + run->at.sub_f)", "((double)fast * s->oversample + run->at.sub_s)", "SUBPIXEL.pixel_pos_meters", "sources, factors"),
    _p("scatter.c", "((double)slow * s->oversample + run->at.sub_s)", "((double)slow + run->at.sub_s)", "SUBPIXEL.pixel_pos_meters", "sources, round"),
    _p("scatter.c", "((double)slow * s->oversample + run->at.sub_s)", "((double)slow * s->oversample + 0)", "SUBPIXEL.pixel_pos_meters", "weights, cubic"),
    _p("scatter.c", "double sub = d->pixel_size / s->oversample;", "double sub = (float)(d->pixel_size / s->oversample);", "SUBPIXEL.pixel_pos_meters", "scan, nearest"),
    _p("scatter.c", "run->at.thick_tic * d->thickness.step)", "(run->at.thick_tic + 1) * d->thickness.step)", "SUBPIXEL.pixel_pos_meters", "thick, factors", labels="stale-step"),
    _p("scatter.c", "scaled(d->normal, Odet)), d->origin)", "scaled(d->beam, Odet)), d->origin)", "SUBPIXEL.pixel_pos_meters", "thick, thick spec"),
    _p("scatter.c", "scaled(d->normal, Odet)), d->origin)", "scaled(d->normal, Odet)), scaled(d->origin, 1.001))", "SUBPIXEL.pixel_pos_meters", "scan, water"),
    _p("scatter.c", "add(scaled(d->fast, Fdet), scaled(d->slow, Sdet))", "add(scaled(d->slow, Fdet), scaled(d->fast, Sdet))", "SUBPIXEL.pixel_pos_meters", "adxv, custom", labels="other-pixel"),
    _p("scatter.c", "about_slow = flat.y / d->distance", "about_slow = -flat.y / d->distance", "SUBPIXEL.pixel_pos_meters", "curved"),
    _p("scatter.c", "rotate_axis(rotate_axis(centre, d->slow, about_slow), d->fast, about_fast)", "rotate_axis(rotate_axis(centre, d->fast, about_fast), d->slow, about_slow)", "SUBPIXEL.pixel_pos_meters", "curved, curved spec"),
    _p("scatter.c", "double R = length(position);", "double R = dot(position, position);", "SUBPIXEL.R_distance_meters", "scan, sources"),
    _p("scatter.c", "double R = length(position);", "double R = d->distance;", "SUBPIXEL.R_distance_meters", "oblique, thick", labels="missing-factor"),
    _p("scatter.c", "double R = length(position);", "double R = (float)length(position);", "SUBPIXEL.R_distance_meters", "scan, weights", labels="float32-rounding"),
    _p("scatter.c", "{position.x / R, position.y / R, position.z / R}", "{position.x, position.y, position.z}", "SUBPIXEL.diffracted_vec", "scan, sources", labels="not-normalised"),
    _p("scatter.c", "{position.x / R, position.y / R, position.z / R}", "{position.x / R, position.z / R, position.y / R}", "SUBPIXEL.diffracted_vec", "oblique, factors", labels="swapped-components"),
    _p("scatter.c", "{position.x / R, position.y / R, position.z / R}", "{position.x / R, -position.y / R, position.z / R}", "SUBPIXEL.diffracted_vec", "thick, gauss"),
    _p("scatter.c", "px * px / R / R * d->close_distance / R", "px * px / R / R", "SUBPIXEL.omega_pixel_sr", "scan, sources", labels="missing-factor"),
    _p("scatter.c", "px * px / R / R * d->close_distance / R", "px / R / R * d->close_distance / R", "SUBPIXEL.omega_pixel_sr", "scan, weights", labels="unit"),
    _p("scatter.c", "px * px / R / R * d->close_distance / R", "px * px / R / R * d->distance / R", "SUBPIXEL.omega_pixel_sr", "thick, thick spec"),
    _p("scatter.c", "d->point_pixel ? 1.0 / R / R", "d->point_pixel ? 1.0 / R", "SUBPIXEL.omega_pixel_sr", "factors, factors spec", labels="missing-factor"),
    _p("scatter.c", "if (run->omega == 0.0 || s->oversample_omega)", "if (true)", "SUBPIXEL.omega_pixel_sr", "sources, gauss", labels="stale-step"),
    _p("scatter.c", "if (run->omega == 0.0 || s->oversample_omega)", "if (run->omega == 0.0)", "SUBPIXEL.omega_pixel_sr", "factors, factors spec"),
    _p("scatter.c", "double parallax = dot(diffracted, d->normal);", "double parallax = 1.0;", "SUBPIXEL.capture_fraction", "thick, factors"),
    _p("scatter.c", "double parallax = dot(diffracted, d->normal);", "double parallax = dot(diffracted, d->beam);", "SUBPIXEL.capture_fraction", "thick, thick spec"),
    _p("scatter.c", "exp(-(layer + 1) * depth", "exp(-(layer + 2) * depth", "SUBPIXEL.capture_fraction", "thick, water"),
    _p("scatter.c", "exp(-layer * depth * d->attenuation / parallax)", "1.0", "SUBPIXEL.capture_fraction", "thick, factors"),
    _p("scatter.c", "if (run->capture == 0.0 || s->oversample_thick)", "if (true)", "SUBPIXEL.capture_fraction", "water, water spec", labels="stale-step"),
    _p("scatter.c", "run->capture = x->detector.thickness.range == 0.0 ? 1.0 : 0.0;", "run->capture = run->at.thick_tic == 0 ? (x->detector.thickness.range == 0.0 ? 1.0 : 0.0) : run->capture;", "SUBPIXEL.capture_fraction", "thick, water"),
)  # fmt: skip

SOURCE = (
    _p("scatter.c", "(diffracted->x - incident.x) / source->wavelength", "(diffracted->x + incident.x) / source->wavelength", "SOURCE.scattering_vec_A_inv", "scan, sources"),
    _p("scatter.c", "(diffracted->y - incident.y) / source->wavelength", "(incident.y - diffracted->y) / source->wavelength", "SOURCE.scattering_vec_A_inv", "oblique, thick"),
    _p("scatter.c", "(diffracted->y - incident.y) / source->wavelength", "(diffracted->z - incident.z) / source->wavelength", "SOURCE.scattering_vec_A_inv", "weights, round"),
    _p("scatter.c", "(diffracted->z - incident.z) / source->wavelength", "(diffracted->z - incident.z) / x->beam.wavelength", "SOURCE.scattering_vec_A_inv", "weights, tophat"),
    _p("scatter.c", "(diffracted->z - incident.z) / source->wavelength", "(diffracted->z - x->beam.sources[0].incident.z) / source->wavelength", "SOURCE.scattering_vec_A_inv", "sources", labels="stale-step"),
    _p("scatter.c", "double stol = 0.5 * length(scattering);", "double stol = length(scattering);", "SOURCE.stol_A_inv", "scan, sources", labels="unit"),
    _p("scatter.c", "double stol = 0.5 * length(scattering);", "double stol = 0.5 * dot(scattering, scattering);", "SOURCE.stol_A_inv", "oblique, water"),
    _p("scatter.c", "s->dmin > 1.0 / (2.0 * stol)", "s->dmin < 1.0 / (2.0 * stol)", "SOURCE.kept_by_dmin", "tophat, tophat far"),
    _p("scatter.c", "s->dmin > 1.0 / (2.0 * stol)", "s->dmin > 1.0 / stol", "SOURCE.kept_by_dmin", "tophat far"),
    _p("scatter.c", "s->dmin > 0.0 && stol", "s->dmin < 0.0 && stol", "SOURCE.kept_by_dmin", "tophat far"),
    _p("scatter.c", "- kahn * cos(2.0 * psi) * (1.0 - c_sqr)", "+ kahn * cos(2.0 * psi) * (1.0 - c_sqr)", "SOURCE.polar", "weights, factors"),
    _p("scatter.c", "- kahn * cos(2.0 * psi) * (1.0 - c_sqr)", "- kahn * cos(psi) * (1.0 - c_sqr)", "SOURCE.polar", "weights, factors"),
    _p("scatter.c", "double c_sqr = c * c;", "double c_sqr = c;", "SOURCE.polar", "scan, factors"),
    _p("scatter.c", "return 0.5 * (1.0 + c_sqr);", "return 1.0 + c_sqr;", "SOURCE.polar", "scan, sources", labels="unit"),
    _p("scatter.c", "return 0.5 * (1.0 + c_sqr);", "return 0.5 * (1.0 - c_sqr);", "SOURCE.polar", "oblique, water"),
    _p("scatter.c", "Vec3 B = unit(cross(axis, incident));", "Vec3 B = cross(axis, incident);\n    B.x += 0.1;", "SOURCE.polar", "weights, factors"),
    _p("scatter.c", "Vec3 E = unit(cross(incident, B));", "Vec3 E = unit(cross(B, incident));\n    E = scaled(E, 0.5);", "SOURCE.polar", "weights, factors"),
    _p("scatter.c", "if (run->polar == 0.0 || s->oversample_polar)", "if (true)", "SOURCE.polar", "sources, weights", labels="stale-step"),
    _p("scatter.c", "if (run->polar == 0.0 || s->oversample_polar)", "if (run->polar == 0.0)", "SOURCE.polar", "factors, factors spec"),
    _p("scatter.c", "run->cos_2theta = dot(incident, *diffracted);", "run->cos_2theta = -dot(incident, *diffracted);", "SOURCE.cos_2theta", "scan, sources", labels="sign"),
    _p("scatter.c", "run->cos_2theta = dot(incident, *diffracted);", "run->cos_2theta = dot(incident, x->detector.normal);", "SOURCE.cos_2theta", "oblique, thick"),
    _p("scatter.c", "source->wavelength * 1e10", "source->wavelength * 1e9", "SOURCE.lambda_angstroms", "scan, weights", labels="unit"),
    _p("scatter.c", "stol * 1e-10,", "stol,", "SOURCE.stol_A_inv", "scan, sources", labels="unit"),
    _p("scatter.c", ".polar = run->polar,\n        .cos_2theta = run->cos_2theta,\n    };", ".polar = run->polar * run->omega,\n        .cos_2theta = run->cos_2theta,\n    };", "SOURCE.polar", "scan, weights", labels="missing-factor"),
)  # fmt: skip

DOMAIN = (
    _p("scatter.c", "e->h[i] = dot(cell->a, scattering);", "e->h[i] = dot(cell->b, scattering);", "DOMAIN.hkl_frac", "scan, sources"),
    _p("scatter.c", "e->k[i] = dot(cell->b, scattering);", "e->k[i] = -dot(cell->b, scattering);", "DOMAIN.hkl_frac", "oblique, gauss"),
    _p("scatter.c", "e->l[i] = dot(cell->c, scattering);", "e->l[i] = dot(x->crystal.direct.c, scattering);", "DOMAIN.hkl_frac", "scan, gauss"),
    _p("scatter.c", "e->l[i] = dot(cell->c, scattering);", "e->l[i] = dot(cell->c, scattering) / 2.0;", "DOMAIN.hkl_frac", "thick, weights"),
    _p("scatter.c", "e->h[i] = dot(cell->a, scattering);", "e->h[i] = (float)dot(cell->a, scattering);", "DOMAIN.hkl_frac", "scan, round"),
    _p("scatter.c", "e->h0[i] = ceil(e->h[i] - 0.5);", "e->h0[i] = floor(e->h[i]);", "DOMAIN.hkl_rounded", "scan, sources", labels="off-by-one"),
    _p("scatter.c", "e->k0[i] = ceil(e->k[i] - 0.5);", "e->k0[i] = ceil(e->k[i]);", "DOMAIN.hkl_rounded", "scan, sources", labels="off-by-one"),
    _p("scatter.c", "e->l0[i] = ceil(e->l[i] - 0.5);", "e->l0[i] = ceil(e->k[i] - 0.5);", "DOMAIN.hkl_rounded", "scan, oblique", labels="off-by-one"),
    _p("scatter.c", "to_index(e->k0[i])", "to_index(e->k0[i] + 1.0)", "DOMAIN.hkl_rounded", "scan, nearest", labels="off-by-one"),
    _p("scatter.c", "run->rotated ? x->spindle.later_sweep : x->spindle.first_sweep", "x->spindle.first_sweep", ROTATED, "sources", labels="phi-carryover"),
    _p("scatter.c", "scaled(cell->a, 1e10)", "scaled(cell->b, 1e10)", "PHI.ap_angstroms", "scan, sources"),
    _p("scatter.c", "s->phi[phi_tic] * 180.0 * (1.0 / PI)", "s->phi[phi_tic] * 181.0 * (1.0 / PI)", "PHI.phi_deg", "scan, sources"),
    _p("scatter.c", ".k_frac = e->k[i],", ".k_frac = e->h[i],", "PHI.k_frac", "scan, sources"),
    _p("scatter.c", ".F_latt_b = e->F_latt_b[i],\n        .F_latt = e->F_latt[i],\n    };\n    emit(run, TRACE_PHI", ".F_latt_b = e->F_latt_a[i],\n        .F_latt = e->F_latt[i],\n    };\n    emit(run, TRACE_PHI", "PHI.F_latt_b", "scan, oblique"),
    _p("scatter.c", "d.F_cell * d.F_cell * d.F_latt * d.F_latt;", "d.F_cell * d.F_latt * d.F_latt;", "DOMAIN.I_term", "scan, sources", labels="missing-factor"),
    _p("scatter.c", "d.F_cell * d.F_cell * d.F_latt * d.F_latt;", "d.F_cell * d.F_cell * d.F_latt;", "DOMAIN.I_term", "oblique, gauss", labels="missing-factor"),
    _p("scatter.c", "d.I_term * own->weight * own->capture * own->polar * own->omega", "d.I_term * own->weight * own->capture * own->polar", "DOMAIN.I_term", "factors spec", labels="missing-factor"),
    _p("scatter.c", "d.I_term * own->weight * own->capture * own->polar * own->omega", "d.I_term * own->capture * own->polar * own->omega", "DOMAIN.I_term", "weights spec"),
    _p("scatter.c", "own.capture = run->capture;", "own.capture = run->capture * 2.0;", "DOMAIN.I_term", "factors spec", labels="unit"),
    _p("scatter.c", "own.polar = run->polar;", "own.polar = run->cos_2theta;", "DOMAIN.I_term", "factors spec"),
    _p("scatter.c", "run->I += d.I_term;", "run->I = d.I_term;", "DOMAIN.I_running", "scan, sources"),
    _p("scatter.c", "run->I += d.I_term;", "run->I += 2.0 * d.I_term;", "DOMAIN.I_running", "thick, factors spec", labels="unit"),
    _p("scatter.c", "run->I += d.I_term;", "run->I = (float)(run->I + d.I_term);", "DOMAIN.I_running", "scan, gauss", labels="float32-rounding"),
    _p("scatter.c", "run->I * compounding->capture * compounding->polar * compounding->omega", "run->I * compounding->capture * compounding->polar", "DOMAIN.I_running I_before_scaling", "factors"),
    _p("scatter.c", "run->I * compounding->capture * compounding->polar * compounding->omega", "run->I * compounding->capture * compounding->capture * compounding->polar * compounding->omega", "DOMAIN.I_running I_before_scaling", "factors"),
    _p("scatter.c", ".omega = s->oversample_omega ? run->omega : 1.0,", ".omega = s->oversample_omega ? run->polar : 1.0,", "DOMAIN.I_running I_before_scaling", "factors"),
    _p("scatter.c", "d.I_running = run->I;", "d.I_running = run->I + 1.0;", "DOMAIN.I_running", "scan, round"),
    _p("scatter.c", "BACKGROUND_SCALING) ? x->sampling.background : 0.0,", "BACKGROUND_SCALING) ? 0.0 : 0.0,", "DOMAIN.I_running", "water", labels="missing-addend"),
    _p("lattice.c", "sin(x * N) / sin(x)", "sin(x * (N - 1.0)) / sin(x)", AXES, "scan, sources"),
    _p("lattice.c", "sin(x * N) / sin(x)", "sin(x * N) / x", AXES, "oblique, thick"),
    _p("lattice.c", "double x = PI * h[i];", "double x = 3.1416 * h[i];", AXES, "scan, weights"),
    _p("lattice.c", "along_axis(e->count, e->k, crystal->N[1], e->F_latt_b);", "along_axis(e->count, e->h, crystal->N[1], e->F_latt_b);", "DOMAIN.F_latt_b", "oblique, sources"),
    _p("lattice.c", "along_axis(e->count, e->l, crystal->N[2], e->F_latt_c);", "along_axis(e->count, e->l, crystal->N[0], e->F_latt_c);", "DOMAIN.F_latt_c", "oblique"),
    _p("lattice.c", "e->F_latt_a[i] * e->F_latt_b[i] * e->F_latt_c[i]", "e->F_latt_a[i] * e->F_latt_b[i]", "DOMAIN.F_latt", "scan, sources", labels="missing-factor"),
    _p("lattice.c", "e->F_latt_a[i] * e->F_latt_b[i] * e->F_latt_c[i]", "-e->F_latt_a[i] * e->F_latt_b[i] * e->F_latt_c[i]", "DOMAIN.F_latt", "oblique, water", labels="sign"),
    _p("lattice.c", "0.723601254558268", "0.7236", "DOMAIN.F_latt", "round"),
    _p("lattice.c", "sqrt(r_sqr * crystal->fudge)", "sqrt(r_sqr)", "DOMAIN.F_latt", "round"),
    _p("lattice.c", "(sin(x) / x - cos(x)) / (x * x)", "(sin(x) / x - cos(x)) / x", "DOMAIN.F_latt", "round"),
    _p("lattice.c", "/ 0.63 * crystal->fudge", "/ 0.65 * crystal->fudge", "DOMAIN.F_latt", "gauss"),
    _p("lattice.c", "dot(off, off) * Na * Na * Nb * Nb * Nc * Nc", "dot(off, off) * Na * Nb * Nc", "DOMAIN.F_latt", "gauss"),
    _p("lattice.c", "crystal->fudge < 0.3969", "crystal->fudge > 0.3969", "DOMAIN.F_latt", "tophat"),
)  # fmt: skip

FACTORS = (
    _p("interpolation.c", "long corner[3] = {(long)floor(hkl.x) - 1,", "long corner[3] = {(long)floor(hkl.x),", "TRICUBIC.h_coords DOMAIN.F_cell", "cubic"),
    _p("interpolation.c", "corner[1] + i / 4 % 4", "corner[1] + i % 4", "TRICUBIC.block", "cubic"),
    _p("interpolation.c", "corner[0] + i / 16", "corner[0] + 3 - i / 16", "TRICUBIC.block", "cubic"),
    _p("interpolation.c", "return y0 + y1 + y2 + y3;", "return y0 + y1 + y2;", "DOMAIN.F_cell", "cubic"),
    _p("interpolation.c", "double y1 = d0 * d2 * d3", "double y1 = -d0 * d2 * d3", "DOMAIN.F_cell", "cubic"),
    _p("interpolation.c", "lagrange(r->k_coords, along_k, hkl.y)", "lagrange(r->k_coords, along_k, hkl.z)", "DOMAIN.F_cell", "cubic"),
    _p("interpolation.c", "return spans(hkl.x, f->min[0], f->max[0])", "return !spans(hkl.x, f->min[0], f->max[0])", "TRICUBIC.interpolated", "cubic"),
    _p("interpolation.c", "(size_t)(hkl0[1] - f->min[1]) * f->stride_k", "(size_t)(hkl0[1] - f->min[1]) * f->stride_h", "DOMAIN.F_cell TRICUBIC.block", "nearest"),
    _p("interpolation.c", "(size_t)(hkl0[2] - f->min[2])];", "(size_t)(hkl0[2] - f->min[2] + (hkl0[2] < f->max[2]))];", "DOMAIN.F_cell TRICUBIC.block", "nearest, cubic"),
    _p("structure_factors.c", "= list[i].F;", "= list[i].F * 1.1;", "DOMAIN.F_cell TRICUBIC.block", "nearest, cubic"),
    _p("structure_factors.c", "f->default_F = o->default_F;", "f->default_F = o->default_F + 1.0;", "default_F", "scan, gauss"),
    _p("structure_factors.c", "(o->interpolate == INTERPOLATE_AUTO ? small : o->interpolate == 1)", "true", "interpolate", "nearest"),
    _p("structure_factors.c", "(o->interpolate == INTERPOLATE_AUTO ? small : o->interpolate == 1)", "false", "interpolate", "cubic"),
)  # fmt: skip

CLOSING = (
    _p("scatter.c", "CLASSICAL_RADIUS_SQR * x->beam.fluence * run->I / s->steps", "CLASSICAL_RADIUS_SQR * x->beam.fluence * run->I", "I_pixel_final", "scan, sources", labels="missing-factor"),
    _p("scatter.c", "CLASSICAL_RADIUS_SQR * x->beam.fluence * run->I / s->steps", "x->beam.fluence * run->I / s->steps", "I_pixel_final", "scan, gauss", labels="missing-factor"),
    _p("scatter.c", "        value *= run->polar;", "        value *= 1.0;", "I_pixel_final", "scan, sources", labels="missing-factor"),
    _p("scatter.c", "        value *= run->omega;", "        value *= run->omega * run->omega;", "I_pixel_final", "thick, sources", labels="missing-factor"),
    _p("scatter.c", "        value *= run->capture;", "        value *= 1.0;", "I_pixel_final", "thick, water", labels="missing-factor"),
    _p("scatter.c", "if (!s->oversample_polar)", "if (true)", "I_pixel_final", "factors, factors spec", labels="missing-factor"),
    _p("scatter.c", "value += s->background * run->omega", "value -= s->background * run->omega", "I_pixel_final", "water spec"),
    _p("scatter.c", "(scales_layers(x) ? run->layer_captures : run->capture)", "run->capture", "I_pixel_final", "water spec"),
    _p("scatter.c", "run->scaled_layers += run->I * run->capture;", "run->scaled_layers += run->I;", "I_before_scaling", "thick spec, water spec"),
    _p("scatter.c", "        run->I = 0.0;", "        ;", "DOMAIN.I_running", "thick spec"),
    _p("scatter.c", ".I_before_scaling = run.I,", ".I_before_scaling = run.I * 2.0,", "I_before_scaling", "scan, factors", labels="unit"),
    _p("scatter.c", ".polar = run.polar,\n        .omega_pixel", ".polar = run.capture,\n        .omega_pixel", "polar", "scan, sources"),
    _p("scatter.c", ".omega_pixel = run.omega,", ".omega_pixel = run.omega_sum,", "omega_pixel", "sources, gauss"),
    _p("scatter.c", "        .cos_2theta = run.cos_2theta,\n        .I_pixel", "        .cos_2theta = run.polar,\n        .I_pixel", "cos_2theta", "scan, sources"),
    _p("scatter.c", ".capture_fraction = run.capture,\n        .polar", ".capture_fraction = run.layer_captures,\n        .polar", "capture_fraction", "thick, water"),
    _p("render.c", "(float)sum->closing.I_pixel_final", "(float)(sum->closing.I_pixel_final * 1.001)", "floatimage_accumulated", "scan, sources"),
    _p("trace.c", "r->odet_vec_ = d->normal;", "r->odet_vec_ = d->fast;", "odet_vec", "scan, thick"),
    _p("trace.c", "r->pix0_vector_meters_ = d->origin;", "r->pix0_vector_meters_ = scaled(d->origin, 1000.0);", "pix0_vector_meters", "scan, curved", labels="unit"),
    _p("trace.c", "r->a0_angstroms_ = scaled(c->direct.a, 1e10);", "r->a0_angstroms_ = scaled(c->direct.b, 1e10);", "a0_angstroms", "scan, gauss"),
    _p("trace.c", "r->V_cell_A3_ = c->volume;", "r->V_cell_A3_ = 1.0 / c->volume;", "V_cell_A3", "scan, nearest"),
    _p("trace.c", "r->distance_meters_ = d->distance;", "r->distance_meters_ = d->distance * 1000.0;", "distance_meters", "scan, curved", labels="unit"),
    _p("trace.c", "r->phi_step_deg_ = x->spindle.steps.step * RTD;", "r->phi_step_deg_ = x->spindle.steps.step;", "phi_step_deg", "scan, sources", labels="unit"),
    _p("trace.c", "x->detector.pixel_size / s->oversample;", "x->detector.pixel_size;", "subpixel_size_meters", "sources, gauss"),
    _p("trace.c", "r->steps_ = (long)s->steps;", "r->steps_ = (long)s->steps + 1;", "steps", "scan, factors", labels="off-by-one"),
    _p("trace.c", "carried ? s->last_rotated : s->steps.count", "s->steps.count", CARRIED, "scan, sources"),
    _p("trace.c", "r.carried_bp_angstroms_ = scaled(cell->b, 1e10);", "r.carried_bp_angstroms_ = scaled(cell->c, 1e10);", "carried_bp_angstroms", "scan, sources"),
)  # fmt: skip

PLANTED = tuple(
    fault
    for group in (DETECTOR, CRYSTAL, BEAM, SUBPIXEL, SOURCE, DOMAIN, FACTORS, CLOSING)
    for fault in group
    if fault.cases != ("-",)
)
