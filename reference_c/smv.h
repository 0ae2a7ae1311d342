/* Reading SMV images: the text header `KEY=value;` and, for masks, 16-bit pixels. */
#ifndef SMV_H
#define SMV_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;
    char *text;      /* NULL: the file does not count, which was said */
    size_t size;     /* HEADER_BYTES */
    bool substrings; /* the header-substrings defect */
} SmvHeader;

/* What a keyword's number is measured in: words that may follow it, between blanks. */
#define MILLIMETRES " mm "
#define ANGSTROM " A Angstrom Angstroms "
#define DEGREES_OF_ARC " deg degree degrees "
#define PIXELS " px pixel pixels "

/* Read the header of a file. With `substrings` a file counts by its first 12 bytes, and keywords are found as the
 * reference finds them; else they are whole keywords. Ends the program where the reference would crash. The caller
 * frees `text`. */
SmvHeader read_smv_header(const char *name, bool substrings);

/* The number of a keyword, the last one; false where the header lacks it, or (with `substrings`) it is NaN. */
bool smv_number(const SmvHeader *header, const char *key, const char *units, double *value);

/* SIZE1 and SIZE2, or DETECTOR_DIMENSIONS for both; 0 where the header says nothing. */
void smv_size(const SmvHeader *header, int *fast, int *slow);

/* One byte a pixel of the detector, slow x fast: 1 where the mask's pixel is not 0. A larger mask is taken in a row.
 * NULL where the file does not count. */
unsigned char *read_smv_mask(const char *name, bool substrings, int pixels_slow, int pixels_fast);

#endif
