/* Names of the defect switches and their reading and writing. */
#include "defects.h"

#include <string.h>

#include "failure.h"

static const char *const names[DEFECT_COUNT] = {
    [FLOAT32_FIELDS] = "float32-fields",
    [STITCH_EPSILON] = "stitch-epsilon",
    [CENTRAL_COUNT] = "central-count",
    [CROP_STITCH] = "crop-stitch",
    [MEAN_CENTRED_CANVAS] = "mean-centred-canvas",
    [TRUTH_MIRRORED] = "truth-mirrored",
};

static DefectSet one_defect(const char *name, size_t size)
{
    for (int i = 0; i < DEFECT_COUNT; ++i)
        if (strlen(names[i]) == size && strncmp(names[i], name, size) == 0)
            return 1u << i;
    fail(BAD_INPUT, "-defects has no '%.*s'; the names are all, none, float32-fields, stitch-epsilon, central-count, "
         "crop-stitch, mean-centred-canvas, truth-mirrored", (int)size, name);
}

DefectSet parse_defects(const char *text)
{
    if (strcmp(text, "all") == 0)
        return ALL_DEFECTS;
    if (strcmp(text, "none") == 0)
        return NO_DEFECTS;
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
    static char text[256];
    if (defects == ALL_DEFECTS || defects == NO_DEFECTS)
        return defects == ALL_DEFECTS ? "all" : "none";
    text[0] = '\0';
    for (int i = 0; i < DEFECT_COUNT; ++i) {
        if (!is_on(defects, (Defect)i))
            continue;
        if (text[0] != '\0')
            strcat(text, ",");
        strcat(text, names[i]);
    }
    return text;
}

const char *defects_mode(DefectSet defects)
{
    return defects == ALL_DEFECTS ? "c-parity" : defects == NO_DEFECTS ? "spec" : "custom";
}
