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
#include "headers.h"

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

/* ---- one word ---- */

/* What has been read of the command line. */
typedef struct {
    int count;
    char **words;
    int taken; /* the last word that is a flag's value */
} Line;

static void refuse_flags_as_values(const Flag *row, const Following *f)
{
    for (int i = 0; i < row->needs; ++i)
        if (is_name(f->words[i])) {
            if (row->own)
                fail(BAD_INPUT, "%s needs %d words after it, not the flag %s", f->flag, row->needs, f->words[i]);
            object("%s takes the flag %s as its value", f->flag, f->words[i]);
        }
}

static void object_to_lack(const Flag *row, const char *word)
{
    const char *words = row->needs == 1 ? "word" : "words";
    if (row->own)
        fail(BAD_INPUT, "%s needs %d %s after it", word, row->needs, words);
    object("%s needs %d %s after it (the reference ignores it)", word, row->needs, words);
}

static bool is_number(const char *word)
{
    char *end;
    strtod(word, &end);
    return end != word && *end == '\0';
}

static void object_to_unknown(const char *word)
{
    if (word[0] != '-' || is_number(word))
        object("'%s' is neither a flag nor a flag's value (the reference ignores it)", word);
    else
        object("unknown flag %s (the reference ignores it); did you mean %s?", word, nearest_name(word));
}

/* Every row that matches the word at `at` acts, in the order of the table. */
static void apply_word(Options *options, Line *line, int at)
{
    const char *word = line->words[at];
    bool whole_words = !is_on(options->defects, FLAG_SUBSTRINGS), named = is_name(word), acted = false;
    const Flag *lacking = NULL;
    Following f = {.flag = word, .count = line->count - at - 1, .words = line->words + at + 1};
    int taken = 0;
    for (int i = 0; i < flag_table_size; ++i) {
        const Flag *row = &flag_table[i];
        if (!row_matches(row, word, whole_words))
            continue;
        f.meant = !named || is_name_of(row, word);
        if (f.count < row->needs) {
            lacking = f.meant ? row : lacking;
            continue;
        }
        if (f.meant)
            refuse_flags_as_values(row, &f);
        int took = apply_row(options, row, &f);
        if (took < 0)
            continue;
        acted = true;
        taken = took > taken ? took : taken;
        if (row->ends)
            break;
    }
    if (lacking != NULL)
        object_to_lack(lacking, word);
    else if (!acted && at > line->taken)
        object_to_unknown(word);
    line->taken = at + taken > line->taken ? at + taken : line->taken;
}

/* Every word that begins with `-` is looked at, a flag's value too; without flag-substrings, values are not. */
static void apply_words(Options *options, int argc, char **argv)
{
    Line line = {.count = argc, .words = argv};
    bool values_too = is_on(options->defects, FLAG_SUBSTRINGS);
    for (int at = 1; at < argc; ++at) {
        if (at <= line.taken && !values_too)
            continue;
        if (argv[at][0] == '-')
            apply_word(options, &line, at);
        else if (at > line.taken)
            object_to_unknown(argv[at]);
    }
}

/* ---- what is read before all else ---- */

/* The word after the last one that is `name`, or where `part` is enough contains it; NULL if there is none. */
static const char *value_of_last(const char *name, bool part, int argc, char **argv)
{
    const char *value = NULL;
    for (int at = 1; at + 1 < argc; ++at) {
        bool contains = part && argv[at][0] == '-' && strstr(argv[at], name) != NULL;
        if (contains || strcmp(argv[at], name) == 0)
            value = argv[at + 1];
    }
    return value;
}

static bool holds(const char *word, int argc, char **argv)
{
    for (int at = 1; at < argc; ++at)
        if (strcmp(argv[at], word) == 0)
            return true;
    return false;
}

Options read_options(int argc, char **argv)
{
    Options options = default_options();
    const char *defects = value_of_last("-defects", false, argc, argv);
    if (defects != NULL)
        options.defects = parse_defects(defects);
    bool parts = is_on(options.defects, FLAG_SUBSTRINGS);
    if (!parts || holds("--strict", argc, argv))
        refuse_objections();
    options.mask_file = value_of_last("-mask", parts, argc, argv);
    options.image_file = value_of_last("-img", parts, argc, argv);
    apply_headers(&options);
    apply_words(&options, argc, argv);
    return options;
}
