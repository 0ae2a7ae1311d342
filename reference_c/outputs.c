/* Statistics and image files: raw floats, SMV integers, PGM, and SMV with photon noise. */
#include "outputs.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "output_files.h"
#include "random_numbers.h"

enum { SMV_HEADER_SIZE = 512 };

static size_t pixel_total(const Detector *d)
{
    return (size_t)d->pixels_slow * (size_t)d->pixels_fast;
}

/* ---- statistics ---- */

Statistics image_statistics(const Experiment *x, const Image *image)
{
    const Sampling *s = &x->sampling;
    double sum = 0.0, sum_sqr = 0.0, deviation_sqr = 0.0;
    long counted = 0, inside = 0;
    size_t columns = (size_t)x->detector.pixels_fast;
    for (int slow = s->slow_min; slow <= s->slow_max; ++slow)
        for (int fast = s->fast_min; fast <= s->fast_max; ++fast) {
            double value = image->pixels[(size_t)slow * columns + (size_t)fast];
            ++inside;
            counted += is_computed(x, slow, fast);
            sum += value;
            sum_sqr += value * value;
        }
    double mean = sum / (double)counted;
    for (int slow = s->slow_min; slow <= s->slow_max; ++slow)
        for (int fast = s->fast_min; fast <= s->fast_max; ++fast) {
            double deviation = image->pixels[(size_t)slow * columns + (size_t)fast] - mean;
            deviation_sqr += deviation * deviation;
        }
    return (Statistics){
        .mean = mean,
        .rms = sqrt(sum_sqr / (double)(counted - 1)),
        .rmsd = sqrt(deviation_sqr / (double)(inside - 1)),
        .steradians = image->omega_sum / s->steps,
    };
}

/* ---- SMV ---- */

static void print_centres(FILE *stream, const Detector *d)
{
    double px = d->pixel_size;
    fprintf(stream, "BEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\n", d->Xbeam * 1e3, d->Ybeam * 1e3);
    fprintf(stream, "ADXV_CENTER_X=%g;\nADXV_CENTER_Y=%g;\n", d->Fbeam * 1e3, (d->size_slow - d->Sbeam) * 1e3);
    fprintf(stream, "MOSFLM_CENTER_X=%g;\nMOSFLM_CENTER_Y=%g;\n", (d->Sbeam - 0.5 * px) * 1e3,
            (d->Fbeam - 0.5 * px) * 1e3);
    fprintf(stream, "DENZO_X_BEAM=%g;\nDENZO_Y_BEAM=%g;\n", d->Sbeam * 1e3, d->Fbeam * 1e3);
    /* The reference has no semicolon here, and readers may count on it. Products with unit vectors: never -0. */
    fprintf(stream, "DIALS_ORIGIN=%g,%g,%g\n", 1e3 * dot(d->origin, (Vec3){0.0, 0.0, 1.0}),
            1e3 * dot(d->origin, (Vec3){0.0, 1.0, 0.0}), 1e3 * dot(d->origin, (Vec3){-1.0, 0.0, 0.0}));
    fprintf(stream, "XDS_ORGX=%g;\nXDS_ORGY=%g;\n", d->Fclose / px + 0.5, d->Sclose / px + 0.5);
}

static void write_smv(const char *name, const Experiment *x, const uint16_t *pixels)
{
    const Detector *d = &x->detector;
    const Spindle *s = &x->spindle;
    FILE *stream = open_output(name);
    fprintf(stream, "{\nHEADER_BYTES=%d;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n",
            SMV_HEADER_SIZE);
    fprintf(stream, "SIZE1=%d;\nSIZE2=%d;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\nWAVELENGTH=%g;\n", d->pixels_fast,
            d->pixels_slow, d->pixel_size * 1e3, d->distance * 1e3, x->beam.wavelength * 1e10);
    print_centres(stream, d);
    fprintf(stream, "CLOSE_DISTANCE=%g;\nPHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\nTWOTHETA=%g;\n",
            d->close_distance * 1e3, s->start * RTD, s->start * RTD, s->steps.range * RTD, d->twotheta * RTD);
    fprintf(stream, "DETECTOR_SN=000;\nBEAMLINE=fake;\n}\f");
    for (long at = ftell(stream); at >= 0 && at < SMV_HEADER_SIZE; ++at)
        fputc(' ', stream);
    for (size_t i = 0; i < pixel_total(d); ++i) {
        fputc(pixels[i] & 0xff, stream);
        fputc(pixels[i] >> 8, stream);
    }
    close_output(stream, name);
}

/* ---- float, integer, PGM ---- */

static void write_floats(const char *name, const Detector *d, const float *pixels)
{
    printf("writing %s as %zu 4-byte floats\n", name, pixel_total(d));
    FILE *stream = open_output(name);
    fwrite(pixels, sizeof *pixels, pixel_total(d), stream);
    close_output(stream, name);
}

/* x scale + adc, clipped to 16 bits and rounded; the floor is taken in 32-bit floats. NaN becomes 0. */
static uint16_t integer_pixel(float value, double scale, double adc_offset)
{
    double count = value * scale + adc_offset;
    if (!(count > 0.0))
        count = 0.0;
    if (count > 65535.0)
        count = 65535.0;
    return (uint16_t)floorf((float)(count + 0.5));
}

static void write_integers(const Options *o, const Experiment *x, const Image *image, double scale)
{
    const Detector *d = &x->detector;
    const Sampling *s = &x->sampling;
    uint16_t *pixels = allocate(pixel_total(d), sizeof *pixels, "the integer image");
    for (int slow = s->slow_min; slow <= s->slow_max; ++slow)
        for (int fast = s->fast_min; fast <= s->fast_max; ++fast) {
            size_t i = (size_t)slow * (size_t)d->pixels_fast + (size_t)fast;
            pixels[i] = integer_pixel(image->pixels[i], scale, o->adc_offset);
        }
    printf("intfile_scale = %g\nwriting %s as 2-byte integers\n", scale, o->int_file);
    write_smv(o->int_file, x, pixels);
    free(pixels);
}

static void write_pgm(const char *name, const Detector *d, const float *image, double scale)
{
    printf("pgm_scale = %g\nwriting %s as 1-byte integers\n", scale, name);
    FILE *stream = open_output(name);
    fprintf(stream, "P5\n%d %d\n# pixels scaled by %g\n255\n", d->pixels_fast, d->pixels_slow, scale);
    for (size_t i = 0; i < pixel_total(d); ++i) {
        double grey = image[i] * scale;
        fputc(grey > 255.0 ? 255 : grey > 0.0 ? (int)grey : 0, stream);
    }
    close_output(stream, name);
}

/* ---- noise ---- */

static void write_noise(const Options *o, const Experiment *x, const float *image)
{
    const Detector *d = &x->detector;
    const Sampling *s = &x->sampling;
    uint16_t *pixels = allocate(pixel_total(d), sizeof *pixels, "the noise image");
    long seed = o->noise_seed, overloads = 0;
    double photons = 0.0;
    for (int slow = s->slow_min; slow <= s->slow_max; ++slow)
        for (int fast = s->fast_min; fast <= s->fast_max; ++fast) {
            size_t i = (size_t)slow * (size_t)d->pixels_fast + (size_t)fast;
            double count = poisson_deviate(image[i], &seed);
            photons += count;
            count += o->adc_offset;
            overloads += count > 65535.0;
            pixels[i] = count > 65535.0 ? 65535 : count > 0.0 ? (uint16_t)count : 0;
        }
    printf("%.0f photons on noise image (%ld overloads)\n", photons, overloads);
    printf("writing %s as 2-byte integers\n", o->noise_file);
    write_smv(o->noise_file, x, pixels);
    free(pixels);
}

void write_images(const Options *o, const Experiment *x, const Image *image, const Statistics *statistics)
{
    double scale = o->scale, pgm_scale = o->pgm_scale;
    if (!(scale > 0.0))
        scale = image->max > 0.0 ? 55000.0 / image->max : 1.0;
    if (!(pgm_scale > 0.0))
        pgm_scale = statistics->rmsd > 0.0 ? 250.0 / (5.0 * statistics->rmsd) : scale;
    write_floats(o->float_file, &x->detector, image->pixels);
    printf("max_I = %g  at %g %g\n", image->max, image->max_Fdet, image->max_Sdet);
    printf("mean= %g rms= %g rmsd= %g\n", statistics->mean, statistics->rms, statistics->rmsd);
    write_integers(o, x, image, scale);
    if (o->write_pgm)
        write_pgm(o->pgm_file, &x->detector, image->pixels, pgm_scale);
    if (o->write_noise)
        write_noise(o, x, image->pixels);
}
