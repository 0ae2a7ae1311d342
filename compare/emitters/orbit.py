"""An example of trace_emit.py: the Python port of orbit.c.

python orbit.py > py.log        # traced
python orbit.py off             # the one switch
"""

from __future__ import annotations

import sys
from math import sqrt

from trace_emit import Emitter, emitter

STEPS = 24
GM, TIME_STEP = 1.0, 0.125


def acceleration_from_position(r: list[float]) -> tuple[float, list[float]]:
    """Distance, and -GM r / |r|^3."""
    R = sqrt(r[0] * r[0] + r[1] * r[1])
    return R, [-GM * x / (R * R * R) for x in r]


def orbit(trace: Emitter) -> float:
    """Energy after the last step of the symplectic Euler method."""
    r, v = [1.0, 0.0], [0.0, 1.1]
    trace.value("trace_format", 1)
    trace.value("program", "orbit_py")
    trace.value("n_steps", STEPS)
    trace.value("time_step", TIME_STEP)
    trace.value("start_position", r)
    trace.value("start_velocity", v)
    for step in range(STEPS):
        R, a = acceleration_from_position(r)
        v = [x + y * TIME_STEP for x, y in zip(v, a, strict=True)]
        r = [x + y * TIME_STEP for x, y in zip(r, v, strict=True)]
        trace.record("STEP", {"step": step}, R_distance=R, acceleration=a, velocity=v, position=r)
    energy = (v[0] * v[0] + v[1] * v[1]) / 2 - GM / sqrt(r[0] * r[0] + r[1] * r[1])
    trace.value("energy", energy)
    return energy


if __name__ == "__main__":
    energy = orbit(emitter(sys.stdout, "PY", on="off" not in sys.argv[1:]))
    print(f"energy after {STEPS} steps: {energy:.9f}")
