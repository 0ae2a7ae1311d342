/* Positions ascending, rows, columns, corners: the order in which every canvas pixel is summed. */
#include "stitch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

enum { PUBLISHED_CROP = 20 };

const char *weighting_word(Weighting weighting)
{
    static const char *const words[] = {"probe", "uniform", "central", "crop"};
    return words[weighting];
}

Weighting weighting_of(const Job *job)
{
    return is_on(job->model->defects, CROP_STITCH) ? WEIGHT_CROP : job->weighting;
}

/* ---- weights of patch pixels ---- */

static bool in_window(long index, long start, long size)
{
    return index >= start && index < start + size;
}

/* |P|^2 of all modes over its largest value. */
static void probe_weights(const Model *m, double *weight)
{
    long area = m->scan->side * m->scan->side;
    double largest = 0.0;
    for (long i = 0; i < area; ++i) {
        weight[i] = 0.0;
        for (long p = 0; p < m->scan->modes; ++p) {
            double re = m->scan->probe_re[p * area + i], im = m->scan->probe_im[p * area + i];
            weight[i] += re * re + im * im;
        }
        if (weight[i] > largest)
            largest = weight[i];
    }
    for (long i = 0; i < area; ++i)
        weight[i] = weight[i] / largest;
}

static void fill_weights(const Job *job, Canvas *canvas)
{
    const Model *m = job->model;
    long N = m->scan->side, half = N / 2, quarter = N / 4;
    long crop = is_on(m->defects, CROP_STITCH) ? PUBLISHED_CROP : job->crop;
    Weighting weighting = weighting_of(job);
    if (weighting == WEIGHT_PROBE)
        probe_weights(m, canvas->pixel_weight);
    for (long r = 0; r < N; ++r)
        for (long c = 0; c < N; ++c) {
            double *weight = &canvas->pixel_weight[r * N + c];
            bool central = in_window(r, quarter, half) && in_window(c, quarter, half);
            bool cropped = in_window(r, m->scan->centre - crop / 2, crop) && in_window(c, m->scan->centre - crop / 2, crop);
            if (weighting != WEIGHT_PROBE)
                *weight = weighting == WEIGHT_UNIFORM || (weighting == WEIGHT_CENTRAL ? central : cropped) ? 1.0 : 0.0;
            canvas->count_weight[r * N + c] = is_on(m->defects, CENTRAL_COUNT) && !central ? 0.0 : *weight;
        }
}

/* ---- the canvas ---- */

static double mean_of(const Job *job, const double *values)
{
    double sum = 0.0;
    for (long i = 0; i < job->count; ++i)
        sum += values[job->chosen[i]];
    return sum / (double)job->count;
}

/* The published frame: positions minus their mean, an even padding that holds the largest offset. */
static void frame_about_mean(const Job *job, Canvas *canvas)
{
    const Scan *s = job->model->scan;
    double mean_x = mean_of(job, s->x_px), mean_y = mean_of(job, s->y_px), largest = 0.0;
    for (long i = 0; i < job->count; ++i) {
        largest = fmax(largest, fabs(s->x_px[job->chosen[i]] - mean_x));
        largest = fmax(largest, fabs(s->y_px[job->chosen[i]] - mean_y));
    }
    double padding = 2.0 * ceil(largest / 2.0);
    canvas->origin_x_px = mean_x - padding;
    canvas->origin_y_px = mean_y - padding;
    canvas->rows = canvas->cols = s->side + 2 * (long)padding;
}

/* The smallest frame that holds every window and the neighbours of its last pixels. */
static void frame_of_windows(const Job *job, Canvas *canvas)
{
    const Scan *s = job->model->scan;
    long last_row = 0, last_col = 0;
    for (long i = 0; i < job->count; ++i) {
        long j = job->chosen[i];
        Place place = place_at(job->model, s->x_px[j], s->y_px[j], canvas->origin_x_px, canvas->origin_y_px);
        if (i == 0 || place.row0 < canvas->row0)
            canvas->row0 = place.row0;
        if (i == 0 || place.col0 < canvas->col0)
            canvas->col0 = place.col0;
        if (i == 0 || place.row0 > last_row)
            last_row = place.row0;
        if (i == 0 || place.col0 > last_col)
            last_col = place.col0;
    }
    canvas->rows = last_row - canvas->row0 + s->side + 1;
    canvas->cols = last_col - canvas->col0 + s->side + 1;
}

Canvas make_canvas(const Job *job)
{
    const Scan *s = job->model->scan;
    DefectSet defects = job->model->defects;
    Canvas canvas = {.origin_x_px = (double)s->centre, .origin_y_px = (double)s->centre};
    if (is_on(defects, MEAN_CENTRED_CANVAS))
        frame_about_mean(job, &canvas);
    else if (s->object_re != NULL) {
        canvas.rows = s->object_rows;
        canvas.cols = s->object_cols;
    } else
        frame_of_windows(job, &canvas);
    if (canvas.rows > 100000 || canvas.cols > 100000)
        fail(BAD_INPUT, "the canvas would have %ld x %ld pixels; positions are in object pixels", canvas.rows, canvas.cols);
    if (is_on(defects, STITCH_EPSILON))
        canvas.epsilon = weighting_of(job) == WEIGHT_CROP ? 1e-9 : 0.001;
    size_t area = (size_t)canvas.rows * (size_t)canvas.cols, window = (size_t)s->side * (size_t)s->side;
    canvas.num_re = allocate(area, sizeof(double), "the canvas");
    canvas.num_im = allocate(area, sizeof(double), "the canvas");
    canvas.den = allocate(area, sizeof(double), "the canvas");
    canvas.pixel_weight = allocate(window, sizeof(double), "weights");
    canvas.count_weight = allocate(window, sizeof(double), "weights");
    fill_weights(job, &canvas);
    return canvas;
}

void free_canvas(Canvas *canvas)
{
    double *arrays[] = {canvas->num_re, canvas->num_im, canvas->den, canvas->pixel_weight, canvas->count_weight};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i)
        free(arrays[i]);
}

/* ---- sums ---- */

/* The patch that is placed at position j: given, or cut from the object (mirrored in its group: published). */
static void take_patch(const Job *job, long j, double *re, double *im)
{
    const Scan *s = job->model->scan;
    size_t area = (size_t)s->side * (size_t)s->side;
    if (job->patches_re != NULL) {
        memcpy(re, job->patches_re + (size_t)j * area, area * sizeof(double));
        memcpy(im, job->patches_im + (size_t)j * area, area * sizeof(double));
        return;
    }
    double x = s->x_px[j], y = s->y_px[j];
    if (is_on(job->model->defects, TRUTH_MIRRORED) && job->one_group) {
        x = 2.0 * mean_of(job, s->x_px) - x;
        y = 2.0 * mean_of(job, s->y_px) - y;
    }
    Place place = place_at(job->model, x, y, (double)s->centre, (double)s->centre);
    cut_patch(job->model, &place, re, im);
}

static void add_corner(Canvas *canvas, size_t at, Touch *touch)
{
    double weight = touch->corner_weight * touch->pixel_weight;
    canvas->num_re[at] += weight * touch->value_re;
    canvas->num_im[at] += weight * touch->value_im;
    canvas->den[at] += touch->corner_weight * touch->count_weight;
    touch->num_re = canvas->num_re[at];
    touch->num_im = canvas->num_im[at];
    touch->den = canvas->den[at];
}

/* A corner of weight exactly 0 touches nothing. */
static void add_patch(const Job *job, Canvas *canvas, long j, const double *re, const double *im, TouchSink *sink)
{
    const Scan *s = job->model->scan;
    Place place = place_at(job->model, s->x_px[j], s->y_px[j], canvas->origin_x_px, canvas->origin_y_px);
    for (long r = 0; r < s->side; ++r)
        for (long c = 0; c < s->side; ++c)
            for (int corner = 0; corner < 4; ++corner) {
                long row = place.row0 - canvas->row0 + r + corner / 2, col = place.col0 - canvas->col0 + c + corner % 2;
                size_t i = (size_t)(r * s->side + c);
                if (place.weights[corner] == 0.0)
                    continue;
                if (row < 0 || col < 0 || row >= canvas->rows || col >= canvas->cols)
                    fail(BAD_INPUT, "the patch of position %ld does not fit the canvas of %ld x %ld", j, canvas->rows,
                         canvas->cols);
                Touch touch = {r, c, place.weights[corner], canvas->pixel_weight[i], canvas->count_weight[i], re[i], im[i],
                               0.0, 0.0, 0.0};
                add_corner(canvas, (size_t)(row * canvas->cols + col), &touch);
                if (sink != NULL && row == sink->row && col == sink->col)
                    sink->take(sink, j, &place, corner, &touch);
            }
}

void stitch(const Job *job, Canvas *canvas, TouchSink *sink)
{
    size_t window = (size_t)job->model->scan->side * (size_t)job->model->scan->side;
    size_t area = (size_t)canvas->rows * (size_t)canvas->cols;
    double *re = allocate(2 * window, sizeof(double), "a patch"), *im = re + window;
    for (long i = 0; i < job->count; ++i) {
        take_patch(job, job->chosen[i], re, im);
        add_patch(job, canvas, job->chosen[i], re, im, sink);
    }
    free(re);
    canvas->den_max = 0.0;
    for (size_t i = 0; i < area; ++i)
        canvas->den_max = fmax(canvas->den_max, canvas->den[i] + canvas->epsilon);
}

bool canvas_value(const Job *job, const Canvas *canvas, size_t pixel, double *re, double *im)
{
    double den = canvas->den[pixel] + canvas->epsilon;
    bool covered = den > 1e-6 * canvas->den_max;
    *re = covered ? stored(job->model->defects, canvas->num_re[pixel] / den) : 0.0;
    *im = covered ? stored(job->model->defects, canvas->num_im[pixel] / den) : 0.0;
    return covered;
}
