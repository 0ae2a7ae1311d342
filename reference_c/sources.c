/* Sources: from a file, or spread over divergence and dispersion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment.h"
#include "failure.h"
#include "text_file.h"

/* Append a source; the array grows by doubling. */
static void append(Beam *beam, int *capacity, Source source)
{
    if (beam->source_count == *capacity) {
        *capacity = *capacity > 0 ? 2 * *capacity : 16;
        beam->sources = realloc(beam->sources, (size_t)*capacity * sizeof *beam->sources);
        if (beam->sources == NULL)
            fail(BAD_INPUT, "not enough memory for %d sources", *capacity);
    }
    beam->sources[beam->source_count++] = source;
}

/* ---- from a file ---- */

/* A line X Y Z weight lambda: what is missing keeps its default. */
static Source parse_source(char *line, const TextFile *file, Vec3 default_position, double wavelength)
{
    const char *separators = " \t\v\f\r,;:!";
    double v[5] = {default_position.x, default_position.y, default_position.z, 1.0, wavelength};
    int given = 0;
    for (; given < 5 && line[strspn(line, separators)] != '\0'; ++given)
        if (!read_number(&line, separators, &v[given]))
            fail(BAD_INPUT, "%s line %d: a source is one to five finite numbers (X Y Z weight lambda)", file->name, file->line);
    if (line[strspn(line, separators)] != '\0')
        object("%s line %d: more than five words (X Y Z weight lambda)", file->name, file->line);
    if (v[0] == 0.0 && v[1] == 0.0 && v[2] == 0.0)
        fail(BAD_INPUT, "%s line %d: a source at the origin has no direction", file->name, file->line);
    if (v[3] < 0.0 || (given == 5 && v[4] <= 0.0))
        object("%s line %d: a source's weight must not be negative and its wavelength be positive", file->name,
               file->line);
    return (Source){.position = {v[0], v[1], v[2]}, .weight = v[3], .wavelength = v[4]};
}

static void read_sources(const char *name, const Detector *d, Beam *beam)
{
    TextFile file = open_text(name, "source", BAD_INPUT);
    Vec3 default_position = scaled(d->beam, -SOURCE_DISTANCE);
    int capacity = 0;
    for (char *line; (line = next_line(&file)) != NULL;)
        if (line[strspn(line, " \t\v\f\r,;:!")] != '\0')
            append(beam, &capacity, parse_source(line, &file, default_position, beam->wavelength));
    if (beam->source_count == 0)
        fail(BAD_INPUT, "%s holds no sources", name);
    close_text(&file);
}

/* ---- from divergence and dispersion ---- */

/* How far outside the ellipse a direction is, in units of its range; NaN for a single step. */
static double off_centre(double angle, const Steps *s)
{
    return (angle * angle - s->step * s->step / 4.0 * (1 - s->count % 2)) / s->range / s->range;
}

static void spread_sources(const Detector *d, bool round, Beam *beam)
{
    const Steps *hs = &beam->hdiv, *vs = &beam->vdiv, *ds = &beam->dispersion;
    Vec3 centre = scaled(d->beam, -SOURCE_DISTANCE);
    int capacity = 0;
    const double most = 1e7;
    if ((double)hs->count * vs->count * ds->count > most)
        fail(BAD_INPUT, "%d x %d x %d sources (hdiv x vdiv x dispersion) are more than %g", hs->count, vs->count,
             ds->count, most);
    for (int i = 0; i < hs->count; ++i)
        for (int j = 0; j < vs->count; ++j) {
            double hdiv = hs->step * i - hs->range / 2.0;
            double vdiv = vs->step * j - vs->range / 2.0;
            if (round && 4.0 * (off_centre(hdiv, hs) + off_centre(vdiv, vs)) > 1.1)
                continue;
            Vec3 position = rotate_axis(centre, d->polarization_axis, vdiv);
            position = rotate_axis(position, d->vertical, hdiv);
            for (int k = 0; k < ds->count; ++k) {
                double wavelength = beam->wavelength * (1.0 + ds->step * k - ds->range / 2.0);
                append(beam, &capacity, (Source){.position = position, .wavelength = wavelength});
            }
        }
    if (beam->source_count == 0)
        object("the divergence steps leave no source; try -square_div");
    for (int i = 0; i < beam->source_count; ++i)
        beam->sources[i].weight = 1.0 / beam->source_count;
}

void prepare_sources(const Options *o, Experiment *x)
{
    Beam *beam = &x->beam;
    if (o->source_file == NULL && o->dispersion.range >= 2.0)
        object("-dispersion %g %% spreads the wavelengths down to 0; give less than 200", o->dispersion.range * 100.0);
    if (o->source_file != NULL)
        read_sources(o->source_file, &x->detector, beam);
    else
        spread_sources(&x->detector, o->round_divergence != 0, beam);
    double weights = 0.0;
    for (int i = 0; i < beam->source_count; ++i)
        weights += beam->sources[i].weight;
    if (weights <= 0.0 && beam->source_count > 0 && !is_on(x->defects, SOURCE_WEIGHTS_IGNORED))
        fail(BAD_INPUT, "the weights of the sources add up to %g; at least one must be positive", weights);
    for (int i = 0; i < beam->source_count; ++i) {
        Source *source = &beam->sources[i];
        source->incident = scaled(unit(source->position), -1.0);
        source->relative_weight = source->weight * beam->source_count / weights;
    }
}
