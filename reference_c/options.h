/* The command line as read: what was asked for, in metres and radians, before anything is derived from it.
 *
 * Lengths in metres, angles in radians, wavelengths in metres. A number that was not given is NaN, a count or a step
 * that was not given is -1. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "defects.h"
#include "vec3.h"

typedef enum { ADXV, MOSFLM, DENZO, XDS, DIALS, CUSTOM } Convention;
typedef enum { PIVOT_UNCHANGED, PIVOT_BEAM, PIVOT_SAMPLE } Pivot;
typedef enum { SQUARE, ROUND, GAUSS, TOPHAT } Shape;
typedef enum { NO_MISSET, MISSET_ANGLES, MISSET_RANDOM } Misset;
enum { INTERPOLATE_AUTO = 2 };

/* A range sampled by a number of steps, as far as it was given. */
typedef struct {
    int count;
    double range, step;
} Steps;

/* One pixel to trace. */
typedef struct {
    int slow, fast;
} PixelIndex;

enum { MAX_TRACED = 1024 };

typedef struct {
    /* crystal */
    const char *matrix_file;
    int cell_given;
    double cell[6]; /* a b c in Angstrom, alpha beta gamma in radians; 0 or less: not given */
    int misset;
    double misset_angles[3];
    long misset_seed;
    int N_cells[3];
    double sample_size[3];
    int shape;
    double fudge;
    double mosaic_spread;
    int mosaic_domains;
    long mosaic_seed;

    /* spindle */
    double phi_start;
    Steps phi;
    double spindle_axis[3];

    /* structure factors */
    const char *hkl_file, *dump_file, *stol_file;
    int dump_given;
    double default_F;
    int interpolate; /* 0, 1 or INTERPOLATE_AUTO */

    /* beam */
    double wavelength, fluence, flux, exposure, beam_size, kahn_factor;
    int unpolarized;
    Steps hdiv, vdiv, dispersion;
    int round_divergence;
    const char *source_file;
    double beam_vector[3], polarization_axis[3];

    /* detector */
    double distance, close_distance, pixel_size;
    double size_fast, size_slow;
    int pixels_fast, pixels_slow; /* 0: not given */
    double Xbeam, Ybeam, Xclose, Yclose, origin_x, origin_y; /* the origin in pixels */
    int convention, pivot;
    double fdet_vector[3], sdet_vector[3], odet_vector[3], twotheta_axis[3];
    double rotation[3], twotheta;
    int curved, point_pixel;
    Steps thickness;
    double attenuation; /* 1/m, negative: not given */

    /* sampling */
    int oversample, oversample_thick, oversample_polar, oversample_omega;
    int roi[4]; /* fast min, fast max, slow min, slow max */
    const char *mask_file, *image_file;
    double dmin, water_size;

    /* output */
    const char *float_file, *int_file, *pgm_file, *noise_file;
    int write_pgm, write_noise;
    double scale, pgm_scale, adc_offset;
    long noise_seed;
    int printout, progress;
    int printout_pixel[2]; /* fast, slow */

    /* beyond the reference */
    DefectSet defects;
    int threads;
    const char *case_name, *trace_file;
    int trace_only;
    PixelIndex traced[MAX_TRACED];
    int traced_count;
} Options;

/* Read the command line: image headers first, then its words from left to right. Ends the program on wrong use. */
Options read_options(int argc, char **argv);

#endif
