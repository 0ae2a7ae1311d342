#include "oscillator.h"

static double acceleration(const State *s, double stiffness, double damping)
{
    double spring = -stiffness * s->x;
    double drag = -damping * s->v;
    return spring + drag;
}

void advance(State *s, double stiffness, double damping, double dt)
{
    double a = acceleration(s, stiffness, damping);
    double half = s->v + 0.5 * dt * a;
    s->x += dt * half;
    double after = acceleration(s, stiffness, damping);
    s->v = half + 0.5 * dt * after;
}

double total_energy(const State *s, double stiffness)
{
    double kinetic = 0.5 * s->v * s->v;
    double potential = 0.5 * stiffness * s->x * s->x;
    return kinetic + potential;
}
