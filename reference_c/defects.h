/* The known defects of the reference program, each a named switch.
 *
 * On: compute what the reference computes. Off: compute what the model means. The default is all on. */
#ifndef DEFECTS_H
#define DEFECTS_H

#include <stdbool.h>

typedef enum {
    PHI_CARRYOVER,
    OVERSAMPLE_COMPOUNDS,
    LAST_LAYER_CAPTURE,
    INTERPOLATION_LATCH,
    SOURCE_WEIGHTS_IGNORED,
    BACKGROUND_SCALING,
    SKEWED_DEFAULT_CELL,
    RANDOM_MISSET_RADIANS,
    CURVED_AXES,
    STALE_DUMP,
    DUMP_WHITESPACE,
    FLAG_SUBSTRINGS,
    HEADER_SUBSTRINGS,
    CURVED_DET_LAST_WORD,
    DEFECT_COUNT
} Defect;

/* A set of defects that are on: bit i is Defect i. */
typedef unsigned DefectSet;

#define ALL_DEFECTS ((1u << DEFECT_COUNT) - 1u)
#define NO_DEFECTS 0u
/* As corrections are proposed to the reference: without the stale cell, the compounding, the overlooked last word. */
#define UPSTREAM_FIXES (ALL_DEFECTS & ~(1u << PHI_CARRYOVER | 1u << OVERSAMPLE_COMPOUNDS | 1u << CURVED_DET_LAST_WORD))

static inline bool is_on(DefectSet defects, Defect defect)
{
    return (defects >> defect & 1u) != 0;
}

/* Read `all`, `none`, `upstream-fixes` or comma-separated names of those that are on; ends the program on an unknown
 * name. */
DefectSet parse_defects(const char *text);

/* The text that parse_defects reads back, in a static buffer. */
const char *defects_text(DefectSet defects);

/* `c-parity` when all are on, `spec` when none is, `upstream-fixes`, else `custom`. */
const char *defects_mode(DefectSet defects);

#endif
