/* Rendering: the pixel sum over the detector, in raster order, in one or several threads. */
#ifndef RENDER_H
#define RENDER_H

#include "experiment.h"

/* One pixel to trace and, once rendered, its trace. */
typedef struct {
    PixelIndex pixel;
    char *text;
    size_t size;
} TracedPixel;

typedef struct {
    float *pixels;     /* slow x fast; 0 where nothing was computed */
    double omega_sum;  /* over all computed subpixels */
    double max;        /* largest pixel */
    double max_Fdet, max_Sdet; /* where: last subpixel of that pixel */
} Image;

typedef struct {
    TracedPixel *pixels;
    int count;
    const char *case_name;
} TraceRequests;

/* Render all computed pixels and trace those asked for on the way. `progress` prints to stderr. */
Image render_image(const Experiment *x, TraceRequests *requests, bool progress);

/* Only the traces: evaluates no more than they need; they have the very bits of render_image's. */
void render_traces(const Experiment *x, TraceRequests *requests);

#endif
