/* The recorder of a captured program: events in 64-bit words, in a file named by PARITY_CAPTURE_OUT.
 *
 * A word that starts an event is kind | thread << 8 | count << 16 | number << 32. Included once, at the end of the
 * translation unit that has main. Without the variable nothing is recorded. PARITY_CAPTURE_WORDS bounds the file;
 * PARITY_CAPTURE_EACH bounds what one site records outside the selected loop. */
#ifndef PARITY_RUNTIME
#define PARITY_RUNTIME
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __cplusplus
extern "C" {
#endif

enum { PARITY_VALUE = 1, PARITY_ENTER, PARITY_LEAVE, PARITY_LOOP, PARITY_SELECT, PARITY_UNSELECT, PARITY_FULL,
       PARITY_LEFT };
enum { PARITY_BUFFER = 1 << 15, PARITY_LINE = 160 };

__thread int parity_state __attribute__((tls_model("initial-exec"))) = -1;
static __thread int parity_depth, parity_thread, parity_skips, parity_line_used;
static __thread parity_int parity_line[PARITY_LINE];
static volatile int parity_shared_state = 1;
static struct {
    FILE *stream;
    int ready, lock, threads, full;
    long process;
    unsigned long used, words, limit, each;
    unsigned *seen;
    int sites;
    parity_int buffer[PARITY_BUFFER];
} parity_log;

static void parity_flush(void)
{
    if (parity_log.stream != NULL && (long)getpid() == parity_log.process) {
        fwrite(parity_log.buffer, sizeof(parity_int), parity_log.used, parity_log.stream);
        fflush(parity_log.stream);
    }
    parity_log.used = 0;
}

static void parity_open(void)
{
    const char *name = getenv("PARITY_CAPTURE_OUT"), *limit = getenv("PARITY_CAPTURE_WORDS"),
               *each = getenv("PARITY_CAPTURE_EACH"), *sites = getenv("PARITY_CAPTURE_SITES");
    parity_log.ready = 1;
    parity_log.process = (long)getpid();
    parity_log.limit = limit != NULL ? strtoul(limit, NULL, 10) : 8000000UL;
    parity_log.each = each != NULL ? strtoul(each, NULL, 10) : 64UL;
    parity_log.sites = sites != NULL ? atoi(sites) : 0;
    parity_log.seen = (unsigned *)calloc((size_t)parity_log.sites + 1, sizeof(unsigned));
    if (name != NULL && parity_log.seen != NULL && (parity_log.stream = fopen(name, "ab")) != NULL)
        atexit(parity_flush);
}

static void parity_acquire(void)
{
    while (__sync_lock_test_and_set(&parity_log.lock, 1))
        ;
    if (!parity_log.ready)
        parity_open();
    if (parity_thread == 0)
        parity_thread = ++parity_log.threads;
}

static void parity_release(void)
{
    __sync_lock_release(&parity_log.lock);
}

static void parity_put(int kind, int number, int count, const parity_int *words)
{
    unsigned long needed = (unsigned long)count + 1;
    if (parity_log.stream == NULL || parity_log.full)
        return;
    if (parity_log.words + needed > parity_log.limit) {
        parity_log.full = 1;
        kind = PARITY_FULL;
        needed = 1;
        count = 0;
    }
    if (parity_log.used + needed > PARITY_BUFFER)
        parity_flush();
    parity_log.buffer[parity_log.used++] =
        (parity_int)kind | (parity_int)(parity_thread & 255) << 8 | (parity_int)count << 16 | (parity_int)number << 32;
    if (count > 0)
        memcpy(parity_log.buffer + parity_log.used, words, (size_t)count * sizeof *words);
    parity_log.used += (unsigned long)count;
    parity_log.words += needed;
}

static void parity_event(int kind, int number, int count, const parity_int *words)
{
    parity_acquire();
    parity_put(kind, number, count, words);
    parity_release();
    if (parity_log.stream == NULL || parity_log.full)
        parity_state = 0;
}

/* The state of a thread that has not met the selected loop: 0 or not. */
int parity_shared(void)
{
    return parity_shared_state != 0;
}

int parity_call(int function)
{
    parity_int depth = ++parity_depth;
    parity_event(PARITY_ENTER, function, 1, &depth);
    return parity_depth;
}

void parity_leave(int *depth)
{
    parity_int left = *depth;
    if (*depth == 0)
        return;
    parity_event(PARITY_LEAVE, 0, 1, &left);
    parity_depth = *depth - 1;
}

void parity_loop(int loop, parity_int counter)
{
    parity_event(PARITY_LOOP, loop, 1, &counter);
}

void parity_left(int loop)
{
    parity_event(PARITY_LEFT, loop, 0, NULL);
}

static int parity_is_selected(void)
{
    return parity_state == 2 || (parity_state < 0 && parity_shared_state == 2);
}

void parity_begin(int site)
{
    parity_line_used = 0;
    parity_skips = parity_log.full;
    if (!parity_is_selected()) {
        parity_acquire();
        if (site <= parity_log.sites && ++parity_log.seen[site] > parity_log.each)
            parity_skips = 1;
        parity_release();
    }
    parity_line[parity_line_used++] = site;
}

void parity_i(parity_int value)
{
    if (!parity_skips && parity_line_used < PARITY_LINE)
        parity_line[parity_line_used++] = value;
}

void parity_element(parity_int index)
{
    parity_i(index);
}

void parity_f(double value)
{
    parity_int word;
    memcpy(&word, &value, sizeof word);
    parity_i(word);
}

void parity_fs(const double *values, int count)
{
    int i;
    for (i = 0; i < count; ++i)
        parity_f(values[i]);
}

void parity_ss(const float *values, int count)
{
    int i;
    for (i = 0; i < count; ++i)
        parity_f((double)values[i]);
}

void parity_is(const void *values, int count, int size, int is_signed)
{
    int i;
    for (i = 0; i < count; ++i) {
        const char *at = (const char *)values + (size_t)i * (size_t)size;
        parity_int value = 0;
        memcpy(&value, at, (size_t)size);
        if (is_signed && size < 8 && (value >> (size * 8 - 1) & 1))
            value -= (parity_int)1 << (size * 8);
        parity_i(value);
    }
}

void parity_end(void)
{
    if (!parity_skips)
        parity_event(PARITY_VALUE, (int)parity_line[0], parity_line_used - 1, parity_line + 1);
}

/* Nothing is captured from here to parity_unselect unless the expression holds. Gives the state before. */
int parity_select(int holds, int count, ...)
{
    int before = parity_state, i;
    parity_int keys[16];
    __builtin_va_list list;
    if (parity_log.ready && (parity_log.stream == NULL || parity_log.full))
        holds = 0;
    parity_state = holds ? 2 : 0;
    parity_shared_state = parity_state;
    if (holds) {
        __builtin_va_start(list, count);
        for (i = 0; i < count && i < 16; ++i)
            keys[i] = __builtin_va_arg(list, parity_int);
        __builtin_va_end(list);
        parity_event(PARITY_SELECT, 0, i, keys);
    }
    return before;
}

void parity_unselect(int *before)
{
    int was = parity_state;
    parity_state = *before;
    parity_shared_state = *before < 0 ? 1 : *before;
    if (was == 2)
        parity_event(PARITY_UNSELECT, 0, 0, NULL);
}

#ifdef __cplusplus
}
#endif
#endif
