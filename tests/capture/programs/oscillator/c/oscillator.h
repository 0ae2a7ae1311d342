#ifndef OSCILLATOR_H
#define OSCILLATOR_H
typedef struct {
    double x, v;
} State;
void advance(State *s, double stiffness, double damping, double dt);
double total_energy(const State *s, double stiffness);
#endif
