/* Options from the headers of SMV images. They leave the pivot alone. */
#include "headers.h"

#include <stdlib.h>

#include "smv.h"

static void take(const SmvHeader *header, const char *key, const char *units, double unit, double *field)
{
    double value;
    if (smv_number(header, key, units, &value))
        *field = value / unit;
}

static void apply_header(Options *o, const SmvHeader *header, bool is_mask)
{
    int fast, slow;
    smv_size(header, &fast, &slow);
    o->pixels_fast = fast != 0 ? fast : o->pixels_fast;
    o->pixels_slow = slow != 0 ? slow : o->pixels_slow;
    take(header, "PIXEL_SIZE", MILLIMETRES, 1e3, &o->pixel_size);
    take(header, "DISTANCE", MILLIMETRES, 1e3, &o->distance);
    take(header, "CLOSE_DISTANCE", MILLIMETRES, 1e3, &o->close_distance);
    take(header, "WAVELENGTH", ANGSTROM, 1e10, &o->wavelength);
    take(header, "BEAM_CENTER_X", MILLIMETRES, 1e3, &o->Xbeam);
    double Ybeam;
    if (smv_number(header, "BEAM_CENTER_Y", MILLIMETRES, &Ybeam)) {
        double height = o->pixels_slow != 0 ? o->pixel_size * o->pixels_slow : o->size_slow;
        o->Ybeam = is_mask ? height - Ybeam / 1e3 : Ybeam / 1e3;
    }
    take(header, "ORGX", PIXELS, 1.0, &o->origin_x);
    take(header, "ORGY", PIXELS, 1.0, &o->origin_y);
    take(header, "PHI", DEGREES_OF_ARC, RTD, &o->phi_start);
    take(header, "OSC_RANGE", DEGREES_OF_ARC, RTD, &o->phi.range);
}

void apply_headers(Options *o)
{
    const char **names[] = {&o->mask_file, &o->image_file};
    for (int i = 0; i < 2; ++i) {
        if (*names[i] == NULL)
            continue;
        SmvHeader header = read_smv_header(*names[i], is_on(o->defects, HEADER_SUBSTRINGS));
        if (header.text != NULL)
            apply_header(o, &header, i == 0);
        else
            *names[i] = NULL;
        free(header.text);
    }
}
