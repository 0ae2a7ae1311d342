/* Reading SMV images. A header starts with `{`, has 512 bytes or as many as HEADER_BYTES says, and ends in `}`. */
#include "smv.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

enum { SHORTEST_HEADER = 512, LONGEST_HEADER = 1 << 20 };

/* ---- header ---- */

static FILE *open_image(const char *name)
{
    FILE *stream = fopen(name, "rb");
    if (stream == NULL)
        fail(BAD_INPUT, "cannot open image %s: %s", name, strerror(errno));
    return stream;
}

/* Read the first `size` bytes of the stream as text. */
static void read_bytes(SmvHeader *header, FILE *stream, size_t size)
{
    free(header->text);
    header->text = allocate(size + 1, 1, "an image header");
    header->size = size;
    rewind(stream);
    if (fread(header->text, 1, size, stream) != size)
        fail(BAD_INPUT, "%s is no SMV image: its header is shorter than %zu bytes", header->name, size);
}

SmvHeader read_smv_header(const char *name)
{
    SmvHeader header = {.name = name};
    FILE *stream = open_image(name);
    read_bytes(&header, stream, SHORTEST_HEADER);
    if (header.text[0] != '{')
        fail(BAD_INPUT, "%s is no SMV image: its first byte is not '{'", name);
    int bytes = SHORTEST_HEADER;
    smv_count(&header, "HEADER_BYTES", &bytes);
    if (bytes < SHORTEST_HEADER || bytes > LONGEST_HEADER)
        fail(BAD_INPUT, "%s: HEADER_BYTES is %d; it must be %d to %d", name, bytes, SHORTEST_HEADER,
             LONGEST_HEADER);
    if (bytes > SHORTEST_HEADER)
        read_bytes(&header, stream, (size_t)bytes);
    fclose(stream);
    if (strchr(header.text, '}') == NULL)
        fail(BAD_INPUT, "%s is no SMV image: its header has no closing '}'", name);
    return header;
}

/* The text after `KEY=` of the last line or field with that very key, or NULL. */
static const char *last_value(const SmvHeader *header, const char *key)
{
    const char *found = NULL;
    size_t size = strlen(key);
    for (const char *at = strstr(header->text, key); at != NULL; at = strstr(at + 1, key)) {
        bool starts = at == header->text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        const char *end = at + size + strspn(at + size, " \t");
        if (starts && *end == '=')
            found = end + 1;
    }
    return found;
}

bool smv_number(const SmvHeader *header, const char *key, double *value)
{
    const char *text = last_value(header, key);
    if (text == NULL)
        return false;
    char *end;
    *value = strtod(text, &end);
    if (end == text || !isfinite(*value))
        fail(BAD_INPUT, "%s: %s=%.*s is no finite number", header->name, key, (int)strcspn(text, ";\n}"),
             text);
    return true;
}

bool smv_count(const SmvHeader *header, const char *key, int *value)
{
    double number;
    if (!smv_number(header, key, &number))
        return false;
    if (number != floor(number) || number < 1 || number > INT_MAX)
        fail(BAD_INPUT, "%s: %s=%g is no positive integer", header->name, key, number);
    *value = (int)number;
    return true;
}

/* ---- mask ---- */

static void require_mask_layout(const SmvHeader *header, int pixels_slow, int pixels_fast)
{
    int fast = 0, slow = 0;
    if (!smv_count(header, "SIZE1", &fast) || !smv_count(header, "SIZE2", &slow))
        fail(BAD_INPUT, "%s: a mask's header needs SIZE1 and SIZE2", header->name);
    if (fast != pixels_fast || slow != pixels_slow)
        fail(BAD_INPUT, "%s is %d x %d pixels (fast x slow) where the detector is %d x %d", header->name, fast,
             slow, pixels_fast, pixels_slow);
    const char *type = last_value(header, "TYPE");
    if (type != NULL && strncmp(type + strspn(type, " \t"), "unsigned_short", 14) != 0)
        fail(BAD_INPUT, "%s: a mask's TYPE must be unsigned_short", header->name);
}


unsigned char *read_smv_mask(const char *name, int pixels_slow, int pixels_fast)
{
    SmvHeader header = read_smv_header(name);
    require_mask_layout(&header, pixels_slow, pixels_fast);
    size_t pixels = (size_t)pixels_slow * (size_t)pixels_fast;
    unsigned char *bytes = allocate(pixels, 2, "the mask file");
    unsigned char *mask = allocate(pixels, 1, "the mask");
    FILE *stream = open_image(name);
    if (fseek(stream, (long)header.size, SEEK_SET) != 0 || fread(bytes, 2, pixels, stream) != pixels)
        fail(BAD_INPUT, "%s: after its header a mask needs %zu bytes of pixels", name, 2 * pixels);
    fclose(stream);
    /* A pixel is 0 in either byte order alike. */
    for (size_t i = 0; i < pixels; ++i)
        mask[i] = bytes[2 * i] != 0 || bytes[2 * i + 1] != 0;
    free(bytes);
    free(header.text);
    return mask;
}
