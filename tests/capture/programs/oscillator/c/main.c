/* oscillator COUNT STEPS: damped oscillators, leapfrog; writes each one's energy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "oscillator.h"

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 4, steps = argc > 2 ? atoi(argv[2]) : 5;
    double dt = 0.05, sum = 0.0;
    for (int i = 0; i < count; i++) {
        State state = {1.0 + 0.1 * i, 0.0};
        double stiffness = 2.0 + sqrt(i + 1.0);
        for (int step = 0; step < steps; step++)
            advance(&state, stiffness, 0.03, dt);
        double energy = total_energy(&state, stiffness);
        sum += energy;
        printf("%d %.17g\n", i, energy);
    }
    printf("sum %.17g\n", sum);
    return 0;
}
