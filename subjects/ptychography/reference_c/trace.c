/* The trace is printed by observers of the functions that make the images. */
#include "trace.h"

#include <math.h>
#include <stdio.h>

#include "failure.h"

#define VERSION "0.1.0"

/* ---- values ---- */

static void print_number(const char *name, double value)
{
    printf("TRACE_C: %s %.17g\n", name, value);
}

static void print_integer(const char *name, long value)
{
    printf("TRACE_C: %s %ld\n", name, value);
}

static void print_line(const char *name, const double *values, long count)
{
    printf("TRACE_C: %s", name);
    for (long i = 0; i < count; ++i)
        printf(" %.17g", values[i]);
    putchar('\n');
}

static void print_vector(const char *name, const double *values, long count)
{
    printf(" %s=", name);
    for (long i = 0; i < count; ++i)
        printf(i > 0 ? ",%.17g" : "%.17g", values[i]);
}

static void print_identity(const Model *model, const Options *options, TracedPixel pixel)
{
    printf("TRACE_C: trace_format 1\nTRACE_C: program ptycho_c\nTRACE_C: version %s\n", VERSION);
    printf("TRACE_C: mode %s\nTRACE_C: defects %s\n", defects_mode(model->defects), defects_text(model->defects));
    printf("TRACE_C: device cpu\nTRACE_C: dtype float64\nTRACE_C: case %s\n", options->case_name);
    printf("TRACE_C: pixel %ld %ld\n", pixel.slow, pixel.fast);
}

static void print_place(long j, const Place *p)
{
    printf("TRACE_C_PLACE pos=%ld x_px=%.17g y_px=%.17g left_px=%.17g top_px=%.17g col0=%ld row0=%ld frac_x=%.17g "
           "frac_y=%.17g", j, p->x_px, p->y_px, p->left_px, p->top_px, p->col0, p->row0, p->frac_x, p->frac_y);
    print_vector("weights", p->weights, 4);
    putchar('\n');
}

/* ---- a detector pixel ---- */

typedef struct {
    Observer observer;
    const Model *model;
    const Workspace *w;
    TracedPixel pixel;
} DetectorTrace;

static void print_pair(const char *re_name, const char *im_name, const double *re, const double *im, long row, long N)
{
    print_vector(re_name, re + row * N, N);
    print_vector(im_name, im + row * N, N);
}

static void take_row(Observer *observer, long mode, long row, const RowStep *s)
{
    const DetectorTrace *t = (const DetectorTrace *)(const void *)observer;
    const Workspace *w = t->w;
    long N = t->model->scan->side, j = t->pixel.position;
    if (mode == 0) {
        printf("TRACE_C_PATCH pos=%ld row=%ld", j, row);
        print_pair("patch_re", "patch_im", w->patch_re, w->patch_im, row, N);
        putchar('\n');
    }
    printf("TRACE_C_PROBE mode=%ld row=%ld", mode, row);
    print_pair("probe_re", "probe_im", w->probe_re, w->probe_im, row, N);
    printf("\nTRACE_C_EXIT pos=%ld mode=%ld row=%ld", j, mode, row);
    print_pair("exit_re", "exit_im", w->exit.re, w->exit.im, row, N);
    printf(" row_power=%.17g\n", w->exit.row_power[row]);
    printf("TRACE_C_ROW pos=%ld mode=%ld row=%ld row_sum_re=%.17g row_sum_im=%.17g term_re=%.17g term_im=%.17g "
           "field_re=%.17g field_im=%.17g\n", j, mode, row, s->row_sum_re, s->row_sum_im, s->term_re, s->term_im,
           s->field_re, s->field_im);
}

static void take_mode(Observer *observer, long mode, double intensity)
{
    const DetectorTrace *t = (const DetectorTrace *)(const void *)observer;
    printf("TRACE_C_MODE pos=%ld mode=%ld mode_intensity=%.17g\n", t->pixel.position, mode, intensity);
}

/* lambda - k + k ln(k / lambda); lambda for no counts. */
static double deviance(double expected, double measured)
{
    double logarithm = measured > 0.0 ? measured * log(measured / expected) : 0.0;
    return (expected - measured) + logarithm;
}

static void take_total(Observer *observer, double intensity, double expected)
{
    const DetectorTrace *t = (const DetectorTrace *)(const void *)observer;
    const Scan *s = t->model->scan;
    size_t pixel = (size_t)(t->pixel.slow * s->side + t->pixel.fast);
    print_number("intensity", intensity);
    print_number("amplitude", sqrt(intensity));
    bool measured_there = is_measured(s, t->pixel.position, pixel);
    print_integer("is_measured", measured_there);
    if (measured_there) {
        double measured = s->counts[(size_t)(t->pixel.position * s->side * s->side) + pixel];
        print_number("measured_count", measured);
        print_number("deviance", deviance(expected, measured));
    }
    print_number("expected_count", expected);
}

static void print_scan(const Model *model, TracedPixel pixel)
{
    const Scan *s = model->scan;
    print_integer("position", pixel.position);
    print_integer("n_positions", s->positions);
    print_integer("patch_px", s->side);
    print_integer("centre_px", s->centre);
    print_integer("object_rows", s->object_rows);
    print_integer("object_cols", s->object_cols);
    print_integer("n_modes", s->modes);
    printf("TRACE_C: interpolation %s\n", interpolation_word(model->interpolation));
    print_integer("freq_slow", frequency_of(s, pixel.slow));
    print_integer("freq_fast", frequency_of(s, pixel.fast));
    print_line("twiddle_re", model->twiddle_re, s->side);
    print_line("twiddle_im", model->twiddle_im, s->side);
}

void trace_detector(const Model *model, const Options *options, TracedPixel pixel, double mean, Workspace *w)
{
    const Scan *s = model->scan;
    if (pixel.position >= s->positions || pixel.slow >= s->side || pixel.fast >= s->side)
        fail(BAD_INPUT, "-trace %ld %ld %ld is outside: there are %ld positions of %ld x %ld pixels", pixel.position,
             pixel.slow, pixel.fast, s->positions, s->side, s->side);
    double bound, dose = dose_factor(options->nphotons, mean), count, side = (double)s->side;
    Place place = place_at(model, s->x_px[pixel.position], s->y_px[pixel.position], (double)s->centre, (double)s->centre);
    double power = exit_power(model, &place, w, &bound);
    print_identity(model, options, pixel);
    print_scan(model, pixel);
    print_number("exit_power", power);
    print_number("mean_exit_power", mean);
    print_number("nphotons", options->nphotons);
    print_number("dose_factor", dose);
    print_number("field_bound", bound);
    print_number("intensity_bound", (bound * bound) / (side * side));
    print_number("count_bound", (dose * dose) * ((bound * bound) / (side * side)));
    print_place(pixel.position, &place);
    DetectorTrace trace = {{take_row, take_mode, take_total}, model, w, pixel};
    Region one = {pixel.slow, pixel.slow + 1, pixel.fast, pixel.fast + 1};
    expected_counts(model, one, dose, w, &count, &trace.observer);
}

/* ---- a canvas pixel ---- */

typedef struct {
    TouchSink sink;
    long placed; /* the position whose PLACE line was printed last */
    long touches;
} CanvasTrace;

static void take_touch(TouchSink *sink, long j, const Place *place, int corner, const Touch *t)
{
    CanvasTrace *trace = (CanvasTrace *)(void *)sink;
    if (trace->placed != j)
        print_place(j, place);
    trace->placed = j;
    printf("TRACE_C_TOUCH pos=%ld corner=%d touch=%ld patch_row=%ld patch_col=%ld corner_weight=%.17g pixel_weight=%.17g "
           "count_weight=%.17g value_re=%.17g value_im=%.17g num_re=%.17g num_im=%.17g den=%.17g\n", j, corner,
           ++trace->touches, t->patch_row, t->patch_col, t->corner_weight, t->pixel_weight, t->count_weight, t->value_re, t->value_im,
           t->num_re, t->num_im, t->den);
}

void trace_canvas(const Job *job, const Options *options, TracedPixel pixel)
{
    Canvas canvas = make_canvas(job);
    if (pixel.slow >= canvas.rows || pixel.fast >= canvas.cols)
        fail(BAD_INPUT, "-trace_canvas %ld %ld is outside the canvas of %ld x %ld", pixel.slow, pixel.fast, canvas.rows,
             canvas.cols);
    print_identity(job->model, options, pixel);
    print_integer("canvas_row0", canvas.row0);
    print_integer("canvas_col0", canvas.col0);
    print_integer("canvas_rows", canvas.rows);
    print_integer("canvas_cols", canvas.cols);
    print_integer("n_positions", job->model->scan->positions);
    print_integer("patch_px", job->model->scan->side);
    printf("TRACE_C: interpolation %s\n", interpolation_word(job->model->interpolation));
    printf("TRACE_C: weighting %s\n", weighting_word(weighting_of(job)));
    print_number("origin_x_px", canvas.origin_x_px);
    print_number("origin_y_px", canvas.origin_y_px);
    print_number("den_epsilon", canvas.epsilon);
    CanvasTrace trace = {{pixel.slow, pixel.fast, take_touch}, -1, 0};
    stitch(job, &canvas, &trace.sink);
    double re, im;
    bool covered = canvas_value(job, &canvas, (size_t)(pixel.slow * canvas.cols + pixel.fast), &re, &im);
    print_number("den_max", canvas.den_max);
    print_integer("covered", covered);
    print_number("canvas_re", re);
    print_number("canvas_im", im);
    free_canvas(&canvas);
}
