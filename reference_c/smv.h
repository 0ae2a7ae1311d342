/* Reading SMV images: the text header `KEY=value;` and, for masks, 16-bit pixels. */
#ifndef SMV_H
#define SMV_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;
    char *text;
    size_t size;
} SmvHeader;

/* Read the header of a file; ends the program where it is none. The caller frees `text`. */
SmvHeader read_smv_header(const char *name);

/* The number of a keyword (its last occurrence counts); false where the header lacks it. */
bool smv_number(const SmvHeader *header, const char *key, double *value);

/* The same for a positive integer. */
bool smv_count(const SmvHeader *header, const char *key, int *value);

/* One byte a pixel, slow x fast: 1 where the mask's pixel is not 0. The sizes must be the detector's. */
unsigned char *read_smv_mask(const char *name, int pixels_slow, int pixels_fast);

#endif
