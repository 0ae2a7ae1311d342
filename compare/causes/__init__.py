"""Labels for what went wrong: detectors tried in order, the simplest reading first; "unknown" if none fits.

A detector looks at both values of one pair, and through `Scene` at other values of the logs. It answers with the
evidence in words, or None. A label is given only where the numbers allow no simpler reading: a wrong one is worse than
none. A new label is one more entry in DETECTORS. What takes the whole of both logs to see is in `compare.causes.whole`.
"""

from __future__ import annotations

from compare.causes.components import shifted_components, swapped_components, transposed_components
from compare.causes.defects import named
from compare.causes.factors import missing_factor, missing_input
from compare.causes.normalisation import not_normalised
from compare.causes.not_a_number import not_a_number
from compare.causes.positions import half_pixel, off_by_one
from compare.causes.precision import float32_rounding, truncated_constant
from compare.causes.ratios import sign, unit
from compare.causes.scene import Detector, Scene
from compare.causes.stale import stale_step
from compare.causes.values import parts
from compare.classes.store import Store
from compare.judging.result import Cause, Pair
from compare.words.vocabulary import Vocabulary

UNKNOWN = Cause("unknown")

DETECTORS: tuple[tuple[str, Detector], ...] = (
    ("not-a-number", not_a_number),
    ("sign", sign),
    ("float32-rounding", float32_rounding),
    ("not-normalised", not_normalised),
    ("missing-factor", missing_input),
    ("unit", unit),
    ("transposed-components", transposed_components),
    ("swapped-components", swapped_components),
    ("shifted-components", shifted_components),
    ("half-pixel", half_pixel),
    ("off-by-one", off_by_one),
    ("stale-step", stale_step),
    ("truncated-constant", truncated_constant),
    ("missing-factor", missing_factor),
)


def cause_of(pair: Pair, store: Store, vocabulary: Vocabulary) -> Cause:
    """The first label whose detector finds evidence; a defect's name where the vocabulary has one for it."""
    scene = Scene(pair, store, vocabulary)
    if any(isinstance(value, str) for value in (*parts(pair.a), *parts(pair.b))):
        return UNKNOWN
    for label, detector in DETECTORS:
        evidence = detector(scene)
        if evidence is not None:
            return named(label, evidence, scene)
    return UNKNOWN
