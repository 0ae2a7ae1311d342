/* Vectors in three dimensions: the arithmetic of the model, in the order of operations that parity needs.
 *
 * Every sum runs left to right. `unit` of a zero vector is zero. Angles are radians. */
#ifndef VEC3_H
#define VEC3_H

#include <math.h>

#define PI 3.14159265358979323846
#define RTD (180.0 * (1.0 / PI))

typedef struct {
    double x, y, z;
} Vec3;

/* A 3x3 matrix, row-major. */
typedef struct {
    double m[9];
} Mat3;

static inline Vec3 add(Vec3 u, Vec3 v)
{
    return (Vec3){u.x + v.x, u.y + v.y, u.z + v.z};
}

static inline Vec3 scaled(Vec3 v, double factor)
{
    return (Vec3){factor * v.x, factor * v.y, factor * v.z};
}

static inline double dot(Vec3 u, Vec3 v)
{
    return u.x * v.x + u.y * v.y + u.z * v.z;
}

static inline Vec3 cross(Vec3 u, Vec3 v)
{
    return (Vec3){u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
}

static inline double length(Vec3 v)
{
    return sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
}

static inline Vec3 unit(Vec3 v)
{
    double norm = length(v);
    return norm != 0.0 ? (Vec3){v.x / norm, v.y / norm, v.z / norm} : (Vec3){0.0, 0.0, 0.0};
}

/* The vector along v that is `norm` long. */
static inline Vec3 rescaled(Vec3 v, double norm)
{
    double old = length(v);
    return scaled(v, old != 0.0 ? norm / old : 0.0);
}

/* Right-handed rotation about x, then y, then z; an angle of exactly 0 is skipped. */
static inline Vec3 rotate(Vec3 v, Vec3 angles)
{
    if (angles.x != 0.0) {
        double c = cos(angles.x), s = sin(angles.x);
        v = (Vec3){v.x, v.y * c - v.z * s, v.y * s + v.z * c};
    }
    if (angles.y != 0.0) {
        double c = cos(angles.y), s = sin(angles.y);
        v = (Vec3){v.x * c + v.z * s, v.y, v.x * -s + v.z * c};
    }
    if (angles.z != 0.0) {
        double c = cos(angles.z), s = sin(angles.z);
        v = (Vec3){v.x * c - v.y * s, v.x * s + v.y * c, v.z};
    }
    return v;
}

/* Rodrigues: u (u.v)(1 - cos) + v cos + (u x v) sin. The axis is used as it is, unit or not. */
static inline Vec3 rotate_axis(Vec3 v, Vec3 axis, double phi)
{
    double s = sin(phi), c = cos(phi);
    double d = dot(axis, v) * (1.0 - c);
    return (Vec3){
        axis.x * d + v.x * c + (-axis.z * v.y + axis.y * v.z) * s,
        axis.y * d + v.y * c + (axis.z * v.x - axis.x * v.z) * s,
        axis.z * d + v.z * c + (-axis.y * v.x + axis.x * v.y) * s,
    };
}

static inline Vec3 rotate_umat(Vec3 v, const Mat3 *u)
{
    const double *m = u->m;
    return (Vec3){
        m[0] * v.x + m[1] * v.y + m[2] * v.z,
        m[3] * v.x + m[4] * v.y + m[5] * v.z,
        m[6] * v.x + m[7] * v.y + m[8] * v.z,
    };
}

#endif
