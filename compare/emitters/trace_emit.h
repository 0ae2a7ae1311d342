/*
 * trace_emit.h - write intermediate values in the trace format, from C11 or C++11.
 *
 * One header, no dependency but the C library. Compile with -DTRACE_EMIT to have the trace; without it every
 * macro below is an empty statement that evaluates nothing and leaves no code behind. In exactly one source
 * file, define TRACE_EMIT_IMPLEMENTATION before including it.
 *
 *     TRACE_OPEN(stdout, "C");                    this thread writes; all others stay silent
 *     TRACE_INT("trace_format", 1);               TRACE_C: trace_format 1
 *     TRACE_PIXEL(685, 1039);                     TRACE_C: pixel 685 1039          (slow, fast)
 *     TRACE_DOUBLES("beam_vec", 3, beam);         TRACE_C: beam_vec 0 0 1
 *     TRACE_RECORD("PHI");                        starts a line of its own ...
 *     TRACE_INDEX("phi_tic", tic);                ... index keys first ...
 *     TRACE_DOUBLE("F_latt", F_latt);             ... then values ...
 *     TRACE_END();                                TRACE_C_PHI phi_tic=3 F_latt=0.15548207271956166
 *     const char *problem = TRACE_CLOSE();        NULL, or what went wrong first
 *
 * Floats have 17 significant digits and a point whatever the locale, so that they read back to the same bits.
 * A line is written whole. After the first fault (a bad name, a value outside a record that was ended, a full
 * disk) nothing more is written, so that a broken trace cannot look complete; TRACE_CLOSE tells. It does not
 * close the stream. The first time that a line of the source writes a value, a line TRACE_C_AT name=F_latt
 * at=model.c line=123 says where it stands (not with -DTRACE_EMIT_NO_PLACES). What the macros refuse: names that are no C identifiers; words that are empty or hold
 * white space, a comma or an equals sign.
 */
#ifndef TRACE_EMIT_H
#define TRACE_EMIT_H

#ifdef TRACE_EMIT

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
#define TRACE_EMIT_PER_THREAD thread_local
extern "C" {
#else
#define TRACE_EMIT_PER_THREAD _Thread_local
#endif
void trace_emit_open(FILE *stream, const char *side);
const char *trace_emit_close(void);
int trace_emit_on(void);
void trace_emit_record(const char *record);
void trace_emit_end(void);
void trace_emit_index(const char *key, long long index);
void trace_emit_word(const char *name, const char *word);
void trace_emit_int(const char *name, long long value);
void trace_emit_ints(const char *name, size_t count, const int *values);
void trace_emit_double(const char *name, double value);
void trace_emit_doubles(const char *name, size_t count, const double *values);
void trace_emit_floats(const char *name, size_t count, const float *values);
void trace_emit_pixel(int slow, int fast);
void trace_emit_place(unsigned *told, const char *name, const char *file, int line);
#ifdef __cplusplus
}
#endif

#define TRACE_OPEN(stream, side) trace_emit_open(stream, side)
#define TRACE_CLOSE() trace_emit_close()
#define TRACE_ON() trace_emit_on()
#define TRACE_RECORD(record) trace_emit_record(record)
#define TRACE_END() trace_emit_end()
#define TRACE_INDEX(key, index) trace_emit_index(key, index)
#ifdef TRACE_EMIT_NO_PLACES
#define TRACE_PLACED_(name, write) write
#else /* each line of the source tells its place once a trace */
#define TRACE_PLACED_(name, write)                           \
    do {                                                     \
        static TRACE_EMIT_PER_THREAD unsigned told;          \
        trace_emit_place(&told, name, __FILE__, __LINE__);   \
        write;                                               \
    } while (0)
#endif
#define TRACE_WORD(name, word) TRACE_PLACED_(name, trace_emit_word(name, word))
#define TRACE_INT(name, value) TRACE_PLACED_(name, trace_emit_int(name, value))
#define TRACE_INTS(name, count, values) TRACE_PLACED_(name, trace_emit_ints(name, count, values))
#define TRACE_DOUBLE(name, value) TRACE_PLACED_(name, trace_emit_double(name, value))
#define TRACE_DOUBLES(name, count, values) TRACE_PLACED_(name, trace_emit_doubles(name, count, values))
#define TRACE_FLOATS(name, count, values) TRACE_PLACED_(name, trace_emit_floats(name, count, values))
#define TRACE_PIXEL(slow, fast) trace_emit_pixel(slow, fast)

#else /* sizeof evaluates nothing, yet the compiler still sees the names: no "unused variable" warnings */

#define TRACE_NOTHING_(x, y) ((void)sizeof(x), (void)sizeof(y))
#define TRACE_OPEN(stream, side) TRACE_NOTHING_(stream, side)
#define TRACE_CLOSE() ((const char *)0)
#define TRACE_ON() 0
#define TRACE_RECORD(record) TRACE_NOTHING_(record, 0)
#define TRACE_END() ((void)0)
#define TRACE_INDEX(key, index) TRACE_NOTHING_(key, index)
#define TRACE_WORD(name, word) TRACE_NOTHING_(name, word)
#define TRACE_INT(name, value) TRACE_NOTHING_(name, value)
#define TRACE_INTS(name, count, values) TRACE_NOTHING_(count, values)
#define TRACE_DOUBLE(name, value) TRACE_NOTHING_(name, value)
#define TRACE_DOUBLES(name, count, values) TRACE_NOTHING_(count, values)
#define TRACE_FLOATS(name, count, values) TRACE_NOTHING_(count, values)
#define TRACE_PIXEL(slow, fast) TRACE_NOTHING_(slow, fast)

#endif

#endif /* TRACE_EMIT_H */

#if defined(TRACE_EMIT) && defined(TRACE_EMIT_IMPLEMENTATION) && !defined(TRACE_EMIT_IMPLEMENTED)
#define TRACE_EMIT_IMPLEMENTED

#include <stdlib.h>
#include <string.h>

enum { TRACE_EMIT_TEXT = 40 }; /* room for any number and for the side's word */

static TRACE_EMIT_PER_THREAD struct {
    FILE *stream; /* NULL: this thread does not trace */
    const char *problem;
    char side[TRACE_EMIT_TEXT];
    char *line;
    size_t used, room;
    int in_record; /* 0 no, 1 index keys may follow, 2 values may follow */
    char record[TRACE_EMIT_TEXT]; /* its name, "" where it is longer */
} trace_emitter;
static TRACE_EMIT_PER_THREAD unsigned trace_emit_run; /* which trace of this thread, from 1 */

/* ---- building a line ---- */

static void trace_emit_fail(const char *problem)
{
    if (trace_emitter.problem == NULL)
        trace_emitter.problem = problem;
}

static int trace_emit_ready(void)
{
    return trace_emitter.stream != NULL && trace_emitter.problem == NULL;
}

static void trace_emit_put(const char *text)
{
    size_t length = strlen(text), needed = trace_emitter.used + length + 1;
    if (needed > trace_emitter.room) {
        char *line = (char *)realloc(trace_emitter.line, needed * 2);
        if (line == NULL) {
            trace_emit_fail("out of memory");
            return;
        }
        trace_emitter.line = line;
        trace_emitter.room = needed * 2;
    }
    memcpy(trace_emitter.line + trace_emitter.used, text, length + 1);
    trace_emitter.used += length;
}

static void trace_emit_flush(void)
{
    trace_emit_put("\n");
    if (trace_emit_ready() &&
        fwrite(trace_emitter.line, 1, trace_emitter.used, trace_emitter.stream) != trace_emitter.used)
        trace_emit_fail("the trace could not be written");
    trace_emitter.used = 0;
}

static int trace_emit_is_name(const char *name)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t length = name == NULL ? 0 : strlen(name), head = name == NULL ? 0 : strspn(name, letters);
    while (head > 0 && head < length && (strchr(letters, name[head]) || strchr("0123456789", name[head])))
        head++;
    return length > 0 && head == length;
}

/* "name value" opens a line of its own; inside a record " name=value" continues it. */
static int trace_emit_name(const char *name)
{
    if (!trace_emit_ready())
        return 0;
    if (!trace_emit_is_name(name)) {
        trace_emit_fail("a name must be an identifier");
        return 0;
    }
    if (trace_emitter.in_record) {
        trace_emitter.in_record = 2;
        trace_emit_put(" ");
        trace_emit_put(name);
        trace_emit_put("=");
    } else {
        trace_emit_put("TRACE_");
        trace_emit_put(trace_emitter.side);
        trace_emit_put(": ");
        trace_emit_put(name);
        trace_emit_put(" ");
    }
    return 1;
}

static void trace_emit_between(size_t i)
{
    if (i > 0)
        trace_emit_put(trace_emitter.in_record ? "," : " ");
}

static void trace_emit_value_done(void)
{
    if (!trace_emitter.in_record)
        trace_emit_flush();
}

/* 17 digits, one spelling of nan, and a point where the locale has something else. */
static void trace_emit_number(double value)
{
    char printed[TRACE_EMIT_TEXT], text[TRACE_EMIT_TEXT];
    size_t n = 0;
    snprintf(printed, sizeof printed, "%.17g", value);
    if (strchr(printed, 'n') != NULL) {
        trace_emit_put(strchr(printed, 'a') ? "nan" : printed[0] == '-' ? "-inf" : "inf");
        return;
    }
    for (const char *c = printed; *c; c++) {
        if (strchr("0123456789+-e", *c))
            text[n++] = *c;
        else if (n == 0 || text[n - 1] != '.')
            text[n++] = '.';
    }
    text[n] = '\0';
    trace_emit_put(text);
}

static void trace_emit_integer(long long value)
{
    char text[TRACE_EMIT_TEXT];
    snprintf(text, sizeof text, "%lld", value);
    trace_emit_put(text);
}

/* ---- the functions behind the macros ---- */

void trace_emit_open(FILE *stream, const char *side)
{
    trace_emit_run++;
    trace_emitter.stream = stream;
    trace_emitter.problem = NULL;
    trace_emitter.used = 0;
    trace_emitter.in_record = 0;
    if (!trace_emit_is_name(side) || strlen(side) >= sizeof trace_emitter.side || strchr(side, '_'))
        trace_emit_fail("the side must be a short word without underscore, such as C");
    else
        strcpy(trace_emitter.side, side);
}

const char *trace_emit_close(void)
{
    const char *problem;
    if (trace_emitter.stream != NULL) {
        if (trace_emitter.in_record)
            trace_emit_fail("a record was begun and not ended");
        if (fflush(trace_emitter.stream) != 0)
            trace_emit_fail("the trace could not be written");
    }
    free(trace_emitter.line);
    problem = trace_emitter.problem;
    memset(&trace_emitter, 0, sizeof trace_emitter);
    return problem;
}

int trace_emit_on(void)
{
    return trace_emit_ready();
}

void trace_emit_record(const char *record)
{
    if (!trace_emit_ready())
        return;
    if (trace_emitter.in_record)
        trace_emit_fail("a record was begun inside another");
    else if (!trace_emit_is_name(record))
        trace_emit_fail("a record's name must be an identifier");
    trace_emitter.in_record = 1;
    trace_emitter.record[0] = '\0';
    if (record != NULL && strlen(record) < sizeof trace_emitter.record)
        strcpy(trace_emitter.record, record);
    trace_emit_put("TRACE_");
    trace_emit_put(trace_emitter.side);
    trace_emit_put("_");
    trace_emit_put(record);
}

void trace_emit_end(void)
{
    if (!trace_emit_ready())
        return;
    if (!trace_emitter.in_record)
        trace_emit_fail("a record was ended that was not begun");
    trace_emitter.in_record = 0;
    trace_emit_flush();
}

/* Where the source writes a value, once a trace: a line of its own, before the one that the value stands in. */
void trace_emit_place(unsigned *told, const char *name, const char *file, int line)
{
    const char *base, *record = trace_emitter.in_record ? trace_emitter.record : "";
    if (!trace_emit_ready() || *told == trace_emit_run || !trace_emit_is_name(name))
        return;
    *told = trace_emit_run;
    base = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    if (base[0] == '\0' || strpbrk(base, " \t\r\n\v\f,=") != NULL || (trace_emitter.in_record && record[0] == '\0'))
        return;
    if (fprintf(trace_emitter.stream, "TRACE_%s_AT name=%s%s%s at=%s line=%d\n", trace_emitter.side, record,
                record[0] != '\0' ? "." : "", name, base, line) < 0)
        trace_emit_fail("the trace could not be written");
}

void trace_emit_index(const char *key, long long index)
{
    if (trace_emitter.in_record != 1)
        trace_emit_fail("an index key must come before the values of a record");
    if (trace_emit_name(key)) {
        trace_emit_integer(index);
        trace_emitter.in_record = 1;
    }
}

void trace_emit_word(const char *name, const char *word)
{
    if (word == NULL || word[0] == '\0' || strpbrk(word, " \t\r\n\v\f,=") != NULL)
        trace_emit_fail("a word must hold no white space, comma or equals sign, and not be empty");
    if (trace_emit_name(name)) {
        trace_emit_put(word);
        trace_emit_value_done();
    }
}

void trace_emit_int(const char *name, long long value)
{
    if (trace_emit_name(name)) {
        trace_emit_integer(value);
        trace_emit_value_done();
    }
}

void trace_emit_ints(const char *name, size_t count, const int *values)
{
    if (count == 0)
        trace_emit_fail("a quantity needs a value");
    if (trace_emit_name(name)) {
        for (size_t i = 0; i < count; i++) {
            trace_emit_between(i);
            trace_emit_integer(values[i]);
        }
        trace_emit_value_done();
    }
}

void trace_emit_double(const char *name, double value)
{
    trace_emit_doubles(name, 1, &value);
}

void trace_emit_doubles(const char *name, size_t count, const double *values)
{
    if (count == 0)
        trace_emit_fail("a quantity needs a value");
    if (trace_emit_name(name)) {
        for (size_t i = 0; i < count; i++) {
            trace_emit_between(i);
            trace_emit_number(values[i]);
        }
        trace_emit_value_done();
    }
}

void trace_emit_floats(const char *name, size_t count, const float *values)
{
    if (count == 0)
        trace_emit_fail("a quantity needs a value");
    if (trace_emit_name(name)) {
        for (size_t i = 0; i < count; i++) {
            trace_emit_between(i);
            trace_emit_number(values[i]);
        }
        trace_emit_value_done();
    }
}

void trace_emit_pixel(int slow, int fast)
{
    int place[2];
    place[0] = slow;
    place[1] = fast;
    if (trace_emitter.in_record)
        trace_emit_fail("a pixel begins outside of records");
    trace_emit_ints("pixel", 2, place);
}

#endif
