/* What the headers of -mask and -img say, before all flags. */
#ifndef HEADERS_H
#define HEADERS_H

#include "options.h"

/* Take what the header of the mask and then that of the image say. A file that does not count is forgotten. */
void apply_headers(Options *options);

#endif
