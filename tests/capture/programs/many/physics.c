#include <math.h>
#include "many.h"
double total = 10.0;

static double scaled_by(double value, double factor) { return value * factor; }

double step_of(int row, int column, Body *body)
{
    double sum = 0.0, term;
    int k;
    for (k = 0; k < 4; ++k) {
        if (k == 2) continue;
        term = scaled_by(row + 1.0, k) / (column + 1.0);
        sum += term;
    }
    body->weight += sum;
#pragma omp parallel for collapse(2) schedule(static)
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j)
#pragma omp atomic
            body->mass[i] += 0.125 * j;
    return sum * body->weight;
}

void rotate(const double in[3], double out[3], double angle)
{
    double s = sin(angle), c = cos(angle);
    out[0] = in[0] * c - in[1] * s;
    out[1] = in[0] * s + in[1] * c;
    out[2] = in[2];
}
