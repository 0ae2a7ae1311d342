/* Input text files, read whole and walked line by line, so that errors can name file and line. */
#ifndef TEXT_FILE_H
#define TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;
    char *text; /* the whole file, a NUL after it */
    size_t size;
    char *next; /* start of the next line */
    int line;   /* number of the line last returned, from 1 */
} TextFile;

/* Read a file into memory; ends the program with `status` if it cannot be read. `purpose` is for the message. */
TextFile open_text(const char *name, const char *purpose, int status);

void close_text(TextFile *file);

/* The next line without its end, or NULL after the last. */
char *next_line(TextFile *file);

/* Read one finite number that ends at a separator or the end of the text; false where there is none. */
bool read_number(char **cursor, const char *separators, double *value);

#endif
