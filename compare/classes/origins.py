"""Where a difference comes from: the graph of steps, replays where there are any, and flipped decisions.

b - a = local + propagated. With a replay q of the step on a's inputs, local = q - a. Without one the local part
is known only where the inputs are the same: then it is the whole difference. Everything else is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from compare.classes.graph import Graph, Inputs
from compare.classes.measure import IDENTICAL, ROUNDING
from compare.classes.presence import is_presence
from compare.classes.store import Found, Name
from compare.judging.keys import Key, Section, Value
from compare.judging.result import Decision, DifferenceClass, Origin, Pair
from compare.judging.sections import Place
from compare.words.quantities import Quantity
from compare.words.references import Reference

EXACT_DIGITS = 16
CANCELS = 1e-6  # of the local part: what is left where the inherited part undoes it
AMPLIFIED = 1e6  # a step that makes more of a rounding difference in its inputs is at fault
PRINTED_AMPLIFIED = 1e3  # ... of what printing may hide in them


@dataclass(frozen=True, slots=True)
class Replay:
    """The step of b evaluated on a's inputs, with the budgets measured there (absolute)."""

    q: Value
    tolerance: float  # T
    envelope: float  # E


Replays = Mapping[Key, Replay]


@dataclass
class Origins:
    """Explains differing pairs in the order of the graph: flips found earlier mark what comes after them.

    Attributes:
        digits: significant digits of both logs: below 16, values that print alike may still differ.
        measured: the tolerances were measured for these steps.
    """

    graph: Graph
    replays: Replays = field(default_factory=dict)
    digits: Callable[[], int] = field(default=lambda: EXACT_DIGITS)
    measured: bool = False
    _flips: dict[tuple[Name, Place], bool] = field(default_factory=dict)  # place -> benign
    _lines: dict[tuple[str, Section], bool] = field(default_factory=dict)  # lines of a record in one log -> benign

    def forget(self) -> None:
        """Drop decisions at places that nothing can refer to any more."""
        self._flips = {at: benign for at, benign in self._flips.items() if self.graph.store.at(*at) is not None}

    def explain(self, pair: Pair, inputs: Inputs) -> Pair:
        """The pair with its class (where a replay brings budgets), origin, decision and fork filled in."""
        quantity = self.graph.vocabulary.quantity(pair.key.record, pair.key.name)
        if pair.difference is DifferenceClass.INCOMPARABLE:
            return pair
        replay = self.replays.get(pair.key)
        if replay is not None:
            pair = _used_otherwise(replayed(pair, replay), inputs)
        elif pair.origin is Origin.ORIGIN:  # its own log contradicts it
            if is_presence(pair):
                self._lines[pair.key.record, pair.key.section] = False
            return pair
        if pair.difference is DifferenceClass.IDENTICAL:
            return pair
        pair = self._decided(pair, quantity, inputs)
        if replay is not None or (pair.decision and pair.decision.benign):
            return pair
        origin = self._origin(pair, quantity, inputs)
        why = _why(inputs) if origin in (Origin.UNKNOWN, Origin.SUSPECT) else ""
        return replace(pair, origin=origin, local=_local(pair, inputs), why=why)

    def _origin(self, pair: Pair, quantity: Quantity, inputs: Inputs) -> Origin:
        if pair.difference is DifferenceClass.ROUNDING:
            return Origin.NONE
        codes = [found.code for found in inputs.found]
        if quantity.copy and len(inputs.found) == 1 and _is_copy(pair, inputs.found[0]):
            return Origin.PROPAGATED if codes[0] != IDENTICAL else Origin.ORIGIN
        if not inputs.complete or any(code > ROUNDING for code in codes):
            return Origin.UNKNOWN
        return self._with_close_inputs(pair, inputs)

    def _with_close_inputs(self, pair: Pair, inputs: Inputs) -> Origin:
        """All inputs are the same, or differ by no more than rounding."""
        exact = all(found.code == IDENTICAL for found in inputs.found)
        if exact and (self.digits() >= EXACT_DIGITS or not inputs.found):
            return Origin.ORIGIN
        if pair.difference is not DifferenceClass.DIVERGENT:
            return Origin.UNKNOWN
        jumps = pair.decision is not None and pair.decision.margin is None
        if jumps or not (self.measured or self.graph.vocabulary.complete):
            return Origin.ORIGIN if exact else Origin.SUSPECT
        apart = AMPLIFIED * max((found.relative for found in inputs.found), default=0.0)
        if self.digits() < EXACT_DIGITS:
            apart = max(apart, PRINTED_AMPLIFIED * 10.0 ** (1 - self.digits()))
        relative = pair.relative if pair.relative is not None else float("inf")
        return Origin.ORIGIN if relative > apart else Origin.SUSPECT

    def _decided(self, pair: Pair, quantity: Quantity, inputs: Inputs) -> Pair:
        """Mark a flipped decision, or that the pair comes after one."""
        place = (pair.key.record, pair.key.name), self.graph.place_of(pair.key)
        upstream = [self._flips[f.name, f.place] for f in inputs.found if (f.name, f.place) in self._flips]
        upstream += self._lines_behind(inputs, pair.key.section)
        if quantity.decision is not None and pair.difference is DifferenceClass.DIVERGENT:
            decision = self._margin(pair, quantity, inputs)
            if decision is not None and (decision.benign or not (upstream and all(upstream))):
                self._flips[place] = decision.benign
                return replace(pair, decision=decision)
        if is_presence(pair):
            own = pair.decision is not None and pair.decision.benign
            self._lines[pair.key.record, pair.key.section] = own or (bool(upstream) and all(upstream))
        if not upstream:
            return pair
        self._flips[place] = all(upstream)
        return replace(pair, forked=True, excused=all(upstream))

    def _lines_behind(self, inputs: Inputs, section: Section) -> list[bool]:
        """Decisions by which the logs have different lines of what a step reads, where any of them is a benign flip."""
        around = {outer for record in inputs.unlike for outer in self.graph.vocabulary.around(record)}
        lines = [benign for (record, where), benign in self._lines.items() if record in around and where == section]
        return lines if any(lines) else []

    def _margin(self, pair: Pair, quantity: Quantity, inputs: Inputs) -> Decision | None:
        """How near the reference was to the other branch; None when nothing flipped."""
        assert quantity.decision is not None
        at = self.graph.evaluation(pair.key, pair.order)
        if quantity.decision.when is not None and self.graph.holds(quantity.decision.when, at) is False:
            return None
        if quantity.decision.kind == "jump":
            moved = any(IDENTICAL < found.code <= ROUNDING for found in inputs.found)
            return Decision(None, 0.0, False) if moved else None
        a, b = _tuple(pair.a), _tuple(pair.b)
        if quantity.decision.kind == "zero":
            if not any((x == 0) != (y == 0) for x, y in zip(a, b, strict=False)):
                return None
            tolerance = pair.tolerance or 0.0
            margin = max(abs(float(x)) for x in (*a, *b))
            return Decision(margin, tolerance, margin <= tolerance)
        sources = self.graph.resolve(Reference(quantity.decision.of, None), at)
        return _rounded(quantity.decision.kind, a, b, sources[0] if sources else None)


def _rounded(kind: str, a: tuple, b: tuple, source: Found | None) -> Decision:
    """How near the reference's unrounded value was to where it is rounded to the other side's integer."""
    unknown = Decision(None, 0.0, False)
    if source is None or not len(source.a) == len(a) == len(b) or not all(map(_finite, source.a)):
        return unknown
    margin, neighbours = 0.0, True
    for x, y, value in zip(a, b, source.a, strict=True):
        if x != y and kind == "ceil":  # the value is the smaller of the two, to rounding
            margin = max(margin, abs(value - round(value)))
            neighbours &= {x, y} == {round(value), round(value) + 1}
        elif x != y:
            margin = max(margin, abs(abs(value - round(value)) - 0.5))
            neighbours &= abs(float(x) - float(y)) == 1
    inside = source.code <= ROUNDING and margin <= source.tolerance
    return Decision(margin, source.tolerance, neighbours and inside)


def replayed(pair: Pair, replay: Replay) -> Pair:
    """Class and origin from a replay: q is b's step on a's inputs."""
    a, b, q = (_tuple(value) for value in (pair.a, pair.b, replay.q))
    if not len(a) == len(b) == len(q) or any(isinstance(v, str) for v in (*a, *b, *q)):
        same = a == q
        origin = Origin.NONE if a == b else Origin.PROPAGATED if same else Origin.ORIGIN
        return replace(pair, origin=origin)
    local = _largest(q, a)
    propagated = _largest(b, q)
    apart = _largest(b, a)
    whole = all(isinstance(v, int) for v in (*a, *b))
    tolerance = 0.0 if whole else replay.tolerance
    envelope = 0.0 if whole else max(replay.envelope, tolerance)
    difference = _classify(pair, apart, tolerance, envelope)
    at_fault, inherited = not abs(local) <= tolerance, not abs(propagated) <= tolerance
    origin = (
        Origin.NONE if a == b  # that the inputs differ shows only that they were not printed as they were used
        else Origin.MIXED if at_fault and inherited
        else Origin.ORIGIN if at_fault
        else Origin.PROPAGATED if inherited
        else Origin.NONE
    )  # fmt: skip
    return replace(
        pair, difference=difference, origin=origin, local=local, propagated=propagated,
        tolerance=tolerance, envelope=envelope,
    )  # fmt: skip


def _used_otherwise(pair: Pair, inputs: Inputs) -> Pair:
    """A step that agrees although an input is another: it was not printed as it was used, and is named itself."""
    if pair.origin is not Origin.MIXED or pair.local is None or pair.propagated is None:
        return pair
    cancels = abs(pair.local + pair.propagated) <= CANCELS * abs(pair.local)
    differs = any(found.code > ROUNDING for found in inputs.found)
    return replace(pair, origin=Origin.NONE) if cancels and differs else pair


def _classify(pair: Pair, apart: float, tolerance: float, envelope: float) -> DifferenceClass:
    if pair.difference is DifferenceClass.IDENTICAL:
        return DifferenceClass.IDENTICAL
    if abs(apart) <= tolerance:
        return DifferenceClass.ROUNDING
    return DifferenceClass.DRIFT if abs(apart) <= envelope else DifferenceClass.DIVERGENT


def _largest(x: Sequence, y: Sequence) -> float:
    """The component of x - y that is largest in size; NaN where only one of two is NaN."""
    parts = [0.0 if p == q or (p != p and q != q) else float(p) - float(q) for p, q in zip(x, y, strict=True)]
    return max(parts, key=lambda part: float("inf") if part != part else abs(part), default=0.0)


def _why(inputs: Inputs) -> str:
    """Why nobody knows whether a step is at fault."""
    if inputs.lacking:
        return inputs.lacking[0]
    worst = max(inputs.found, key=lambda found: found.code, default=None)
    if worst is None:
        return ""
    label = ".".join(filter(None, worst.name))
    return f"its input {label} differs" + ("" if worst.code > ROUNDING else " by rounding")


def _local(pair: Pair, inputs: Inputs) -> float | None:
    if pair.absolute is None or not inputs.complete:
        return None
    return pair.absolute if all(found.code == IDENTICAL for found in inputs.found) else None


def _is_copy(pair: Pair, source: Found) -> bool:
    """Both sides repeat their own input, or one component of it: nothing is added by this step."""
    a, b = _tuple(pair.a), _tuple(pair.b)
    if len(a) == len(source.a):
        return a == source.a and b == source.b
    return len(a) == 1 and any(a[0] == x and b[0] == y for x, y in zip(source.a, source.b, strict=False))


def _finite(part: object) -> bool:
    return isinstance(part, int | float) and math.isfinite(part)


def _tuple(value: Value) -> tuple:
    return value if isinstance(value, tuple) else (value,)


__all__ = ["Inputs", "Origins", "Replay", "Replays", "replayed"]
