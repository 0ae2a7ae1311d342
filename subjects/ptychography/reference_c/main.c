/* ptycho_c: counts expected in scanning coherent diffraction, and patches stitched to an object. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "npz.h"
#include "options.h"
#include "outputs.h"
#include "random_numbers.h"
#include "trace.h"

/* ---- the positions that were asked for ---- */

static void choose_positions(Options *o, const Scan *scan)
{
    if (o->chosen != NULL) {
        for (long i = 0; i < o->chosen_count; ++i)
            if (o->chosen[i] >= scan->positions)
                fail(BAD_INPUT, "-positions has %ld; there are %ld positions, from 0", o->chosen[i], scan->positions);
        return;
    }
    o->chosen = allocate((size_t)scan->positions, sizeof(long), "positions");
    o->chosen_count = scan->positions;
    for (long j = 0; j < scan->positions; ++j)
        o->chosen[j] = j;
}

/* ---- images ---- */

/* Poisson deviates of the counts rounded to float32; masked pixels draw and are then 0. */
static void write_noise(const Options *o, const Scan *scan, const double *counts)
{
    size_t area = (size_t)(scan->side * scan->side);
    int *deviates = allocate((size_t)o->chosen_count * area, sizeof(int), "the noise");
    long seed = o->seed;
    for (long i = 0; i < o->chosen_count; ++i)
        for (size_t pixel = 0; pixel < area; ++pixel) {
            size_t at = (size_t)i * area + pixel;
            float deviate = poisson_deviate((float)counts[at], &seed);
            deviates[at] = is_measured(scan, o->chosen[i], pixel) ? (int)fminf(deviate, 2147483520.0f) : 0;
        }
    write_npy(o->noise, "<i4", 3, (long[]){o->chosen_count, scan->side, scan->side}, deviates);
    free(deviates);
}

static void write_images(const Options *o, const Model *model, double dose, Workspace *w)
{
    const Scan *s = model->scan;
    size_t area = (size_t)(s->side * s->side);
    double *counts = allocate((size_t)o->chosen_count * area, sizeof(double), "the images");
    for (long i = 0; i < o->chosen_count; ++i) {
        long j = o->chosen[i];
        Place place = place_at(model, s->x_px[j], s->y_px[j], (double)s->centre, (double)s->centre);
        cut_patch(model, &place, w->patch_re, w->patch_im);
        expected_counts(model, (Region){0, s->side, 0, s->side}, dose, w, counts + (size_t)i * area, NULL);
    }
    if (o->image != NULL)
        write_npy(o->image, "<f8", 3, (long[]){o->chosen_count, s->side, s->side}, counts);
    if (o->noise != NULL)
        write_noise(o, s, counts);
    free(counts);
}

static void do_forward(const Options *o, const Model *model)
{
    Workspace w = make_workspace(model->scan);
    double mean = mean_exit_power(model, &w);
    if (o->image != NULL || o->noise != NULL)
        write_images(o, model, dose_factor(o->nphotons, mean), &w);
    for (long i = 0; i < o->traced_count; ++i)
        trace_detector(model, o, o->traced[i], mean, &w);
}

/* ---- stitching ---- */

static void write_canvas(const Options *o, const Job *job)
{
    Canvas canvas = make_canvas(job);
    size_t area = (size_t)canvas.rows * (size_t)canvas.cols;
    double *values = allocate(2 * area, sizeof(double), "the canvas");
    stitch(job, &canvas, NULL);
    for (size_t i = 0; i < area; ++i)
        canvas_value(job, &canvas, i, &values[2 * i], &values[2 * i + 1]);
    write_npy(o->stitch, "<c16", 2, (long[]){canvas.rows, canvas.cols}, values);
    free(values);
    free_canvas(&canvas);
}

static void do_stitch(const Options *o, const Model *model, bool one_group)
{
    const Scan *s = model->scan;
    Array patches = {0};
    if (o->patches != NULL) {
        patches = read_npy(o->patches);
        if (patches.kind != 'c' || patches.rank != 3 || patches.shape[0] != s->positions || patches.shape[1] != s->side ||
            patches.shape[2] != s->side)
            fail(BAD_INPUT, "%s must be complex with the axes (%ld, %ld, %ld)", o->patches, s->positions, s->side, s->side);
    }
    Job job = {model, o->chosen, o->chosen_count, one_group, o->weighting, o->crop, patches.re, patches.im};
    if (o->stitch != NULL)
        write_canvas(o, &job);
    for (long i = 0; i < o->traced_canvas_count; ++i)
        trace_canvas(&job, o, o->traced_canvas[i]);
}

int main(int argc, char **argv)
{
    Options o = read_options(argc, argv);
    Scan scan = read_scan(o.scan, o.nphotons, o.gauge);
    Model model = make_model(&scan, o.interpolation, o.outside_zero, o.defects);
    bool one_group = o.chosen != NULL;
    choose_positions(&o, &scan);
    if (o.image != NULL || o.noise != NULL || o.traced_count > 0)
        do_forward(&o, &model);
    if (o.stitch != NULL || o.traced_canvas_count > 0)
        do_stitch(&o, &model, one_group);
    keep_outputs();
    return 0;
}
