/* The command line. */
#ifndef PTYCHO_OPTIONS_H
#define PTYCHO_OPTIONS_H

#include "stitch.h"

typedef struct {
    long position, slow, fast;
} TracedPixel;

typedef struct {
    const char *scan, *image, *noise, *stitch, *patches, *case_name;
    Interpolation interpolation;
    bool outside_zero, gauge;
    double nphotons; /* 0: not given */
    long seed;       /* as stored: minus the number given */
    Weighting weighting;
    long crop;
    DefectSet defects;
    long *chosen;    /* NULL: all positions */
    long chosen_count;
    TracedPixel *traced, *traced_canvas;
    long traced_count, traced_canvas_count;
} Options;

/* Ends the program with a message for an unknown word or a value that cannot be read. */
Options read_options(int argc, char **argv);

const char *interpolation_word(Interpolation interpolation);

#endif
