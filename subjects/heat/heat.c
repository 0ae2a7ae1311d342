/* heat CELLS STEPS [-cell K]: the heat equation on a rod, explicit Euler, both ends kept at their temperature.
   With -cell, every value that the temperature of that cell is made from is printed as a trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 4096 };
static const double DIFFUSIVITY = 1.0e-4, CELL_SIZE = 0.01, TIME_STEP = 0.25; /* m^2/s, m, s */

static double start_temperature(int cell, int cells)
{
    double x = (cell + 0.5) / cells;
    return 300.0 + 40.0 * x * (1.0 - x);
}

static double flux(double left, double here, double right)
{
    double curvature = (left - 2.0 * here) + right;
    return DIFFUSIVITY * curvature / (CELL_SIZE * CELL_SIZE);
}

int main(int argc, char **argv)
{
    static double now[MOST_CELLS], next[MOST_CELLS];
    int cells = argc > 1 ? atoi(argv[1]) : 0, steps = argc > 2 ? atoi(argv[2]) : 0;
    int traced = argc > 4 && strcmp(argv[3], "-cell") == 0 ? atoi(argv[4]) : -1;
    if (cells < 3 || cells > MOST_CELLS || steps < 1 || traced >= cells) {
        fprintf(stderr, "heat: needs 3 to %d cells, at least one step, and a cell on the rod\n", MOST_CELLS);
        return 2;
    }
    for (int cell = 0; cell < cells; cell++) now[cell] = start_temperature(cell, cells);
    if (traced >= 0) {
        printf("TRACE_C: cells %d\nTRACE_C: steps %d\nTRACE_C: time_step_s %.17g\n", cells, steps, TIME_STEP);
        printf("TRACE_C: start_K %.17g\n", now[traced]);
    }
    for (int step = 0; step < steps; step++) {
        for (int cell = 0; cell < cells; cell++) {
            int inner = cell > 0 && cell < cells - 1;
            double rate = inner ? flux(now[cell - 1], now[cell], now[cell + 1]) : 0.0;
            next[cell] = now[cell] + TIME_STEP * rate;
            if (cell == traced && inner)
                printf("TRACE_C_STEP step=%d left_K=%.17g right_K=%.17g rate_K_per_s=%.17g temperature_K=%.17g\n",
                       step, now[cell - 1], now[cell + 1], rate, next[cell]);
        }
        memcpy(now, next, sizeof now);
    }
    if (traced >= 0) printf("TRACE_C: final_K %.17g\n", now[traced]);
    FILE *file = fopen("rod.bin", "wb");
    if (!file || fwrite(now, sizeof *now, (size_t)cells, file) != (size_t)cells || fclose(file)) return 4;
    return 0;
}
