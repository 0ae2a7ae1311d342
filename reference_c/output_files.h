/* Output files that appear complete or not at all.
 *
 * Each is written under a temporary name beside its final one; commit_outputs renames them all. A failure or an
 * interrupt before that removes them. Targets that are no regular files (/dev/null, a pipe) are written directly. */
#ifndef OUTPUT_FILES_H
#define OUTPUT_FILES_H

#include <stdio.h>

/* A stream whose contents become file `name` at commit_outputs; ends the program if it cannot be made. */
FILE *open_output(const char *name);

/* Close a stream of open_output; ends the program if something could not be written. */
void close_output(FILE *stream, const char *name);

/* Give every closed output its final name. */
void commit_outputs(void);

/* Remove every output that has not its final name yet. */
void abandon_outputs(void);

#endif
