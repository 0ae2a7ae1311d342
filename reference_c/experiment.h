/* The experiment: everything the pixel sum needs, derived once from the command line and constant afterwards.
 *
 * Lengths in metres, angles in radians; reciprocal vectors a*, b*, c* in 1/Angstrom, direct vectors in metres. */
#ifndef EXPERIMENT_H
#define EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"
#include "vec3.h"

#define CLASSICAL_RADIUS_SQR 7.94079248018965e-30 /* r_e^2 in m^2 */
#define AVOGADRO 6.02214179e23
#define SOURCE_DISTANCE 10.0

/* ---- beam ---- */

typedef struct {
    Vec3 position; /* as it was before normalisation, for the log */
    Vec3 incident; /* unit vector from source to sample */
    double weight, wavelength;
    double relative_weight; /* weight x sources / sum of weights */
} Source;

typedef struct {
    double wavelength, fluence, flux, exposure, size;
    double kahn_factor;
    bool unpolarized;
    Steps hdiv, vdiv, dispersion;
    int source_count;
    Source *sources;
} Beam;

/* ---- detector ---- */

typedef struct {
    Convention convention;
    Pivot pivot;
    Vec3 beam, fast, slow, normal; /* unit vectors; fast, slow and normal as rotated */
    Vec3 twotheta_axis, polarization_axis, spindle_axis, vertical;
    Vec3 origin; /* pix0: the outer corner of pixel (0, 0) */
    double distance, close_distance;
    double Fbeam, Sbeam, Fclose, Sclose, Xbeam, Ybeam, Xclose, Yclose;
    double curved_sign; /* of (F x S).beam */
    int pixels_fast, pixels_slow;
    double size_fast, size_slow, pixel_size;
    double twotheta;
    bool curved, point_pixel;
    Steps thickness;
    double attenuation;
} Detector;

/* ---- crystal ---- */

/* The three direct cell vectors, in metres. */
typedef struct {
    Vec3 a, b, c;
} CellVectors;

typedef struct {
    CellVectors direct;          /* a0, b0, c0: at phi = 0, of the unrotated domain */
    Vec3 a_star, b_star, c_star; /* never rotated */
    double volume;               /* cubic Angstrom */
    double N[3];
    double misset[3];
    Shape shape;
    double fudge;
    double mosaic_spread;
    int domains;
    Mat3 *umats; /* one a domain */
    double size[3]; /* metres, along a, b, c */
} Crystal;

/* ---- spindle ---- */

/* The rotated cells of a sweep over phi.
 *
 * The cell at phi step i, domain m is cells[step_cell[i] * domains + m]; entry `steps` of the table is a0, b0, c0. */
typedef struct {
    double start;
    Steps steps;
    double *phi;          /* the angle of each step */
    CellVectors *unmosaic; /* ap, bp, cp of each entry */
    CellVectors *cells;   /* the same for every domain */
    int *first_sweep;     /* the entry of each step in the first sweep a thread executes */
    int *later_sweep;     /* and in all others */
    int last_rotated;     /* the entry left behind by a sweep; that of a0 if no step rotates */
    bool rotates;         /* at least one step is not 0 */
} Spindle;

/* ---- structure factors ---- */

typedef struct {
    bool listed;
    int min[3], max[3];
    int count; /* entries the list named */
    double default_F;
    double *values; /* l fastest; NULL without a list */
    size_t stride_h, stride_k;
    bool interpolate;
} StructureFactors;

/* ---- sampling ---- */

typedef struct {
    int oversample;
    double oversample_unrounded; /* what it is rounded up from; 0 where nothing is rounded */
    bool oversample_thick, oversample_polar, oversample_omega;
    int fast_min, fast_max, slow_min, slow_max; /* inclusive, clipped to the detector */
    unsigned char *mask;                        /* slow x fast, NULL without one */
    double dmin, water_size;
    double background; /* photons as they enter the sum in the reference */
    double steps;      /* sources x domains x phi steps x oversample^2 */
} Sampling;

typedef struct {
    Beam beam;
    Detector detector;
    Crystal crystal;
    Spindle spindle;
    StructureFactors factors;
    Sampling sampling;
    DefectSet defects;
    int threads;
} Experiment;

/* Derive the experiment from the options; ends the program on what cannot be. */
Experiment prepare_experiment(const Options *options);

/* The parts, in the order they depend on each other. */
void prepare_step_counts(const Options *options, Experiment *x);
void prepare_detector(const Options *options, Experiment *x);
void prepare_crystal(const Options *options, Experiment *x);
void prepare_sources(const Options *options, Experiment *x);
void prepare_spindle(const Options *options, Experiment *x);
void prepare_structure_factors(const Options *options, Experiment *x);

/* Write the array of structure factors to the dump file. */
void write_dump(const StructureFactors *factors, const char *name);

/* Whether the pixel is inside the region of interest and not masked. */
static inline bool is_computed(const Experiment *x, int slow, int fast)
{
    const Sampling *s = &x->sampling;
    if (fast < s->fast_min || fast > s->fast_max || slow < s->slow_min || slow > s->slow_max)
        return false;
    return s->mask == NULL || s->mask[(size_t)slow * (size_t)x->detector.pixels_fast + (size_t)fast] != 0;
}

#endif
