"""Labels that take the whole of both logs to see, given after everything has been paired.

They go to what has no label yet. Then the comparison as a whole may get one: the two runs had different inputs, or
looked at different pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from compare.causes.addends import missing_addend
from compare.causes.carried import named_defect, stated_defect
from compare.causes.inputs import different_input, given_value, inputs_are_the_same, overridden
from compare.causes.logs import InLogs, Logs
from compare.causes.neighbours import neutral_factor, related_factor
from compare.causes.pixels import other_pixel
from compare.causes.single import float32_run
from compare.causes.triples import transposed_triple
from compare.classes.graph import Graph
from compare.judging.result import Cause, Comparison, DifferenceClass, Origin, Pair
from compare.words.vocabulary import Vocabulary

MOST_LABELS = 20  # differing pairs of one name that are looked at
MOST_PLACES = 2000  # of all names
Detector = Callable[[InLogs], Cause | None]

DETECTORS: tuple[Detector, ...] = (
    named_defect,
    stated_defect,
    float32_run,
    other_pixel,
    transposed_triple,
    neutral_factor,
    related_factor,
    missing_addend,
    overridden,
    given_value,
    different_input,
)
OF_THE_RUN = ("other-pixel", "different-input")  # said of the comparison as a whole, the first that is found


def refine(comparison: Comparison, vocabulary: Vocabulary, graph: Graph | None = None) -> Comparison:
    """The comparison with labels for pairs that had none, and one for itself where the runs are not of one kind."""
    if not any(pair.differs for pair in comparison.pairs):
        return comparison
    logs = Logs.of(comparison, vocabulary, inputs_are_the_same(comparison, vocabulary), graph)
    looked: Counter[tuple[str, str]] = Counter()
    pairs = []
    for pair in comparison.pairs:
        name = (pair.key.record, pair.key.name)
        if looked.total() < MOST_PLACES and looked[name] < MOST_LABELS and _open(pair):
            looked[name] += 1
            place = InLogs(pair, logs)
            cause = next(filter(None, (detector(place) for detector in DETECTORS)), None)
            pair = replace(pair, cause=cause) if cause else pair
        pairs.append(pair)
    return replace(comparison, pairs=pairs, cause=_of_the_run(pairs))


def _open(pair: Pair) -> bool:
    """Differs, is not known to inherit it, and has no label."""
    inherits = pair.origin is Origin.PROPAGATED or pair.difference is not DifferenceClass.DIVERGENT
    at_fault = pair.origin in (Origin.ORIGIN, Origin.MIXED)
    unlabelled = pair.cause is None or pair.cause.label == "unknown"
    return pair.differs and unlabelled and (at_fault or not inherits)


def _of_the_run(pairs: list[Pair]) -> Cause | None:
    for label in OF_THE_RUN:
        of_it = [pair for pair in pairs if pair.cause is not None and pair.cause.label == label]
        if of_it:
            return Cause(label, "; ".join(dict.fromkeys(_told(of_it))))
    return None


def _told(pairs: list[Pair]) -> Iterator[str]:
    from compare.render.text import short_values

    shown = list({(pair.key.record, pair.key.name): pair for pair in pairs}.values())
    for pair in shown[:3]:
        a, b = short_values(pair)
        yield f"{pair.key.name} {a} / {b}"
    if len(shown) > 3:
        yield f"and {len(shown) - 3} more"
