/* Reading SMV images. A header starts with `{`, and has 512 bytes or as many as HEADER_BYTES says. */
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

enum { FIRST_BLOCK = 512, LONGEST_HEADER = 1 << 20 };

/* ---- keywords ---- */

/* As the reference finds a value: behind the next `=` after the last place where the keyword's letters stand. */
static const char *value_behind_letters(const char *text, const char *key, bool *present)
{
    const char *last = NULL;
    for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key))
        last = at;
    *present = last != NULL;
    const char *equals = last != NULL ? strchr(last, '=') : NULL;
    return equals != NULL ? equals + 1 : NULL;
}

/* The text behind `KEY =` of the last line or field that begins with that very key, or NULL. */
static const char *value_of_keyword(const char *text, const char *key)
{
    const char *found = NULL;
    size_t size = strlen(key);
    for (const char *field = text; *field != '\0'; field += strcspn(field, ";\n"), field += *field != '\0') {
        const char *at = field + strspn(field, " \t\r{");
        if (strncmp(at, key, size) != 0)
            continue;
        at += size + strspn(at + size, " \t");
        if (*at == '=')
            found = at + 1;
    }
    return found;
}

static int same_letters(const char *u, const char *v, size_t size)
{
    for (size_t i = 0; i < size; ++i)
        if (tolower((unsigned char)u[i]) != tolower((unsigned char)v[i]))
            return 0;
    return 1;
}

/* Whether a word of `size` letters is among `words`, each between blanks. */
static bool is_among(const char *word, size_t size, const char *words)
{
    for (const char *at = words + 1; *at != '\0'; at += strcspn(at, " ") + 1)
        if (strcspn(at, " ") == size && same_letters(at, word, size))
            return true;
    return false;
}

/* What stands behind a number up to the end of its field may be more numbers and its unit, nothing else. */
static void require_unit(const SmvHeader *header, const char *key, const char *rest, const char *units)
{
    const char *end = rest + strcspn(rest, ";\n}");
    while (rest < end) {
        rest += strspn(rest, " \t\r,");
        size_t size = strcspn(rest, " \t\r,;\n}");
        if (isalpha((unsigned char)*rest) && !is_among(rest, size, units))
            fail(BAD_INPUT, "%s: %s is given in '%.*s'; it must be in %.*s", header->name, key, (int)size, rest,
                 (int)strlen(units) - 2, units + 1);
        rest += size;
        if (size == 0)
            break;
    }
}

static bool whole_keyword_number(const SmvHeader *header, const char *key, const char *units, double *value)
{
    const char *text = value_of_keyword(header->text, key);
    if (text == NULL)
        return false;
    text += strspn(text, " \t");
    char *end;
    *value = strtod(text, &end);
    if (end == text || !isfinite(*value))
        fail(BAD_INPUT, "%s: %s=%.*s is no finite number", header->name, key, (int)strcspn(text, ";\r\n}"), text);
    require_unit(header, key, end, units);
    return true;
}

bool smv_number(const SmvHeader *header, const char *key, const char *units, double *value)
{
    if (!header->substrings)
        return whole_keyword_number(header, key, units, value);
    bool present;
    const char *text = value_behind_letters(header->text, key, &present);
    double number = text != NULL ? strtod(text, NULL) : 0.0;
    if (!present || isnan(number))
        return false;
    *value = number;
    return true;
}

/* A number cut to an integer; 0 where there is none. */
static int smv_integer(const SmvHeader *header, const char *key)
{
    double number;
    if (!smv_number(header, key, PIXELS, &number))
        return 0;
    if (!(fabs(number) < INT_MAX))
        fail(BAD_INPUT, "%s: %s=%g is too large", header->name, key, number);
    return (int)number;
}

void smv_size(const SmvHeader *header, int *fast, int *slow)
{
    *fast = smv_integer(header, "SIZE1");
    *slow = smv_integer(header, "SIZE2");
    if (*fast == 0)
        *fast = *slow = smv_integer(header, "DETECTOR_DIMENSIONS");
}

/* ---- header ---- */

/* Read the first `size` bytes of the stream as text; fewer where the file ends. */
static size_t read_bytes(SmvHeader *header, FILE *stream, size_t size)
{
    free(header->text);
    header->text = allocate(size + 1, 1, "an image header");
    header->size = size;
    rewind(stream);
    return fread(header->text, 1, size, stream);
}

/* The reference knows an image by its first 12 bytes. */
static bool is_smv(const SmvHeader *header, size_t bytes)
{
    const char *start = "{\nHEADER_BYT";
    return header->substrings ? bytes >= 12 && memcmp(header->text, start, 12) == 0 : bytes > 0 && header->text[0] == '{';
}

static int header_bytes(const SmvHeader *header)
{
    double bytes = FIRST_BLOCK;
    smv_number(header, "HEADER_BYTES", " bytes ", &bytes);
    if (!(bytes >= 1.0 && bytes <= LONGEST_HEADER))
        fail(BAD_INPUT, "%s: HEADER_BYTES is %g; it must be 1 to %d", header->name, bytes, LONGEST_HEADER);
    return (int)bytes;
}

static void read_whole_header(SmvHeader *header, FILE *stream)
{
    size_t bytes = (size_t)header_bytes(header);
    if (bytes != FIRST_BLOCK && read_bytes(header, stream, bytes) < bytes)
        object("%s ends within its header of %zu bytes", header->name, bytes);
    if (header->substrings && strstr(header->text, "BYTE_ORDER=") == NULL)
        fail(BAD_INPUT, "%s: its header has no 'BYTE_ORDER=' (without a blank before the '='), on which the reference "
             "crashes", header->name);
}

SmvHeader read_smv_header(const char *name, bool substrings)
{
    SmvHeader header = {.name = name, .substrings = substrings};
    FILE *stream = fopen(name, "rb");
    if (stream == NULL) {
        object("cannot read the image file %s: %s (the reference goes on without it)", name, strerror(errno));
        return header;
    }
    if (is_smv(&header, read_bytes(&header, stream, FIRST_BLOCK))) {
        read_whole_header(&header, stream);
    } else {
        object("%s is no SMV image: it does not begin with '{', newline, HEADER_BYTES (the reference goes on without it)",
               name);
        free(header.text);
        header.text = NULL;
    }
    fclose(stream);
    return header;
}

/* ---- mask ---- */

static void require_mask_layout(const SmvHeader *header, int pixels_slow, int pixels_fast)
{
    int fast, slow;
    smv_size(header, &fast, &slow);
    if (fast < 1 || slow < 1)
        fail(BAD_INPUT, "%s: a mask's header needs SIZE1 and SIZE2", header->name);
    if ((double)fast * slow < (double)pixels_fast * pixels_slow)
        fail(BAD_INPUT, "%s is %d x %d pixels (fast x slow), too few for the detector's %d x %d", header->name, fast,
             slow, pixels_fast, pixels_slow);
    if (fast != pixels_fast || slow != pixels_slow)
        object("%s is %d x %d pixels (fast x slow), the detector %d x %d (the reference takes its pixels in a row)",
               header->name, fast, slow, pixels_fast, pixels_slow);
    const char *type = value_of_keyword(header->text, "TYPE");
    if (type != NULL && strncmp(type + strspn(type, " \t"), "unsigned_short", 14) != 0)
        object("%s: a mask's TYPE must be unsigned_short (the reference reads it as that)", header->name);
}

/* The first bytes behind the header, two a pixel. */
static unsigned char *read_pixels(const SmvHeader *header, size_t pixels)
{
    unsigned char *bytes = allocate(pixels, 2, "the mask file");
    FILE *stream = fopen(header->name, "rb");
    bool complete = stream != NULL && fseek(stream, (long)header->size, SEEK_SET) == 0 &&
                    fread(bytes, 2, pixels, stream) == pixels;
    if (!complete)
        fail(BAD_INPUT, "%s: after its header a mask needs %zu bytes of pixels", header->name, 2 * pixels);
    fclose(stream);
    return bytes;
}

unsigned char *read_smv_mask(const char *name, bool substrings, int pixels_slow, int pixels_fast)
{
    SmvHeader header = read_smv_header(name, substrings);
    if (header.text == NULL)
        return NULL;
    require_mask_layout(&header, pixels_slow, pixels_fast);
    size_t pixels = (size_t)pixels_slow * (size_t)pixels_fast;
    unsigned char *bytes = read_pixels(&header, pixels);
    unsigned char *mask = allocate(pixels, 1, "the mask");
    /* A pixel is 0 in either byte order alike. */
    for (size_t i = 0; i < pixels; ++i)
        mask[i] = bytes[2 * i] != 0 || bytes[2 * i + 1] != 0;
    free(bytes);
    free(header.text);
    return mask;
}
