/* Arrays written as .npy files, under temporary names until all are complete. */
#ifndef PTYCHO_OUTPUTS_H
#define PTYCHO_OUTPUTS_H

#include <stdint.h>

/* Write `count` = product of `shape` values of `type` ("<f8", "<c16" as pairs, "<i4"); `rank` is 1 to 3. */
void write_npy(const char *name, const char *type, int rank, const long *shape, const void *values);

/* Give every file its final name. */
void keep_outputs(void);

/* Remove what is unfinished. */
void abandon_outputs(void);

#endif
