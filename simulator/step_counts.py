"""How often a range is sampled: (count, range, step) from whichever of them were given (model, section 2).

A count, range or step that was not given is -1, as the reference stores it; a range of 0 counts as given.
"""

from __future__ import annotations

import math

from simulator.errors import InputError
from simulator.experiment import Steps, degrees

NOT_GIVEN = -1

ONE_STEP_OF_NOTHING = Steps(count=1, range=0.0, step=0.0)


def phi_steps(*, count: int, osc_rad: float, step_rad: float) -> Steps:
    """The rotation scan's steps; a count of 0 means 1.

    Raises:
        InputError: the range divided by the step makes no step at all.
    """
    if count < 0:
        return _phi_steps_uncounted(osc_rad=osc_rad, step_rad=step_rad)
    count = max(count, 1)
    if osc_rad >= 0:
        return Steps(count, osc_rad, osc_rad / count if step_rad < 0 else step_rad)
    if step_rad > 0:
        return Steps(2, step_rad, step_rad)
    one_degree = float(degrees(1.0))
    return Steps(count, one_degree, one_degree / count)


def _phi_steps_uncounted(*, osc_rad: float, step_rad: float) -> Steps:
    if osc_rad < 0:
        return Steps(2, step_rad, step_rad) if step_rad > 0 else ONE_STEP_OF_NOTHING
    if step_rad <= 0:
        return Steps(2, osc_rad, osc_rad / 2)
    count = steps_within(osc_rad, step_rad, "phi")
    if count == 0:
        raise InputError("-osc 0 with a -phistep makes no phi step; leave both out for a still image")
    return Steps(count, osc_rad, step_rad)


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
    elif range < 0:
        steps = Steps(2, step, step) if step > 0 else ONE_STEP_OF_NOTHING
    elif step > 0:
        steps = Steps(steps_within(range, step, name), range, step)
    else:
        steps = Steps(2, range, range / uncounted_parts)
    is_sampled = steps.count > 0 and steps.range > 0 and steps.step > 0
    return steps if is_sampled else ONE_STEP_OF_NOTHING


def _counted_steps(*, count: int, range: float, step: float, range_alone: float) -> Steps:
    if range < 0:
        return Steps(2, step, step) if step > 0 else Steps(count, range_alone, range_alone / count)
    if step > 0:
        return Steps(count, range, step)
    count = max(count, 2)
    return Steps(count, range, range / (count - 1))


def steps_within(range: float, step: float, name: str) -> int:
    """How many steps cover a range, rounded up; InputError when they are beyond counting."""
    quotient = range / step
    if not quotient < 2**31:
        raise InputError(f"{name}: a range of {range:g} in steps of {step:g} is {quotient:g} steps; use fewer")
    return math.ceil(quotient)
