"""Factors that belong to a step by the graph: left at 1, or left out while the inputs differ a little too."""

from __future__ import annotations

import math

from compare.causes.logs import InLogs
from compare.causes.values import near, telling
from compare.judging.result import Cause, Side

FITS = 2e-3  # of the logarithm of the ratio: what other differences may have left of it
GAIN = 30.0


def neutral_factor(place: InLogs) -> Cause | None:
    """A factor of another step that is exactly 1 on one side."""
    if not place.scalar or place.a[0] <= 0 or place.b[0] <= 0:
        return None
    formulas = place.logs.vocabulary.causes.formulas
    multiplies = any(
        place.label in formulas[step].names for step in place.logs.consumers.get(place.label, ()) if step in formulas
    )
    if not multiplies or _is_given_or_copied(place) or (place.a[0] == 1.0) == (place.b[0] == 1.0):
        return None
    return Cause("missing-factor", f"{'b' if place.b[0] == 1.0 else 'a'} is exactly 1: the factor is not applied")


def _is_given_or_copied(place: InLogs) -> bool:
    """What is read from the arguments may well be 1; a copy of what agrees has lost nothing."""
    sources = place.logs.steps.get(place.label, ()) if place.quantity.copy else ()
    return place.label in place.logs.vocabulary.causes.given or any(s in place.logs.network.nodes for s in sources)


def related_factor(place: InLogs) -> Cause | None:
    """The ratio is a factor of the step's own neighbourhood, as nearly as its differing inputs let it be."""
    ratio = place.ratio
    if ratio is None or not ratio > 0 or not (place.scalar or len(place.a) > 1):
        return None
    wanted = math.log(ratio)
    factors = _factors(place)
    left = GAIN * sum(node.apart for node in place.differing_inputs) if _all_compared(place) else math.inf
    for label in place.logs.relatives(place.label):
        for side in Side:
            value = place.number(label, side)
            if value is None or not 0 < value < math.inf or value == 1.0 or _differs(place, label):
                continue
            if any(near(value, own) for own in (*place.a, *place.b)) or not (telling([value]) or label in factors):
                continue
            size = math.log(value)
            for power, word in ((1, "x"), (-1, "/")):
                away = abs(wanted - power * size)
                if away <= max(1e-9, min(FITS * abs(wanted), left)) and abs(size) > 1e-7:
                    about = "" if away <= 1e-9 else " about"
                    return Cause("missing-factor", f"b is{about} a {word} {label}")
    return None


def _factors(place: InLogs) -> frozenset[str]:
    """What the step is a product of, and what it is multiplied with in the steps made from it."""
    formulas = place.logs.vocabulary.causes.formulas
    beside = (formulas[step].names for step in place.logs.consumers.get(place.label, ()) if step in formulas)
    return place.logs.vocabulary.factors_of(place.quantity).union(*(n for n in beside if place.label in n))


def _all_compared(place: InLogs) -> bool:
    """Whether all that the step is made from was compared: else what it left of the ratio is not known."""
    formula = place.logs.vocabulary.causes.formulas.get(place.label)
    names = formula.names if formula else place.logs.steps.get(place.label, ())
    return all(name in place.logs.network.nodes for name in names)


def _differs(place: InLogs, label: str) -> bool:
    node = place.logs.network.nodes.get(label)
    return node is not None and node.apart > 1e-3
