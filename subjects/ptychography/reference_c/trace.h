/* Printing the traces of a detector pixel and of a canvas pixel. */
#ifndef PTYCHO_TRACE_H
#define PTYCHO_TRACE_H

#include "options.h"

/* Everything between the scan and one pixel of one pattern, on standard output. */
void trace_detector(const Model *model, const Options *options, TracedPixel pixel, double mean_exit_power, Workspace *w);

/* Everything between the patches and one pixel of the canvas. */
void trace_canvas(const Job *job, const Options *options, TracedPixel pixel);

#endif
