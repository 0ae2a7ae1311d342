/* The printed log. */
#include "report.h"

#include <stdio.h>

#include "trace.h"

static double angle_between(Vec3 u, Vec3 v)
{
    double c = dot(u, v) / length(u) / length(v);
    return acos(c > 1.0 ? 1.0 : c < -1.0 ? -1.0 : c) * RTD;
}

static void report_cell(const char *title, Vec3 a, Vec3 b, Vec3 c, double unit_length)
{
    printf("%s: %g %g %g %g %g %g\n", title, length(a) / unit_length, length(b) / unit_length,
           length(c) / unit_length, angle_between(b, c), angle_between(c, a), angle_between(a, b));
}

static void report_vectors(Vec3 a, Vec3 b, Vec3 c, double unit_length)
{
    printf("X: %11.8f %11.8f %11.8f\n", a.x / unit_length, b.x / unit_length, c.x / unit_length);
    printf("Y: %11.8f %11.8f %11.8f\n", a.y / unit_length, b.y / unit_length, c.y / unit_length);
    printf("Z: %11.8f %11.8f %11.8f\n", a.z / unit_length, b.z / unit_length, c.z / unit_length);
}

static void report_crystal(const Options *o, const Crystal *c)
{
    const CellVectors *cell = &c->direct;
    static const char *const shapes[] = {"parallelpiped", "spherical", "gaussian", "tophat-spot"};
    if (o->misset == MISSET_RANDOM)
        printf("random orientation misset angles: %f %f %f deg (seed %ld)\n", c->misset[0] * RTD, c->misset[1] * RTD,
               c->misset[2] * RTD, o->misset_seed);
    report_cell("Unit Cell", cell->a, cell->b, cell->c, 1e-10);
    report_cell("Recp Cell", c->a_star, c->b_star, c->c_star, 1.0);
    printf("volume = %g A^3\n", c->volume);
    printf("real-space cell vectors (Angstrom):\n     a           b           c         \n");
    report_vectors(cell->a, cell->b, cell->c, 1e-10);
    printf("reciprocal-space cell vectors (Angstrom^-1):\n     a_star      b_star      c_star    \n");
    report_vectors(c->a_star, c->b_star, c->c_star, 1.0);
    printf("crystal is %g x %g x %g microns\n", c->size[0] * 1e6, c->size[1] * 1e6, c->size[2] * 1e6);
    printf("  %s xtal: %.0fx%.0fx%.0f cells\n", shapes[c->shape], c->N[0], c->N[1], c->N[2]);
    printf("  %d mosaic domains over mosaic spread of %g degrees\n", c->domains, c->mosaic_spread * RTD);
}

static void report_beam(const Beam *beam)
{
    printf("  wave=%g meters +/- %g%% in %d steps\n", beam->wavelength, beam->dispersion.range * 100,
           beam->dispersion.count);
    if (beam->unpolarized)
        printf("  polarization effect disabled\n");
    else
        printf("  Kahn polarization factor: %f\n", beam->kahn_factor);
    printf("  incident fluence: %g photons/m^2\n", beam->fluence);
    printf("  created a total of %d sources:\n", beam->source_count);
    for (int i = 0; i < beam->source_count; ++i) {
        const Source *s = &beam->sources[i];
        printf("%g %g %g   %g %g\n", s->position.x, s->position.y, s->position.z, s->weight, s->wavelength);
    }
    printf("  hdivrange=%g hdivstep=%g  radians\n", beam->hdiv.range, beam->hdiv.step);
    printf("  vdivrange=%g vdivstep=%g  radians\n", beam->vdiv.range, beam->vdiv.step);
}

static void report_detector(const Detector *d)
{
    static const char *const conventions[] = {"adxv", "mosflm", "denzo", "xds", "dials", "custom"};
    printf("%s convention selected.\n", conventions[d->convention]);
    printf("pivoting detector around %s\n", d->pivot == PIVOT_BEAM ? "direct beam spot" : "sample");
    printf("  distance=%g detsize=%gx%g  pixel=%g meters (%dx%d pixels)\n", d->distance, d->size_fast, d->size_slow,
           d->pixel_size, d->pixels_fast, d->pixels_slow);
    printf("  sensor is %g m thick in %d layers with mu= %g\n", d->thickness.range, d->thickness.count,
           d->attenuation);
    printf("  Xbeam=%g Ybeam=%g\n  Fbeam=%g Sbeam=%g\n", d->Xbeam, d->Ybeam, d->Fbeam, d->Sbeam);
    printf("  Xclose=%g Yclose=%g\n  Fclose=%g Sclose=%g\n", d->Xclose, d->Yclose, d->Fclose, d->Sclose);
    printf("  DIRECTION_OF_DETECTOR_X-AXIS= %g %g %g\n", d->fast.x, d->fast.y, d->fast.z);
    printf("  DIRECTION_OF_DETECTOR_Y-AXIS= %g %g %g\n", d->slow.x, d->slow.y, d->slow.z);
    printf("  DIRECTION_OF_DETECTOR_Z-AXIS= %g %g %g\n", d->normal.x, d->normal.y, d->normal.z);
    printf("  INCIDENT_BEAM_DIRECTION= %g %g %g\n", d->beam.x, d->beam.y, d->beam.z);
    printf("  spindle ROTATION_AXIS= %g %g %g\n", d->spindle_axis.x, d->spindle_axis.y, d->spindle_axis.z);
    printf("  POLARIZATION_PLANE_NORMAL= %g %g %g\n", d->vertical.x, d->vertical.y, d->vertical.z);
    printf("  dials origin= %g %g %g\n", 1e3 * dot(d->origin, (Vec3){0.0, 0.0, 1.0}),
           1e3 * dot(d->origin, (Vec3){0.0, 1.0, 0.0}), 1e3 * dot(d->origin, (Vec3){-1.0, 0.0, 0.0}));
}

void report_experiment(const Options *o, const Experiment *x)
{
    const Sampling *s = &x->sampling;
    const Spindle *phi = &x->spindle;
    printf("nanobragg_c %s, defects of the reference: %s\n", PROGRAM_VERSION, defects_text(x->defects));
    report_detector(&x->detector);
    report_crystal(o, &x->crystal);
    if (x->factors.listed)
        printf("  %d initialized hkls (all others =%g), interpolation %s\n", x->factors.count, x->factors.default_F,
               x->factors.interpolate ? "on" : "off");
    else
        printf("  0 initialized hkls (all others =%g)\n", x->factors.default_F);
    report_beam(&x->beam);
    printf("  roi: %d <= x <= %d && %d <= y <= %d\n", s->fast_min, s->fast_max, s->slow_min, s->slow_max);
    printf("  %d phi steps from %g to %g degrees\n", phi->steps.count, phi->start * RTD,
           (phi->start + phi->steps.range) * RTD);
    printf("  %dx%d pixel oversample steps%s\n", s->oversample, s->oversample,
           o->oversample > 0 ? "" : " (recommended)");
    printf("  water droplet size: %g m\n", s->water_size);
    printf("  seeds: noise %ld, mosaic %ld, misset %ld\n", o->noise_seed, o->mosaic_seed, o->misset_seed);
}

void report_pixels(const Options *o, const Experiment *x, const float *pixels)
{
    const Sampling *s = &x->sampling;
    for (int slow = s->slow_min; slow <= s->slow_max; ++slow)
        for (int fast = s->fast_min; fast <= s->fast_max; ++fast) {
            bool wanted = o->printout_pixel[0] < 0 || (fast == o->printout_pixel[0] && slow == o->printout_pixel[1]);
            if (wanted)
                printf("%4d %4d : I = %.9g\n", fast, slow,
                       pixels[(size_t)slow * (size_t)x->detector.pixels_fast + (size_t)fast]);
        }
}
