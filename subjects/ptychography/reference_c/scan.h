/* A scan: positions, probe, object and measured counts of one .npz file, in doubles. */
#ifndef PTYCHO_SCAN_H
#define PTYCHO_SCAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    long positions, side, centre;  /* M, N, h = N / 2 */
    long object_rows, object_cols; /* 0 0 without an object */
    long modes;
    double *x_px, *y_px;
    double *probe_re, *probe_im;   /* [modes][N][N] */
    double *object_re, *object_im; /* [rows][cols], NULL without an object */
    double *counts;                /* [M][N][N] */
    double *mask;                  /* [N][N] or [M][N][N], 1 = measured; NULL: all are */
    bool mask_by_position;
} Scan;

/* `nphotons`: the flag's, 0 when not given. `gauge`: false takes the probe exactly as it is in the file. */
Scan read_scan(const char *name, double nphotons, bool gauge);

/* Whether pixel number `pixel` (row-major) of position `j` was measured. */
bool is_measured(const Scan *scan, long j, size_t pixel);

#endif
