"""What a step's envelope carries from its inputs: differences that were allowed there come out here, enlarged.

T is what one step may add by rounding. Where the inputs of the two sides differ themselves, within what was allowed
to them, the step may differ by T and by what it makes of those differences. The vocabulary says what that is:

    carries = { sum = [{ "previous I" = 1 }, { F = 2 }] }   y = I(before) + F^2: the terms' differences add up
    carries = { product = { I = 1, share = 1 } }            y = constant x I x share: relative differences add up
    carries = { phase = ["h[0]", "N[0]"] }                  y = sin(pi N h)/sin(pi h): the phase's difference, and
                                                            rounding that grows with the phase's size
    carries = { float32 = true }                            a unit of single precision, where an input differs

In a sum a list of terms stands for the first of them that the logs hold. Without an entry a step makes AMPLIFICATION
of the largest relative difference of its inputs, but no more than MOST of its scale; one that copies, the difference
itself. Results too small for a normal double are rounded by a unit of their own, or to zero, before they are
multiplied. An input that is at fault itself, or that inherits a fault, carries nothing: what comes after it is no
rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from compare.classes.measure import DRIFT, IDENTICAL
from compare.classes.store import Found
from compare.judging.keys import Value
from compare.judging.result import DifferenceClass, Origin, Pair
from compare.words.forms import Carries, Term
from compare.words.quantities import Quantity
from compare.words.references import Reference

AMPLIFICATION = 10.0
MOST = 1e-8
PHASE_ROUNDINGS = 4.0  # two products on each side
UNIT = 2.0**-53
SMALLEST_NORMAL = 2.0**-1022

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
    if form is None and quantity.copy:
        return max(map(_apart, found), default=0.0)
    if form is None:
        return (pair.scale or 0.0) * min(MOST, AMPLIFICATION * max(map(_relative, found), default=0.0))
    total = sum(_moved(terms, resolve) for terms in form.sum)
    if form.product:
        total += _size(pair.a) * _relative_of_product(form.product, resolve)
    if form.float32 and any(each.code != IDENTICAL for each in found):
        total += float(np.spacing(np.float32(_size(pair.a))))
    return total + _phase(form, pair, resolve)


def _moved(terms: Sequence[Term], resolve: Resolve) -> float:
    """abs(term on b's inputs - term on a's) of the first term that the logs hold."""
    for term in terms:
        factors = _factors(term, resolve)
        if factors is not None:
            sides = [math.prod(_power(found, side, power) for found, power in factors) for side in (0, 1)]
            moved = abs(sides[1] - sides[0])
            large = (max(1.0, _power(found, 0, power)) for found, power in factors)
            return moved + SMALLEST_NORMAL * math.prod(large) if math.isfinite(moved) else 0.0
    return 0.0


def _relative_of_product(term: Term, resolve: Resolve) -> float:
    """abs(b's product / a's - 1), of those factors that the logs hold."""
    ratio = 1.0
    for reference, power in term:
        for found in resolve(reference)[:1]:
            before = _power(found, 0, power)
            ratio *= _power(found, 1, power) / before if before else math.nan
    return abs(ratio - 1.0) if math.isfinite(ratio) else 0.0


def _factors(term: Term, resolve: Resolve) -> list[tuple[Found, float]] | None:
    """The factors of a term; None where the logs lack one of them."""
    found = [(resolve(reference)[:1], power) for reference, power in term]
    return [(hits[0], power) for hits, power in found] if all(hits for hits, _ in found) else None


def _power(found: Found, side: int, power: float) -> float:
    value = (found.a, found.b)[side][0]
    try:
        return abs(float(value)) ** power if power % 2 == 0 else float(value) ** power
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


def _apart(found: Found) -> float:
    """Largest difference of a compared value; 0 for words and other shapes."""
    if any(isinstance(part, str) for part in (*found.a, *found.b)) or len(found.a) != len(found.b):
        return 0.0
    apart = max((abs(float(y) - float(x)) for x, y in zip(found.a, found.b, strict=True)), default=0.0)
    return apart if math.isfinite(apart) else 0.0


def _relative(found: Found) -> float:
    """Largest difference of a compared value over its largest component; 0 for words."""
    size = max((abs(float(x)) for x in found.a if not isinstance(x, str)), default=0.0)
    return _apart(found) / size if size else 0.0


def _size(value: Value) -> float:
    parts = value if isinstance(value, tuple) else (value,)
    return max((abs(float(part)) for part in parts if not isinstance(part, str)), default=0.0)


def _floats(a: Value, b: Value) -> bool:
    parts = [*(a if isinstance(a, tuple) else (a,)), *(b if isinstance(b, tuple) else (b,))]
    return not any(isinstance(part, str) for part in parts) and any(isinstance(part, float) for part in parts)


__all__ = ["carried", "widened"]
