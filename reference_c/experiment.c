/* Deriving the experiment from the options, part by part. */
#include "experiment.h"

#include <limits.h>

#include "failure.h"
#include "smv.h"

/* ---- beam ---- */

static void prepare_beam(const Options *o, Beam *beam)
{
    if (o->wavelength <= 0.0)
        object("the wavelength must be positive, not %g Angstrom", o->wavelength * 1e10);
    beam->wavelength = o->wavelength;
    beam->fluence = o->fluence;
    beam->flux = o->flux;
    beam->exposure = o->exposure;
    beam->size = o->beam_size;
    beam->kahn_factor = o->kahn_factor;
    beam->unpolarized = o->unpolarized != 0;
    if (o->flux != 0.0 && o->exposure > 0.0 && o->beam_size >= 0.0) {
        if (o->beam_size == 0.0)
            object("-flux needs a beam size above 0; give -beamsize mm");
        beam->fluence = o->flux * o->exposure / o->beam_size / o->beam_size;
    }
    if (o->exposure > 0.0)
        beam->flux = beam->fluence / o->exposure * o->beam_size * o->beam_size;
}

/* ---- region of interest, mask, steps ---- */

static int clipped(int value, int given_as_missing, int largest)
{
    if (value < 0)
        value = given_as_missing;
    return value > largest ? largest : value;
}

static void prepare_roi(const Options *o, const Detector *d, Sampling *s)
{
    s->fast_min = clipped(o->roi[0], 0, INT_MAX);
    s->fast_max = clipped(o->roi[1], d->pixels_fast, d->pixels_fast - 1);
    s->slow_min = clipped(o->roi[2], 0, INT_MAX);
    s->slow_max = clipped(o->roi[3], d->pixels_slow, d->pixels_slow - 1);
    if (s->fast_min > s->fast_max || s->slow_min > s->slow_max)
        object("-roi %d %d %d %d holds no pixel of the %d x %d detector (xmin xmax ymin ymax)", o->roi[0], o->roi[1],
               o->roi[2], o->roi[3], d->pixels_fast, d->pixels_slow);
}

/* F_w^2 r_e^2 fluence (number of water molecules), as it enters the reference's sum. */
static double water_background(double water_size, double fluence)
{
    const double F_water = 2.57, molecular_weight = 18.0;
    return F_water * F_water * CLASSICAL_RADIUS_SQR * fluence * (water_size * water_size * water_size) * 1e6 *
           AVOGADRO / molecular_weight;
}

enum { MOST_OVERSAMPLE = 10000 };

/* 3 x largest crystal edge / (lambda distance / pixel); 0 where that rounds up to no integer. */
static double unrounded_oversample(const Experiment *x)
{
    double edge = 0.0;
    for (int i = 0; i < 3; ++i)
        edge = x->crystal.size[i] > edge ? x->crystal.size[i] : edge;
    double reciprocal_pixel = x->beam.wavelength * x->detector.distance / x->detector.pixel_size;
    double needed = 3.0 * edge / reciprocal_pixel;
    return ceil(needed) < INT_MAX + 1.0 ? needed : 0.0;
}

/* Subpixels along an edge: the next whole number, at least 1. */
static int rounded_up(double unrounded)
{
    double needed = ceil(unrounded);
    if (needed > MOST_OVERSAMPLE)
        fail(BAD_INPUT, "this crystal would need %g-fold oversampling; give -oversample n", needed);
    return needed >= 1.0 ? (int)needed : 1;
}

static void prepare_sampling(const Options *o, Experiment *x)
{
    Sampling *s = &x->sampling;
    if (o->oversample > MOST_OVERSAMPLE)
        fail(BAD_INPUT, "-oversample %d is too fine; at most %d", o->oversample, MOST_OVERSAMPLE);
    s->oversample_unrounded = o->oversample > 0 ? 0.0 : unrounded_oversample(x);
    s->oversample = o->oversample > 0 ? o->oversample : rounded_up(s->oversample_unrounded);
    s->oversample_thick = o->oversample_thick != 0;
    s->oversample_polar = o->oversample_polar != 0;
    s->oversample_omega = o->oversample_omega != 0;
    prepare_roi(o, &x->detector, s);
    if (o->mask_file != NULL)
        s->mask = read_smv_mask(o->mask_file, is_on(x->defects, HEADER_SUBSTRINGS), x->detector.pixels_slow,
                                x->detector.pixels_fast);
    s->dmin = o->dmin;
    s->water_size = o->water_size;
    s->background = water_background(o->water_size, x->beam.fluence);
    s->steps = (double)x->beam.source_count * x->crystal.domains * x->spindle.steps.count * s->oversample *
               s->oversample;
    if (!(s->steps < 1e18))
        fail(BAD_INPUT, "%g steps a pixel (sources x domains x phi steps x oversample^2) are too many", s->steps);
}

Experiment prepare_experiment(const Options *options)
{
    Experiment x = {.defects = options->defects, .threads = options->threads};
    prepare_beam(options, &x.beam);
    prepare_step_counts(options, &x);
    prepare_detector(options, &x);
    prepare_crystal(options, &x);
    prepare_structure_factors(options, &x);
    prepare_sources(options, &x);
    prepare_spindle(options, &x);
    prepare_sampling(options, &x);
    return x;
}
