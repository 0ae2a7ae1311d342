# ruff: noqa: E501  (a table: one fault a line)
"""Faults in modes that are seldom used, written down before anybody saw what is said of them.

The same columns as in c_faults.py; cases are packaged ones with words added.
"""

from __future__ import annotations

from c_faults import AXES, CELL, fault_of

RARE_CASES = {
    "curved mosaic": ("curved_swung", (31, 57), "all", "-mosaic_spread 0.7 -mosaic_domains 3 -round_xtal -oversample 2"),
    "curved omega": ("curved_swung", (70, 10), "none", "-oversample 2 -oversample_omega -dispersion 3 -dispsteps 3 -detector_rotx 5 -detector_roty 3"),
    "curved polar": ("curved_swung", (31, 57), "all", "-oversample 2 -oversample_polar -polar 0.8 -hdivrange 4 -hdivsteps 3 -vdivrange 2 -vdivsteps 2"),
    "cubic thick": ("tricubic_leaves_list", (42, 52), "none", "-oversample 1 -oversample_thick -detector_abs 300 -detector_thick 400 -thicksteps 2"),
    "cubic spectrum": ("tricubic_leaves_list", (42, 52), "none", "-oversample 1 -dispersion 2 -dispsteps 2 -mosaic_spread 0.5 -mosaic_domains 2"),
    "tophat mosaic": ("tophat_dispersion", (40, 48), "all", "-oversample 2 -oversample_omega -mosaic_spread 1 -mosaic_domains 3"),
    "gauss spectrum": ("mosaic_gauss", (40, 48), "none", "-oversample_polar -dispersion 3 -dispsteps 3 -phi 0 -osc 1 -phisteps 2"),
    "square mosaic": ("scan_through_zero", (31, 57), "all", "-oversample 2 -oversample_omega -mosaic_spread 0.6 -mosaic_domains 4"),
    "thick point": ("thick_sensor", (31, 57), "none", "-oversample 2 -oversample_thick -point_pixel -dispersion 2 -dispsteps 2"),
    "thick omega": ("thick_sensor", (31, 57), "all", "-oversample 2 -oversample_omega"),
    "water polar": ("water_background", (31, 57), "none", "-oversample_polar -polar 0.9 -gauss_xtal"),
    "weights thick": ("weighted_sources", (31, 57), "none", "-oversample_omega -detector_abs 250 -detector_thick 350 -thicksteps 3 -round_xtal"),
    "oblique axis": ("weighted_sources", (31, 57), "all", "-polar_vector 0.2 0.5 1 -oversample_polar"),
}  # fmt: skip
"""Short name -> packaged case, pixel, defects that are on, more words."""

_p = fault_of

RARE = (
    _p("scatter.c", "about_fast = -d->curved_sign", "about_fast = d->curved_sign", "SUBPIXEL.pixel_pos_meters", "curved omega"),
    _p("scatter.c", "(Fdet - d->Fbeam)", "(Fdet - d->Sbeam)", "SUBPIXEL.pixel_pos_meters", "curved omega"),
    _p("scatter.c", "Vec3 centre = scaled(d->beam, d->distance);", "Vec3 centre = scaled(d->beam, d->close_distance);", "SUBPIXEL.pixel_pos_meters", "curved omega"),
    _p("scatter.c", "about_slow = flat.y / d->distance", "about_slow = flat.z / d->distance", "SUBPIXEL.pixel_pos_meters", "curved mosaic, curved polar"),
    _p("scatter.c", "sub * ((double)slow * s->oversample + run->at.sub_s) + sub / 2.0", "sub * ((double)slow * s->oversample + run->at.sub_s) + sub", "SUBPIXEL.pixel_pos_meters", "square mosaic, tophat mosaic, curved omega", labels="half-pixel"),
    _p("scatter.c", "(double)fast * s->oversample", "(double)(fast + 1) * s->oversample", "SUBPIXEL.pixel_pos_meters", "square mosaic, gauss spectrum, thick omega", labels="other-pixel"),
    _p("scatter.c", "for (run->at.sub_f = 0;", "for (run->at.sub_f = 1;", "SUBPIXEL.present", "square mosaic, curved polar"),
    _p("scatter.c", "i < x->beam.source_count; ++i) {", "i + 1 < x->beam.source_count; ++i) {", "SOURCE.kept_by_dmin", "gauss spectrum, curved polar"),
    _p("scatter.c", "int total = x->spindle.steps.count * domains;", "int total = x->spindle.steps.count * domains - 1;", "DOMAIN.present", "square mosaic, curved mosaic"),
    _p("scatter.c", "thick_tic < x->detector.thickness.count;", "thick_tic <= x->detector.thickness.count;", "SUBPIXEL.present", "thick point, weights thick"),
    _p("crystal.c", "random_rotation((float)crystal->mosaic_spread, &seed)", "random_rotation((float)(crystal->mosaic_spread * RTD), &seed)", "UMAT.umat", "square mosaic, curved mosaic"),
    _p("random_numbers.c", "MULTIPLIER = 16807", "MULTIPLIER = 16806", "UMAT.umat", "tophat mosaic, cubic spectrum"),
    _p("random_numbers.c", "(float)(1.0 / 3.0)", "(float)(1.0 / 2.0)", "UMAT.umat", "square mosaic"),
    _p("experiment.h", "7.94079248018965e-30", "7.94079e-30", "r_e_sqr", "cubic thick, weights thick", labels="truncated-constant"),
    _p("experiment.h", "6.02214179e23", "6.022e23", "background_I", "water polar", labels="truncated-constant"),
    _p("experiment.c", "molecular_weight = 18.0", "molecular_weight = 18.015", "background_I", "water polar"),
    _p("lattice.c", "sinc3(PI * sqrt", "sinc3(3.14159 * sqrt", "DOMAIN.F_latt", "curved mosaic, weights thick"),
    _p("lattice.c", "double x = PI * h[i];", "double x = 2.0 * PI * h[i];", AXES, "square mosaic, thick omega"),
    _p("lattice.c", "dk * dk * Nb * Nb", "dk * dk * Nb", "DOMAIN.F_latt", "curved mosaic, weights thick"),
    _p("lattice.c", "scaled(crystal->c_star, e->l[i] - e->l0[i])", "scaled(crystal->b_star, e->l[i] - e->l0[i])", "DOMAIN.F_latt", "gauss spectrum, water polar"),
    _p("detector.c", "d->fast = rotate_axis(rotate(d->fast, angles), d->twotheta_axis, d->twotheta);", "d->fast = rotate(rotate_axis(d->fast, d->twotheta_axis, d->twotheta), angles);", "fdet_vec", "curved omega"),
    _p("detector.c", "direction(f.polarization, \"polarization\")", "f.polarization", "polarization_axis", "oblique axis", labels="not-normalised"),
    _p("scatter.c", "-atan2(dot(diffracted, B), dot(diffracted, E))", "-atan2(dot(diffracted, E), dot(diffracted, B))", "SOURCE.polar", "curved polar, water polar"),
    _p("scatter.c", "cos(2.0 * psi) * (1.0 - c_sqr)", "cos(2.0 * psi) * (1.0 + c_sqr)", "SOURCE.polar", "curved polar, oblique axis"),
    _p("scatter.c", "layer_capture(d, run->at.thick_tic, diffracted)", "layer_capture(d, 0, diffracted)", "SUBPIXEL.capture_fraction", "thick point, cubic thick"),
    _p("scatter.c", "exp(-layer * depth * d->attenuation / parallax)", "exp(-layer * depth * d->attenuation * parallax)", "SUBPIXEL.capture_fraction", "thick point, thick omega"),
    _p("scatter.c", "* d->close_distance / R;", "* d->close_distance / d->distance;", "SUBPIXEL.omega_pixel_sr", "square mosaic, tophat mosaic", labels="missing-factor"),
    _p("scatter.c", "d->point_pixel ? 1.0 / R / R", "d->point_pixel ? px * px / R / R", "SUBPIXEL.omega_pixel_sr", "thick point", labels="unit"),
    _p("scatter.c", "own.weight = source->relative_weight;", "own.weight = source->weight;", "DOMAIN.I_term", "weights thick"),
    _p("scatter.c", "own.omega = run->omega;", "own.omega = run->omega_sum;", "DOMAIN.I_term", "curved omega, weights thick", labels="unit"),
    _p("scatter.c", ".capture = s->oversample_thick ? run->capture : 1.0,", ".capture = run->capture,", "DOMAIN.I_running I_before_scaling", "thick omega", labels="missing-factor"),
    _p("scatter.c", "s->background * run->omega * run->polar *", "s->background * run->omega *", "I_pixel_final", "water polar"),
    _p("scatter.c", "run->scaled_layers += run->I * run->capture;", "run->scaled_layers = run->I * run->capture;", "I_before_scaling", "water polar, weights thick"),
    _p("scatter.c", "double stol = 0.5 * length(scattering);", "double stol = (float)(0.5 * length(scattering));", "SOURCE.stol_A_inv", "curved polar, tophat mosaic", labels="float32-rounding"),
    _p("interpolation.c", "((at[2] - at[0]) * (at[2] - at[1]) * (at[2] - at[3]))", "((at[2] - at[0]) * (at[2] - at[1]) * (at[3] - at[2]))", "DOMAIN.F_cell", "cubic thick, cubic spectrum"),
    _p("interpolation.c", "(long)floor(hkl.z) - 1", "(long)floor(hkl.z) - 2", "TRICUBIC.l_coords", "cubic thick, cubic spectrum"),
    _p("interpolation.c", "corner[0] + i / 16, corner[1] + i / 4 % 4, corner[2] + i % 4", "corner[0] + i % 4, corner[1] + i / 4 % 4, corner[2] + i / 16", "TRICUBIC.block", "cubic thick, cubic spectrum"),
    _p("crystal.c", "{o->misset_angles[0], o->misset_angles[1], o->misset_angles[2]}", "{o->misset_angles[1], o->misset_angles[0], o->misset_angles[2]}", f"{CELL} V_cell_A3", "cubic spectrum, cubic thick"),
    _p("crystal.c", ": o->N_cells[i];", ": o->N_cells[0];", "N_cells", "oblique"),
    _p("crystal.c", "crystal->shape = (Shape)o->shape;", "crystal->shape = SQUARE;", "crystal_shape", "curved mosaic, tophat mosaic, gauss spectrum"),
    _p("sources.c", "vs->step * j - vs->range / 2.0", "vs->step * j - hs->range / 2.0", "SOURCE.incident_vec n_sources", "curved polar"),
    _p("sources.c", "ds->step * k - ds->range / 2.0", "ds->step * (k + 1) - ds->range / 2.0", "SOURCE.lambda_angstroms", "curved omega, gauss spectrum", labels="stale-step"),
    _p("spindle.c", "s->phi[i] = s->start + s->steps.step * (double)i;", "s->phi[i] = (float)(s->start + s->steps.step * (double)i);", "PHI.phi_deg", "square mosaic", labels="float32-rounding"),
    _p("vec3.h", "m[3] * v.x + m[4] * v.y + m[5] * v.z,", "m[1] * v.x + m[4] * v.y + m[7] * v.z,", "DOMAIN.hkl_frac", "square mosaic, gauss spectrum"),
    _p("trace.c", "r->Fbeam_meters_ = d->Fbeam;", "r->Fbeam_meters_ = d->Sbeam;", "Fbeam_meters", "curved mosaic, curved polar"),
)  # fmt: skip
