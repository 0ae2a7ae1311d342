/* The data contract: which arrays are read, what their units are, and the gauge of the probe. */
#include "scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "npz.h"

static const double DEFAULT_NPHOTONS = 1e9;

static void require_finite(const Array *array, const char *what)
{
    for (size_t i = 0; i < array->count; ++i)
        if (!isfinite(array->re[i]) || (array->im != NULL && !isfinite(array->im[i])))
            fail(BAD_INPUT, "%s: value %zu is not finite", what, i);
}

static Array needed(const Archive *archive, const char *key)
{
    Array array;
    if (!read_member(archive, key, &array))
        fail(BAD_INPUT, "%s has no '%s'", archive->name, key);
    if (array.re == NULL)
        fail(BAD_INPUT, "%s: '%s' is text, numbers were required", archive->name, key);
    require_finite(&array, key);
    return array;
}

/* ---- positions, probe, object ---- */

static void read_positions(const Archive *archive, Scan *scan)
{
    Array x = needed(archive, "xcoords"), y = needed(archive, "ycoords");
    if (x.count != (size_t)scan->positions || y.count != (size_t)scan->positions)
        fail(BAD_INPUT, "%zu and %zu coordinates for %ld patterns; one x and one y were required for each", x.count,
             y.count, scan->positions);
    scan->x_px = x.re;
    scan->y_px = y.re;
}

static void read_probe(const Archive *archive, Scan *scan)
{
    Array probe = needed(archive, "probeGuess");
    if (probe.kind != 'c')
        fail(BAD_INPUT, "probeGuess is real; a complex probe was required");
    bool trailing = probe.rank == 3 && probe.shape[2] == 1 && probe.shape[0] == probe.shape[1] && probe.shape[0] != 1;
    const long *sides = probe.shape + (probe.rank == 3 && !trailing ? 1 : 0);
    if (probe.rank < 2 || probe.rank > 3 || sides[0] != scan->side || sides[1] != scan->side)
        fail(BAD_INPUT, "probeGuess must be %ld x %ld, or modes of that; its first sides are %ld x %ld", scan->side,
             scan->side, probe.shape[0], probe.shape[1]);
    scan->modes = probe.rank == 3 && !trailing ? probe.shape[0] : 1;
    scan->probe_re = probe.re;
    scan->probe_im = probe.im;
}

/* Constant to 1e-6: a placeholder. */
static bool is_placeholder(const Array *object)
{
    for (size_t i = 1; i < object->count; ++i)
        if (hypot(object->re[i] - object->re[0], object->im[i] - object->im[0]) > 1e-6)
            return false;
    return true;
}

static void read_object(const Archive *archive, Scan *scan)
{
    Array object;
    if (!read_member(archive, "objectGuess", &object))
        return;
    if (object.kind != 'c' || object.rank != 2)
        fail(BAD_INPUT, "objectGuess must be complex with rows and columns");
    require_finite(&object, "objectGuess");
    if (is_placeholder(&object))
        return;
    scan->object_rows = object.shape[0];
    scan->object_cols = object.shape[1];
    scan->object_re = object.re;
    scan->object_im = object.im;
}

/* ---- counts ---- */

static Array read_patterns(const Archive *archive, Scan *scan)
{
    Array patterns, alias;
    bool named = read_member(archive, "diffraction", &patterns);
    if (!named)
        patterns = needed(archive, "diff3d");
    else if (read_member(archive, "diff3d", &alias) &&
             (alias.re == NULL || patterns.re == NULL || alias.count != patterns.count || memcmp(alias.re, patterns.re, alias.count * sizeof(double)) != 0))
        fail(BAD_INPUT, "diffraction and diff3d are both there and differ; keep one");
    if (patterns.re == NULL || patterns.kind == 'c' || patterns.rank != 3 || patterns.shape[1] != patterns.shape[2])
        fail(BAD_INPUT, "diffraction must be real with axes (positions, N, N)");
    for (size_t i = 0; i < patterns.count; ++i)
        if (!isfinite(patterns.re[i]) || patterns.re[i] < 0.0)
            fail(BAD_INPUT, "diffraction: value %zu is negative or not finite", i);
    scan->positions = patterns.shape[0];
    scan->side = patterns.shape[1];
    scan->centre = scan->side / 2;
    if (scan->positions < 1 || scan->side < 2)
        fail(BAD_INPUT, "diffraction must hold at least one pattern of 2 x 2 pixels");
    return patterns;
}

/* Squares that are whole numbers, the largest above 10: amplitudes of counts. */
static bool squares_are_counts(const Array *amplitudes)
{
    size_t whole = 0;
    double largest = 0.0;
    for (size_t i = 0; i < amplitudes->count; ++i) {
        double square = amplitudes->re[i] * amplitudes->re[i];
        if (fabs(square - rint(square)) <= 1e-3 + 1e-6 * square)
            ++whole;
        if (square > largest)
            largest = square;
    }
    return (double)whole >= 0.99 * (double)amplitudes->count && largest > 10.0;
}

/* sqrt(nphotons / mean over patterns of the sum of squares). */
static double scale_from_photons(const Array *amplitudes, long patterns, double nphotons)
{
    size_t pixels = amplitudes->count / (size_t)patterns;
    double total = 0.0;
    for (long j = 0; j < patterns; ++j) {
        double sum = 0.0;
        for (size_t i = 0; i < pixels; ++i) {
            double a = amplitudes->re[(size_t)j * pixels + i];
            sum += a * a;
        }
        total += sum;
    }
    return sqrt(nphotons / (total / (double)patterns));
}

static double amplitude_scale(const Archive *archive, const Array *amplitudes, long patterns, double nphotons)
{
    Array stored;
    if (read_member(archive, "intensity_scale", &stored) && stored.count == 1 && stored.re != NULL)
        return stored.re[0];
    if (squares_are_counts(amplitudes))
        return 1.0;
    if (!(nphotons > 0.0))
        nphotons = read_member(archive, "nphotons", &stored) && stored.re != NULL && stored.count == 1
            ? stored.re[0] : DEFAULT_NPHOTONS;
    return scale_from_photons(amplitudes, patterns, nphotons);
}

static bool holds_counts(const Archive *archive, const Array *patterns)
{
    Array word;
    if (!read_member(archive, "measurement", &word))
        return patterns->kind != 'f';
    if (strcmp(word.text, "counts") != 0 && strcmp(word.text, "amplitude") != 0)
        fail(BAD_INPUT, "measurement must be 'amplitude' or 'counts'; it is '%s'", word.text);
    return strcmp(word.text, "counts") == 0;
}

static void read_counts(const Archive *archive, Array patterns, Scan *scan, double nphotons)
{
    scan->counts = patterns.re;
    if (holds_counts(archive, &patterns))
        return;
    double s = amplitude_scale(archive, &patterns, scan->positions, nphotons);
    for (size_t i = 0; i < patterns.count; ++i) {
        double amplitude = s * patterns.re[i];
        scan->counts[i] = amplitude * amplitude;
    }
}

static void read_mask(const Archive *archive, Scan *scan)
{
    Array mask;
    if (!read_member(archive, "mask", &mask))
        return;
    size_t pixels = (size_t)scan->side * (size_t)scan->side;
    bool by_position = mask.count == pixels * (size_t)scan->positions && mask.rank == 3;
    if (mask.re == NULL || (!by_position && (mask.count != pixels || mask.rank != 2)))
        fail(BAD_INPUT, "mask must have the axes (N, N) or (positions, N, N)");
    scan->mask = mask.re;
    scan->mask_by_position = by_position;
}

bool is_measured(const Scan *scan, long j, size_t pixel)
{
    size_t pixels = (size_t)scan->side * (size_t)scan->side;
    return scan->mask == NULL || scan->mask[(scan->mask_by_position ? (size_t)j * pixels : 0) + pixel] != 0.0;
}

/* ---- gauge ---- */

/* The relative gauge: the brightest pattern (of its measured pixels) is what the probe alone would give. */
static void apply_gauge(Scan *scan)
{
    size_t pixels = (size_t)scan->side * (size_t)scan->side, all = pixels * (size_t)scan->modes;
    double largest = 0.0, power = 0.0;
    for (long j = 0; j < scan->positions; ++j) {
        double sum = 0.0;
        for (size_t i = 0; i < pixels; ++i)
            if (is_measured(scan, j, i))
                sum += scan->counts[(size_t)j * pixels + i];
        if (sum > largest)
            largest = sum;
    }
    for (size_t i = 0; i < all; ++i)
        power += scan->probe_re[i] * scan->probe_re[i] + scan->probe_im[i] * scan->probe_im[i];
    if (!(power > 0.0))
        fail(BAD_INPUT, "probeGuess is zero everywhere");
    double factor = sqrt(largest / power);
    for (size_t i = 0; i < all; ++i) {
        scan->probe_re[i] *= factor;
        scan->probe_im[i] *= factor;
    }
}

static bool is_relative(const Archive *archive)
{
    Array word;
    if (!read_member(archive, "probe_gauge", &word) || strcmp(word.text, "relative") == 0)
        return true;
    if (strcmp(word.text, "physical") != 0)
        fail(BAD_INPUT, "probe_gauge must be 'physical' or 'relative'; it is '%s'", word.text);
    return false;
}

Scan read_scan(const char *name, double nphotons, bool gauge)
{
    Scan scan = {0};
    Archive archive = open_archive(name);
    Array patterns = read_patterns(&archive, &scan);
    read_positions(&archive, &scan);
    read_probe(&archive, &scan);
    read_object(&archive, &scan);
    read_mask(&archive, &scan);
    read_counts(&archive, patterns, &scan, nphotons);
    if (gauge && is_relative(&archive))
        apply_gauge(&scan);
    free(archive.bytes);
    return scan;
}
