/* Detector geometry: conventions, beam centre, pivot and rotations. */
#include <float.h>
#include <limits.h>
#include <math.h>

#include "experiment.h"
#include "failure.h"

/* ---- size ---- */

static int pixel_count(int given, double *size, double pixel_size, const char *side)
{
    if (given != 0)
        *size = pixel_size * given;
    double count = given < 0 ? given : ceil(*size / pixel_size - 0.5) + 0.0; /* not -0 */
    if (isnan(count))
        count = NAN; /* without the sign that a division leaves */
    if (!(count >= 1.0 && count < INT_MAX))
        fail(BAD_INPUT, "the detector is %g pixels along its %s axis; give -detpixels or -detsize above 0", count,
             side);
    return (int)count;
}

static void choose_size(const Options *o, Detector *d)
{
    if (o->pixel_size <= 0.0)
        object("the pixel size must be positive, not %g mm", o->pixel_size * 1e3);
    d->pixel_size = o->pixel_size;
    d->size_fast = o->size_fast;
    d->size_slow = o->size_slow;
    d->pixels_fast = pixel_count(o->pixels_fast, &d->size_fast, d->pixel_size, "fast");
    d->pixels_slow = pixel_count(o->pixels_slow, &d->size_slow, d->pixel_size, "slow");
    if ((double)d->pixels_fast * d->pixels_slow > INT_MAX)
        fail(BAD_INPUT, "a detector of %d x %d pixels is too large; at most %d pixels make an image", d->pixels_fast,
             d->pixels_slow, INT_MAX);
}

/* ---- conventions ---- */

typedef struct {
    Vec3 beam, fast, slow, normal, twotheta_axis, polarization, spindle;
    Pivot pivot;
} Frame;

static const Frame frames[CUSTOM] = {
    [ADXV] = {{0, 0, 1}, {1, 0, 0}, {0, -1, 0}, {0, 0, 1}, {-1, 0, 0}, {1, 0, 0}, {1, 0, 0}, PIVOT_BEAM},
    [MOSFLM] = {{1, 0, 0}, {0, 0, 1}, {0, -1, 0}, {1, 0, 0}, {0, 0, -1}, {0, 0, 1}, {0, 0, 1}, PIVOT_BEAM},
    [DENZO] = {{1, 0, 0}, {0, 0, 1}, {0, -1, 0}, {1, 0, 0}, {0, 0, -1}, {0, 0, 1}, {0, 0, 1}, PIVOT_BEAM},
    [XDS] = {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, PIVOT_SAMPLE},
    [DIALS] = {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}, PIVOT_SAMPLE},
};

static Vec3 vector_of(const double v[3])
{
    return (Vec3){v[0], v[1], v[2]};
}

static Frame choose_frame(const Options *o)
{
    if (o->convention != CUSTOM)
        return frames[o->convention];
    return (Frame){vector_of(o->beam_vector),       vector_of(o->fdet_vector),   vector_of(o->sdet_vector),
                   vector_of(o->odet_vector),       vector_of(o->twotheta_axis), vector_of(o->polarization_axis),
                   vector_of(o->spindle_axis),      (Pivot)o->pivot};
}

static Vec3 direction(Vec3 v, const char *name)
{
    if (length(v) == 0.0)
        object("the %s vector is zero; it needs a direction", name);
    return unit(v);
}

static void choose_vectors(const Options *o, Detector *d)
{
    Frame f = choose_frame(o);
    d->convention = (Convention)o->convention;
    d->pivot = f.pivot;
    d->beam = direction(f.beam, "beam");
    d->fast = direction(f.fast, "fast axis");
    d->slow = direction(f.slow, "slow axis");
    d->normal = unit(f.normal);
    if (length(f.normal) != 1.0) {
        warn("odet_vector is not 1 long; using fdet x sdet");
        d->normal = unit(cross(d->fast, d->slow));
    }
    d->polarization_axis = direction(f.polarization, "polarization");
    d->spindle_axis = direction(f.spindle, "spindle axis");
    d->vertical = unit(cross(d->beam, d->polarization_axis));
    d->twotheta_axis = f.twotheta_axis;
}

/* ---- beam centre ---- */

static double or_default(double value, double fallback)
{
    return isnan(value) ? fallback : value;
}

/* The convention's meaning of (Xbeam, Ybeam), and its default. */
static void choose_beam_centre(const Options *o, Detector *d)
{
    double px = d->pixel_size;
    switch (d->convention) {
    case ADXV:
        d->Xbeam = or_default(o->Xbeam, (d->size_fast + px) / 2.0);
        d->Ybeam = or_default(o->Ybeam, (d->size_slow - px) / 2.0);
        d->Fbeam = d->Xbeam;
        d->Sbeam = d->size_slow - d->Ybeam;
        break;
    case MOSFLM:
    case DENZO: {
        double shift = d->convention == MOSFLM ? 0.5 * px : 0.0;
        d->Xbeam = or_default(o->Xbeam, (d->size_slow + px) / 2.0);
        d->Ybeam = or_default(o->Ybeam, (d->size_fast + px) / 2.0);
        d->Fbeam = d->Ybeam + shift;
        d->Sbeam = d->Xbeam + shift;
        break;
    }
    case XDS:
    case DIALS:
    case CUSTOM:
        d->Xbeam = or_default(o->Xbeam, d->Xclose);
        d->Ybeam = or_default(o->Ybeam, d->Yclose);
        d->Fbeam = d->Xbeam;
        d->Sbeam = d->Ybeam;
        break;
    }
    if (d->convention == CUSTOM) {
        d->Fclose = d->Xbeam;
        d->Sclose = d->Ybeam;
    }
}

static void choose_centres(const Options *o, Detector *d)
{
    d->Fclose = or_default((o->origin_x - 0.5) * d->pixel_size, d->size_fast / 2.0);
    d->Sclose = or_default((o->origin_y - 0.5) * d->pixel_size, d->size_slow / 2.0);
    d->Xclose = or_default(o->Xclose, d->Fclose);
    d->Yclose = or_default(o->Yclose, d->Sclose);
    choose_beam_centre(o, d);
}

/* ---- placement ---- */

/* u F + v S + w (third vector), left to right. */
static Vec3 combined(double u, Vec3 f, double v, Vec3 s, double w, Vec3 o)
{
    return add(add(scaled(f, u), scaled(s, v)), scaled(o, w));
}

static void place(const Options *o, Detector *d)
{
    Vec3 angles = vector_of(o->rotation);
    d->twotheta = o->twotheta;
    double ratio = dot(d->beam, rotate(d->normal, angles));
    if (ratio == 0.0)
        ratio = DBL_MIN;
    d->close_distance = or_default(o->close_distance, fabs(ratio * o->distance));
    d->distance = d->close_distance / ratio;
    if (d->pivot == PIVOT_SAMPLE) {
        d->origin = combined(-d->Fclose, d->fast, -d->Sclose, d->slow, d->close_distance, d->normal);
        d->origin = rotate_axis(rotate(d->origin, angles), d->twotheta_axis, d->twotheta);
    }
    d->fast = rotate_axis(rotate(d->fast, angles), d->twotheta_axis, d->twotheta);
    d->slow = rotate_axis(rotate(d->slow, angles), d->twotheta_axis, d->twotheta);
    d->normal = rotate_axis(rotate(d->normal, angles), d->twotheta_axis, d->twotheta);
    if (d->pivot == PIVOT_BEAM)
        d->origin = combined(-d->Fbeam, d->fast, -d->Sbeam, d->slow, d->distance, d->beam);
    d->Fclose = -dot(d->origin, d->fast);
    d->Sclose = -dot(d->origin, d->slow);
    d->close_distance = dot(d->origin, d->normal);
    Vec3 to_beam = add(scaled(d->beam, d->close_distance / ratio), scaled(d->origin, -1.0));
    d->Fbeam = dot(d->fast, to_beam);
    d->Sbeam = dot(d->slow, to_beam);
    d->distance = d->close_distance / ratio;
    d->curved_sign = dot(cross(d->fast, d->slow), d->beam) >= 0.0 ? 1.0 : -1.0;
}

void prepare_detector(const Options *o, Experiment *x)
{
    Detector *d = &x->detector;
    if (o->distance == 0.0 || o->close_distance == 0.0)
        object("the detector distance must not be 0");
    choose_size(o, d);
    choose_vectors(o, d);
    choose_centres(o, d);
    place(o, d);
    d->curved = o->curved != 0;
    d->point_pixel = o->point_pixel != 0;
}
