/* Flags in any order, the later wins. */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

static const char *const flags[] = {
    "-scan", "-interp", "-outside", "-nphotons", "-noise", "-seed", "-image", "-stitch", "-patches", "-weights", "-crop",
    "-positions", "-trace", "-trace_canvas", "-mode", "-defects", "-no_gauge", "-case",
};
enum { FLAG_COUNT = sizeof flags / sizeof flags[0] };

static const char *const interpolations[] = {"bilinear", "nearest", "fourier", NULL};
static const char *const weightings[] = {"probe", "uniform", "central", "crop", NULL};
static const char *const outsides[] = {"error", "zero", NULL};
static const char *const modes[] = {"c-parity", "spec", NULL};

const char *interpolation_word(Interpolation interpolation)
{
    return interpolations[interpolation];
}

/* ---- words ---- */

/* How many letters are inserted, removed or changed between two short words. */
static int edits(const char *a, const char *b)
{
    int row[32];
    for (int j = 0; j < 32; ++j)
        row[j] = j;
    for (int i = 1; a[i - 1] != '\0'; ++i) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j < 32 && b[j - 1] != '\0'; ++j) {
            int best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (corner + 1 < best)
                best = corner + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[strlen(b)];
}

_Noreturn static void fail_unknown(const char *word)
{
    const char *nearest = flags[0];
    for (int i = 1; i < FLAG_COUNT; ++i)
        if (edits(word, flags[i]) < edits(word, nearest))
            nearest = flags[i];
    fail(BAD_INPUT, "'%.80s' is not known here; the nearest flag is %s", word, nearest);
}

/* The words of a command line, taken one after another. */
typedef struct {
    const char *flag;
    char **at;
} Words;

static const char *take_word(Words *words, const char *needs)
{
    if (*words->at == NULL)
        fail(BAD_INPUT, "%s needs %s after it", words->flag, needs);
    return *words->at++;
}

static int take_choice(Words *words, const char *const *choices)
{
    const char *word = take_word(words, "a word");
    for (int i = 0; choices[i] != NULL; ++i)
        if (strcmp(word, choices[i]) == 0)
            return i;
    fail(BAD_INPUT, "%s does not know '%.80s'; it takes %s, %s%s%s", words->flag, word, choices[0], choices[1],
         choices[2] != NULL ? " or " : "", choices[2] != NULL ? choices[2] : "");
}

static long take_integer(Words *words, long low)
{
    const char *word = take_word(words, "a whole number");
    char *end;
    errno = 0;
    long value = strtol(word, &end, 10);
    if (end == word || *end != '\0' || errno != 0 || value < low || value > INT_MAX)
        fail(BAD_INPUT, "%s needs a whole number of at least %ld, not '%.80s'", words->flag, low, word);
    return value;
}

static double take_positive(Words *words)
{
    const char *word = take_word(words, "a positive number");
    char *end;
    double value = strtod(word, &end);
    if (end == word || *end != '\0' || !isfinite(value) || value <= 0.0)
        fail(BAD_INPUT, "%s needs a positive number, not '%.80s'", words->flag, word);
    return value;
}

static void take_positions(Words *words, Options *o)
{
    const char *text = take_word(words, "positions separated by commas");
    o->chosen = allocate(strlen(text) + 1, sizeof(long), "positions");
    o->chosen_count = 0;
    for (const char *at = text;;) {
        char *end;
        long value = strtol(at, &end, 10);
        if (end == at || value < 0 || (*end != ',' && *end != '\0') || value > INT_MAX)
            fail(BAD_INPUT, "%s needs positions separated by commas, not '%.80s'", words->flag, text);
        o->chosen[o->chosen_count++] = value;
        if (*end == '\0')
            return;
        at = end + 1;
    }
}

static TracedPixel *appended(TracedPixel *list, long *count, TracedPixel pixel)
{
    TracedPixel *longer = realloc(list, (size_t)(*count + 1) * sizeof *list);
    if (longer == NULL)
        fail(BAD_INPUT, "not enough memory for the list of traced pixels");
    longer[(*count)++] = pixel;
    return longer;
}

static void take_traced(Words *words, Options *o)
{
    long position = take_integer(words, 0), slow = take_integer(words, 0), fast = take_integer(words, 0);
    o->traced = appended(o->traced, &o->traced_count, (TracedPixel){position, slow, fast});
}

static void take_traced_canvas(Words *words, Options *o)
{
    long slow = take_integer(words, 0), fast = take_integer(words, 0);
    o->traced_canvas = appended(o->traced_canvas, &o->traced_canvas_count, (TracedPixel){0, slow, fast});
}

/* ---- the table ---- */

static const char **name_behind(Options *o, const char *flag)
{
    const struct {
        const char *flag;
        const char **name;
    } names[] = {{"-scan", &o->scan}, {"-image", &o->image}, {"-noise", &o->noise}, {"-stitch", &o->stitch},
                 {"-patches", &o->patches}, {"-case", &o->case_name}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i)
        if (strcmp(flag, names[i].flag) == 0)
            return names[i].name;
    return NULL;
}

static void read_flag(Options *o, Words *words)
{
    const char *flag = words->flag;
    const char **name = name_behind(o, flag);
    if (name != NULL)
        *name = take_word(words, "a name");
    else if (strcmp(flag, "-interp") == 0)
        o->interpolation = (Interpolation)take_choice(words, interpolations);
    else if (strcmp(flag, "-outside") == 0)
        o->outside_zero = take_choice(words, outsides) == 1;
    else if (strcmp(flag, "-nphotons") == 0)
        o->nphotons = take_positive(words);
    else if (strcmp(flag, "-seed") == 0)
        o->seed = -take_integer(words, 0);
    else if (strcmp(flag, "-weights") == 0)
        o->weighting = (Weighting)take_choice(words, weightings);
    else if (strcmp(flag, "-crop") == 0)
        o->crop = take_integer(words, 1);
    else if (strcmp(flag, "-positions") == 0)
        take_positions(words, o);
    else if (strcmp(flag, "-trace") == 0)
        take_traced(words, o);
    else if (strcmp(flag, "-trace_canvas") == 0)
        take_traced_canvas(words, o);
    else if (strcmp(flag, "-mode") == 0)
        o->defects = take_choice(words, modes) == 0 ? ALL_DEFECTS : NO_DEFECTS;
    else if (strcmp(flag, "-defects") == 0)
        o->defects = parse_defects(take_word(words, "all, none or names"));
    else if (strcmp(flag, "-no_gauge") == 0)
        o->gauge = false;
    else
        fail_unknown(flag);
}

Options read_options(int argc, char **argv)
{
    Options o = {.defects = ALL_DEFECTS, .gauge = true, .crop = 20, .case_name = "none", .seed = -1};
    Words words = {.at = argv + (argc > 0)};
    while (*words.at != NULL) {
        words.flag = *words.at++;
        read_flag(&o, &words);
    }
    if (o.image == NULL && o.noise == NULL && o.stitch == NULL && o.traced_count + o.traced_canvas_count == 0)
        fail(NOTHING_TO_COMPUTE, "nothing to compute; give -image, -noise, -stitch, -trace or -trace_canvas");
    if (o.scan == NULL)
        fail(BAD_INPUT, "-scan FILE is needed");
    return o;
}
