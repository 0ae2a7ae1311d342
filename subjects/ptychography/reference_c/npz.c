/* A zip's central directory, its stored members, and the .npy format in them. */
#include "npz.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

enum { END_SIZE = 22, ENTRY_SIZE = 46, LOCAL_SIZE = 30, LONGEST_COMMENT = 65535 };

/* ---- bytes ---- */

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i)
        value = value << 8 | at[i];
    return value;
}

Archive open_archive(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail(BAD_INPUT, "cannot read %s: %s", name, strerror(errno));
    long size = ftell(file);
    if (size < 0)
        fail(BAD_INPUT, "cannot read %s: it is not a regular file", name);
    rewind(file);
    Archive archive = {name, allocate((size_t)size, 1, name), (size_t)size};
    if (fread(archive.bytes, 1, archive.size, file) != archive.size)
        fail(BAD_INPUT, "cannot read %s: it ends early", name);
    fclose(file);
    return archive;
}

/* ---- .npy ---- */

static const char *header_value(const char *header, const char *key, const char *what)
{
    const char *found = strstr(header, key);
    if (found == NULL)
        fail(BAD_INPUT, "%s: its .npy header has no %s", what, key);
    found += strlen(key);
    return found + strspn(found, " :");
}

static void read_shape(const char *text, Array *array, const char *what)
{
    array->rank = 0;
    array->count = 1;
    for (const char *at = strchr(text, '('); at != NULL && *at != ')';) {
        at += strspn(at, "(, ");
        if (*at == ')')
            break;
        char *end;
        long side = strtol(at, &end, 10);
        if (end == at || side < 0 || array->rank == MOST_DIMENSIONS || side > 1000000000)
            fail(BAD_INPUT, "%s: its shape cannot be read, or has more than %d axes", what, MOST_DIMENSIONS);
        array->shape[array->rank++] = side;
        if (side > 0 && array->count > SIZE_MAX / 64 / (size_t)side)
            fail(BAD_INPUT, "%s: its shape is too large", what);
        array->count *= (size_t)side;
        at = end;
    }
}

static double number_at(const unsigned char *at, char kind, int size)
{
    uint64_t raw = little(at, size);
    if (kind == 'f' && size == 4) {
        uint32_t narrow = (uint32_t)raw;
        float value;
        memcpy(&value, &narrow, sizeof value);
        return value;
    }
    if (kind == 'f') {
        double value;
        memcpy(&value, &raw, sizeof value);
        return value;
    }
    if (kind != 'i')
        return (double)raw;
    int unused = 64 - 8 * size;
    return (double)((int64_t)(raw << unused) >> unused); /* the sign bit is drawn out; gcc and clang shift so */
}

static void read_text(const unsigned char *at, size_t size, Array *array)
{
    for (size_t i = 0; i < size && i + 1 < TEXT_SIZE; ++i)
        array->text[i] = (char)(at[4 * i] < 128 ? at[4 * i] : '?');
}

static void widen(const unsigned char *data, int size, Array *array, const char *what)
{
    bool complex = array->kind == 'c';
    int part = complex ? size / 2 : size;
    char kind = complex ? 'f' : array->kind;
    array->re = allocate(array->count, sizeof(double), what);
    array->im = complex ? allocate(array->count, sizeof(double), what) : NULL;
    for (size_t i = 0; i < array->count; ++i) {
        array->re[i] = number_at(data + i * (size_t)size, kind, part);
        if (complex)
            array->im[i] = number_at(data + i * (size_t)size + part, kind, part);
    }
}

static int item_size(const char *descr, Array *array, const char *what)
{
    if (strncmp(descr, "'|O", 3) == 0)
        fail(BAD_INPUT, "%s holds pickled objects, which are never loaded; store a plain array", what);
    char order = descr[1];
    array->kind = descr[2];
    int size = atoi(descr + 3);
    bool known = strchr("biufcU", array->kind) != NULL && array->kind != '\0' && strchr("<|", order) != NULL;
    bool sized = array->kind == 'c' ? size == 8 || size == 16 : array->kind == 'f' ? size == 4 || size == 8 : size >= 1;
    if (!known || !sized || (array->kind != 'U' && array->kind != 'c' && size > 8)) {
        char shown[9] = ""; /* what a file says is shown as plain text */
        for (int i = 0; i < 8 && descr[i] != '\0'; ++i)
            shown[i] = (char)(descr[i] >= ' ' && descr[i] <= '~' ? descr[i] : '?');
        fail(BAD_INPUT, "%s has the type %s; little endian numbers of at most 64 bits (complex: 128) are read", what, shown);
    }
    return array->kind == 'U' ? 4 * size : size;
}

static Array parse_npy(const unsigned char *bytes, size_t size, const char *what)
{
    Array array = {0};
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0 || bytes[6] < 1 || bytes[6] > 2)
        fail(BAD_INPUT, "%s is not a .npy array of version 1 or 2", what);
    size_t start = bytes[6] == 1 ? 10 : 12, length = little(bytes + 8, bytes[6] == 1 ? 2 : 4);
    if (length > size - start || length > 65536)
        fail(BAD_INPUT, "%s: its .npy header is cut off", what);
    char *header = allocate(length + 1, 1, what);
    memcpy(header, bytes + start, length);
    int item = item_size(header_value(header, "'descr'", what), &array, what);
    if (strncmp(header_value(header, "'fortran_order'", what), "False", 5) != 0)
        fail(BAD_INPUT, "%s is in Fortran order; save it with numpy.ascontiguousarray", what);
    read_shape(header_value(header, "'shape'", what), &array, what);
    free(header);
    if ((size - start - length) / (size_t)item < array.count)
        fail(BAD_INPUT, "%s is cut off: %zu values were announced", what, array.count);
    const unsigned char *data = bytes + start + length;
    if (array.kind == 'U')
        read_text(data, array.count == 0 ? 0 : (size_t)item / 4, &array);
    else
        widen(data, item, &array, what);
    return array;
}

Array read_npy(const char *name)
{
    Archive file = open_archive(name);
    Array array = parse_npy(file.bytes, file.size, name);
    free(file.bytes);
    return array;
}

/* ---- zip ---- */

static const unsigned char *central_directory(const Archive *a, long *entries)
{
    size_t last = a->size < END_SIZE ? 0 : a->size - END_SIZE;
    for (size_t i = 0; a->size >= END_SIZE && i <= last && i <= LONGEST_COMMENT; ++i) {
        const unsigned char *end = a->bytes + last - i;
        if (little(end, 4) != 0x06054b50)
            continue;
        uint64_t offset = little(end + 16, 4);
        *entries = (long)little(end + 10, 2);
        if (offset < a->size)
            return a->bytes + offset;
    }
    fail(BAD_INPUT, "%s is not an .npz file (no zip directory in it)", a->name);
}

static Array read_stored(const Archive *a, const unsigned char *entry, const char *what)
{
    uint64_t size = little(entry + 20, 4), offset = little(entry + 42, 4);
    if (little(entry + 10, 2) != 0)
        fail(BAD_INPUT, "%s is compressed; save it with np.savez, not np.savez_compressed", what);
    if (size == UINT32_MAX || offset + LOCAL_SIZE > a->size)
        fail(BAD_INPUT, "%s: members of 4 GiB and more are not read", what);
    const unsigned char *local = a->bytes + offset;
    uint64_t start = offset + LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
    if (little(local, 4) != 0x04034b50 || start > a->size || size > a->size - start)
        fail(BAD_INPUT, "%s is cut off", what);
    return parse_npy(a->bytes + start, size, what);
}

bool read_member(const Archive *archive, const char *key, Array *array)
{
    long entries = 0;
    char member[64], what[128];
    snprintf(member, sizeof member, "%s.npy", key);
    snprintf(what, sizeof what, "%.60s: %s", archive->name, key);
    const unsigned char *entry = central_directory(archive, &entries);
    const unsigned char *limit = archive->bytes + archive->size;
    for (long i = 0; i < entries && entry + ENTRY_SIZE <= limit && little(entry, 4) == 0x02014b50; ++i) {
        size_t name = little(entry + 28, 2), extra = little(entry + 30, 2) + little(entry + 32, 2);
        if ((size_t)(limit - entry) < ENTRY_SIZE + name + extra)
            break;
        if (name == strlen(member) && memcmp(entry + ENTRY_SIZE, member, name) == 0) {
            *array = read_stored(archive, entry, what);
            return true;
        }
        entry += ENTRY_SIZE + name + extra;
    }
    return false;
}
