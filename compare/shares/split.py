"""How much of one step's difference is its own, and how much came in with each of its inputs.

Three ways, the surest first: a replay's local and propagated parts; the vocabulary's formula, where it gives both
logs' own numbers, with one input after the other forced to the reference's value; else the sizes of the differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from compare.judging.keys import Value
from compare.judging.result import Origin, Pair
from compare.shares.network import Network, Node, apart
from compare.words.formulas import Array, Formula

DEFAULT_GAIN = 30.0  # by how much a step makes a relative difference larger, unless the vocabulary says more
PRINTED = 1e-9  # relative: what printing and the rounding of a few operations leave between a formula and a log
TELLING = 1e-2  # of a step's difference: what a formula may leave open and still count as the log's own
NEARER = 0.9  # an implied value is believed if it is nearer to the reference's by at least this
CANCELS = 1 / 3  # parts that leave less than this of their sizes are shown as parts of those, not of the sum
SMALLEST = 1e-300


@dataclass
class Split:
    """Parts of a difference that add up to one; those against it are negative."""

    own: float = 0.0
    inputs: dict[str, float] = field(default_factory=dict)
    how: str = "size"  # replay | formula | graph | size
    implied: dict[str, float] = field(default_factory=dict)  # input -> the value that b must really have used


def split(network: Network, node: Node) -> Split:
    """The parts of the difference at the evaluation of ``node`` that is farthest apart."""
    pair = node.worst
    assert pair is not None
    differing = {label: network.nodes[label] for label in network.inputs(node.label) if network.nodes[label].differs}
    if pair.local is not None and pair.propagated is not None:
        return _replayed(pair, differing)
    if pair.origin is Origin.ORIGIN or not differing:
        return Split(1.0, how="graph")
    formula = network.vocabulary.causes.formulas.get(node.label)
    found = _by_formula(formula, network, pair) if formula else None
    return found or _by_size(network, node, differing)


def _replayed(pair: Pair, differing: dict[str, Node]) -> Split:
    local, propagated = abs(pair.local or 0.0), abs(pair.propagated or 0.0)
    whole = local + propagated
    if not differing or not math.isfinite(whole) or whole == 0:
        return Split(1.0, how="replay")
    return Split(local / whole, _in_proportion(differing, propagated / whole), "replay")


def _by_size(network: Network, node: Node, differing: dict[str, Node]) -> Split:
    """Larger than the inputs' differences could have become: its own. Else theirs, in proportion to their sizes.

    What is looked up (a gain without bound) is decided by the whole numbers among its inputs.
    """
    certain = {label: differing[label] for label in network.certain(node.label) if label in differing}
    differing = certain or differing
    gain = network.vocabulary.causes.gains.get(node.label, DEFAULT_GAIN)
    if math.isinf(gain):
        whole = {label: source for label, source in differing.items() if source.whole}
        differing, gain = (whole, gain) if whole else (differing, DEFAULT_GAIN)
    if node.apart > gain * sum(source.apart for source in differing.values()):
        return Split(1.0)
    return Split(0.0, _in_proportion(differing, 1.0))


def _in_proportion(differing: dict[str, Node], whole: float) -> dict[str, float]:
    total = sum(source.apart for source in differing.values())
    return {label: whole * source.apart / total for label, source in differing.items()} if total else {}


# ------------------------------------------------------------------------------------------- with a formula


@dataclass
class _Sides:
    """The inputs of one formula as both logs print them."""

    a: dict[str, Array]
    b: dict[str, Array]


def _by_formula(formula: Formula, network: Network, pair: Pair) -> Split | None:
    """Force each input of b to a's value. None where the formula does not give a's own number."""
    sides = _sides(formula, network, pair)
    a, b = _array(pair.a), _array(pair.b)
    if sides is None or a is None or b is None:
        return None
    factor = _factor(formula.evaluate(sides.a), a, formula.proportional)
    if factor is None or not _agrees(formula.evaluate(sides.a), a, factor, pair):
        return None
    implied: dict[str, float] = {}
    if not _agrees(formula.evaluate(sides.b), b, factor, pair):
        implied = _implied(formula, sides, b, factor)
        sides.b |= {name: np.array([value]) for name, value in implied.items()}
    return _forced(formula, sides, a, b, factor, implied)


def _sides(formula: Formula, network: Network, pair: Pair) -> _Sides | None:
    sides = _Sides({}, {})
    for name in formula.names:
        node = network.nodes.get(name)
        found = node.seen_from(pair.key) if node else None
        a, b = (_array(found.a), _array(found.b)) if found else (None, None)
        if a is None or b is None:
            return None
        sides.a[name], sides.b[name] = a, b
    return sides


def _factor(made: Array | None, printed: Array, free: bool) -> float | None:
    """The constant between a formula and a log: any where the formula leaves it free, else a power of ten."""
    if made is None or made.shape != printed.shape or not np.isfinite(made).all():
        return None
    at = int(np.abs(printed).argmax())
    if printed[at] == 0 or made[at] == 0:
        return 1.0
    ratio = float(printed[at] / made[at])
    if free or ratio <= 0:
        return ratio if free else 1.0
    return float(10.0 ** round(math.log10(ratio)))


def _agrees(made: Array | None, printed: Array, factor: float, pair: Pair) -> bool:
    if made is None or made.shape != printed.shape or not np.isfinite(made).all():
        return False
    distance = apart(tuple((made * factor).tolist()), tuple(printed.tolist()))
    return distance <= max(PRINTED, TELLING * min(apart(pair.a, pair.b), 1.0))


def _implied(formula: Formula, sides: _Sides, b: Array, factor: float) -> dict[str, float]:
    """The one input that b must have printed otherwise than it was used, with the value that b's result implies.

    Believed only where that value is much nearer to the reference's than the printed one.
    """
    made = formula.evaluate(sides.b)
    if made is None or made.shape != (1,) or b.shape != (1,) or not made[0] * b[0] * factor > 0:
        return {}
    missing = math.log(float(b[0] / (made[0] * factor)))
    best: tuple[float, dict[str, float]] = (NEARER, {})
    for name, value in sides.b.items():
        power = _power(formula, sides.b, name, float(made[0]))
        if value.shape != (1,) or sides.a[name][0] * value[0] <= 0 or not power:
            continue
        used = math.log(abs(value[0])) + missing / power
        printed_apart = abs(math.log(abs(value[0])) - math.log(abs(sides.a[name][0])))
        left = abs(used - math.log(abs(sides.a[name][0])))
        if printed_apart > PRINTED and left / printed_apart < best[0]:
            best = left / printed_apart, {name: math.copysign(math.exp(min(used, 700.0)), value[0])}
    return best[1]


def _power(formula: Formula, values: dict[str, Array], name: str, made: float) -> float:
    """d ln result / d ln input, rounded to a whole number where it is one."""
    step = 1e-4
    moved = formula.evaluate({**values, name: values[name] * (1 + step)})
    if moved is None or moved.shape != (1,) or moved[0] * made <= 0:
        return 0.0
    power = math.log(float(moved[0] / made)) / math.log1p(step)
    return round(power) if abs(power - round(power)) < 1e-3 else power


def _forced(
    formula: Formula, sides: _Sides, a: Array, b: Array, factor: float, implied: dict[str, float]
) -> Split | None:
    whole = formula.evaluate(sides.b)
    if whole is None or whole.shape != b.shape:
        return None
    parts = {}
    for name in formula.names:
        if np.array_equal(sides.a[name], sides.b[name]):
            continue
        without = formula.evaluate({**sides.b, name: sides.a[name]})
        parts[name] = _along(whole * factor, without, factor, a, b)
    own = _along(b, whole, factor, a, b)
    total, size = own + sum(parts.values()), abs(own) + sum(map(abs, parts.values()))
    if abs(total) < CANCELS * size:
        total = size
    if not math.isfinite(total) or total == 0:
        return None
    return Split(own / total, {name: part / total for name, part in parts.items() if part}, "formula", implied)


def _along(with_it: Array, without: Array | None, factor: float, a: Array, b: Array) -> float:
    """What one change contributes towards b - a: in logarithms for a number, along the difference for a vector."""
    if without is None or without.shape != with_it.shape:
        return math.nan
    if len(with_it) == 1:
        logs = [math.log(max(abs(float(x)), SMALLEST)) for x in (with_it[0], without[0] * factor)]
        towards = math.copysign(1.0, abs(float(b[0])) - abs(float(a[0])))
        return (logs[0] - logs[1]) * towards
    way = b - a
    if not (np.isfinite(way).all() and np.isfinite(with_it).all() and np.isfinite(without).all()) or not way.any():
        return math.nan
    return float(np.dot(with_it - without * factor, way) / np.dot(way, way))


def _array(value: Value) -> Array | None:
    parts = value if isinstance(value, tuple) else (value,)
    if any(isinstance(part, str) for part in parts):
        return None
    try:
        return np.array([float(part) for part in parts])
    except OverflowError:
        return None
