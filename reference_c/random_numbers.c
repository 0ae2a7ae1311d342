/* Random deviates (Press et al., Numerical Recipes in C) and random rotations. */
#include "random_numbers.h"

#include <math.h>

enum { MULTIPLIER = 16807, MODULUS = 2147483647, QUOTIENT = 127773, REMAINDER = 2836 };
enum { TABLE_SIZE = 32, WARM_UP = 8, DIVISOR = 1 + (MODULUS - 1) / TABLE_SIZE };

static long table[TABLE_SIZE];
static long table_output = 0;

/* Park and Miller's minimal standard, by Schrage's method. */
static void step_seed(long *seed)
{
    long k = *seed / QUOTIENT;
    *seed = MULTIPLIER * (*seed - k * QUOTIENT) - REMAINDER * k;
    if (*seed < 0)
        *seed += MODULUS;
}

static void initialise(long *seed)
{
    *seed = -*seed < 1 ? 1 : -*seed;
    for (int j = TABLE_SIZE + WARM_UP - 1; j >= 0; --j) {
        step_seed(seed);
        if (j < TABLE_SIZE)
            table[j] = *seed;
    }
    table_output = table[0];
}

float uniform_deviate(long *seed)
{
    const double largest = 1.0 - 1.2e-7;
    if (*seed <= 0 || table_output == 0)
        initialise(seed);
    step_seed(seed);
    int j = (int)(table_output / DIVISOR);
    table_output = table[j];
    table[j] = *seed;
    float deviate = (float)((double)table_output / MODULUS);
    return deviate > largest ? (float)largest : deviate;
}

/* Box-Muller by rejection; the second deviate is kept for the next call. */
static float gauss_deviate(long *seed)
{
    static int has_kept = 0;
    static float kept;
    if (has_kept) {
        has_kept = 0;
        return kept;
    }
    float v1, v2, r;
    do {
        v1 = (float)(2.0 * uniform_deviate(seed) - 1.0);
        v2 = (float)(2.0 * uniform_deviate(seed) - 1.0);
        r = v1 * v1 + v2 * v2;
    } while (r >= 1.0f || r == 0.0f);
    float factor = (float)sqrt(-2.0 * log(r) / r);
    kept = v1 * factor;
    has_kept = 1;
    return v2 * factor;
}

/* ln Gamma(x) by Lanczos' series. */
static float log_gamma(float argument)
{
    static const double c[6] = {76.18009172947146,     -86.50532032941677,     24.01409824083091,
                                -1.231739572450155,    0.1208650973866179e-2,  -0.5395239384953e-5};
    double x = argument, y = argument;
    double t = x + 5.5;
    t -= (x + 0.5) * log(t);
    double series = 1.000000000190015;
    for (int j = 0; j < 6; ++j)
        series += c[j] / ++y;
    return (float)(-t + log(2.5066282746310005 * series / x));
}

/* Small means: multiply uniform deviates until the product is <= exp(-mean). */
static float poisson_by_product(float mean, long *seed)
{
    float limit = (float)exp(-mean);
    float count = -1.0f, product = 1.0f;
    do {
        count += 1.0f;
        product *= uniform_deviate(seed);
    } while (product > limit);
    return count;
}

/* Larger means: rejection with a Lorentzian. */
static float poisson_by_rejection(float mean, long *seed)
{
    float width = (float)sqrt(2.0 * mean);
    float log_mean = (float)log(mean);
    float g = mean * log_mean - log_gamma(mean + 1.0f);
    float count, t;
    do {
        float y;
        do {
            y = (float)tan(PI * uniform_deviate(seed));
            count = width * y + mean;
        } while (count < 0.0f);
        count = floorf(count);
        float exponent = count * log_mean - log_gamma(count + 1.0f) - g;
        t = (float)(0.9 * (1.0 + y * y) * exp(exponent));
    } while (uniform_deviate(seed) > t);
    return count;
}

float poisson_deviate(float mean, long *seed)
{
    if (mean > 1.0e6f)
        return (float)(mean + sqrt(mean) * gauss_deviate(seed));
    return mean < 12.0f ? poisson_by_product(mean, seed) : poisson_by_rejection(mean, seed);
}

/* ---- rotations ---- */

static Mat3 rotation_about(Vec3 axis, double angle)
{
    double c = cos(angle), s = sin(angle), t = 1.0 - c;
    double x = axis.x, y = axis.y, z = axis.z;
    return (Mat3){{
        t * x * x + c, t * x * y - s * z, t * x * z + s * y,
        t * x * y + s * z, t * y * y + c, t * y * z - s * x,
        t * x * z - s * y, t * y * z + s * x, t * z * z + c,
    }};
}

Mat3 random_rotation(float spread, long *seed)
{
    double r1 = 2.0 * uniform_deviate(seed) - 1.0;
    double r2 = 2.0 * uniform_deviate(seed) - 1.0;
    double r3 = 2.0 * uniform_deviate(seed) - 1.0;
    double xy = sqrt(1.0 - r2 * r2);
    /* The correctly rounded 32-bit power: some libraries' own powf is an ulp off. */
    float power = (float)pow((float)(1.0 - r3 * r3), (float)(1.0 / 3.0));
    float angle = spread * power;
    return rotation_about((Vec3){xy * sin(PI * r1), xy * cos(PI * r1), r2}, angle);
}

static Mat3 quaternion_matrix(double x, double y, double z, double w)
{
    return (Mat3){{
        1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y),
        2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x),
        2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y),
    }};
}

Mat3 uniform_rotation(long *seed)
{
    double u1 = uniform_deviate(seed), u2 = uniform_deviate(seed), u3 = uniform_deviate(seed);
    double inner = sqrt(1.0 - u1), outer = sqrt(u1);
    return quaternion_matrix(inner * sin(2.0 * PI * u2), inner * cos(2.0 * PI * u2), outer * sin(2.0 * PI * u3),
                             outer * cos(2.0 * PI * u3));
}

Vec3 rotation_angles(const Mat3 *matrix)
{
    const double *m = matrix->m;
    Vec3 x = unit((Vec3){m[0], m[1], m[2]});
    Vec3 y = unit((Vec3){m[3], m[4], m[5]});
    Vec3 z = unit((Vec3){m[6], m[7], m[8]});
    if (z.x * z.x >= 1.0)
        return (Vec3){PI, PI / 2.0, atan2(x.y, -y.y)};
    return (Vec3){atan2(z.y, z.z), atan2(-z.x, sqrt(z.y * z.y + z.z * z.z)), atan2(y.x, x.x)};
}
