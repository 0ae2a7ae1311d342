"""What a step's envelope carries from its inputs: differences that were allowed there come out here, enlarged.

T is what one step may add by rounding. Where the inputs of the two sides differ themselves, within what was allowed
to them, the step may differ by T and by what it makes of those differences. The vocabulary says what that is:

    carries = { sum = [{ "previous I" = 1 }, { F = 2 }] }   y = I(before) + F^2: the terms' differences add up
    carries = { product = { I = 1, share = 1 } }            y = constant x I x share: relative differences add up
    carries = { phase = ["h[0]", "N[0]"] }                  y = sin(pi N h)/sin(pi h): the phase's difference, and
                                                            rounding that grows with the phase's size
    carries = { float32 = true }                            a unit of single precision, where an input differs

Without an entry a step makes AMPLIFICATION of the largest relative difference of its inputs. An input that is at
fault itself, or that inherits a fault, carries nothing: what comes after it is no rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.classes.measure import DRIFT, IDENTICAL
from compare.classes.store import Found
from compare.forms import Carries, Term
from compare.references import Reference
from compare.result import DifferenceClass, Origin, Pair, Value
from compare.vocabulary import Quantity

AMPLIFICATION = 10.0
PHASE_ROUNDINGS = 4.0  # two products on each side
UNIT = 2.0**-53

Resolve = Callable[[Reference], Sequence[Found]]


def widened(pair: Pair, quantity: Quantity, resolve: Resolve, found: Sequence[Found]) -> Pair:
    """A divergent or drifting pair with what its inputs carry in its envelope; as it is where they carry nothing.

    Args:
        pair: of floats.
        quantity: what the vocabulary says of it.
        resolve: the values that a reference means, seen from this evaluation.
        found: the compared inputs of this evaluation.
    """
    if pair.absolute is None or not math.isfinite(pair.absolute) or not _floats(pair.a, pair.b):
        return pair
    if any(each.code > DRIFT for each in found):
        return pair
    extra = carried(pair, quantity, resolve, found)
    if not extra > 0:
        return pair
    envelope = max(pair.envelope or 0.0, pair.tolerance or 0.0) + extra
    if not pair.absolute <= envelope:
        return replace(pair, envelope=envelope)
    return replace(pair, envelope=envelope, difference=DifferenceClass.DRIFT, origin=Origin.PROPAGATED)


def carried(pair: Pair, quantity: Quantity, resolve: Resolve, found: Sequence[Found]) -> float:
    """How far the inputs' allowed differences may move a step, in the unit of its value."""
    form = quantity.carries
    if form is None:
        return AMPLIFICATION * (pair.scale or 0.0) * max(map(_relative, found), default=0.0)
    total = sum(_moved(term, resolve) for term in form.sum)
    if form.product:
        total += _size(pair.a) * _relative_of_product(form.product, resolve)
    if form.float32 and any(each.code != IDENTICAL for each in found):
        total += float(np.spacing(np.float32(_size(pair.a))))
    return total + _phase(form, pair, resolve)


def _moved(term: Term, resolve: Resolve) -> float:
    """abs(term on b's inputs - term on a's)."""
    sides = [math.prod(_power(found, side, power) for found, power in _factors(term, resolve)) for side in (0, 1)]
    moved = abs(sides[1] - sides[0])
    return moved if math.isfinite(moved) else 0.0


def _relative_of_product(term: Term, resolve: Resolve) -> float:
    """Sum of relative differences of the factors, each times its power."""
    return sum(abs(power) * _relative(found) for found, power in _factors(term, resolve))


def _factors(term: Term, resolve: Resolve) -> Iterator[tuple[Found, float]]:
    for reference, power in term:
        for found in resolve(reference)[:1]:
            yield found, power


def _power(found: Found, side: int, power: float) -> float:
    value = (found.a, found.b)[side][0]
    try:
        return float(value) ** power
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


def _phase(form: Carries, pair: Pair, resolve: Resolve) -> float:
    """scale x (pi x abs(N) x abs(change of h) + rounding of the phases), over the components asked for."""
    if form.phase is None:
        return 0.0
    (of, component), (cycles, _) = form.phase
    h, n = (next(iter(resolve(reference)), None) for reference in (of, cycles))
    if h is None or n is None:
        return 0.0
    total = 0.0
    for at in range(len(h.a)) if component is None else (component,):
        count = abs(float(n.a[at if len(n.a) > at else 0]))
        total += math.pi * count * abs(float(h.b[at]) - float(h.a[at])) + _phase_rounding(float(h.a[at]))
    return total * (pair.scale or 0.0)


def _phase_rounding(h: float) -> float:
    """Of sin(pi N h)/sin(pi h) over N: pi N h and pi h are rounded apart, and the sines shrink towards whole h."""
    rounded = PHASE_ROUNDINGS * UNIT * math.pi * abs(h)
    sine = abs(math.sin(math.pi * math.remainder(h, 1.0)))
    return rounded / sine if rounded < 2.0 * sine else 2.0


def _relative(found: Found) -> float:
    """Largest difference of a compared value over its largest component; 0 for words."""
    if any(isinstance(part, str) for part in (*found.a, *found.b)) or len(found.a) != len(found.b):
        return 0.0
    apart = max((abs(float(y) - float(x)) for x, y in zip(found.a, found.b, strict=True)), default=0.0)
    size = max((abs(float(x)) for x in found.a), default=0.0)
    return apart / size if size and math.isfinite(apart) else 0.0


def _size(value: Value) -> float:
    parts = value if isinstance(value, tuple) else (value,)
    return max((abs(float(part)) for part in parts if not isinstance(part, str)), default=0.0)


def _floats(a: Value, b: Value) -> bool:
    parts = [*(a if isinstance(a, tuple) else (a,)), *(b if isinstance(b, tuple) else (b,))]
    return not any(isinstance(part, str) for part in parts) and any(isinstance(part, float) for part in parts)


__all__ = ["carried", "widened"]
