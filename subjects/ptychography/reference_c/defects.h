/* The known behaviours of the published implementation, each a named switch.
 *
 * On: compute what it computes. Off: compute what the model means. The default is all on. */
#ifndef PTYCHO_DEFECTS_H
#define PTYCHO_DEFECTS_H

#include <stdbool.h>

typedef enum {
    FLOAT32_FIELDS,
    STITCH_EPSILON,
    CENTRAL_COUNT,
    CROP_STITCH,
    MEAN_CENTRED_CANVAS,
    TRUTH_MIRRORED,
    DEFECT_COUNT
} Defect;

/* A set of defects that are on: bit i is Defect i. */
typedef unsigned DefectSet;

#define ALL_DEFECTS ((1u << DEFECT_COUNT) - 1u)
#define NO_DEFECTS 0u

static inline bool is_on(DefectSet defects, Defect defect)
{
    return (defects >> defect & 1u) != 0;
}

/* Read `all`, `none` or comma-separated names; ends the program on an unknown name. */
DefectSet parse_defects(const char *text);

/* The text that parse_defects reads back, in a static buffer. */
const char *defects_text(DefectSet defects);

/* `c-parity` when all are on, `spec` when none is, else `custom`. */
const char *defects_mode(DefectSet defects);

#endif
