/* Messages and exit statuses. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "output_files.h"

static void print_line(const char *kind, const char *format, va_list arguments)
{
    fprintf(stderr, "nanobragg_c: %s: ", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    print_line("error", format, arguments);
    va_end(arguments);
    abandon_outputs();
    /* Without exit handlers: what was allocated need not be found and freed here. */
    _Exit(status);
}

void warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("warning", format, arguments);
    va_end(arguments);
}

void *allocate(size_t count, size_t size, const char *what)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        fail(BAD_INPUT, "not enough memory for %s (%zu x %zu bytes); make the experiment smaller", what,
             count, size);
    return memory;
}
