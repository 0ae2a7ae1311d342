/* Arrays as .npy version 1 files, little endian, C order. */
#include "outputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"

enum { MOST_OUTPUTS = 4, LONGEST_NAME = 4096, HEADER_SIZE = 128 };

static struct {
    char temporary[LONGEST_NAME + 16];
    char final[LONGEST_NAME];
} pending[MOST_OUTPUTS];
static int pending_count = 0;

static FILE *open_output(const char *name)
{
    if (strlen(name) >= LONGEST_NAME || pending_count == MOST_OUTPUTS)
        fail(BAD_INPUT, "cannot write %.100s: the name is too long", name);
    strcpy(pending[pending_count].final, name);
    snprintf(pending[pending_count].temporary, sizeof pending[0].temporary, "%s.partial", name);
    FILE *file = fopen(pending[pending_count].temporary, "wb");
    if (file == NULL)
        fail(BAD_INPUT, "cannot write %s: %s", name, strerror(errno));
    ++pending_count;
    return file;
}

static size_t type_size(const char *type)
{
    return strcmp(type, "<c16") == 0 ? 16 : strcmp(type, "<f8") == 0 ? 8 : 4;
}

void write_npy(const char *name, const char *type, int rank, const long *shape, const void *values)
{
    char header[HEADER_SIZE + 1], dimensions[80] = "";
    size_t count = 1, used = 0;
    for (int i = 0; i < rank; ++i) {
        used += (size_t)snprintf(dimensions + used, sizeof dimensions - used, "%ld, ", shape[i]);
        count *= (size_t)shape[i];
    }
    memset(header, ' ', HEADER_SIZE);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER_SIZE - 10;
    header[9] = 0;
    int written = snprintf(header + 10, HEADER_SIZE - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                           type, dimensions);
    header[10 + written] = ' ';
    header[HEADER_SIZE - 1] = '\n';
    FILE *file = open_output(name);
    if (fwrite(header, 1, HEADER_SIZE, file) != HEADER_SIZE || fwrite(values, type_size(type), count, file) != count ||
        fclose(file) != 0)
        fail(BAD_INPUT, "cannot write %s: %s", name, strerror(errno));
}

void keep_outputs(void)
{
    for (int i = 0; i < pending_count; ++i)
        if (rename(pending[i].temporary, pending[i].final) != 0)
            fail(BAD_INPUT, "cannot write %s: %s", pending[i].final, strerror(errno));
    pending_count = 0;
}

void abandon_outputs(void)
{
    while (pending_count > 0)
        remove(pending[--pending_count].temporary);
}
