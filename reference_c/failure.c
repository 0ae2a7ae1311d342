/* Messages and exit statuses. */
#include "failure.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "output_files.h"

static bool objections_end = false;

enum { LONGEST_LINE = 2000 };

/* One line, whatever the names and words in it hold. */
static void print_line(const char *kind, const char *format, va_list arguments)
{
    char line[LONGEST_LINE];
    vsnprintf(line, sizeof line, format, arguments);
    for (char *c = line; *c != '\0'; ++c)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    fprintf(stderr, "nanobragg_c: %s: %s\n", kind, line);
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

void refuse_objections(void)
{
    objections_end = true;
}

void object(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!objections_end) {
        print_line("warning", format, arguments);
        va_end(arguments);
        return;
    }
    fflush(stdout);
    print_line("error", format, arguments);
    va_end(arguments);
    abandon_outputs();
    _Exit(BAD_INPUT);
}

void *allocate(size_t count, size_t size, const char *what)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        fail(BAD_INPUT, "not enough memory for %s (%zu x %zu bytes); make the experiment smaller", what,
             count, size);
    return memory;
}
