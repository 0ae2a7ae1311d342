/* The structure factor at a point of reciprocal space: the nearest reflection's, or interpolated between 64. */
#ifndef INTERPOLATION_H
#define INTERPOLATION_H

#include "experiment.h"
#include "trace.h"

/* |F| of the reflection (h0, k0, l0); default_F outside the list. */
double nearest_F(const StructureFactors *f, const long hkl0[3]);

/* Whether the 4 x 4 x 4 block around the point lies inside the list. NaN does not. */
bool can_interpolate(const StructureFactors *f, Vec3 hkl);

/* Cubic Lagrange interpolation: along l first, then k, then h. Fills `record` with the block it used. */
double interpolated_F(const StructureFactors *f, Vec3 hkl, TricubicRecord *record);

#endif
