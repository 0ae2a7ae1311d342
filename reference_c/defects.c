/* Names of the defect switches and their reading and writing. */
#include "defects.h"

#include <stdio.h>
#include <string.h>

#include "failure.h"

static const char *const names[DEFECT_COUNT] = {
    [PHI_CARRYOVER] = "phi-carryover",
    [OVERSAMPLE_COMPOUNDS] = "oversample-compounds",
    [LAST_LAYER_CAPTURE] = "last-layer-capture",
    [INTERPOLATION_LATCH] = "interpolation-latch",
    [SOURCE_WEIGHTS_IGNORED] = "source-weights-ignored",
    [BACKGROUND_SCALING] = "background-scaling",
    [SKEWED_DEFAULT_CELL] = "skewed-default-cell",
    [RANDOM_MISSET_RADIANS] = "random-misset-radians",
    [CURVED_AXES] = "curved-axes",
    [STALE_DUMP] = "stale-dump",
    [DUMP_WHITESPACE] = "dump-whitespace",
    [FLAG_SUBSTRINGS] = "flag-substrings",
    [HEADER_SUBSTRINGS] = "header-substrings",
    [CURVED_DET_LAST_WORD] = "curved-det-last-word",
};

#define TEXT_SIZE 512

/* The names of a set, separated by `separator`, in a static buffer. */
static const char *joined(DefectSet defects, const char *separator)
{
    static _Thread_local char text[TEXT_SIZE];
    text[0] = '\0';
    for (int i = 0; i < DEFECT_COUNT; ++i) {
        if (!is_on(defects, (Defect)i))
            continue;
        if (text[0] != '\0')
            strncat(text, separator, TEXT_SIZE - strlen(text) - 1);
        strncat(text, names[i], TEXT_SIZE - strlen(text) - 1);
    }
    return text;
}

static DefectSet one_defect(const char *name, size_t size)
{
    for (int i = 0; i < DEFECT_COUNT; ++i)
        if (strlen(names[i]) == size && strncmp(names[i], name, size) == 0)
            return 1u << i;
    fail(BAD_INPUT, "-defects has no '%.*s'; give all, none, upstream-fixes or some of %s", (int)size, name,
         joined(ALL_DEFECTS, ", "));
}

DefectSet parse_defects(const char *text)
{
    if (strcmp(text, "all") == 0)
        return ALL_DEFECTS;
    if (strcmp(text, "none") == 0)
        return NO_DEFECTS;
    if (strcmp(text, "upstream-fixes") == 0)
        return UPSTREAM_FIXES;
    DefectSet defects = NO_DEFECTS;
    for (;;) {
        size_t size = strcspn(text, ",");
        defects |= one_defect(text, size);
        if (text[size] == '\0')
            return defects;
        text += size + 1;
    }
}

const char *defects_text(DefectSet defects)
{
    if (defects == ALL_DEFECTS)
        return "all";
    if (defects == UPSTREAM_FIXES)
        return "upstream-fixes";
    return defects == NO_DEFECTS ? "none" : joined(defects, ",");
}

const char *defects_mode(DefectSet defects)
{
    if (defects == ALL_DEFECTS)
        return "c-parity";
    if (defects == UPSTREAM_FIXES)
        return "upstream-fixes";
    return defects == NO_DEFECTS ? "spec" : "custom";
}
