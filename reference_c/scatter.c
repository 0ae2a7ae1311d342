/* The pixel sum. Loops: thickness layer, subpixel, source, then a sweep of phi steps and mosaic domains.
 *
 * Every intermediate value lives in a record whose members are the traced names; each record goes to the sink as it
 * was computed with. Which functions and factors apply is chosen once per pixel or source, outside the sweep. */
#include "scatter.h"

#include <limits.h>

#include "interpolation.h"
#include "lattice.h"

/* ---- the running state of one pixel ---- */

/* What a term or the running sum is multiplied by; 1 where a factor does not apply. */
typedef struct {
    double weight, capture, polar, omega;
} Factors;

typedef struct {
    const Experiment *x;
    TraceSink *sink;
    LatticeFactor *lattice_factor;
    LoopIndices at;
    bool rotated;  /* a rotation was executed before, by this pixel or an earlier one */
    bool executed; /* ... by this pixel */
    bool interpolating;
    double I;             /* the running sum */
    double scaled_layers; /* without last-layer-capture: the layers so far, each times its own capture */
    double layer_captures;
    double capture, polar, omega, cos_2theta; /* as held, cached or not */
    double omega_sum;
    double Fdet, Sdet;
} Running;

static void emit(const Running *run, TraceRecord kind, const void *record)
{
    if (run->sink != NULL)
        run->sink->take(run->sink, kind, &run->at, record);
}

/* ---- one evaluation: a phi step and a domain ---- */

/* The index as an integer; far outside any list where it is no number. */
static long to_index(double rounded)
{
    return rounded > -1e15 && rounded < 1e15 ? (long)rounded : LONG_MIN;
}

/* Whether this evaluation interpolates; the first that cannot may switch interpolation off for good. */
static bool interpolates(Running *run, Vec3 hkl)
{
    if (!run->interpolating)
        return false;
    bool inside = can_interpolate(&run->x->factors, hkl);
    if (!inside && is_on(run->x->defects, INTERPOLATION_LATCH))
        run->interpolating = false;
    return inside;
}

/* Add evaluation i of a block: its term times `own`, then the whole sum times `compounding` if there is one. */
static void add_evaluation(Running *run, const Evaluations *e, int i, const Factors *own, const Factors *compounding)
{
    TricubicRecord around;
    bool interpolated = false;
    DomainRecord d = {
        .hkl_frac = {e->h[i], e->k[i], e->l[i]},
        .hkl_rounded = {to_index(e->h0[i]), to_index(e->k0[i]), to_index(e->l0[i])},
        .F_latt_a = e->F_latt_a[i],
        .F_latt_b = e->F_latt_b[i],
        .F_latt_c = e->F_latt_c[i],
        .F_latt = e->F_latt[i],
    };
    bool counts = d.F_latt != 0.0 || run->x->sampling.water_size != 0.0;
    if (counts) {
        interpolated = interpolates(run, d.hkl_frac);
        d.F_cell = interpolated ? interpolated_F(&run->x->factors, d.hkl_frac, &around)
                                : nearest_F(&run->x->factors, d.hkl_rounded);
        d.I_term = d.F_cell * d.F_cell * d.F_latt * d.F_latt;
        d.I_term = d.I_term * own->weight * own->capture * own->polar * own->omega;
        run->I += d.I_term;
    }
    d.I_running = run->I;
    emit(run, TRACE_DOMAIN, &d);
    if (interpolated)
        emit(run, TRACE_TRICUBIC, &around);
    if (counts && compounding != NULL)
        run->I = run->I * compounding->capture * compounding->polar * compounding->omega;
}

/* ---- a sweep: all phi steps and domains for one scattering vector ---- */

/* Miller indices of evaluations start .. start + count - 1 of the sweep. */
static void index_block(const Experiment *x, const int *entries, Vec3 scattering, int start, Evaluations *e)
{
    int domains = x->crystal.domains;
    int phi_tic = start / domains, mos_tic = start % domains;
    for (int i = 0; i < e->count; ++i) {
        const CellVectors *cell = &x->spindle.cells[(size_t)entries[phi_tic] * (size_t)domains + (size_t)mos_tic];
        e->h[i] = dot(cell->a, scattering);
        e->k[i] = dot(cell->b, scattering);
        e->l[i] = dot(cell->c, scattering);
        if (++mos_tic == domains) {
            mos_tic = 0;
            ++phi_tic;
        }
    }
    for (int i = 0; i < e->count; ++i) {
        e->h0[i] = ceil(e->h[i] - 0.5);
        e->k0[i] = ceil(e->k[i] - 0.5);
        e->l0[i] = ceil(e->l[i] - 0.5);
    }
}

static void emit_phi(const Running *run, const int *entries, const Evaluations *e, int i)
{
    const Spindle *s = &run->x->spindle;
    int phi_tic = run->at.phi_tic;
    const CellVectors *cell = &s->unmosaic[entries[phi_tic]];
    PhiRecord r = {
        .phi_deg = s->phi[phi_tic] * 180.0 * (1.0 / PI),
        .ap_angstroms = scaled(cell->a, 1e10),
        .bp_angstroms = scaled(cell->b, 1e10),
        .cp_angstroms = scaled(cell->c, 1e10),
        .k_frac = e->k[i],
        .F_latt_b = e->F_latt_b[i],
        .F_latt = e->F_latt[i],
    };
    emit(run, TRACE_PHI, &r);
}

static void add_sweep(Running *run, Vec3 scattering, const Factors *own, const Factors *compounding)
{
    const Experiment *x = run->x;
    const int *entries = run->rotated ? x->spindle.later_sweep : x->spindle.first_sweep;
    int domains = x->crystal.domains;
    int total = x->spindle.steps.count * domains;
    for (int start = 0; start < total; start += BLOCK_SIZE) {
        Evaluations e;
        e.count = total - start < BLOCK_SIZE ? total - start : BLOCK_SIZE;
        index_block(x, entries, scattering, start, &e);
        run->lattice_factor(&x->crystal, &e);
        for (int i = 0; i < e.count; ++i) {
            run->at.phi_tic = (start + i) / domains;
            run->at.mos_tic = (start + i) % domains;
            if (run->at.mos_tic == 0 && run->sink != NULL)
                emit_phi(run, entries, &e, i);
            add_evaluation(run, &e, i, own, compounding);
        }
    }
    run->executed = x->spindle.rotates;
    run->rotated = run->rotated || run->executed;
}

/* ---- a source ---- */

/* Kahn's factor for polarization along the axis; (1 + cos^2)/2 without K. Like the reference it normalises both
 * vectors once more, for its caller too: they may change in the last bit. */
static double polarization(double kahn, Vec3 *incident_vec, Vec3 *diffracted_vec, Vec3 axis)
{
    Vec3 incident = *incident_vec = unit(*incident_vec);
    Vec3 diffracted = *diffracted_vec = unit(*diffracted_vec);
    double c = dot(incident, diffracted);
    double c_sqr = c * c;
    if (kahn == 0.0)
        return 0.5 * (1.0 + c_sqr);
    Vec3 B = unit(cross(axis, incident));
    Vec3 E = unit(cross(incident, B));
    double psi = -atan2(dot(diffracted, B), dot(diffracted, E));
    return 0.5 * (1.0 + c_sqr - kahn * cos(2.0 * psi) * (1.0 - c_sqr));
}

/* The factors that multiply each term: with oversample-compounds, only a source's weight does. */
static Factors term_factors(const Running *run, const Source *source, bool compounds)
{
    const Sampling *s = &run->x->sampling;
    Factors own = {1.0, 1.0, 1.0, 1.0};
    if (!is_on(run->x->defects, SOURCE_WEIGHTS_IGNORED))
        own.weight = source->relative_weight;
    if (s->oversample_thick && !compounds)
        own.capture = run->capture;
    if (s->oversample_polar && !compounds)
        own.polar = run->polar;
    if (s->oversample_omega && !compounds)
        own.omega = run->omega;
    return own;
}

/* The factors that multiply the whole running sum at every evaluation. */
static Factors sum_factors(const Running *run)
{
    const Sampling *s = &run->x->sampling;
    return (Factors){
        .capture = s->oversample_thick ? run->capture : 1.0,
        .polar = s->oversample_polar ? run->polar : 1.0,
        .omega = s->oversample_omega ? run->omega : 1.0,
    };
}

static void add_source(Running *run, const Source *source, Vec3 *diffracted)
{
    const Experiment *x = run->x;
    const Sampling *s = &x->sampling;
    Vec3 incident = source->incident;
    Vec3 scattering = {
        (diffracted->x - incident.x) / source->wavelength,
        (diffracted->y - incident.y) / source->wavelength,
        (diffracted->z - incident.z) / source->wavelength,
    };
    double stol = 0.5 * length(scattering);
    if (s->dmin > 0.0 && stol > 0.0 && s->dmin > 1.0 / (2.0 * stol))
        return;
    if (run->polar == 0.0 || s->oversample_polar)
        run->polar = polarization(x->beam.kahn_factor, &incident, diffracted, x->detector.polarization_axis);
    run->cos_2theta = dot(incident, *diffracted);
    SourceRecord r = {
        .incident_vec = incident,
        .lambda_angstroms = source->wavelength * 1e10,
        .scattering_vec_A_inv = scaled(scattering, 1e-10),
        .stol_A_inv = stol * 1e-10,
        .polar = run->polar,
        .cos_2theta = run->cos_2theta,
    };
    emit(run, TRACE_SOURCE, &r);
    bool oversamples = s->oversample_thick || s->oversample_polar || s->oversample_omega;
    bool compounds = oversamples && is_on(x->defects, OVERSAMPLE_COMPOUNDS);
    Factors own = term_factors(run, source, compounds), sum = sum_factors(run);
    add_sweep(run, scattering, &own, compounds ? &sum : NULL);
}

/* ---- a subpixel ---- */

/* Bend the flat position onto a cylinder-like surface around the sample. */
static Vec3 curved_position(const Experiment *x, Vec3 flat, double Fdet, double Sdet)
{
    const Detector *d = &x->detector;
    Vec3 centre = scaled(d->beam, d->distance);
    double about_slow = flat.y / d->distance, about_fast = flat.z / d->distance;
    if (!is_on(x->defects, CURVED_AXES)) {
        about_slow = d->curved_sign * (Fdet - d->Fbeam) / d->distance;
        about_fast = -d->curved_sign * (Sdet - d->Sbeam) / d->distance;
    }
    return rotate_axis(rotate_axis(centre, d->slow, about_slow), d->fast, about_fast);
}

static Vec3 pixel_position(const Experiment *x, double Fdet, double Sdet, double Odet)
{
    const Detector *d = &x->detector;
    Vec3 flat = add(add(add(scaled(d->fast, Fdet), scaled(d->slow, Sdet)), scaled(d->normal, Odet)), d->origin);
    return d->curved ? curved_position(x, flat, Fdet, Sdet) : flat;
}

static double solid_angle(const Detector *d, double R)
{
    double px = d->pixel_size;
    return d->point_pixel ? 1.0 / R / R : px * px / R / R * d->close_distance / R;
}

/* The fraction of photons absorbed in a sensor layer met at this angle. */
static double layer_capture(const Detector *d, int layer, Vec3 diffracted)
{
    double parallax = dot(diffracted, d->normal);
    double depth = d->thickness.step;
    return exp(-layer * depth * d->attenuation / parallax) - exp(-(layer + 1) * depth * d->attenuation / parallax);
}

static void add_subpixel(Running *run, int slow, int fast)
{
    const Experiment *x = run->x;
    const Detector *d = &x->detector;
    const Sampling *s = &x->sampling;
    double sub = d->pixel_size / s->oversample;
    run->Fdet = sub * ((double)fast * s->oversample + run->at.sub_f) + sub / 2.0;
    run->Sdet = sub * ((double)slow * s->oversample + run->at.sub_s) + sub / 2.0;
    Vec3 position = pixel_position(x, run->Fdet, run->Sdet, run->at.thick_tic * d->thickness.step);
    double R = length(position);
    Vec3 diffracted = {position.x / R, position.y / R, position.z / R};
    if (run->omega == 0.0 || s->oversample_omega)
        run->omega = solid_angle(d, R);
    run->omega_sum += run->omega;
    if (run->capture == 0.0 || s->oversample_thick)
        run->capture = layer_capture(d, run->at.thick_tic, diffracted);
    SubpixelRecord r = {
        .pixel_pos_meters = position,
        .R_distance_meters = R,
        .omega_pixel_sr = run->omega,
        .diffracted_vec = diffracted,
        .capture_fraction = run->capture,
    };
    emit(run, TRACE_SUBPIXEL, &r);
    for (int i = 0; i < x->beam.source_count; ++i) {
        run->at.source = i;
        add_source(run, &x->beam.sources[i], &diffracted);
    }
}

/* ---- layers and the whole pixel ---- */

static bool scales_layers(const Experiment *x)
{
    return !is_on(x->defects, LAST_LAYER_CAPTURE) && !x->sampling.oversample_thick;
}

static void add_layer(Running *run, int slow, int fast)
{
    const Experiment *x = run->x;
    run->capture = x->detector.thickness.range == 0.0 ? 1.0 : 0.0;
    for (run->at.sub_s = 0; run->at.sub_s < x->sampling.oversample; ++run->at.sub_s)
        for (run->at.sub_f = 0; run->at.sub_f < x->sampling.oversample; ++run->at.sub_f)
            add_subpixel(run, slow, fast);
    run->layer_captures += run->capture;
    if (scales_layers(x)) {
        run->scaled_layers += run->I * run->capture;
        run->I = 0.0;
    }
}

/* r_e^2 fluence I/steps times the factors that were not applied inside the loops, plus a background of its own. */
static double final_intensity(const Running *run)
{
    const Experiment *x = run->x;
    const Sampling *s = &x->sampling;
    double value = CLASSICAL_RADIUS_SQR * x->beam.fluence * run->I / s->steps;
    if (!s->oversample_thick && !scales_layers(x))
        value *= run->capture;
    if (!s->oversample_polar)
        value *= run->polar;
    if (!s->oversample_omega)
        value *= run->omega;
    if (!is_on(x->defects, BACKGROUND_SCALING))
        value += s->background * run->omega * run->polar * (scales_layers(x) ? run->layer_captures : run->capture);
    return value;
}

PixelSum sum_pixel(const Experiment *x, int slow, int fast, const PixelEntry *entry, TraceSink *sink)
{
    Running run = {
        .x = x,
        .sink = sink,
        .lattice_factor = lattice_factor(x->crystal.shape),
        .rotated = entry->rotated,
        .interpolating = entry->interpolating,
        .I = is_on(x->defects, BACKGROUND_SCALING) ? x->sampling.background : 0.0,
        .polar = x->beam.unpolarized ? 1.0 : 0.0,
    };
    for (run.at.thick_tic = 0; run.at.thick_tic < x->detector.thickness.count; ++run.at.thick_tic)
        add_layer(&run, slow, fast);
    if (scales_layers(x))
        run.I = run.scaled_layers;
    ClosingRecord closing = {
        .I_before_scaling = run.I,
        .capture_fraction = run.capture,
        .polar = run.polar,
        .omega_pixel = run.omega,
        .cos_2theta = run.cos_2theta,
        .I_pixel_final = final_intensity(&run),
    };
    return (PixelSum){closing, run.omega_sum, run.Fdet, run.Sdet, run.executed, run.interpolating};
}
