/* Rendering in raster order. Each thread owns a block of consecutive rows, as a static OpenMP schedule deals them.
 *
 * A pixel depends on those before it in two ways only: whether its thread has executed a rotation (the cell that a
 * phi step of 0 finds) and whether interpolation was switched off. Blocks are independent but for the second: it
 * holds in raster order, so blocks after the one that latched are rendered again without interpolation. */
#define _POSIX_C_SOURCE 200809L
#include "render.h"

#include <limits.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "failure.h"
#include "scatter.h"

/* ---- blocks of rows ---- */

/* The rows of one thread, and what the pixels rendered so far left behind. */
typedef struct {
    int first_row, end_row;
    PixelEntry entry;
    double omega_sum;
    double max, max_Fdet, max_Sdet;
} Block;

static Block block_of_thread(int thread, int threads, int rows)
{
    int share = rows / threads, extra = rows % threads;
    int first = thread * share + (thread < extra ? thread : extra);
    return (Block){.first_row = first, .end_row = first + share + (thread < extra ? 1 : 0)};
}

/* ---- one pixel ---- */

static void write_trace(const Experiment *x, const PixelEntry *entry, const char *case_name, TracedPixel *traced,
                        PixelSum *sum)
{
    free(traced->text);
    traced->text = NULL;
    FILE *stream = open_memstream(&traced->text, &traced->size);
    if (stream == NULL)
        fail(BAD_INPUT, "not enough memory for a trace");
    TracePrinter printer = trace_printer(stream, x);
    trace_header(&printer, traced->pixel, entry, case_name);
    *sum = sum_pixel(x, traced->pixel.slow, traced->pixel.fast, entry, &printer.sink);
    sum->closing.floatimage_accumulated = (float)sum->closing.I_pixel_final;
    printer.sink.take(&printer.sink, TRACE_CLOSING, NULL, &sum->closing);
    if (ferror(stream) != 0 || fclose(stream) != 0)
        fail(BAD_INPUT, "not enough memory for the trace of pixel %d %d", traced->pixel.slow, traced->pixel.fast);
}

/* The request for a pixel, NULL without one. */
static TracedPixel *requested(const TraceRequests *requests, int slow, int fast)
{
    for (int i = 0; i < requests->count; ++i)
        if (requests->pixels[i].pixel.slow == slow && requests->pixels[i].pixel.fast == fast)
            return &requests->pixels[i];
    return NULL;
}

/* Evaluate the next pixel of a block and pass on what it leaves behind. */
static PixelSum advance(const Experiment *x, Block *block, PixelIndex pixel, TracedPixel *traced,
                        const char *case_name)
{
    PixelSum sum;
    if (traced != NULL)
        write_trace(x, &block->entry, case_name, traced, &sum);
    else
        sum = sum_pixel(x, pixel.slow, pixel.fast, &block->entry, NULL);
    if (sum.executed) {
        block->entry.rotated = true;
        block->entry.rotator = pixel;
    }
    block->entry.interpolating = sum.interpolating;
    return sum;
}

/* ---- the image ---- */

typedef struct {
    const Experiment *x;
    TraceRequests *requests;
    unsigned char *traced_rows; /* 1 for rows with a traced pixel */
    float *pixels;
    bool progress;
    int rows_done;
    int latched; /* the first block that switched interpolation off; INT_MAX if none did */
} Rendering;

static void render_row(Rendering *r, Block *block, int slow)
{
    const Experiment *x = r->x;
    const Sampling *s = &x->sampling;
    float *row = &r->pixels[(size_t)slow * (size_t)x->detector.pixels_fast];
    for (int fast = s->fast_min; fast <= s->fast_max; ++fast) {
        if (!is_computed(x, slow, fast))
            continue;
        TracedPixel *traced = r->traced_rows[slow] ? requested(r->requests, slow, fast) : NULL;
        PixelSum sum = advance(x, block, (PixelIndex){slow, fast}, traced, r->requests->case_name);
        row[fast] = (float)sum.closing.I_pixel_final;
        block->omega_sum += sum.omega_sum;
        if (row[fast] > block->max) {
            block->max = row[fast];
            block->max_Fdet = sum.Fdet;
            block->max_Sdet = sum.Sdet;
        }
    }
}

static void show_progress(Rendering *r)
{
    int rows = r->x->sampling.slow_max - r->x->sampling.slow_min + 1;
#pragma omp critical(progress)
    {
        int before = (int)(100L * r->rows_done++ / rows);
        int after = (int)(100L * r->rows_done / rows);
        if (after != before && after <= 100)
            fprintf(stderr, "\r%d%% done%s", after, after == 100 ? "\n" : "");
    }
}

static int latched_block(Rendering *r)
{
    int latched;
#pragma omp atomic read
    latched = r->latched;
    return latched;
}

static void note_latch(Rendering *r, int number)
{
#pragma omp critical(latch)
    if (number < latched_block(r)) {
#pragma omp atomic write
        r->latched = number;
    }
}

/* Render a block from its first row; given up when a block before it has latched, since it must be done again. */
static void render_block(Rendering *r, int number, bool interpolating, Block *block)
{
    const Sampling *s = &r->x->sampling;
    *block = block_of_thread(number, r->x->threads, r->x->detector.pixels_slow);
    block->entry.interpolating = interpolating;
    for (int slow = block->first_row; slow < block->end_row; ++slow) {
        if (slow < s->slow_min || slow > s->slow_max)
            continue;
        if (interpolating && latched_block(r) < number)
            return;
        render_row(r, block, slow);
        if (interpolating && !block->entry.interpolating)
            note_latch(r, number);
        if (r->progress)
            show_progress(r);
    }
}

static void render_blocks(Rendering *r, int first, bool interpolating, Block *blocks)
{
    int threads = r->x->threads;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int number = first; number < threads; ++number)
        render_block(r, number, interpolating, &blocks[number]);
}

static Image gather(const Block *blocks, int count, float *pixels)
{
    Image image = {.pixels = pixels};
    for (int i = 0; i < count; ++i) {
        image.omega_sum += blocks[i].omega_sum;
        if (blocks[i].max > image.max) {
            image.max = blocks[i].max;
            image.max_Fdet = blocks[i].max_Fdet;
            image.max_Sdet = blocks[i].max_Sdet;
        }
    }
    return image;
}

Image render_image(const Experiment *x, TraceRequests *requests, bool progress)
{
    size_t rows = (size_t)x->detector.pixels_slow, columns = (size_t)x->detector.pixels_fast;
    Rendering r = {
        .x = x,
        .requests = requests,
        .traced_rows = allocate(rows, 1, "the traced rows"),
        .pixels = allocate(rows, columns * sizeof(float), "the image"),
        .progress = progress,
        .latched = INT_MAX,
    };
    Block *blocks = allocate((size_t)x->threads, sizeof *blocks, "the threads");
    for (int i = 0; i < requests->count; ++i)
        r.traced_rows[requests->pixels[i].pixel.slow] = 1;
    render_blocks(&r, 0, x->factors.interpolate, blocks);
    if (r.latched != INT_MAX)
        render_blocks(&r, r.latched + 1, false, blocks);
    Image image = gather(blocks, x->threads, r.pixels);
    free(blocks);
    free(r.traced_rows);
    return image;
}

/* ---- traces alone ---- */

static bool comes_before(PixelIndex p, PixelIndex q)
{
    return p.slow < q.slow || (p.slow == q.slow && p.fast < q.fast);
}

/* The pixel that switches interpolation off, if one before `end` does; else `end`. */
static PixelIndex find_latch(const Experiment *x, PixelIndex end)
{
    if (!x->factors.interpolate || !is_on(x->defects, INTERPOLATION_LATCH))
        return end;
    for (int number = 0; number < x->threads; ++number) {
        Block block = block_of_thread(number, x->threads, x->detector.pixels_slow);
        block.entry.interpolating = true;
        for (int slow = block.first_row; slow < block.end_row; ++slow)
            for (int fast = 0; fast < x->detector.pixels_fast; ++fast) {
                PixelIndex pixel = {slow, fast};
                if (!comes_before(pixel, end))
                    return end;
                if (is_computed(x, slow, fast) && !advance(x, &block, pixel, NULL, NULL).interpolating)
                    return pixel;
            }
    }
    return end;
}

/* Whether the pixel executes a rotation: not where everything in it is beyond the resolution limit. */
static bool executes_rotation(const Experiment *x, int slow, int fast)
{
    if (!x->spindle.rotates || !is_computed(x, slow, fast))
        return false;
    return x->sampling.dmin <= 0.0 || sum_pixel(x, slow, fast, &(PixelEntry){0}, NULL).executed;
}

/* Whether its thread executed a rotation before the pixel, and in which pixel last. */
static PixelEntry find_entry(const Experiment *x, PixelIndex pixel)
{
    int first_row = 0;
    for (int number = 0; number < x->threads; ++number) {
        Block block = block_of_thread(number, x->threads, x->detector.pixels_slow);
        if (pixel.slow >= block.first_row && pixel.slow < block.end_row)
            first_row = block.first_row;
    }
    if (!x->spindle.rotates)
        return (PixelEntry){0};
    for (int slow = pixel.slow; slow >= first_row; --slow)
        for (int fast = slow == pixel.slow ? pixel.fast - 1 : x->detector.pixels_fast - 1; fast >= 0; --fast)
            if (executes_rotation(x, slow, fast))
                return (PixelEntry){.rotated = true, .rotator = {slow, fast}};
    return (PixelEntry){0};
}

void render_traces(const Experiment *x, TraceRequests *requests)
{
    PixelIndex end = {0, 0};
    for (int i = 0; i < requests->count; ++i)
        if (comes_before(end, requests->pixels[i].pixel))
            end = requests->pixels[i].pixel;
    PixelIndex latch = find_latch(x, end);
    for (int i = 0; i < requests->count; ++i) {
        TracedPixel *traced = &requests->pixels[i];
        PixelEntry entry = find_entry(x, traced->pixel);
        entry.interpolating = x->factors.interpolate && !comes_before(latch, traced->pixel);
        PixelSum sum;
        write_trace(x, &entry, requests->case_name, traced, &sum);
    }
}
