/* Random deviates of Numerical Recipes, in the reference's precision. One shuffle table is shared by all streams. */
#ifndef RANDOM_NUMBERS_H
#define RANDOM_NUMBERS_H

#include "vec3.h"

/* Uniform in (0, 1): minimal standard with Bays-Durham shuffle. A non-positive seed initialises. */
float uniform_deviate(long *seed);

/* Poisson deviate of mean x. */
float poisson_deviate(float mean, long *seed);

/* A random rotation by up to `spread` radians (three uniform deviates). */
Mat3 random_rotation(float spread, long *seed);

/* A uniformly random rotation from the same three deviates (Shoemake's quaternion). */
Mat3 uniform_rotation(long *seed);

/* The angles with which rotate() does what the matrix does. */
Vec3 rotation_angles(const Mat3 *matrix);

#endif
