/* Sums are left to right from 0.0 and nothing is contracted: the port makes the same bits. */
#include "forward.h"

#include <math.h>

#include "failure.h"
#include "fourier_shift.h"

#define PI 3.14159265358979323846

double stored(DefectSet defects, double value)
{
    return is_on(defects, FLOAT32_FIELDS) ? (double)(float)value : value;
}

/* ---- set-up ---- */

Model make_model(const Scan *scan, Interpolation interpolation, bool outside_zero, DefectSet defects)
{
    long N = scan->side;
    size_t area = (size_t)N * (size_t)N;
    Model m = {scan, interpolation, outside_zero, defects,
               allocate((size_t)N, sizeof(double), "twiddle factors"),
               allocate((size_t)N, sizeof(double), "twiddle factors"),
               allocate(area, sizeof(double), "the transform"), allocate(area, sizeof(double), "the transform")};
    for (long k = 0; k < N; ++k) {
        double angle = ((2.0 * PI) * (double)k) / (double)N;
        m.twiddle_re[k] = cos(angle);
        m.twiddle_im[k] = -sin(angle);
    }
    for (long v = 0; v < N; ++v)
        for (long c = 0; c < N; ++c) {
            m.kernel_re[v * N + c] = m.twiddle_re[v * c % N];
            m.kernel_im[v * N + c] = m.twiddle_im[v * c % N];
        }
    return m;
}

Workspace make_workspace(const Scan *scan)
{
    size_t area = (size_t)scan->side * (size_t)scan->side;
    double *block = allocate(8 * area + (size_t)scan->side, sizeof(double), "a pattern");
    return (Workspace){block, block + area, block + 2 * area, block + 3 * area,
                       {block + 4 * area, block + 5 * area, block + 8 * area}, block + 6 * area, block + 7 * area};
}

/* ---- placement and patch ---- */

Place place_at(const Model *model, double x_px, double y_px, double origin_x_px, double origin_y_px)
{
    double half = model->interpolation == NEAREST ? 0.5 : 0.0;
    Place p = {.x_px = x_px, .y_px = y_px, .left_px = x_px - origin_x_px, .top_px = y_px - origin_y_px};
    double col0 = floor(p.left_px + half), row0 = floor(p.top_px + half);
    if (!(fabs(col0) < 1e9 && fabs(row0) < 1e9))
        fail(BAD_INPUT, "the position (%g, %g) is too far away; positions are in object pixels", x_px, y_px);
    p.col0 = (long)col0;
    p.row0 = (long)row0;
    if (model->interpolation != NEAREST) {
        p.frac_x = p.left_px - col0;
        p.frac_y = p.top_px - row0;
    }
    p.weights[0] = (1.0 - p.frac_y) * (1.0 - p.frac_x);
    p.weights[1] = (1.0 - p.frac_y) * p.frac_x;
    p.weights[2] = p.frac_y * (1.0 - p.frac_x);
    p.weights[3] = p.frac_y * p.frac_x;
    return p;
}

/* The object's value, 0 outside it. */
static double object_at(const Scan *s, const double *plane, long row, long col)
{
    bool inside = row >= 0 && row < s->object_rows && col >= 0 && col < s->object_cols;
    return inside ? plane[row * s->object_cols + col] : 0.0;
}

/* The four neighbours in the order of the corners; one of weight exactly 0 is not read. */
static double weighted_neighbours(const Scan *s, const double *plane, const Place *p, long r, long c)
{
    double value = 0.0;
    for (int corner = 0; corner < 4; ++corner) {
        if (corner > 0 && p->weights[corner] == 0.0)
            continue;
        double part = p->weights[corner] * object_at(s, plane, p->row0 + r + corner / 2, p->col0 + c + corner % 2);
        value = corner == 0 ? part : value + part;
    }
    return value;
}

static void require_inside(const Model *model, const Place *p)
{
    const Scan *s = model->scan;
    bool shifted = model->interpolation == BILINEAR;
    long last_row = p->row0 + s->side - 1 + (shifted && p->frac_y > 0.0);
    long last_col = p->col0 + s->side - 1 + (shifted && p->frac_x > 0.0);
    if (p->row0 < 0 || p->col0 < 0 || last_row >= s->object_rows || last_col >= s->object_cols)
        fail(BAD_INPUT, "the window at x %.17g, y %.17g needs object rows %ld to %ld and columns %ld to %ld; the object "
             "has %ld x %ld; -outside zero reads zeros there", p->x_px, p->y_px, p->row0, last_row, p->col0, last_col,
             s->object_rows, s->object_cols);
}

void cut_patch(const Model *model, const Place *place, double *re, double *im)
{
    const Scan *s = model->scan;
    if (s->object_re == NULL)
        fail(BAD_INPUT, "the scan has no objectGuess, so no patch can be cut; give -patches for -stitch");
    if (!model->outside_zero)
        require_inside(model, place);
    Place whole = *place;
    if (model->interpolation == FOURIER)
        whole = (Place){.row0 = place->row0, .col0 = place->col0, .weights = {1.0, 0.0, 0.0, 0.0}};
    for (long r = 0; r < s->side; ++r)
        for (long c = 0; c < s->side; ++c) {
            re[r * s->side + c] = weighted_neighbours(s, s->object_re, &whole, r, c);
            im[r * s->side + c] = weighted_neighbours(s, s->object_im, &whole, r, c);
        }
    if (model->interpolation == FOURIER)
        fourier_shift(model, place->frac_x, place->frac_y, re, im);
    for (long i = 0; i < s->side * s->side; ++i) {
        re[i] = stored(model->defects, re[i]);
        im[i] = stored(model->defects, im[i]);
    }
}

/* ---- exit wave ---- */

void make_exit(const Model *model, long mode, Workspace *w)
{
    long N = model->scan->side;
    DefectSet d = model->defects;
    const double *source_re = model->scan->probe_re + mode * N * N, *source_im = model->scan->probe_im + mode * N * N;
    for (long r = 0; r < N; ++r) {
        double power = 0.0;
        for (long i = r * N; i < (r + 1) * N; ++i) {
            double pr = w->probe_re[i] = stored(d, source_re[i]), pi = w->probe_im[i] = stored(d, source_im[i]);
            double er = w->exit.re[i] = stored(d, pr * w->patch_re[i] - pi * w->patch_im[i]);
            double ei = w->exit.im[i] = stored(d, pr * w->patch_im[i] + pi * w->patch_re[i]);
            power += er * er + ei * ei;
        }
        w->exit.row_power[r] = power;
    }
}

double exit_power(const Model *model, const Place *place, Workspace *w, double *field_bound)
{
    long N = model->scan->side;
    double total = 0.0, moduli = 0.0;
    cut_patch(model, place, w->patch_re, w->patch_im);
    for (long p = 0; p < model->scan->modes; ++p) {
        make_exit(model, p, w);
        for (long r = 0; r < N; ++r) {
            double row = 0.0;
            for (long i = r * N; i < (r + 1) * N; ++i)
                row += sqrt(w->exit.re[i] * w->exit.re[i] + w->exit.im[i] * w->exit.im[i]);
            moduli += row;
            total += w->exit.row_power[r];
        }
    }
    if (field_bound != NULL)
        *field_bound = moduli;
    return total;
}

double mean_exit_power(const Model *model, Workspace *w)
{
    const Scan *s = model->scan;
    double total = 0.0;
    for (long j = 0; j < s->positions; ++j) {
        Place place = place_at(model, s->x_px[j], s->y_px[j], (double)s->centre, (double)s->centre);
        total += exit_power(model, &place, w, NULL);
    }
    return total / (double)s->positions;
}

double dose_factor(double nphotons, double mean)
{
    return nphotons > 0.0 ? sqrt(nphotons / mean) : 1.0;
}

/* ---- far field ---- */

long frequency_of(const Scan *scan, long index)
{
    return (index + scan->side - scan->centre) % scan->side;
}

void sum_rows(const Model *model, const Exit *exit, long v0, long v1, double *restrict sum_re, double *restrict sum_im)
{
    long N = model->scan->side;
    for (long r = 0; r < N; ++r) {
        double *restrict g_re = sum_re + r * N, *restrict g_im = sum_im + r * N;
        for (long v = v0; v < v1; ++v)
            g_re[v] = g_im[v] = 0.0;
        for (long c = 0; c < N; ++c) {
            double ar = exit->re[r * N + c], ai = exit->im[r * N + c];
            const double *restrict t_re = model->kernel_re + c * N, *restrict t_im = model->kernel_im + c * N;
            for (long v = v0; v < v1; ++v) {
                g_re[v] += ar * t_re[v] - ai * t_im[v];
                g_im[v] += ar * t_im[v] + ai * t_re[v];
            }
        }
        for (long v = v0; v < v1; ++v) {
            g_re[v] = stored(model->defects, g_re[v]);
            g_im[v] = stored(model->defects, g_im[v]);
        }
    }
}

double mode_intensity(const Model *model, const Workspace *w, long mode, long u, long v, Observer *observer)
{
    long N = model->scan->side;
    double fr = 0.0, fi = 0.0;
    for (long r = 0; r < N; ++r) {
        double gr = w->sum_re[r * N + v], gi = w->sum_im[r * N + v];
        double tr = model->kernel_re[u * N + r], ti = model->kernel_im[u * N + r];
        double term_re = gr * tr - gi * ti, term_im = gr * ti + gi * tr;
        fr += term_re;
        fi += term_im;
        if (observer != NULL)
            observer->row(observer, mode, r, &(RowStep){gr, gi, term_re, term_im, fr, fi});
    }
    fr = stored(model->defects, fr);
    fi = stored(model->defects, fi);
    double intensity = stored(model->defects, (fr * fr + fi * fi) / ((double)N * (double)N));
    if (observer != NULL)
        observer->mode(observer, mode, intensity);
    return intensity;
}

/* Add one mode's intensities to the region. */
static void add_mode(const Model *model, long mode, Region region, Workspace *w, double *sums, Observer *observer)
{
    const Scan *s = model->scan;
    bool one = region.fast1 - region.fast0 == 1;
    long v0 = one ? frequency_of(s, region.fast0) : 0, v1 = one ? v0 + 1 : s->side;
    make_exit(model, mode, w);
    sum_rows(model, &w->exit, v0, v1, w->sum_re, w->sum_im);
    for (long slow = region.slow0; slow < region.slow1; ++slow)
        for (long fast = region.fast0; fast < region.fast1; ++fast)
            *sums++ += mode_intensity(model, w, mode, frequency_of(s, slow), frequency_of(s, fast), observer);
}

void expected_counts(const Model *model, Region region, double dose, Workspace *w, double *counts, Observer *observer)
{
    long count = (region.slow1 - region.slow0) * (region.fast1 - region.fast0);
    for (long i = 0; i < count; ++i)
        counts[i] = 0.0;
    for (long p = 0; p < model->scan->modes; ++p)
        add_mode(model, p, region, w, counts, observer);
    for (long i = 0; i < count; ++i) {
        double intensity = stored(model->defects, counts[i]);
        counts[i] = (dose * dose) * intensity;
        if (observer != NULL)
            observer->total(observer, intensity, counts[i]);
    }
}
