/* Printing the trace: one table made from the list of fields, one printer that walks it. */
#include "trace.h"

#include <string.h>

/* ---- the table ---- */

typedef enum { KIND_WORD, KIND_INT, KIND_DOUBLE } Kind;

typedef struct {
    TraceRecord record;
    const char *name;
    Kind kind;
    int count;
    size_t offset;
} Field;

#define OFFSET_HEADER(name) offsetof(HeaderRecord, name##_)
#define OFFSET_UMAT(name) offsetof(UmatRecord, name)
#define OFFSET_SUBPIXEL(name) offsetof(SubpixelRecord, name)
#define OFFSET_SOURCE(name) offsetof(SourceRecord, name)
#define OFFSET_PHI(name) offsetof(PhiRecord, name)
#define OFFSET_DOMAIN(name) offsetof(DomainRecord, name)
#define OFFSET_TRICUBIC(name) offsetof(TricubicRecord, name)
#define OFFSET_CLOSING(name) offsetof(ClosingRecord, name)

static const Field fields[] = {
#define TRACE_FIELD(record, name, kind, count) {TRACE_##record, #name, KIND_##kind, count, OFFSET_##record(name)},
#define TRACE_SELECT_ALL
#include "trace_fields.def"
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

/* ---- printing ---- */

static void print_values(FILE *stream, const Field *field, const void *record, const char *separator)
{
    const char *member = (const char *)record + field->offset;
    for (int i = 0; i < field->count; ++i) {
        if (i > 0)
            fputs(separator, stream);
        if (field->kind == KIND_DOUBLE)
            fprintf(stream, "%.17g", ((const double *)(const void *)member)[i]);
        else if (field->kind == KIND_INT)
            fprintf(stream, "%ld", ((const long *)(const void *)member)[i]);
        else
            fputs(*(const char *const *)(const void *)member, stream);
    }
}

/* The index keys of a record, after its name. */
static void print_record_start(FILE *stream, TraceRecord kind, const LoopIndices *at)
{
    static const char *const titles[] = {
        [TRACE_UMAT] = "UMAT",     [TRACE_SUBPIXEL] = "SUBPIXEL", [TRACE_SOURCE] = "SOURCE",
        [TRACE_PHI] = "PHI",       [TRACE_DOMAIN] = "DOMAIN",     [TRACE_TRICUBIC] = "TRICUBIC",
    };
    fprintf(stream, "TRACE_C_%s", titles[kind]);
    if (kind != TRACE_UMAT)
        fprintf(stream, " thick_tic=%d sub_s=%d sub_f=%d", at->thick_tic, at->sub_s, at->sub_f);
    if (kind >= TRACE_SOURCE)
        fprintf(stream, " source=%d", at->source);
    if (kind >= TRACE_PHI)
        fprintf(stream, " phi_tic=%d", at->phi_tic);
    if (kind >= TRACE_DOMAIN || kind == TRACE_UMAT)
        fprintf(stream, " mos_tic=%d", at->mos_tic);
}

static void print_record(FILE *stream, TraceRecord kind, const LoopIndices *at, const void *record)
{
    print_record_start(stream, kind, at);
    for (int i = 0; i < FIELD_COUNT; ++i) {
        if (fields[i].record != kind)
            continue;
        fprintf(stream, " %s=", fields[i].name);
        print_values(stream, &fields[i], record, ",");
    }
    fputc('\n', stream);
}

static void print_quantity(FILE *stream, const Field *field, const void *record)
{
    fprintf(stream, "TRACE_C: %s ", field->name);
    print_values(stream, field, record, " ");
    fputc('\n', stream);
}

static void print_umats(FILE *stream, const Crystal *crystal)
{
    if (!(crystal->mosaic_spread > 0.0))
        return;
    /* A matrix is all that a UmatRecord holds. */
    for (int m = 0; m < crystal->domains; ++m)
        print_record(stream, TRACE_UMAT, &(LoopIndices){.mos_tic = m}, &crystal->umats[m]);
}

static void take(TraceSink *sink, TraceRecord kind, const LoopIndices *at, const void *record)
{
    TracePrinter *printer = (TracePrinter *)(void *)sink;
    if (kind != TRACE_HEADER && kind != TRACE_CLOSING) {
        print_record(printer->stream, kind, at, record);
        return;
    }
    for (int i = 0; i < FIELD_COUNT; ++i) {
        if (fields[i].record == kind)
            print_quantity(printer->stream, &fields[i], record);
        else if (fields[i].record == TRACE_UMAT && kind == TRACE_HEADER)
            print_umats(printer->stream, &printer->experiment->crystal);
    }
}

TracePrinter trace_printer(FILE *stream, const Experiment *experiment)
{
    return (TracePrinter){.sink = {take}, .stream = stream, .experiment = experiment};
}

/* ---- the header ---- */

static void fill_identity(HeaderRecord *r, const Experiment *x, PixelIndex pixel, const char *case_name)
{
    r->trace_format_ = 1;
    r->program_ = "nanobragg_c";
    r->version_ = PROGRAM_VERSION;
    r->mode_ = defects_mode(x->defects);
    r->defects_ = defects_text(x->defects);
    r->device_ = "cpu";
    r->dtype_ = "float64";
    r->case_ = case_name;
    r->pixel_[0] = pixel.slow;
    r->pixel_[1] = pixel.fast;
}

static void fill_detector(HeaderRecord *r, const Detector *d)
{
    static const char *const conventions[] = {"ADXV", "MOSFLM", "DENZO", "XDS", "DIALS", "CUSTOM"};
    r->detector_convention_ = conventions[d->convention];
    r->detector_pivot_ = d->pivot == PIVOT_BEAM ? "BEAM" : "SAMPLE";
    r->beam_vec_ = d->beam;
    r->fdet_vec_ = d->fast;
    r->sdet_vec_ = d->slow;
    r->odet_vec_ = d->normal;
    r->pix0_vector_meters_ = d->origin;
    r->polarization_axis_ = d->polarization_axis;
    r->spindle_axis_ = d->spindle_axis;
    r->distance_meters_ = d->distance;
    r->close_distance_meters_ = d->close_distance;
    r->Fbeam_meters_ = d->Fbeam;
    r->Sbeam_meters_ = d->Sbeam;
    r->Fclose_meters_ = d->Fclose;
    r->Sclose_meters_ = d->Sclose;
    r->Xbeam_meters_ = d->Xbeam;
    r->Ybeam_meters_ = d->Ybeam;
    r->pixel_size_meters_ = d->pixel_size;
    r->thick_step_meters_ = d->thickness.step;
    r->attenuation_per_meter_ = d->attenuation;
    r->n_thick_steps_ = d->thickness.count;
}

static void fill_crystal(HeaderRecord *r, const Crystal *c)
{
    static const char *const shapes[] = {"square", "round", "gauss", "tophat"};
    r->a0_angstroms_ = scaled(c->direct.a, 1e10);
    r->b0_angstroms_ = scaled(c->direct.b, 1e10);
    r->c0_angstroms_ = scaled(c->direct.c, 1e10);
    r->a_star_A_inv_ = c->a_star;
    r->b_star_A_inv_ = c->b_star;
    r->c_star_A_inv_ = c->c_star;
    r->V_cell_A3_ = c->volume;
    for (int i = 0; i < 3; ++i)
        r->N_cells_[i] = (long)c->N[i];
    r->n_mosaic_domains_ = c->domains;
    r->crystal_shape_ = shapes[c->shape];
    r->fudge_ = c->fudge;
    r->mosaic_spread_deg_ = c->mosaic_spread * RTD;
}

static void fill_sampling(HeaderRecord *r, const Experiment *x)
{
    const Sampling *s = &x->sampling;
    r->n_sources_ = x->beam.source_count;
    r->n_phi_steps_ = x->spindle.steps.count;
    r->oversample_ = s->oversample;
    r->steps_ = (long)s->steps;
    r->fluence_photons_per_m2_ = x->beam.fluence;
    r->r_e_sqr_ = CLASSICAL_RADIUS_SQR;
    r->background_I_ = s->background;
    r->subpixel_size_meters_ = x->detector.pixel_size / s->oversample;
    r->polarization_factor_ = x->beam.kahn_factor;
    r->phi_start_deg_ = x->spindle.start * RTD;
    r->phi_step_deg_ = x->spindle.steps.step * RTD;
    r->dmin_angstroms_ = s->dmin * 1e10;
    r->default_F_ = x->factors.default_F;
    r->interpolate_ = x->factors.interpolate;
}

/* What decides which steps are made from which others. */
static void fill_switches(HeaderRecord *r, const Experiment *x)
{
    const Sampling *s = &x->sampling;
    r->oversample_thick_ = s->oversample_thick != 0;
    r->oversample_polar_ = s->oversample_polar != 0;
    r->oversample_omega_ = s->oversample_omega != 0;
    r->curved_detector_ = x->detector.curved;
    r->point_pixel_ = x->detector.point_pixel;
    r->unpolarized_ = x->beam.unpolarized != 0;
    r->phi_carryover_ = is_on(x->defects, PHI_CARRYOVER);
    r->oversample_compounds_ = is_on(x->defects, OVERSAMPLE_COMPOUNDS);
    r->last_layer_capture_ = is_on(x->defects, LAST_LAYER_CAPTURE);
    r->background_scaling_ = is_on(x->defects, BACKGROUND_SCALING);
    r->curved_axes_ = is_on(x->defects, CURVED_AXES);
    r->oversample_unrounded_ = s->oversample_unrounded;
}

void trace_header(TracePrinter *printer, PixelIndex pixel, const PixelEntry *entry, const char *case_name)
{
    const Experiment *x = printer->experiment;
    const StructureFactors *f = &x->factors;
    const Spindle *s = &x->spindle;
    char ranges[128] = "none", from[64] = "none";
    if (f->listed)
        snprintf(ranges, sizeof ranges, "%d %d %d %d %d %d", f->min[0], f->max[0], f->min[1], f->max[1], f->min[2],
                 f->max[2]);
    bool carried = entry->rotated && is_on(x->defects, PHI_CARRYOVER);
    if (carried)
        snprintf(from, sizeof from, "%d %d", entry->rotator.slow, entry->rotator.fast);
    const CellVectors *cell = &s->unmosaic[carried ? s->last_rotated : s->steps.count];
    HeaderRecord r = {.hkl_ranges_ = ranges, .carried_from_ = from};
    fill_identity(&r, x, pixel, case_name);
    fill_detector(&r, &x->detector);
    fill_crystal(&r, &x->crystal);
    fill_sampling(&r, x);
    fill_switches(&r, x);
    r.carried_ap_angstroms_ = scaled(cell->a, 1e10);
    r.carried_bp_angstroms_ = scaled(cell->b, 1e10);
    r.carried_cp_angstroms_ = scaled(cell->c, 1e10);
    printer->sink.take(&printer->sink, TRACE_HEADER, NULL, &r);
}
