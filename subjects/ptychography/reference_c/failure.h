/* Ending the program with a message, and memory that is there or ends it. */
#ifndef PTYCHO_FAILURE_H
#define PTYCHO_FAILURE_H

#include <stddef.h>

/* Exit statuses: 9 when the command line asks for nothing; 2 for all else that is wrong. */
enum { BAD_INPUT = 2, NOTHING_TO_COMPUTE = 9 };

/* Print one line to stderr, remove unfinished output files, and exit with `status`. */
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `count` zeroed objects of `size` bytes, or the end of the program naming `what` was too large. */
void *allocate(size_t count, size_t size, const char *what);

#endif
