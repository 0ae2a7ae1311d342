/* Reading the command line with the table of flags. */
#include "options.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "flags.h"
#include "smv.h"

/* ---- defaults ---- */

static const Steps steps_not_given = {.count = -1, .range = -1.0, .step = -1.0};
static const Steps steps_of_zero = {.count = -1, .range = 0.0, .step = -1.0};

static Options default_options(void)
{
    long clock = (long)(time(NULL) % INT_MAX);
    return (Options){
        .misset_seed = -clock,
        .N_cells = {1, 1, 1},
        .shape = SQUARE,
        .fudge = 1.0,
        .mosaic_spread = -1.0,
        .mosaic_domains = -1,
        .mosaic_seed = -12345678,
        .phi = steps_not_given,
        .spindle_axis = {0.0, 0.0, 1.0},
        .dump_file = "Fdump.bin",
        .interpolate = INTERPOLATE_AUTO,
        .wavelength = 1e-10,
        .fluence = 125932015286227086360700780544.0,
        .exposure = 1.0,
        .beam_size = 1e-4,
        .hdiv = steps_not_given,
        .vdiv = steps_not_given,
        .dispersion = steps_of_zero,
        .round_divergence = 1,
        .beam_vector = {1.0, 0.0, 0.0},
        .polarization_axis = {0.0, 0.0, 1.0},
        .distance = 0.1,
        .close_distance = NAN,
        .pixel_size = 1e-4,
        .size_fast = 0.1024,
        .size_slow = 0.1024,
        .pixels_fast = -1,
        .pixels_slow = -1,
        .Xbeam = NAN,
        .Ybeam = NAN,
        .Xclose = NAN,
        .Yclose = NAN,
        .origin_x = NAN,
        .origin_y = NAN,
        .convention = MOSFLM,
        .pivot = PIVOT_BEAM,
        .fdet_vector = {0.0, 0.0, 1.0},
        .sdet_vector = {0.0, -1.0, 0.0},
        .odet_vector = {1.0, 0.0, 0.0},
        .twotheta_axis = {0.0, 1.0, 0.0},
        .thickness = steps_of_zero,
        .attenuation = -1.0,
        .oversample = -1,
        .roi = {-1, -1, -1, -1},
        .float_file = "floatimage.bin",
        .int_file = "intimage.img",
        .pgm_file = "image.pgm",
        .noise_file = "noiseimage.img",
        .write_pgm = 1,
        .write_noise = 1,
        .scale = NAN,
        .pgm_scale = NAN,
        .adc_offset = 40.0,
        .noise_seed = -clock,
        .progress = isatty(STDERR_FILENO),
        .printout_pixel = {-1, -1},
        .defects = ALL_DEFECTS,
        .threads = 1,
        .case_name = "none",
    };
}

/* ---- matching flags ---- */

static int row_matches(const Flag *row, const char *word)
{
    size_t size = strlen(row->name);
    if (row->name[size - 1] == '*')
        return strncmp(row->name, word, size - 1) == 0;
    return strcmp(row->name, word) == 0;
}

int is_flag(const char *word)
{
    for (int i = 0; i < flag_table_size; ++i)
        if (row_matches(&flag_table[i], word))
            return 1;
    return 0;
}

enum { LONGEST_WORD = 64 };

/* How many letters must be changed, added or removed to make one word the other. */
static int edit_distance(const char *u, const char *v)
{
    int row[LONGEST_WORD + 1];
    int size = (int)strlen(v);
    if (size > LONGEST_WORD || strlen(u) > LONGEST_WORD)
        return INT_MAX;
    for (int j = 0; j <= size; ++j)
        row[j] = j;
    for (int i = 1; u[i - 1] != '\0'; ++i) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= size; ++j) {
            int best = diagonal + (u[i - 1] != v[j - 1]);
            diagonal = row[j];
            best = diagonal + 1 < best ? diagonal + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[size];
}

static _Noreturn void fail_unknown(const char *word)
{
    if (word[0] != '-')
        fail(BAD_INPUT, "'%s' is neither a flag nor a flag's value; flags start with '-'", word);
    const char *nearest = flag_table[0].name;
    int least = INT_MAX;
    for (int i = 0; i < flag_table_size; ++i) {
        int distance = edit_distance(word, flag_table[i].name);
        if (distance < least) {
            least = distance;
            nearest = flag_table[i].name;
        }
    }
    fail(BAD_INPUT, "unknown flag %s; did you mean %.*s?", word, (int)strcspn(nearest, "*"), nearest);
}

/* ---- applying one row ---- */

static void require_words(const char *flag, int count, char **words, int needed, const char *needs)
{
    if (count < needed || (needed > 0 && is_flag(words[0])))
        fail_lacking(flag, needs);
}

static int read_vector(double *vector, const char *flag, int count, char **words)
{
    require_words(flag, count, words, 3, "three numbers");
    for (int i = 0; i < 3; ++i)
        vector[i] = flag_number(flag, words[i]);
    return 3;
}

/* Set what one row says; returns the words it took. */
static int apply_row(Options *options, const Flag *row, const char *flag, int count, char **words)
{
    char *field = (char *)options + row->offset;
    switch (row->kind) {
    case NUMBER:
        require_words(flag, count, words, 1, "a number");
        *(double *)(void *)field = flag_number(flag, words[0]) / row->unit;
        return 1;
    case INTEGER:
        require_words(flag, count, words, 1, "an integer");
        *(int *)(void *)field = (int)flag_integer(flag, words[0], -INT_MAX, INT_MAX);
        return 1;
    case SEED:
        require_words(flag, count, words, 1, "an integer");
        *(long *)(void *)field = -flag_integer(flag, words[0], 1 - INT_MAX, INT_MAX - 1);
        return 1;
    case TEXT:
        require_words(flag, count, words, 1, "a name");
        *(const char **)(void *)field = words[0];
        return 1;
    case CONSTANT:
        *(int *)(void *)field = row->constant;
        return 0;
    case VECTOR:
        return read_vector((double *)(void *)field, flag, count, words);
    case IGNORED:
        require_words(flag, count, words, row->constant, row->constant == 1 ? "a value" : "three numbers");
        for (int i = 0; i < row->constant && row->constant == 3; ++i)
            flag_number(flag, words[i]);
        return row->constant;
    case SPECIAL:
        return row->reader(options, flag, count, words);
    }
    return 0;
}

/* Apply every row of the flag at argv[at]; returns the words its values took. */
static int apply_flag(Options *options, int at, int argc, char **argv)
{
    int taken = -1;
    for (int i = 0; i < flag_table_size; ++i) {
        const Flag *row = &flag_table[i];
        if (!row_matches(row, argv[at]))
            continue;
        if (row->substring_defect && !is_on(options->defects, FLAG_SUBSTRINGS))
            continue;
        int took = apply_row(options, row, argv[at], argc - at - 1, argv + at + 1);
        taken = took > taken ? took : taken;
        if (row->pivot != PIVOT_UNCHANGED)
            options->pivot = row->pivot;
        if (row->custom)
            options->convention = CUSTOM;
    }
    if (taken < 0)
        fail_unknown(argv[at]);
    return taken;
}

static void apply_flags(Options *options, int argc, char **argv)
{
    for (int at = 1; at < argc; ++at)
        at += apply_flag(options, at, argc, argv);
}

/* ---- image headers ---- */

static void take_millimetres(const SmvHeader *header, const char *key, double *field)
{
    double value;
    if (smv_number(header, key, &value))
        *field = value / 1e3;
}

static void take_degrees(const SmvHeader *header, const char *key, double *field)
{
    double value;
    if (smv_number(header, key, &value))
        *field = value / RTD;
}

/* What -img and -mask take from a header, as if flags had said it (they leave the pivot alone). */
static void apply_header(Options *options, const SmvHeader *header, bool is_mask)
{
    double value;
    smv_count(header, "SIZE1", &options->pixels_fast);
    smv_count(header, "SIZE2", &options->pixels_slow);
    take_millimetres(header, "PIXEL_SIZE", &options->pixel_size);
    take_millimetres(header, "DISTANCE", &options->distance);
    take_millimetres(header, "CLOSE_DISTANCE", &options->close_distance);
    take_millimetres(header, "BEAM_CENTER_X", &options->Xbeam);
    if (smv_number(header, "BEAM_CENTER_Y", &value))
        options->Ybeam =
            is_mask ? options->pixel_size * options->pixels_slow - value / 1e3 : value / 1e3;
    if (smv_number(header, "ORGX", &value))
        options->origin_x = value;
    if (smv_number(header, "ORGY", &value))
        options->origin_y = value;
    if (smv_number(header, "WAVELENGTH", &value))
        options->wavelength = value / 1e10;
    take_degrees(header, "PHI", &options->phi_start);
    take_degrees(header, "OSC_RANGE", &options->phi.range);
}

static void read_headers(Options *options, const Options *given)
{
    const char *names[] = {given->mask_file, given->image_file};
    for (int i = 0; i < 2; ++i) {
        if (names[i] == NULL)
            continue;
        SmvHeader header = read_smv_header(names[i]);
        apply_header(options, &header, i == 0);
        free(header.text);
    }
}

Options read_options(int argc, char **argv)
{
    /* The first reading checks the line and finds the headers and the defects, which come before all flags. */
    Options given = default_options();
    apply_flags(&given, argc, argv);
    Options options = default_options();
    read_headers(&options, &given);
    options.defects = given.defects;
    apply_flags(&options, argc, argv);
    return options;
}
