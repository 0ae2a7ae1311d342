/* The forward model: a patch of the object, the exit wave, its far field, the counts expected on the detector. */
#ifndef PTYCHO_FORWARD_H
#define PTYCHO_FORWARD_H

#include "defects.h"
#include "scan.h"

typedef enum { BILINEAR, NEAREST, FOURIER } Interpolation;

typedef struct {
    const Scan *scan;
    Interpolation interpolation;
    bool outside_zero; /* what lies outside the object counts 0; else it ends the program */
    DefectSet defects;
    double *twiddle_re, *twiddle_im; /* T_k, k = 0 .. N-1 */
    double *kernel_re, *kernel_im;   /* T_((v c) mod N), [N][N]; the same for both axes */
} Model;

/* Where the window of a patch lies in a frame of pixels. */
typedef struct {
    double x_px, y_px, left_px, top_px;
    long col0, row0;
    double frac_x, frac_y;
    double weights[4]; /* corners 00 01 10 11 */
} Place;

/* One mode's exit wave at one position. */
typedef struct {
    double *re, *im;     /* [N][N] */
    double *row_power;   /* [N] */
} Exit;

/* Room for the arrays of one position. */
typedef struct {
    double *patch_re, *patch_im;
    double *probe_re, *probe_im; /* of one mode, as it is used */
    Exit exit;
    double *sum_re, *sum_im;     /* G, [N][N]: row of the patch, frequency along it */
} Workspace;

/* What a row contributes to the field of one pixel; every member is shown to the sink. */
typedef struct {
    double row_sum_re, row_sum_im, term_re, term_im, field_re, field_im;
} RowStep;

/* Whoever watches a pixel being made: after a mode's exit wave, each row of its field, and its intensity. */
typedef struct Observer {
    void (*row)(struct Observer *observer, long mode, long row, const RowStep *step);
    void (*mode)(struct Observer *observer, long mode, double intensity);
    void (*total)(struct Observer *observer, double intensity, double expected_count);
} Observer;

/* Detector pixels slow0 .. slow1-1, fast0 .. fast1-1. */
typedef struct {
    long slow0, slow1, fast0, fast1;
} Region;

Model make_model(const Scan *scan, Interpolation interpolation, bool outside_zero, DefectSet defects);
Workspace make_workspace(const Scan *scan);

/* The window whose pixel (h, h) lies on (x, y), its upper left pixel at (left, top) = (x, y) - origin. */
Place place_at(const Model *model, double x_px, double y_px, double origin_x_px, double origin_y_px);

/* The object under a window. */
void cut_patch(const Model *model, const Place *place, double *re, double *im);

/* Probe of mode p times patch. */
void make_exit(const Model *model, long mode, Workspace *w);

/* The frequency that detector index `index` stands for: the inverse of fftshift. */
long frequency_of(const Scan *scan, long index);

/* G for the frequencies v0 .. v1-1 along a row, left to right from 0. */
void sum_rows(const Model *model, const Exit *exit, long v0, long v1, double *sum_re, double *sum_im);

/* The intensity of a mode at frequencies (u, v), from G; `observer` may be NULL. */
double mode_intensity(const Model *model, const Workspace *w, long mode, long u, long v, Observer *observer);

/* Sum of row powers over modes and rows; `field_bound` (may be NULL): of the moduli. */
double exit_power(const Model *model, const Place *place, Workspace *w, double *field_bound);

/* Mean of exit_power over all positions. */
double mean_exit_power(const Model *model, Workspace *w);

/* sqrt(nphotons / mean), or 1 without nphotons (0). */
double dose_factor(double nphotons, double mean_exit_power);

/* Expected counts of the pixels of a region, in raster order; w holds the position's patch. `observer` may be NULL. */
void expected_counts(const Model *model, Region region, double dose, Workspace *w, double *counts, Observer *observer);

/* The value after its step: rounded to float32 where that behaviour is on. */
double stored(DefectSet defects, double value);

#endif
