/* The table of flags, in the order in which the reference looks at them (words and headers, first table). */
#include "flags.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

/* ---- flags with a reader of their own ---- */

enum { DID_NOT_ACT = -1 };

/* a b c al be ga: ends before a word that begins with `-`; what is missing keeps what it was. */
static int read_cell(Options *o, const Following *f)
{
    int taken = 0;
    for (; taken < 6 && taken < f->count && f->words[taken][0] != '-'; ++taken) {
        double value = number_at(f, taken);
        o->cell[taken] = taken < 3 ? value : value / RTD;
    }
    if (taken == 0)
        object("%s needs one to six positive numbers after it (a b c alpha beta gamma)", f->flag);
    o->cell_given = 1;
    return taken;
}

static int read_misset_random(Options *o, const Following *f)
{
    if (strstr(f->words[0], "rand") == NULL)
        return DID_NOT_ACT;
    if (f->meant && strcmp(f->words[0], "random") != 0)
        object("%s needs 'random' or three angles, not '%s' (the reference reads 'random')", f->flag, f->words[0]);
    o->misset = MISSET_RANDOM;
    return 1;
}

static int read_misset_angles(Options *o, const Following *f)
{
    for (int i = 0; i < 3; ++i)
        o->misset_angles[i] = number_at(f, i) / RTD;
    o->misset = MISSET_ANGLES;
    return 3;
}

static int read_energy(Options *o, const Following *f)
{
    o->wavelength = 12398.42 / number_at(f, 0) / 1e10;
    return 1;
}

/* These flags are read without a look at whether a word follows. */
static void require_word(const Following *f)
{
    if (f->count < 1)
        fail(BAD_INPUT, "%s needs a value after it; as the last word the reference reads past the command line", f->flag);
}

/* `inf` or 0: no absorption, which the reference writes as a sensor without thickness. */
static int read_absorption(Options *o, const Following *f)
{
    require_word(f);
    if (strstr(f->words[0], "inf") != NULL) {
        o->attenuation = o->thickness.range = 0.0;
        return 1;
    }
    double depth = number_at(f, 0);
    if (depth < 0.0 && f->meant)
        object("%s needs a length that is not negative, not '%s' (as if none were given)", f->flag, f->words[0]);
    o->attenuation = depth == 0.0 ? 0.0 : 1.0 / (depth * 1e-6);
    if (depth == 0.0)
        o->thickness.range = 0.0;
    return 1;
}

static int read_thickness(Options *o, const Following *f)
{
    require_word(f);
    o->thickness.range = number_at(f, 0) * 1e-6;
    return 1;
}

static int read_thickness_steps(Options *o, const Following *f)
{
    require_word(f);
    o->thickness.count = integer_at(f, 0);
    return 1;
}

static int read_pivot(Options *o, const Following *f)
{
    bool sample = strstr(f->words[0], "sample") != NULL, beam = strstr(f->words[0], "beam") != NULL;
    if (f->meant && strcmp(f->words[0], "sample") != 0 && strcmp(f->words[0], "beam") != 0)
        object("%s needs 'sample' or 'beam', not '%s'", f->flag, f->words[0]);
    if (sample)
        o->pivot = PIVOT_SAMPLE;
    if (beam)
        o->pivot = PIVOT_BEAM;
    return 1;
}

static int read_curved(Options *o, const Following *f)
{
    if (f->count < 1 && is_on(o->defects, CURVED_DET_LAST_WORD))
        warn("%s is the last word, where the reference overlooks it", f->flag);
    else
        o->curved = 1;
    return 0;
}

/* ---- flags beyond the reference: their values must be right ---- */

static long integer_between(const Following *f, int i, long low, long high)
{
    char *end;
    long value = strtol(f->words[i], &end, 10);
    if (end == f->words[i] || *end != '\0' || value < low || value > high)
        fail(BAD_INPUT, "%s needs an integer from %ld to %ld, not '%s'", f->flag, low, high, f->words[i]);
    return value;
}

static int read_defects(Options *o, const Following *f)
{
    o->defects = parse_defects(f->words[0]);
    return 1;
}

static int read_trace_pixel(Options *o, const Following *f)
{
    if (o->traced_count == MAX_TRACED)
        fail(BAD_INPUT, "%s can be given %d times at most", f->flag, MAX_TRACED);
    PixelIndex *pixel = &o->traced[o->traced_count++];
    pixel->slow = (int)integer_between(f, 0, 0, INT_MAX);
    pixel->fast = (int)integer_between(f, 1, 0, INT_MAX);
    return 2;
}

/* The header line `case` holds one word. */
static int read_case(Options *o, const Following *f)
{
    const char *name = f->words[0];
    if (name[0] == '\0' || strpbrk(name, " \t\n\v\f\r") != NULL)
        fail(BAD_INPUT, "%s needs one word that is not empty, not '%s'", f->flag, name);
    o->case_name = name;
    return 1;
}

static int read_threads(Options *o, const Following *f)
{
    o->threads = (int)integer_between(f, 0, 1, 1024);
    return 1;
}

/* ---- the table ---- */

#define AT(field) .fields = {offsetof(Options, field)}, .field_count = 1
#define AT2(f, g) .fields = {offsetof(Options, f), offsetof(Options, g)}, .field_count = 2
#define AT3(f, g, h) .fields = {offsetof(Options, f), offsetof(Options, g), offsetof(Options, h)}, .field_count = 3
#define ALSO(field, value) .sets_also = true, .also = offsetof(Options, field), .also_to = value
#define NUM(flag, place, divisor, ...) {.words = flag, .needs = 1, .kind = NUMBER, .values = 1, place, .unit = divisor, __VA_ARGS__}
#define INT(flag, place, ...) {.words = flag, .needs = 1, .kind = INTEGER, .values = 1, place, __VA_ARGS__}
#define INTS(flag, n, field, ...) {.words = flag, .needs = n, .kind = INTEGER, .values = n, AT(field), __VA_ARGS__}
#define SEEDED(flag, field) {.words = flag, .needs = 1, .kind = SEED, .values = 1, AT(field)}
#define NAME(flag, field, ...) {.words = flag, .needs = 1, .kind = TEXT, .values = 1, AT(field), __VA_ARGS__}
#define SET(flag, field, value, ...) {.words = flag, .kind = CONSTANT, AT(field), .constant = value, __VA_ARGS__}
#define CHOOSE(flag, value, side) SET(flag, convention, value, .pivot = side)
#define AXIS(flag, field) \
    {.words = flag, .needs = 3, .kind = NUMBER, .values = 3, AT(field), .unit = 1.0, .custom = true}
#define SKIP(flag, n, ...) {.words = flag, .needs = n, .kind = NOTHING, .values = n, __VA_ARGS__}
#define READ(flag, n, function) {.words = flag, .needs = n, .kind = SPECIAL, .reader = function}
#define OWN(flag, n, function) {.words = flag, .needs = n, .kind = SPECIAL, .reader = function, .own = true}
#define SIZES AT3(sample_size[0], sample_size[1], sample_size[2])

const Flag flag_table[] = {
    INT("-Na", AT(N_cells[0]), .ends = true), INT("-Nb", AT(N_cells[1]), .ends = true),
    INT("-Nc", AT(N_cells[2]), .ends = true),
    INT("=-N", AT3(N_cells[0], N_cells[1], N_cells[2]), .ends = true),
    READ("-cell", 1, read_cell),
    {.words = "-misset", .needs = 1, .kind = SPECIAL, .reader = read_misset_random, .ends = true},
    READ("-misset", 3, read_misset_angles),
    NUM("-samplesize -sample_size", SIZES, 1e3),
    NUM("-sample_thick -sample_x", AT(sample_size[0]), 1e3),
    NUM("-sample_width -sample_y -width", AT(sample_size[1]), 1e3),
    NUM("-sample_heigh(t) -sample_z -heigh(t)", AT(sample_size[2]), 1e3),
    NUM("-xtalsize -xtal_size", SIZES, 1e3),
    NUM("-xtal_thick -xtal_x", AT(sample_size[0]), 1e3),
    NUM("-xtal_width -xtal_y -width", AT(sample_size[1]), 1e3),
    NUM("-xtal_heigh(t) -xtal_z -heigh(t)", AT(sample_size[2]), 1e3),
    SKIP("-density -sample_den(sity)", 1), SKIP("=-MW -molec(ular_weight)", 1),
    NUM("-Xbeam", AT(Xbeam), 1e3, .pivot = PIVOT_BEAM), NUM("-Ybeam", AT(Ybeam), 1e3, .pivot = PIVOT_BEAM),
    NUM("-Xclose", AT(Xclose), 1e3, .pivot = PIVOT_SAMPLE), NUM("-Yclose", AT(Yclose), 1e3, .pivot = PIVOT_SAMPLE),
    NUM("-ORGX", AT(origin_x), 1.0, .pivot = PIVOT_SAMPLE), NUM("-ORGY", AT(origin_y), 1.0, .pivot = PIVOT_SAMPLE),
    READ("-pivot", 1, read_pivot),
    CHOOSE("-mosflm", MOSFLM, PIVOT_BEAM), CHOOSE("-xds", XDS, PIVOT_SAMPLE), CHOOSE("-adxv", ADXV, PIVOT_BEAM),
    CHOOSE("-denzo", DENZO, PIVOT_BEAM), CHOOSE("-dials", DIALS, PIVOT_BEAM),
    AXIS("-fdet_vector", fdet_vector), AXIS("-sdet_vector", sdet_vector), AXIS("-odet_vector", odet_vector),
    AXIS("-beam_vector", beam_vector), AXIS("-polar_vector", polarization_axis),
    AXIS("-spindle_axis", spindle_axis), AXIS("-twotheta_axis", twotheta_axis),
    SKIP("-pix0_vector -pix0_vector_mm", 3, .custom = true),
    NUM("-distance", AT(distance), 1e3, .pivot = PIVOT_BEAM),
    NUM("-close_distance", AT(close_distance), 1e3, .pivot = PIVOT_SAMPLE),
    READ("-detector_abs", 0, read_absorption), READ("=-detector_thick", 0, read_thickness),
    READ("-detector_thicksteps", 0, read_thickness_steps), READ("-thicksteps", 0, read_thickness_steps),
    NUM("-twotheta", AT(twotheta), RTD, .pivot = PIVOT_SAMPLE),
    NUM("-detector_rotx", AT(rotation[0]), RTD), NUM("-detector_roty", AT(rotation[1]), RTD),
    NUM("-detector_rotz", AT(rotation[2]), RTD),
    NUM("=-detsize", AT2(size_fast, size_slow), 1e3),
    NUM("-detsize_f", AT(size_fast), 1e3), NUM("-detsize_s", AT(size_slow), 1e3),
    INT("=-detpixels", AT2(pixels_fast, pixels_slow)),
    INT("-detpixels_f -detpixels_x", AT(pixels_fast)), INT("-detpixels_s -detpixels_y", AT(pixels_slow)),
    READ("-curved_det", 0, read_curved),
    NUM("-pixel", AT(pixel_size), 1e3), SET("-point_pixel", point_pixel, 1),
    NUM("=-polar", AT(kahn_factor), 1.0, ALSO(unpolarized, 0)), SET("-nopolar", unpolarized, 1),
    SET("-oversample_thick", oversample_thick, 1, .ends = true),
    SET("-oversample_polar", oversample_polar, 1, .ends = true),
    SET("-oversample_omega", oversample_omega, 1, .ends = true),
    INT("-oversample", AT(oversample)),
    INTS("-roi", 4, roi),
    NUM("-lambda -wave", AT(wavelength), 1e10), READ("-energy", 1, read_energy),
    NUM("-fluence", AT(fluence), 1.0), NUM("-flux", AT(flux), 1.0), NUM("-exposure", AT(exposure), 1.0),
    NUM("-beamsize", AT(beam_size), 1e3),
    NUM("=-mosaic -mosaici(ty) -mosaic_spr(ead)", AT(mosaic_spread), RTD),
    INT("-mosaic_dom(ains)", AT(mosaic_domains)),
    NUM("-dispersion", AT(dispersion.range), 100.0), INT("-dispsteps", AT(dispersion.count)),
    NUM("-divergence", AT2(hdiv.range, vdiv.range), 1e3),
    NUM("-hdivrange", AT(hdiv.range), 1e3), NUM("-vdivrange", AT(vdiv.range), 1e3),
    NUM("=-hdivstep", AT(hdiv.step), 1e3), INT("-hdivsteps", AT(hdiv.count)),
    NUM("=-vdivstep", AT(vdiv.step), 1e3), INT("-vdivsteps", AT(vdiv.count)),
    INT("-divsteps", AT2(hdiv.count, vdiv.count)),
    SET("-round_div", round_divergence, 1), SET("-square_div", round_divergence, 0),
    NUM("-adc", AT(adc_offset), 1.0),
    NUM("=-phi", AT(phi_start), RTD), NUM("-osc", AT(phi.range), RTD),
    NUM("=-phistep", AT(phi.step), RTD), INT("-phisteps", AT(phi.count)),
    NUM("-dmin", AT(dmin), 1e10),
    NAME("-mat", matrix_file), NAME("-hkl", hkl_file), NUM("-default_F", AT(default_F), 1.0),
    NAME("-dump", dump_file, ALSO(dump_given, 1)),
    SKIP("-img", 1), SKIP("-mask", 1),
    SKIP("-stolout", 1), NAME("=-stol", stol_file), NAME("=-4stol", stol_file), NAME("=-Q", stol_file),
    NAME("-sourcefile", source_file),
    NAME("-floatfile -floatimage", float_file), NAME("-intfile -intimage", int_file),
    NAME("-pgmfile -pgmimage", pgm_file, ALSO(write_pgm, 1)),
    NAME("-noisefile -noiseimage", noise_file, ALSO(write_noise, 1)),
    SET("-nonoise", write_noise, 0), SET("-nopgm", write_pgm, 0),
    NUM("-scale", AT(scale), 1.0), NUM("-pgmscale", AT(pgm_scale), 1.0, ALSO(write_pgm, 1)),
    SKIP("-coherent", 0),
    SET("-printout", printout, 1), SET("-noprogress", progress, 0), SET("-progress", progress, 1),
    SET("-interpolate", interpolate, 1), SET("-nointerpolate", interpolate, 0),
    SET("-round_xtal", shape, ROUND), SET("-square_xtal", shape, SQUARE), SET("-gauss_xtal", shape, GAUSS),
    SET("-binary_spots -tophat_spots", shape, TOPHAT),
    NUM("-fudge", AT(fudge), 1.0),
    INTS("-printout_pixel", 2, printout_pixel, ALSO(printout, 1)),
    SEEDED("-seed", noise_seed), SEEDED("-mosaic_seed", mosaic_seed), SEEDED("-misset_seed", misset_seed),
    NUM("-water", AT(water_size), 1e6),

    /* beyond the reference */
    OWN("-trace_pixel", 2, read_trace_pixel), NAME("-trace_file", trace_file, .own = true),
    SET("-trace_only", trace_only, 1, .own = true), OWN("-defects", 1, read_defects),
    OWN("-threads", 1, read_threads), OWN("-case", 1, read_case), SKIP("--strict", 0, .own = true),
};

const int flag_table_size = sizeof flag_table / sizeof flag_table[0];

/* ---- applying one row ---- */

static void set_numbers(Options *options, const Flag *row, const Following *f)
{
    for (int i = 0; i < row->values; ++i) {
        double value = number_at(f, i) / row->unit;
        for (int j = 0; j < row->field_count; ++j)
            ((double *)(void *)((char *)options + row->fields[j]))[i] = value;
    }
}

static void set_integers(Options *options, const Flag *row, const Following *f)
{
    for (int i = 0; i < row->values; ++i) {
        int value = integer_at(f, i);
        for (int j = 0; j < row->field_count; ++j)
            ((int *)(void *)((char *)options + row->fields[j]))[i] = value;
    }
}

static int set_fields(Options *options, const Flag *row, const Following *f)
{
    void *field = (char *)options + row->fields[0];
    switch (row->kind) {
    case NUMBER:
        set_numbers(options, row, f);
        break;
    case INTEGER:
        set_integers(options, row, f);
        break;
    case SEED:
        *(long *)field = -(long)integer_at(f, 0);
        break;
    case TEXT:
        *(const char **)field = f->words[0];
        break;
    case CONSTANT:
        *(int *)field = row->constant;
        break;
    case NOTHING:
        break;
    case SPECIAL:
        return row->reader(options, f);
    }
    return row->values;
}

int apply_row(Options *options, const Flag *row, const Following *f)
{
    int taken = set_fields(options, row, f);
    if (taken == DID_NOT_ACT)
        return taken;
    if (row->sets_also)
        *(int *)(void *)((char *)options + row->also) = row->also_to;
    if (row->pivot != PIVOT_UNCHANGED)
        options->pivot = row->pivot;
    if (row->custom)
        options->convention = CUSTOM;
    return taken;
}
