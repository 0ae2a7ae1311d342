"""The oscillators of the C program, all at once."""

import sys

import numpy as np


def acceleration(x, v, stiffness, damping):
    spring = -stiffness * x
    drag = -damping * v
    return spring + drag


def advance(x, v, stiffness, damping, dt):
    a = acceleration(x, v, stiffness, damping)
    half = v + 0.5 * dt * a
    x = x + dt * half
    after = acceleration(x, v, stiffness, damping)
    v = half + 0.5 * dt * after
    return x, v


def total_energy(x, v, stiffness):
    kinetic = 0.5 * v * v
    potential = 0.5 * stiffness * x * x
    return kinetic + potential


def main():
    count, steps = int(sys.argv[1]), int(sys.argv[2])
    dt = 0.05
    i = np.arange(count, dtype=np.float64)
    x, v = 1.0 + 0.1 * i, np.zeros_like(i)
    stiffness = 2.0 + np.sqrt(i + 1.0)
    for _step in range(steps):
        x, v = advance(x, v, stiffness, 0.03, dt)
    energy = total_energy(x, v, stiffness)
    sum = energy.sum()
    print(energy.tolist(), float(sum))


if __name__ == "__main__":
    main()
