"""The two runs had different inputs: told apart from two programs that compute different things."""

from __future__ import annotations

import numpy as np

from compare.causes.logs import InLogs
from compare.causes.values import COMPUTED, apart, digits, length, numbers
from compare.judging.result import Cause, Comparison, Side
from compare.words.quantities import HEADER
from compare.words.vocabulary import Vocabulary

UNSTATED = ("", "none", "-")
FAR = 0.05  # of its size: a vector that no step made from arguments alone would reach by a slip of precision
FEWEST, MOST = 4, 10  # digits of a value as people give it
KEPT = 1e-2  # of the difference: how near a value that was put aside must be to a's


def inputs_are_the_same(comparison: Comparison, vocabulary: Vocabulary) -> bool:
    """Whether both logs state the same case."""
    stated = {m.name: (m.a, m.b) for m in comparison.metadata if m.a is not None and m.a == m.b}
    return any(name in stated and stated[name][0] not in UNSTATED for name in vocabulary.causes.same_inputs)


def given_value(place: InLogs) -> Cause | None:
    """A vector that one side computes and the other has as it was given: few digits in all of its components."""
    if not _comparable(place) or not place.quantity.inputs:
        return None
    for short, long, side in ((place.b, place.a, Side.B), (place.a, place.b, Side.A)):
        counts = [digits([part]) for part in short if part]
        if len(counts) < 3 or not all(FEWEST <= count <= MOST for count in counts) or digits(long) < COMPUTED:
            continue
        direction = abs(length(short) - 1) < 1e-3  # often given short, which is no other input
        if not direction and _typed(short) and place.logs.prints_long[side]:
            text = f"{side.value} has a value as it is given ({max(counts)} digits), the other is computed"
            return Cause("different-input", text)
    return None


def _comparable(place: InLogs) -> bool:
    """Vectors of two runs that may have had different inputs and do not print them all."""
    return not (place.logs.same_inputs or place.logs.one_format) and len(place.a) == len(place.b) >= 3


def _typed(vector: tuple[float, ...]) -> bool:
    """Not what printing leaves of numbers of 32 bits."""
    return any(float(np.float32(part)) != part for part in vector)


def overridden(place: InLogs) -> Cause | None:
    """b's value is not made from what b prints above it, which would give a's: something was put in its place."""
    formula = place.logs.vocabulary.causes.formulas.get(place.label)
    if formula is None or not _comparable(place):
        return None
    made = []
    for at_b in (False, True):
        values = {}
        for name in formula.names:
            node = place.logs.network.nodes.get(name)
            found = node.seen_from(place.pair.key) if node else None
            values[name] = np.array(numbers(found.b if at_b else found.a) if found else ())
        result = formula.evaluate(values) if all(len(value) for value in values.values()) else None
        made.append(() if result is None else tuple(result.tolist()))
    away = apart(place.a, place.b)
    fits = len(made[0]) == len(made[1]) == len(place.a) and apart(made[0], place.a) <= KEPT * away
    if not fits or apart(made[1], place.a) > KEPT * away:
        return None
    return Cause("different-input", "b has another value than what it is made from gives, which is a's")


def different_input(place: InLogs) -> Cause | None:
    """What is read from arguments and files differs; or what is made from them alone is far off.

    Not where both logs state the same case: then the difference is in how the programs read it. Logs that both state
    their format print their arguments: only those are inputs there, as they are typed, and nothing made from them.
    """
    if place.logs.same_inputs or place.differing_inputs:
        return None
    given = place.label in place.logs.vocabulary.causes.given
    if place.logs.one_format:
        typed = len(place.a) == len(place.b) == 1 and digits((*place.a, *place.b)) <= MOST
        if given and typed and place.quantity.record == HEADER:
            return Cause("different-input", "read from the arguments or files of the run")
        return None
    if given:
        if len(place.a) > 1 and place.node.apart < FAR:
            return None
        return Cause("different-input", "read from the arguments or files of the run")
    if place.node.apart >= FAR and _of_arguments(place):
        return Cause("different-input", "made from the arguments of the run alone")
    return None


def _of_arguments(place: InLogs) -> bool:
    """A vector of a step whose inputs are arguments, or steps that no log prints and that are made of these."""
    if len(place.a) < 3 or place.quantity.inputs is None:
        return False
    vocabulary = place.logs.vocabulary
    return all(
        reference.optional
        or reference.relation == "previous"
        or vocabulary.label_of(reference, place.quantity.record) in place.logs.network.nodes
        or not vocabulary.quantity(vocabulary.record_of(reference, place.quantity.record), reference.name).inputs
        for reference in place.quantity.inputs
    )
