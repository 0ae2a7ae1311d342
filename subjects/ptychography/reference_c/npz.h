/* Reading arrays from .npy files and from the stored members of an .npz file. Nothing is unpickled. */
#ifndef PTYCHO_NPZ_H
#define PTYCHO_NPZ_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_DIMENSIONS = 4, TEXT_SIZE = 64 };

/* An array widened to double; `im` is NULL for what is not complex, both are NULL for text. */
typedef struct {
    char kind; /* b, i, u, f, c, U */
    int rank;
    long shape[MOST_DIMENSIONS];
    size_t count;
    double *re, *im;
    char text[TEXT_SIZE]; /* a scalar of unicode, as ASCII */
} Array;

typedef struct {
    const char *name;
    unsigned char *bytes;
    size_t size;
} Archive;

Archive open_archive(const char *name);

/* Read the array of `key`; false when the archive has none. Ends the program for one that cannot be read. */
bool read_member(const Archive *archive, const char *key, Array *array);

Array read_npy(const char *name);

#endif
