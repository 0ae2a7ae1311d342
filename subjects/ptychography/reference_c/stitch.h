/* Stitching: patches averaged on one canvas with the weights of their pixels. */
#ifndef PTYCHO_STITCH_H
#define PTYCHO_STITCH_H

#include "forward.h"

typedef enum { WEIGHT_PROBE, WEIGHT_UNIFORM, WEIGHT_CENTRAL, WEIGHT_CROP } Weighting;

/* Which positions are stitched, and what their pixels weigh. */
typedef struct {
    const Model *model;
    const long *chosen; /* [count] */
    long count;
    bool one_group;     /* the chosen positions are one group, else each is a group of its own */
    Weighting weighting;
    long crop;
    const double *patches_re, *patches_im; /* [M][N][N]; NULL: cut from the object */
} Job;

typedef struct {
    long rows, cols, row0, col0;         /* the canvas and where its pixel (0, 0) lies */
    double origin_x_px, origin_y_px;     /* a window's left = x - origin_x */
    double *num_re, *num_im, *den;       /* [rows][cols] */
    double den_max, epsilon;
    double *pixel_weight, *count_weight; /* [N][N]: of the numerator, of the denominator */
} Canvas;

/* One corner of one patch pixel that adds to the canvas pixel being watched. */
typedef struct {
    long patch_row, patch_col;
    double corner_weight, pixel_weight, count_weight, value_re, value_im, num_re, num_im, den;
} Touch;

typedef struct TouchSink {
    long row, col; /* the canvas pixel */
    void (*take)(struct TouchSink *sink, long j, const Place *place, int corner, const Touch *touch);
} TouchSink;

Canvas make_canvas(const Job *job);
void free_canvas(Canvas *canvas);

/* Add all patches; `sink` may be NULL. */
void stitch(const Job *job, Canvas *canvas, TouchSink *sink);

/* The canvas value at a pixel; false and 0 where it is not covered. */
bool canvas_value(const Job *job, const Canvas *canvas, size_t pixel, double *re, double *im);

const char *weighting_word(Weighting weighting);

/* The weighting that is used, with the published behaviour where it is on. */
Weighting weighting_of(const Job *job);

#endif
