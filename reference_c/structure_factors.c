/* Structure factors: reading the list, reading and writing the dump file. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment.h"
#include "failure.h"
#include "output_files.h"
#include "text_file.h"

/* ---- the array ---- */

static size_t extent(const StructureFactors *f, int axis)
{
    return (size_t)((long)f->max[axis] - f->min[axis] + 1);
}

/* Make the array for the ranges that are set, filled with default_F. */
static void allocate_values(StructureFactors *f, const char *name)
{
    const double most = 1 << 28;
    double total = (double)extent(f, 0) * (double)extent(f, 1) * (double)extent(f, 2);
    if (total > most)
        fail(BAD_INPUT, "%s spans h %d..%d, k %d..%d, l %d..%d: %.0f structure factors, at most %.0f", name, f->min[0],
             f->max[0], f->min[1], f->max[1], f->min[2], f->max[2], total, most);
    f->stride_k = extent(f, 2);
    f->stride_h = extent(f, 1) * extent(f, 2);
    f->values = allocate((size_t)total, sizeof *f->values, "the structure factors");
    for (size_t i = 0; i < (size_t)total; ++i)
        f->values[i] = f->default_F;
    f->listed = true;
}

static double *value_at(const StructureFactors *f, long h, long k, long l)
{
    return &f->values[(size_t)(h - f->min[0]) * f->stride_h + (size_t)(k - f->min[1]) * f->stride_k +
                      (size_t)(l - f->min[2])];
}

/* ---- the list ---- */

typedef struct {
    int hkl[3];
    double F;
} Reflection;

#define BAD_REFLECTION "%s line %d: expected 'h k l F', three whole numbers of at most 1000000 and a finite number"

/* A line `h k l F`: three integers and a finite number. */
static Reflection parse_reflection(char *line, const TextFile *file)
{
    const long limit = 1000000;
    Reflection r;
    char *at = line;
    for (int i = 0; i < 3; ++i) {
        char *end;
        long index = strtol(at, &end, 10);
        if (end == at || *end == '\0' || strchr(" \t\v\f\r", *end) == NULL || index < -limit || index > limit)
            fail(BAD_INPUT, BAD_REFLECTION, file->name, file->line);
        r.hkl[i] = (int)index;
        at = end;
    }
    if (!read_number(&at, " \t\v\f\r", &r.F) || at[strspn(at, " \t\v\f\r")] != '\0')
        fail(BAD_INPUT, BAD_REFLECTION, file->name, file->line);
    return r;
}

static Reflection *parse_list(const char *name, StructureFactors *f)
{
    TextFile file = open_text(name, "structure factor", NOTHING_TO_DIFFRACT);
    int capacity = 1 << 14;
    Reflection *list = allocate((size_t)capacity, sizeof *list, "the reflections");
    f->count = 0;
    for (char *line; (line = next_line(&file)) != NULL;) {
        if (line[strspn(line, " \t\v\f\r")] == '\0')
            continue;
        if (f->count == capacity) {
            capacity *= 2;
            list = realloc(list, (size_t)capacity * sizeof *list);
            if (list == NULL)
                fail(BAD_INPUT, "not enough memory for the reflections of %s", name);
        }
        list[f->count++] = parse_reflection(line, &file);
    }
    close_text(&file);
    if (f->count == 0)
        fail(BAD_INPUT, "%s holds no reflections", name);
    return list;
}

static void read_list(const char *name, StructureFactors *f)
{
    Reflection *list = parse_list(name, f);
    for (int axis = 0; axis < 3; ++axis) {
        f->min[axis] = INT_MAX;
        f->max[axis] = INT_MIN;
        for (int i = 0; i < f->count; ++i) {
            int index = list[i].hkl[axis];
            f->min[axis] = index < f->min[axis] ? index : f->min[axis];
            f->max[axis] = index > f->max[axis] ? index : f->max[axis];
        }
    }
    allocate_values(f, name);
    for (int i = 0; i < f->count; ++i)
        *value_at(f, list[i].hkl[0], list[i].hkl[1], list[i].hkl[2]) = list[i].F;
    free(list);
}

/* ---- the dump file ---- */

/* Six integers with blanks between them; returns what follows. */
static const char *parse_dump_header(const TextFile *file, StructureFactors *f)
{
    const long limit = 1000000;
    char *at = file->text;
    for (int i = 0; i < 6; ++i) {
        char *end;
        long index = strtol(at, &end, 10);
        bool parted = i == 0 || strchr(" \t\n\v\f\r", *at) != NULL;
        if (end == at || !parted || index < -limit || index > limit)
            fail(BAD_INPUT, "%s: a dump file begins with six integers hmin hmax kmin kmax lmin lmax", file->name);
        *(i % 2 == 0 ? &f->min[i / 2] : &f->max[i / 2]) = (int)index;
        at = end;
    }
    for (int axis = 0; axis < 3; ++axis)
        if (f->min[axis] > f->max[axis])
            fail(BAD_INPUT, "%s: an index range ends before it begins", file->name);
    return at;
}

/* The array on disk has one trailing row of zeros in each dimension. */
static void take_dump_values(const char *data, size_t bytes, StructureFactors *f)
{
    size_t rows = extent(f, 0), columns = extent(f, 1), layers = extent(f, 2);
    for (size_t h = 0; h < rows; ++h)
        for (size_t k = 0; k < columns; ++k)
            for (size_t l = 0; l < layers; ++l) {
                size_t offset = ((h * (columns + 1) + k) * (layers + 1) + l) * sizeof(double);
                double value = 0.0;
                if (offset < bytes)
                    memcpy(&value, data + offset, bytes - offset < sizeof value ? bytes - offset : sizeof value);
                f->values[h * f->stride_h + k * f->stride_k + l] = value;
            }
}

static void read_dump(const char *name, bool eats_whitespace, StructureFactors *f)
{
    TextFile file = open_text(name, "structure factor dump", BAD_INPUT);
    const char *data = parse_dump_header(&file, f);
    allocate_values(f, name);
    size_t bytes = file.size - (size_t)(data - file.text);
    size_t needed = (extent(f, 0) + 1) * (extent(f, 1) + 1) * (extent(f, 2) + 1) * sizeof(double);
    if (data[0] != '\n' || data[1] != '\f' || bytes < needed + 2)
        fail(BAD_INPUT, "%s: its ranges need a newline, a form feed and %zu bytes of data", name, needed);
    data += 2;
    bytes -= 2;
    while (eats_whitespace && bytes > 0 && *data != '\0' && strchr(" \t\n\v\f\r", *data) != NULL) {
        ++data;
        --bytes;
    }
    take_dump_values(data, bytes, f);
    close_text(&file);
}

void write_dump(const StructureFactors *f, const char *name)
{
    FILE *stream = open_output(name);
    const double zero = 0.0;
    fprintf(stream, "%d %d %d %d %d %d\n\f", f->min[0], f->max[0], f->min[1], f->max[1], f->min[2], f->max[2]);
    for (size_t h = 0; h <= extent(f, 0); ++h)
        for (size_t k = 0; k <= extent(f, 1); ++k) {
            bool inside = h < extent(f, 0) && k < extent(f, 1);
            if (inside)
                fwrite(&f->values[h * f->stride_h + k * f->stride_k], sizeof(double), extent(f, 2), stream);
            for (size_t l = inside ? extent(f, 2) : 0; l <= extent(f, 2); ++l)
                fwrite(&zero, sizeof zero, 1, stream);
        }
    close_output(stream, name);
}

/* ---- choosing ---- */

static bool uses_dump(const Options *o, DefectSet defects)
{
    bool wanted = o->dump_given || is_on(defects, STALE_DUMP);
    return o->hkl_file == NULL && wanted && access(o->dump_file, F_OK) == 0;
}

/* A list of S, sin(theta)/lambda or Q is read by the reference and has no effect, but it must be there. */
static void require_stol_file(const char *name)
{
    FILE *stream = fopen(name, "rb");
    if (stream == NULL)
        fail(NOTHING_TO_DIFFRACT, "cannot open list %s: %s", name, strerror(errno));
    fclose(stream);
}

void prepare_structure_factors(const Options *o, Experiment *x)
{
    if (o->stol_file != NULL)
        require_stol_file(o->stol_file);
    StructureFactors *f = &x->factors;
    f->default_F = o->default_F;
    if (o->hkl_file != NULL)
        read_list(o->hkl_file, f);
    else if (uses_dump(o, x->defects))
        read_dump(o->dump_file, is_on(x->defects, DUMP_WHITESPACE), f);
    else if (o->default_F == 0.0)
        fail(NOTHING_TO_DIFFRACT, "no structure factors: give -hkl FILE or -default_F F");
    bool small = false;
    for (int i = 0; i < 3; ++i)
        small = small || o->N_cells[i] <= 2;
    f->interpolate = f->listed && (o->interpolate == INTERPOLATE_AUTO ? small : o->interpolate == 1);
}
