/* The table of flags and the readers of those that are more than one number, word or vector. */
#include "flags.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

/* ---- values ---- */

double flag_number(const char *flag, const char *word)
{
    char *end;
    double value = strtod(word, &end);
    if (end == word || *end != '\0' || !isfinite(value))
        fail(BAD_INPUT, "%s needs a finite number, not '%s'", flag, word);
    return value;
}

long flag_integer(const char *flag, const char *word, long low, long high)
{
    char *end;
    errno = 0;
    long value = strtol(word, &end, 10);
    if (end == word || *end != '\0' || errno != 0 || value < low || value > high)
        fail(BAD_INPUT, "%s needs an integer from %ld to %ld, not '%s'", flag, low, high, word);
    return value;
}

void fail_lacking(const char *flag, const char *needs)
{
    fail(BAD_INPUT, "%s needs %s after it", flag, needs);
}

/* ---- flags with a reader of their own ---- */

/* a b c al be ga: ends at the first missing or negative value; lengths default to a, angles to 90 degrees. */
static int read_cell(Options *o, const char *flag, int count, char **words)
{
    int taken = 0;
    while (taken < 6 && taken < count && words[taken][0] != '-') {
        double value = flag_number(flag, words[taken]);
        o->cell[taken] = taken < 3 ? value : value / RTD;
        ++taken;
    }
    if (taken == 0)
        fail_lacking(flag, "one to six positive numbers (a b c alpha beta gamma)");
    for (int i = taken; i < 3; ++i)
        o->cell[i] = o->cell[0];
    for (int i = taken > 3 ? taken : 3; i < 6; ++i)
        o->cell[i] = 90.0 / RTD;
    o->cell_given = 1;
    return taken;
}

static int read_misset(Options *o, const char *flag, int count, char **words)
{
    if (count >= 1 && strcmp(words[0], "random") == 0) {
        o->misset = MISSET_RANDOM;
        return 1;
    }
    if (count < 3)
        fail_lacking(flag, "'random' or three angles");
    for (int i = 0; i < 3; ++i)
        o->misset_angles[i] = flag_number(flag, words[i]) / RTD;
    o->misset = MISSET_ANGLES;
    return 3;
}

/* A word's number where it is one, else 0. */
static double number_or_zero(const char *word)
{
    char *end;
    double value = strtod(word, &end);
    return end != word && *end == '\0' && isfinite(value) ? value : 0.0;
}

/* The flag-substrings defect: -misset_seed read as -misset, its own number the first angle. It takes no words. */
static int read_misset_from_seed(Options *o, const char *flag, int count, char **words)
{
    (void)flag;
    if (count < 3)
        return 0;
    for (int i = 0; i < 3; ++i)
        o->misset_angles[i] = number_or_zero(words[i]) / RTD;
    o->misset = MISSET_ANGLES;
    return 0;
}

/* The flag-substrings defect: -twotheta_axis x y z read as -twotheta x. It takes no words. */
static int read_twotheta_from_axis(Options *o, const char *flag, int count, char **words)
{
    if (count >= 1)
        o->twotheta = flag_number(flag, words[0]) / RTD;
    return 0;
}

static int read_energy(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "a photon energy in eV");
    double energy = flag_number(flag, words[0]);
    if (energy <= 0.0)
        fail(BAD_INPUT, "%s needs a positive energy, not '%s'", flag, words[0]);
    o->wavelength = 12398.42 / energy / 1e10;
    return 1;
}

/* `inf` or 0: no absorption, which the reference writes as a sensor without thickness. */
static int read_absorption(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "an attenuation length in um");
    double depth = strcmp(words[0], "inf") == 0 ? 0.0 : flag_number(flag, words[0]);
    if (depth < 0.0)
        fail(BAD_INPUT, "%s needs a length that is not negative, not '%s'", flag, words[0]);
    o->attenuation = depth == 0.0 ? 0.0 : 1.0 / (depth * 1e-6);
    if (depth == 0.0)
        o->thickness.range = 0.0;
    return 1;
}

static int read_thickness(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "a thickness in um");
    o->thickness.range = flag_number(flag, words[0]) * 1e-6;
    return 1;
}

static int read_pivot(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "'sample' or 'beam'");
    if (strcmp(words[0], "sample") == 0)
        o->pivot = PIVOT_SAMPLE;
    else if (strcmp(words[0], "beam") == 0)
        o->pivot = PIVOT_BEAM;
    else
        fail(BAD_INPUT, "%s needs 'sample' or 'beam', not '%s'", flag, words[0]);
    return 1;
}

/* The reference does not see this flag as the last word of the line; rather than differ silently, refuse it there. */
static int read_curved(Options *o, const char *flag, int count, char **words)
{
    (void)words;
    if (count < 1)
        fail(BAD_INPUT, "%s is ignored as the last word; put it before another flag", flag);
    o->curved = 1;
    return 0;
}

static int read_defects(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "'all', 'none' or names separated by commas");
    o->defects = parse_defects(words[0]);
    return 1;
}

static int read_roi(Options *o, const char *flag, int count, char **words)
{
    if (count < 4)
        fail_lacking(flag, "four integers (xmin xmax ymin ymax)");
    for (int i = 0; i < 4; ++i)
        o->roi[i] = (int)flag_integer(flag, words[i], INT_MIN + 1, INT_MAX);
    return 4;
}

static int read_printout_pixel(Options *o, const char *flag, int count, char **words)
{
    if (count < 2)
        fail_lacking(flag, "two integers (fast slow)");
    for (int i = 0; i < 2; ++i)
        o->printout_pixel[i] = (int)flag_integer(flag, words[i], 0, INT_MAX);
    o->printout = 1;
    return 2;
}

static int read_trace_pixel(Options *o, const char *flag, int count, char **words)
{
    if (count < 2)
        fail_lacking(flag, "two integers (slow fast)");
    if (o->traced_count == MAX_TRACED)
        fail(BAD_INPUT, "%s can be given %d times at most", flag, MAX_TRACED);
    PixelIndex *pixel = &o->traced[o->traced_count++];
    pixel->slow = (int)flag_integer(flag, words[0], 0, INT_MAX);
    pixel->fast = (int)flag_integer(flag, words[1], 0, INT_MAX);
    return 2;
}

/* The header line `case` holds one word. */
static int read_case(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "a name");
    for (const char *c = words[0]; *c != '\0'; ++c)
        if (isspace((unsigned char)*c))
            fail(BAD_INPUT, "%s needs one word, not '%s'", flag, words[0]);
    if (words[0][0] == '\0')
        fail(BAD_INPUT, "%s needs a word that is not empty", flag);
    o->case_name = words[0];
    return 1;
}

static int read_threads(Options *o, const char *flag, int count, char **words)
{
    if (count < 1)
        fail_lacking(flag, "a number of threads");
    o->threads = (int)flag_integer(flag, words[0], 1, 1024);
    return 1;
}

/* ---- the table ---- */

#define AT(field) .offset = offsetof(Options, field)
#define PER_MM(flag, field) {.name = flag, .kind = NUMBER, AT(field), .unit = 1e3}
#define PER_MM_PIVOT(flag, field, side) {.name = flag, .kind = NUMBER, AT(field), .unit = 1e3, .pivot = side}
#define DEGREES(flag, field) {.name = flag, .kind = NUMBER, AT(field), .unit = RTD}
#define PLAIN(flag, field) {.name = flag, .kind = NUMBER, AT(field), .unit = 1.0}
#define SCALED(flag, field, divisor) {.name = flag, .kind = NUMBER, AT(field), .unit = divisor}
#define COUNT(flag, field) {.name = flag, .kind = INTEGER, AT(field)}
#define SEEDED(flag, field) {.name = flag, .kind = SEED, AT(field)}
#define NAMED(flag, field) {.name = flag, .kind = TEXT, AT(field)}
#define SET(flag, field, value) {.name = flag, .kind = CONSTANT, AT(field), .constant = value}
#define CHOOSE(flag, value, side) \
    {.name = flag, .kind = CONSTANT, AT(convention), .constant = value, .pivot = side}
#define AXIS(flag, field) {.name = flag, .kind = VECTOR, AT(field), .custom = 1}
#define SKIP(flag, words) {.name = flag, .kind = IGNORED, .constant = words}
#define READ(flag, function) {.name = flag, .kind = SPECIAL, .reader = function}
#define DEFECT(flag, function, side) \
    {.name = flag, .kind = SPECIAL, .reader = function, .pivot = side, .substring_defect = 1}

const Flag flag_table[] = {
    /* crystal */
    NAMED("-mat", matrix_file),
    READ("-cell", read_cell),
    READ("-misset", read_misset),
    SEEDED("-misset_seed", misset_seed),
    DEFECT("-misset_seed", read_misset_from_seed, PIVOT_UNCHANGED),
    COUNT("-N", N_cells[0]), COUNT("-N", N_cells[1]), COUNT("-N", N_cells[2]),
    COUNT("-Na", N_cells[0]), COUNT("-Nb", N_cells[1]), COUNT("-Nc", N_cells[2]),
    PER_MM("-xtalsize", sample_size[0]), PER_MM("-xtalsize", sample_size[1]),
    PER_MM("-xtalsize", sample_size[2]),
    PER_MM("-samplesize", sample_size[0]), PER_MM("-samplesize", sample_size[1]),
    PER_MM("-samplesize", sample_size[2]),
    PER_MM("-sample_x", sample_size[0]), PER_MM("-sample_thick", sample_size[0]),
    PER_MM("-xtal_thick", sample_size[0]),
    PER_MM("-sample_y", sample_size[1]), PER_MM("-sample_width", sample_size[1]),
    PER_MM("-xtal_width", sample_size[1]), PER_MM("-width", sample_size[1]),
    PER_MM("-sample_z", sample_size[2]), PER_MM("-sample_height", sample_size[2]),
    PER_MM("-xtal_height", sample_size[2]), PER_MM("-height", sample_size[2]),
    SET("-square_xtal", shape, SQUARE), SET("-round_xtal", shape, ROUND),
    SET("-gauss_xtal", shape, GAUSS), SET("-tophat_spots", shape, TOPHAT),
    SET("-binary_spots", shape, TOPHAT),
    PLAIN("-fudge", fudge),
    DEGREES("-mosaic", mosaic_spread), DEGREES("-mosaici*", mosaic_spread),
    DEGREES("-mosaic_spread", mosaic_spread),
    COUNT("-mosaic_domains", mosaic_domains), SEEDED("-mosaic_seed", mosaic_seed),

    /* spindle */
    DEGREES("-phi", phi_start), DEGREES("-osc", phi.range), DEGREES("-phistep", phi.step),
    COUNT("-phisteps", phi.count), AXIS("-spindle_axis", spindle_axis),

    /* structure factors */
    NAMED("-hkl", hkl_file), PLAIN("-default_F", default_F),
    NAMED("-dump", dump_file), SET("-dump", dump_given, 1),
    SET("-interpolate", interpolate, 1), SET("-nointerpolate", interpolate, 0),

    /* beam */
    SCALED("-lambda", wavelength, 1e10), SCALED("-wave", wavelength, 1e10), READ("-energy", read_energy),
    PLAIN("-fluence", fluence), PLAIN("-flux", flux), PLAIN("-exposure", exposure),
    PER_MM("-beamsize", beam_size), PLAIN("-polar", kahn_factor), SET("-polar", unpolarized, 0),
    SET("-nopolar", unpolarized, 1),
    SCALED("-dispersion", dispersion.range, 100.0), COUNT("-dispsteps", dispersion.count),
    SCALED("-divergence", hdiv.range, 1e3), SCALED("-divergence", vdiv.range, 1e3),
    SCALED("-hdivrange", hdiv.range, 1e3), SCALED("-vdivrange", vdiv.range, 1e3),
    SCALED("-hdivstep", hdiv.step, 1e3), SCALED("-vdivstep", vdiv.step, 1e3),
    COUNT("-hdivsteps", hdiv.count), COUNT("-vdivsteps", vdiv.count),
    COUNT("-divsteps", hdiv.count), COUNT("-divsteps", vdiv.count),
    SET("-round_div", round_divergence, 1), SET("-square_div", round_divergence, 0),
    NAMED("-sourcefile", source_file),
    AXIS("-beam_vector", beam_vector), AXIS("-polar_vector", polarization_axis),

    /* detector */
    PER_MM_PIVOT("-distance", distance, PIVOT_BEAM),
    PER_MM_PIVOT("-close_distance", close_distance, PIVOT_SAMPLE),
    PER_MM("-detsize", size_fast), PER_MM("-detsize", size_slow),
    PER_MM("-detsize_f", size_fast), PER_MM("-detsize_s", size_slow),
    COUNT("-detpixels", pixels_fast), COUNT("-detpixels", pixels_slow),
    COUNT("-detpixels_f", pixels_fast), COUNT("-detpixels_x", pixels_fast),
    COUNT("-detpixels_s", pixels_slow), COUNT("-detpixels_y", pixels_slow),
    PER_MM("-pixel", pixel_size),
    PER_MM_PIVOT("-Xbeam", Xbeam, PIVOT_BEAM), PER_MM_PIVOT("-Ybeam", Ybeam, PIVOT_BEAM),
    PER_MM_PIVOT("-Xclose", Xclose, PIVOT_SAMPLE), PER_MM_PIVOT("-Yclose", Yclose, PIVOT_SAMPLE),
    {.name = "-ORGX", .kind = NUMBER, AT(origin_x), .unit = 1.0, .pivot = PIVOT_SAMPLE},
    {.name = "-ORGY", .kind = NUMBER, AT(origin_y), .unit = 1.0, .pivot = PIVOT_SAMPLE},
    CHOOSE("-adxv", ADXV, PIVOT_BEAM), CHOOSE("-mosflm", MOSFLM, PIVOT_BEAM),
    CHOOSE("-denzo", DENZO, PIVOT_BEAM), CHOOSE("-dials", DIALS, PIVOT_BEAM),
    CHOOSE("-xds", XDS, PIVOT_SAMPLE),
    READ("-pivot", read_pivot),
    AXIS("-fdet_vector", fdet_vector), AXIS("-sdet_vector", sdet_vector), AXIS("-odet_vector", odet_vector),
    {.name = "-pix0_vector*", .kind = IGNORED, .constant = 3, .custom = 1},
    {.name = "-twotheta", .kind = NUMBER, AT(twotheta), .unit = RTD, .pivot = PIVOT_SAMPLE},
    AXIS("-twotheta_axis", twotheta_axis),
    DEFECT("-twotheta_axis", read_twotheta_from_axis, PIVOT_SAMPLE),
    DEGREES("-detector_rotx", rotation[0]), DEGREES("-detector_roty", rotation[1]),
    DEGREES("-detector_rotz", rotation[2]),
    READ("-curved_det", read_curved), SET("-point_pixel", point_pixel, 1),
    READ("-detector_abs", read_absorption), READ("-detector_thick", read_thickness),
    COUNT("-detector_thicksteps", thickness.count), COUNT("-thicksteps", thickness.count),

    /* sampling */
    COUNT("-oversample", oversample), SET("-oversample_thick", oversample_thick, 1),
    SET("-oversample_polar", oversample_polar, 1), SET("-oversample_omega", oversample_omega, 1),
    READ("-roi", read_roi), NAMED("-mask", mask_file), NAMED("-img", image_file),
    SCALED("-dmin", dmin, 1e10), SCALED("-water", water_size, 1e6),

    /* output */
    NAMED("-floatfile", float_file), NAMED("-floatimage", float_file),
    NAMED("-intfile", int_file), NAMED("-intimage", int_file),
    NAMED("-pgmfile", pgm_file), SET("-pgmfile", write_pgm, 1),
    NAMED("-pgmimage", pgm_file), SET("-pgmimage", write_pgm, 1),
    NAMED("-noisefile", noise_file), SET("-noisefile", write_noise, 1),
    NAMED("-noiseimage", noise_file), SET("-noiseimage", write_noise, 1),
    SET("-nopgm", write_pgm, 0), SET("-nonoise", write_noise, 0),
    PLAIN("-scale", scale), PLAIN("-pgmscale", pgm_scale), PLAIN("-adc", adc_offset),
    SEEDED("-seed", noise_seed), SET("-printout", printout, 1),
    READ("-printout_pixel", read_printout_pixel),
    SET("-noprogress", progress, 0), SET("-progress", progress, 1),

    /* read, without effect on any output */
    SKIP("-density", 1), SKIP("-sample_density", 1), SKIP("-MW", 1), SKIP("-molecular_weight", 1),
    SKIP("-coherent", 0), SKIP("-stol", 1), SKIP("-4stol", 1), SKIP("-Q", 1), SKIP("-stolout", 1),

    /* beyond the reference */
    READ("-trace_pixel", read_trace_pixel), NAMED("-trace_file", trace_file),
    SET("-trace_only", trace_only, 1), READ("-defects", read_defects), READ("-threads", read_threads),
    READ("-case", read_case),
};

const int flag_table_size = sizeof flag_table / sizeof flag_table[0];
