/* Moving a periodic window by a fraction of a pixel. */
#ifndef PTYCHO_FOURIER_SHIFT_H
#define PTYCHO_FOURIER_SHIFT_H

#include "forward.h"

/* Replace the window's values by those at (row + frac_y, col + frac_x); an axis of fraction 0 is left as it is. */
void fourier_shift(const Model *model, double frac_x, double frac_y, double *re, double *im);

#endif
