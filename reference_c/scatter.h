/* The pixel sum: what one detector pixel receives, and every intermediate value of it for those who ask. */
#ifndef SCATTER_H
#define SCATTER_H

#include "experiment.h"
#include "trace.h"

typedef struct {
    ClosingRecord closing; /* floatimage_accumulated is the caller's to fill */
    double omega_sum;      /* over all layers and subpixels */
    double Fdet, Sdet;     /* of the last subpixel */
    bool executed;         /* a rotation was executed in this pixel */
    bool interpolating;    /* structure factors are still interpolated after it */
} PixelSum;

/* Sum pixel (slow, fast) as `entry` finds it. A null sink takes no trace; a sink changes no bit of the sum. */
PixelSum sum_pixel(const Experiment *x, int slow, int fast, const PixelEntry *entry, TraceSink *sink);

#endif
