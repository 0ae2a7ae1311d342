/* Lattice factors of the four crystal shapes. */
#include "lattice.h"

/* ---- square: a parallelepiped of Na x Nb x Nc cells ---- */

/* sin(pi N h)/sin(pi h), N where pi h is exactly 0; 1 for a single cell. */
static void grating(int count, const double *restrict h, double N, double *restrict factor)
{
    for (int i = 0; i < count; ++i) {
        double x = PI * h[i];
        double ratio = sin(x * N) / sin(x);
        factor[i] = x == 0.0 ? N : ratio;
    }
}

static void single_cell(int count, double *factor)
{
    for (int i = 0; i < count; ++i)
        factor[i] = 1.0;
}

static void along_axis(int count, const double *h, double N, double *factor)
{
    if (N > 1.0)
        grating(count, h, N, factor);
    else
        single_cell(count, factor);
}

static void square(const Crystal *crystal, Evaluations *e)
{
    along_axis(e->count, e->h, crystal->N[0], e->F_latt_a);
    along_axis(e->count, e->k, crystal->N[1], e->F_latt_b);
    along_axis(e->count, e->l, crystal->N[2], e->F_latt_c);
    for (int i = 0; i < e->count; ++i)
        e->F_latt[i] = e->F_latt_a[i] * e->F_latt_b[i] * e->F_latt_c[i];
}

/* ---- shapes whose factor does not separate ---- */

static void no_axis_factors(Evaluations *e)
{
    single_cell(e->count, e->F_latt_a);
    single_cell(e->count, e->F_latt_b);
    single_cell(e->count, e->F_latt_c);
}

/* Fourier transform of a sphere: 3 (sin x/x - cos x)/x^2. */
static double sinc3(double x)
{
    return x == 0.0 ? 1.0 : 3.0 * (sin(x) / x - cos(x)) / (x * x);
}

static void spherical(const Crystal *crystal, Evaluations *e)
{
    double Na = crystal->N[0], Nb = crystal->N[1], Nc = crystal->N[2];
    no_axis_factors(e);
    for (int i = 0; i < e->count; ++i) {
        double dh = e->h[i] - e->h0[i], dk = e->k[i] - e->k0[i], dl = e->l[i] - e->l0[i];
        double r_sqr = dh * dh * Na * Na + dk * dk * Nb * Nb + dl * dl * Nc * Nc;
        e->F_latt[i] = Na * Nb * Nc * 0.723601254558268 * sinc3(PI * sqrt(r_sqr * crystal->fudge));
    }
}

/* |(h-h0) a* + (k-k0) b* + (l-l0) c*|^2 Na^2 Nb^2 Nc^2, in 1/A^2. */
static double off_peak_sqr(const Crystal *crystal, const Evaluations *e, int i)
{
    double Na = crystal->N[0], Nb = crystal->N[1], Nc = crystal->N[2];
    Vec3 off = add(add(scaled(crystal->a_star, e->h[i] - e->h0[i]), scaled(crystal->b_star, e->k[i] - e->k0[i])),
                   scaled(crystal->c_star, e->l[i] - e->l0[i]));
    return dot(off, off) * Na * Na * Nb * Nb * Nc * Nc;
}

static void gaussian(const Crystal *crystal, Evaluations *e)
{
    double cells = crystal->N[0] * crystal->N[1] * crystal->N[2];
    no_axis_factors(e);
    for (int i = 0; i < e->count; ++i)
        e->F_latt[i] = cells * exp(-(off_peak_sqr(crystal, e, i) / 0.63 * crystal->fudge));
}

static void top_hat(const Crystal *crystal, Evaluations *e)
{
    double cells = crystal->N[0] * crystal->N[1] * crystal->N[2];
    no_axis_factors(e);
    for (int i = 0; i < e->count; ++i)
        e->F_latt[i] = off_peak_sqr(crystal, e, i) * crystal->fudge < 0.3969 ? cells : 0.0;
}

/* ---- the table ---- */

LatticeFactor *lattice_factor(Shape shape)
{
    static LatticeFactor *const factors[] = {
        [SQUARE] = square, [ROUND] = spherical, [GAUSS] = gaussian, [TOPHAT] = top_hat,
    };
    return factors[shape];
}
