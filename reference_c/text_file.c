/* Input text files. */
#include "text_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

/* Append all of a stream to the file's text. */
static void read_all(TextFile *file, FILE *stream)
{
    size_t capacity = 1 << 16;
    file->text = allocate(capacity, 1, file->name);
    for (;;) {
        file->size += fread(file->text + file->size, 1, capacity - 1 - file->size, stream);
        if (file->size < capacity - 1)
            break;
        capacity *= 2;
        char *larger = realloc(file->text, capacity);
        if (larger == NULL)
            fail(BAD_INPUT, "not enough memory to read %s", file->name);
        file->text = larger;
    }
    file->text[file->size] = '\0';
}

TextFile open_text(const char *name, const char *purpose, int status)
{
    TextFile file = {.name = name};
    FILE *stream = fopen(name, "rb");
    if (stream == NULL)
        fail(status, "cannot read the %s file %s: %s", purpose, name, strerror(errno));
    errno = 0;
    read_all(&file, stream);
    if (ferror(stream))
        fail(status, "cannot read the %s file %s: %s", purpose, name, strerror(errno));
    fclose(stream);
    if (file.size == 0)
        fail(BAD_INPUT, "the %s file %s is empty", purpose, name);
    file.next = file.text;
    return file;
}

void close_text(TextFile *file)
{
    free(file->text);
    file->text = file->next = NULL;
}

char *next_line(TextFile *file)
{
    char *end_of_file = file->text + file->size;
    if (file->next >= end_of_file)
        return NULL;
    char *line = file->next;
    char *end = memchr(line, '\n', (size_t)(end_of_file - line));
    if (end == NULL)
        end = end_of_file;
    file->next = end + 1;
    ++file->line;
    *end = '\0';
    if (strlen(line) < (size_t)(end - line))
        fail(BAD_INPUT, "%s line %d holds a zero byte; this is no text file", file->name, file->line);
    if (end > line && end[-1] == '\r')
        end[-1] = '\0';
    return line;
}

bool read_number(char **cursor, const char *separators, double *value)
{
    char *start = *cursor + strspn(*cursor, separators);
    char *end;
    *value = strtod(start, &end);
    if (end == start || !isfinite(*value) || (*end != '\0' && strchr(separators, *end) == NULL))
        return false;
    *cursor = end;
    return true;
}
