/* Looking up and interpolating structure factors. */
#include "interpolation.h"

double nearest_F(const StructureFactors *f, const long hkl0[3])
{
    if (!f->listed)
        return f->default_F;
    for (int i = 0; i < 3; ++i)
        if (hkl0[i] < f->min[i] || hkl0[i] > f->max[i])
            return f->default_F;
    return f->values[(size_t)(hkl0[0] - f->min[0]) * f->stride_h + (size_t)(hkl0[1] - f->min[1]) * f->stride_k +
                     (size_t)(hkl0[2] - f->min[2])];
}

static bool spans(double index, int min, int max)
{
    double range = max - min + 1;
    return index - min + 3.0 <= range && index - 2.0 >= min;
}

bool can_interpolate(const StructureFactors *f, Vec3 hkl)
{
    return spans(hkl.x, f->min[0], f->max[0]) && spans(hkl.y, f->min[1], f->max[1]) &&
           spans(hkl.z, f->min[2], f->max[2]);
}

/* The cubic through (at[i], value[i]), at x. */
static double lagrange(const double at[4], const double value[4], double x)
{
    double d0 = x - at[0], d1 = x - at[1], d2 = x - at[2], d3 = x - at[3];
    double y0 = d1 * d2 * d3 * value[0] / ((at[0] - at[1]) * (at[0] - at[2]) * (at[0] - at[3]));
    double y1 = d0 * d2 * d3 * value[1] / ((at[1] - at[0]) * (at[1] - at[2]) * (at[1] - at[3]));
    double y2 = d0 * d1 * d3 * value[2] / ((at[2] - at[0]) * (at[2] - at[1]) * (at[2] - at[3]));
    double y3 = d0 * d1 * d2 * value[3] / ((at[3] - at[0]) * (at[3] - at[1]) * (at[3] - at[2]));
    return y0 + y1 + y2 + y3;
}

static void fill_block(const StructureFactors *f, Vec3 hkl, TricubicRecord *r)
{
    long corner[3] = {(long)floor(hkl.x) - 1, (long)floor(hkl.y) - 1, (long)floor(hkl.z) - 1};
    for (int i = 0; i < 4; ++i) {
        r->h_coords[i] = (double)(corner[0] + i);
        r->k_coords[i] = (double)(corner[1] + i);
        r->l_coords[i] = (double)(corner[2] + i);
    }
    for (int i = 0; i < 64; ++i)
        r->block[i] = nearest_F(f, (long[3]){corner[0] + i / 16, corner[1] + i / 4 % 4, corner[2] + i % 4});
}

double interpolated_F(const StructureFactors *f, Vec3 hkl, TricubicRecord *r)
{
    fill_block(f, hkl, r);
    double along_k[4], along_h[4];
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j)
            along_k[j] = lagrange(r->l_coords, &r->block[16 * i + 4 * j], hkl.z);
        along_h[i] = lagrange(r->k_coords, along_k, hkl.y);
    }
    return lagrange(r->h_coords, along_h, hkl.x);
}
