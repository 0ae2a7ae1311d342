/* Ending the program with a message, and memory that is there or ends it. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stddef.h>

/* Exit statuses: the reference answers 9 when there is nothing to diffract; 2 is for all else that is wrong. */
enum { BAD_INPUT = 2, NOTHING_TO_DIFFRACT = 9 };

/* Print one line to stderr, remove unfinished output files, and exit with `status`. */
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line to stderr; the run goes on. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on `object` ends the program (-strict, and with the flag-substrings defect off). */
void refuse_objections(void);

/* Something that the reference takes without a word and that nobody can have meant: a warning, or the end. */
void object(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `count` zeroed objects of `size` bytes, or the end of the program naming `what` was too large. */
void *allocate(size_t count, size_t size, const char *what);

#endif
