"""A term that one side leaves out."""

from __future__ import annotations

from compare.causes.logs import InLogs
from compare.causes.values import TELLING_DIGITS, apart, digits, numbers
from compare.judging.result import Cause

FITS = 1e-6  # of the difference


def missing_addend(place: InLogs) -> Cause | None:
    """b - a is another traced value of the step's own neighbourhood, in the same unit."""
    if len(place.a) != len(place.b) or not all(isinstance(v, float) for v in (*_parts(place.pair.a),)):
        return None
    missing = [y - x for x, y in zip(place.a, place.b, strict=True)]
    size = max(map(abs, missing))
    for label in place.logs.relatives(place.label):
        node = place.logs.network.nodes.get(label)
        found = node.seen_from(place.pair.key) if node else None
        if found is None or found.differs or found.unit != place.pair.unit:
            continue
        term = numbers(found.a)
        if len(term) != len(missing) or digits(term) < TELLING_DIGITS or not size > 1e-6 * max(map(abs, place.a)):
            continue
        for sign, word in ((1.0, "+"), (-1.0, "-")):
            if apart(missing, [sign * part for part in term]) <= FITS * size:
                return Cause("missing-addend", f"b = a {word} {label}")
    return None


def _parts(value: object) -> tuple:
    return value if isinstance(value, tuple) else (value,)
