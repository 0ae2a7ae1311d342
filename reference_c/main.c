/* nanobragg_c: diffraction images of small crystals, after the command line and the model of nanoBragg.
 *
 * Reads the reference program's command line, writes its files, and with -trace_pixel SLOW FAST every intermediate
 * value of a pixel. What the reference ignores without a word is said, and with --strict refused: unknown flags, flags
 * without their values, words that belong to no flag. Malformed files are refused. Exit status 0, 2 for bad input, 9
 * for nothing to diffract. */
#include <stdio.h>
#include <stdlib.h>

#include "experiment.h"
#include "failure.h"
#include "options.h"
#include "output_files.h"
#include "outputs.h"
#include "render.h"
#include "report.h"

static TraceRequests collect_requests(const Options *o, const Experiment *x)
{
    TraceRequests requests = {.case_name = o->case_name};
    if (o->traced_count > 0 && x->sampling.steps == 0.0)
        fail(BAD_INPUT, "nothing is evaluated in any pixel, so there is nothing to trace; see the steps and sources");
    requests.pixels = allocate((size_t)o->traced_count, sizeof *requests.pixels, "the traced pixels");
    for (int i = 0; i < o->traced_count; ++i) {
        PixelIndex p = o->traced[i];
        const Detector *d = &x->detector;
        if (p.slow >= d->pixels_slow || p.fast >= d->pixels_fast)
            fail(BAD_INPUT, "-trace_pixel %d %d is outside the detector of %d x %d pixels (slow x fast)", p.slow,
                 p.fast, d->pixels_slow, d->pixels_fast);
        if (!is_computed(x, p.slow, p.fast))
            fail(BAD_INPUT, "-trace_pixel %d %d is outside the region of interest or masked", p.slow, p.fast);
        bool repeated = false;
        for (int j = 0; j < requests.count; ++j)
            repeated = repeated || (requests.pixels[j].pixel.slow == p.slow && requests.pixels[j].pixel.fast == p.fast);
        if (!repeated)
            requests.pixels[requests.count++].pixel = p;
    }
    return requests;
}

static void write_traces(const Options *o, TraceRequests *requests)
{
    FILE *stream = o->trace_file != NULL ? open_output(o->trace_file) : stdout;
    for (int i = 0; i < requests->count; ++i) {
        fwrite(requests->pixels[i].text, 1, requests->pixels[i].size, stream);
        free(requests->pixels[i].text);
    }
    free(requests->pixels);
    if (o->trace_file != NULL)
        close_output(stream, o->trace_file);
}

static void make_image(const Options *o, const Experiment *x, TraceRequests *requests)
{
    Image image = render_image(x, requests, o->progress != 0);
    Statistics statistics = image_statistics(x, &image);
    printf("solid angle subtended by detector = %g steradian ( %g%% sphere)\n", statistics.steradians,
           100.0 * statistics.steradians / 4.0 / PI);
    if (o->hkl_file != NULL)
        write_dump(&x->factors, o->dump_file);
    write_images(o, x, &image, &statistics);
    if (o->printout)
        report_pixels(o, x, image.pixels);
    free(image.pixels);
}

static void free_experiment(Experiment *x)
{
    free(x->beam.sources);
    free(x->crystal.umats);
    free(x->factors.values);
    free(x->sampling.mask);
    free(x->spindle.phi);
    free(x->spindle.first_sweep);
    free(x->spindle.later_sweep);
    free(x->spindle.unmosaic);
    free(x->spindle.cells);
}

int main(int argc, char **argv)
{
    Options options = read_options(argc, argv);
    Experiment experiment = prepare_experiment(&options);
    TraceRequests requests = collect_requests(&options, &experiment);
    report_experiment(&options, &experiment);
    if (options.trace_only)
        render_traces(&experiment, &requests);
    else
        make_image(&options, &experiment, &requests);
    write_traces(&options, &requests);
    if (fflush(stdout) != 0 || ferror(stdout))
        fail(BAD_INPUT, "cannot write to standard output");
    commit_outputs();
    free_experiment(&experiment);
    return 0;
}
