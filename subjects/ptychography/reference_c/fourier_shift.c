/* Transform along an axis, phase factor, inverse transform; columns first, then rows. */
#include "fourier_shift.h"

#include <math.h>
#include <stdlib.h>

#include "failure.h"

#define PI 3.14159265358979323846

/* exp(2 pi i m f / N) with signed frequencies m; the Nyquist term of even N is the cosine alone. */
static void phase_factors(long N, double fraction, double *re, double *im)
{
    for (long k = 0; k < N; ++k) {
        long m = 2 * k < N ? k : k - N;
        double angle = ((2.0 * PI) * ((double)m * fraction)) / (double)N;
        re[k] = cos(angle);
        im[k] = 2 * k == N ? 0.0 : sin(angle);
    }
}

/* One line of N values, `stride` apart. */
static void shift_line(const Model *m, const double *phase, double *line_re, double *line_im, long stride, double *room)
{
    long N = m->scan->side;
    double *re = room, *im = room + N;
    for (long k = 0; k < N; ++k) {
        double sr = 0.0, si = 0.0;
        for (long c = 0; c < N; ++c) {
            double ar = line_re[c * stride], ai = line_im[c * stride];
            double tr = m->kernel_re[k * N + c], ti = m->kernel_im[k * N + c];
            sr += ar * tr - ai * ti;
            si += ar * ti + ai * tr;
        }
        re[k] = sr * phase[k] - si * phase[N + k];
        im[k] = sr * phase[N + k] + si * phase[k];
    }
    for (long c = 0; c < N; ++c) {
        double sr = 0.0, si = 0.0;
        for (long k = 0; k < N; ++k) {
            double tr = m->kernel_re[k * N + c], ti = -m->kernel_im[k * N + c];
            sr += re[k] * tr - im[k] * ti;
            si += re[k] * ti + im[k] * tr;
        }
        line_re[c * stride] = sr / (double)N;
        line_im[c * stride] = si / (double)N;
    }
}

void fourier_shift(const Model *model, double frac_x, double frac_y, double *re, double *im)
{
    long N = model->scan->side;
    double *room = allocate(4 * (size_t)N, sizeof(double), "a shifted line");
    double *phase = room + 2 * N;
    phase_factors(N, frac_x, phase, phase + N);
    for (long r = 0; frac_x != 0.0 && r < N; ++r)
        shift_line(model, phase, re + r * N, im + r * N, 1, room);
    phase_factors(N, frac_y, phase, phase + N);
    for (long c = 0; frac_y != 0.0 && c < N; ++c)
        shift_line(model, phase, re + c, im + c, N, room);
    free(room);
}
