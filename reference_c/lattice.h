/* Lattice factors: how the crystal's size and shape spread each Bragg peak. */
#ifndef LATTICE_H
#define LATTICE_H

#include "experiment.h"

/* Evaluations of a sweep (phi steps x domains) are made in blocks, so that a compiler can use vector registers. */
enum { BLOCK_SIZE = 64 };

typedef struct {
    int count;
    double h[BLOCK_SIZE], k[BLOCK_SIZE], l[BLOCK_SIZE];    /* fractional Miller indices */
    double h0[BLOCK_SIZE], k0[BLOCK_SIZE], l0[BLOCK_SIZE]; /* the nearest integers, ceil(h - 1/2) */
    double F_latt_a[BLOCK_SIZE], F_latt_b[BLOCK_SIZE], F_latt_c[BLOCK_SIZE]; /* 1 unless the shape is square */
    double F_latt[BLOCK_SIZE];
} Evaluations;

/* Fills the lattice factors of a block from its Miller indices. */
typedef void LatticeFactor(const Crystal *crystal, Evaluations *e);

/* The function of a crystal shape. */
LatticeFactor *lattice_factor(Shape shape);

#endif
