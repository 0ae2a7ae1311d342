/* Messages and exit statuses. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "outputs.h"

void fail(int status, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fputs("ptycho_c: error: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abandon_outputs();
    _Exit(status);
}

void *allocate(size_t count, size_t size, const char *what)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        fail(BAD_INPUT, "not enough memory for %s (%zu x %zu bytes)", what, count, size);
    return memory;
}
