/* The printed log: what was derived from the command line. */
#ifndef REPORT_H
#define REPORT_H

#include "experiment.h"

/* Print the derived settings to stdout. */
void report_experiment(const Options *options, const Experiment *x);

/* Print every pixel of the region of interest, or the one asked for, as `fast slow: value`. */
void report_pixels(const Options *options, const Experiment *x, const float *pixels);

#endif
