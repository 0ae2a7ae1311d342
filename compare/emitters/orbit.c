/*
 * An example of trace_emit.h: a satellite on its orbit, by the symplectic Euler method, every step traced.
 *
 *     cc -std=c11 -DTRACE_EMIT -ffp-contract=off orbit.c -o orbit -lm && ./orbit > c.log
 *
 * Without -DTRACE_EMIT the same source is the plain program. orbit.py is its port; `compare traces` aligns
 * their logs step by step.
 */
#define TRACE_EMIT_IMPLEMENTATION
#include "trace_emit.h"

#include <math.h>
#include <stdio.h>

enum { STEPS = 24, AXES = 2 };
static const double GM = 1.0, TIME_STEP = 0.125;

/* -GM r / |r|^3 */
static double acceleration_from_position(const double r[AXES], double a[AXES])
{
    double R = sqrt(r[0] * r[0] + r[1] * r[1]);
    for (int i = 0; i < AXES; i++)
        a[i] = -GM * r[i] / (R * R * R);
    return R;
}

int main(void)
{
    double r[AXES] = {1.0, 0.0}, v[AXES] = {0.0, 1.1}, a[AXES];

    TRACE_OPEN(stdout, "C");
    TRACE_INT("trace_format", 1);
    TRACE_WORD("program", "orbit_c");
    TRACE_INT("n_steps", STEPS);
    TRACE_DOUBLE("time_step", TIME_STEP);
    TRACE_DOUBLES("start_position", AXES, r);
    TRACE_DOUBLES("start_velocity", AXES, v);
    for (int step = 0; step < STEPS; step++) {
        double R = acceleration_from_position(r, a);
        for (int i = 0; i < AXES; i++) {
            v[i] += a[i] * TIME_STEP;
            r[i] += v[i] * TIME_STEP;
        }
        TRACE_RECORD("STEP");
        TRACE_INDEX("step", step);
        TRACE_DOUBLE("R_distance", R);
        TRACE_DOUBLES("acceleration", AXES, a);
        TRACE_DOUBLES("velocity", AXES, v);
        TRACE_DOUBLES("position", AXES, r);
        TRACE_END();
    }
    double energy = (v[0] * v[0] + v[1] * v[1]) / 2 - GM / sqrt(r[0] * r[0] + r[1] * r[1]);
    TRACE_DOUBLE("energy", energy);
    const char *problem = TRACE_CLOSE();
    if (problem != NULL) {
        fprintf(stderr, "orbit: %s\n", problem);
        return 4;
    }
    printf("energy after %d steps: %.9f\n", STEPS, energy);
    return 0;
}
