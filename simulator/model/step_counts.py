"""How often a range is sampled: (count, range, step) from whichever of them were given (model, section 2).

A count, range or step that was not given is -1, as the reference stores it; a range of 0 counts as given.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from simulator.errors import InputError
from simulator.experiment import Steps, degrees
from simulator.flag_values import quotient

NOT_GIVEN = -1

ONE_STEP_OF_NOTHING = Steps(count=1, range=0.0, step=0.0)


def phi_steps(*, count: int, osc_rad: float, step_rad: float) -> Steps:
    """The rotation scan's steps; a count of 0 means 1. A range of 0 with a step makes none at all."""
    if count < 0:
        return _phi_steps_uncounted(osc_rad=osc_rad, step_rad=step_rad)
    count = max(count, 1)
    if osc_rad >= 0:
        return Steps(count, osc_rad, osc_rad / count if step_rad < 0 else step_rad)
    if not step_rad <= 0:
        return Steps(2, step_rad, step_rad)
    one_degree = float(degrees(1.0))
    return Steps(count, one_degree, one_degree / count)


def _phi_steps_uncounted(*, osc_rad: float, step_rad: float) -> Steps:
    if not osc_rad >= 0:
        return ONE_STEP_OF_NOTHING if step_rad <= 0 else Steps(2, step_rad, step_rad)
    if step_rad <= 0:
        return Steps(2, osc_rad, osc_rad / 2)
    return Steps(steps_within(osc_rad, step_rad, "phi"), osc_rad, step_rad)


def spread_steps(
    name: str,
    *,
    count: int,
    range: float,
    step: float = NOT_GIVEN,
    range_alone: float,
    uncounted_parts: int = 1,
) -> Steps:
    """The steps of hdiv, vdiv, dispersion or detector thickness.

    Args:
        name: the quantity, for messages.
        count, range, step: as given.
        range_alone: the range when only a count was given.
        uncounted_parts: the step is the range divided by this when only a range was given.
    """
    if count > 0:
        steps = _counted_steps(count=count, range=range, step=step, range_alone=range_alone)
    elif not range >= 0:
        steps = Steps(2, step, step) if step > 0 else ONE_STEP_OF_NOTHING
    elif step > 0:
        steps = Steps(steps_within(range, step, name), range, step)
    else:
        steps = Steps(2, range, range / uncounted_parts)
    is_sampled = steps.count > 0 and steps.range > 0 and steps.step > 0
    return steps if is_sampled else ONE_STEP_OF_NOTHING


def _counted_steps(*, count: int, range: float, step: float, range_alone: float) -> Steps:
    if not range >= 0:
        return Steps(2, step, step) if step > 0 else Steps(count, range_alone, range_alone / count)
    if step > 0:
        return Steps(count, range, step)
    count = max(count, 2)
    return Steps(count, range, range / (count - 1))


def steps_within(range: float, step: float, name: str) -> int:
    """How many steps cover a range, rounded up; InputError when they are beyond counting."""
    steps = quotient(range, step)
    if not abs(steps) < 2**31 - 1:
        raise InputError(f"{steps:g} steps of {name} are too many; give a larger step or a smaller range")
    return math.ceil(steps)


def outside_ellipse(hdiv: float, h: Steps, vdiv: float, v: Steps) -> bool:
    """The reference's rule for round divergence; a single step in either direction cuts nothing (0/0 there)."""
    if h.range == 0.0 or v.range == 0.0:
        return False
    return 4.0 * (_off_centre(hdiv, h) + _off_centre(vdiv, v)) > 1.1


def _off_centre(angle: float, steps: Steps) -> float:
    return (angle * angle - steps.step * steps.step / 4.0 * (1 - steps.count % 2)) / steps.range / steps.range


def directions_left(h: Steps, v: Steps, *, round_divergence: bool) -> Iterator[tuple[float, float]]:
    """The horizontal and vertical angles, radians, of every direction that is not cut."""
    for i, j in product(range(h.count), range(v.count)):
        hdiv, vdiv = h.step * i - h.range / 2.0, v.step * j - v.range / 2.0
        if not (round_divergence and outside_ellipse(hdiv, h, vdiv, v)):
            yield hdiv, vdiv
