/* The trace: records of named values that the pixel sum hands to a sink, and the text made of them. */
#ifndef TRACE_H
#define TRACE_H

#include <stddef.h>
#include <stdio.h>

#include "experiment.h"
#include "vec3.h"

#define PROGRAM_VERSION "0.1.0"

/* ---- the records: structs made from the list of fields ---- */

#define MEMBER_WORD_1(name) const char *name;
#define MEMBER_INT_1(name) long name;
#define MEMBER_INT_2(name) long name[2];
#define MEMBER_INT_3(name) long name[3];
#define MEMBER_DOUBLE_1(name) double name;
#define MEMBER_DOUBLE_3(name) Vec3 name;
#define MEMBER_DOUBLE_4(name) double name[4];
#define MEMBER_DOUBLE_9(name) Mat3 name;
#define MEMBER_DOUBLE_64(name) double name[64];

/* Members of the header end in _, since one of them (case) is a word of C. */
typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name##_)
#define TRACE_SELECT_HEADER
#include "trace_fields.def"
} HeaderRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_UMAT
#include "trace_fields.def"
} UmatRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_SUBPIXEL
#include "trace_fields.def"
} SubpixelRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_SOURCE
#include "trace_fields.def"
} SourceRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_PHI
#include "trace_fields.def"
} PhiRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_DOMAIN
#include "trace_fields.def"
} DomainRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_TRICUBIC
#include "trace_fields.def"
} TricubicRecord;

typedef struct {
#define TRACE_FIELD(record, name, kind, count) MEMBER_##kind##_##count(name)
#define TRACE_SELECT_CLOSING
#include "trace_fields.def"
} ClosingRecord;

typedef enum {
    TRACE_HEADER,
    TRACE_UMAT,
    TRACE_SUBPIXEL,
    TRACE_SOURCE,
    TRACE_PHI,
    TRACE_DOMAIN,
    TRACE_TRICUBIC,
    TRACE_CLOSING
} TraceRecord;

/* ---- the sink ---- */

/* Where an evaluation is in the loops. */
typedef struct {
    int thick_tic, sub_s, sub_f, source, phi_tic, mos_tic;
} LoopIndices;

/* Whoever wants to see the records of a pixel sum as they are made. */
typedef struct TraceSink TraceSink;
struct TraceSink {
    void (*take)(TraceSink *sink, TraceRecord kind, const LoopIndices *at, const void *record);
};

/* A sink that prints to a stream. */
typedef struct {
    TraceSink sink;
    FILE *stream;
    const Experiment *experiment;
} TracePrinter;

TracePrinter trace_printer(FILE *stream, const Experiment *experiment);

/* What a pixel finds when its turn comes. */
typedef struct {
    bool rotated;       /* this thread has executed a rotation before */
    PixelIndex rotator; /* the pixel that executed it last, if so */
    bool interpolating; /* structure factors are still interpolated */
} PixelEntry;

/* Print the header lines of a pixel. */
void trace_header(TracePrinter *printer, PixelIndex pixel, const PixelEntry *entry, const char *case_name);

#endif
