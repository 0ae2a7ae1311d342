/* The files of a finished image, and its statistics. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include "experiment.h"
#include "render.h"

/* Over the region of interest; rmsd over masked pixels too. */
typedef struct {
    double mean, rms, rmsd;
    double steradians; /* subtended by the computed pixels */
} Statistics;

Statistics image_statistics(const Experiment *x, const Image *image);

/* Write float, integer, PGM and noise images as the options ask; prints what it writes. */
void write_images(const Options *options, const Experiment *x, const Image *image, const Statistics *statistics);

#endif
