"""Where a difference comes from: the graph of steps, replays where there are any, and flipped decisions.

b - a = local + propagated. With a replay q of the step on a's inputs, local = q - a. Without one the local part
is known only where the inputs are the same: then it is the whole difference. Everything else is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from compare.classes.measure import IDENTICAL, ROUNDING
from compare.classes.store import Found, Name, Place, Store
from compare.result import Decision, DifferenceClass, Key, Origin, Pair, Value
from compare.vocabulary import Quantity, Reference, Vocabulary


@dataclass(frozen=True, slots=True)
class Replay:
    """The step of b evaluated on a's inputs, with the budgets measured there (absolute)."""

    q: Value
    tolerance: float  # T
    envelope: float  # E


Replays = Mapping[Key, Replay]


@dataclass
class Inputs:
    """The compared inputs of one evaluation."""

    found: list[Found] = field(default_factory=list)
    complete: bool = True  # all of them are in the logs


@dataclass
class Origins:
    """Explains differing pairs, in execution order: flips found earlier mark what comes after them."""

    vocabulary: Vocabulary
    store: Store
    replays: Replays = field(default_factory=dict)
    _flips: dict[tuple[Name, Place], bool] = field(default_factory=dict)  # place -> benign

    def explain(self, pair: Pair) -> Pair:
        """The pair with its class (where a replay brings budgets), origin, decision and fork filled in."""
        quantity = self.vocabulary.quantity(pair.key.record, pair.key.name)
        if pair.difference is DifferenceClass.INCOMPARABLE:
            return pair
        replay = self.replays.get(pair.key)
        if replay is not None:
            pair = replayed(pair, replay)
        if pair.difference is DifferenceClass.IDENTICAL:
            return pair
        inputs = self.inputs(pair, quantity)
        pair = self._decided(pair, quantity, inputs)
        if replay is not None or (pair.decision and pair.decision.benign):
            return pair
        return replace(pair, origin=self._origin(pair, quantity, inputs), local=_local(pair, quantity, inputs))

    def inputs(self, pair: Pair, quantity: Quantity) -> Inputs:
        """The inputs that count for this evaluation, and whether all of them are known."""
        result = Inputs(complete=quantity.inputs is not None)
        place = place_of(pair.key)
        indices = dict(pair.key.indices)
        for reference in quantity.inputs or ():
            if not self._counts(reference, quantity, indices, place, pair.order):
                continue
            found = self.store.resolve(reference, quantity.record, indices, place[:2], pair.order)
            result.found += found
            starts_loop = reference.relation == "previous" or bool(reference.shifted)
            if not found and not reference.optional and not starts_loop:
                result.complete = False
        return result

    def _counts(
        self, reference: Reference, quantity: Quantity, indices: Mapping[str, int], place: Place, order: int
    ) -> bool:
        if reference.when is None:
            return True
        name, value = reference.when
        held = self.store.resolve(Reference(name, None), quantity.record, indices, place[:2], order)
        return not held or held[0].a == (value,)

    def _origin(self, pair: Pair, quantity: Quantity, inputs: Inputs) -> Origin:
        if pair.difference is DifferenceClass.ROUNDING:
            return Origin.NONE
        codes = [found.code for found in inputs.found]
        if inputs.complete and all(code == IDENTICAL for code in codes):
            return Origin.ORIGIN
        if quantity.copy and len(inputs.found) == 1 and _is_copy(pair, inputs.found[0]):
            return Origin.PROPAGATED
        divergent = pair.difference is DifferenceClass.DIVERGENT
        if divergent and inputs.complete and all(code <= ROUNDING for code in codes):
            return Origin.ORIGIN  # E covers whatever inputs within rounding can do
        return Origin.UNKNOWN

    def _decided(self, pair: Pair, quantity: Quantity, inputs: Inputs) -> Pair:
        """Mark a flipped decision, or that the pair comes after one."""
        place = (pair.key.record, pair.key.name), place_of(pair.key)
        if quantity.decision is not None and pair.difference is DifferenceClass.DIVERGENT:
            decision = self._margin(pair, quantity)
            if decision is not None:
                self._flips[place] = decision.benign
                return replace(pair, decision=decision)
        upstream = [self._flips[f.name, f.place] for f in inputs.found if (f.name, f.place) in self._flips]
        if not upstream:
            return pair
        self._flips[place] = all(upstream)
        return replace(pair, forked=True, excused=all(upstream))

    def _margin(self, pair: Pair, quantity: Quantity) -> Decision | None:
        """How near the reference was to the other branch; None when nothing flipped."""
        assert quantity.decision is not None
        a, b = _tuple(pair.a), _tuple(pair.b)
        if quantity.decision.kind == "zero":
            if not any((x == 0) != (y == 0) for x, y in zip(a, b, strict=False)):
                return None
            tolerance = pair.tolerance or 0.0
            margin = max(abs(float(x)) for x in (*a, *b))
            return Decision(margin, tolerance, margin <= tolerance)
        sources = self.store.resolve(
            Reference(quantity.decision.of, None), quantity.record, dict(pair.key.indices),
            place_of(pair.key)[:2], pair.order,
        )  # fmt: skip
        source = sources[0] if sources else None
        if source is None or len(source.a) != len(a) or len(a) != len(b):
            return Decision(None, 0.0, False)
        flipped = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
        margin = max(abs(abs(source.a[i] - round(source.a[i])) - 0.5) for i in flipped)
        neighbours = all(abs(float(a[i]) - float(b[i])) == 1 for i in flipped)
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
        Origin.MIXED if at_fault and inherited
        else Origin.ORIGIN if at_fault
        else Origin.PROPAGATED if inherited
        else Origin.NONE
    )  # fmt: skip
    return replace(
        pair, difference=difference, origin=origin, local=local, propagated=propagated,
        tolerance=tolerance, envelope=envelope,
    )  # fmt: skip


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


def _local(pair: Pair, quantity: Quantity, inputs: Inputs) -> float | None:
    if pair.absolute is None or not inputs.complete:
        return None
    return pair.absolute if all(found.code == IDENTICAL for found in inputs.found) else None


def _is_copy(pair: Pair, source: Found) -> bool:
    """Both sides repeat their own input, or one component of it: nothing is added by this step."""
    a, b = _tuple(pair.a), _tuple(pair.b)
    if len(a) == len(source.a):
        return a == source.a and b == source.b
    return len(a) == 1 and any(a[0] == x and b[0] == y for x, y in zip(source.a, source.b, strict=False))


def place_of(key: Key) -> Place:
    return (*(key.pixel or (-1, -1)), *(number for _, number in key.indices))


def _tuple(value: Value) -> tuple:
    return value if isinstance(value, tuple) else (value,)


__all__ = ["Inputs", "Origins", "Replay", "Replays", "place_of", "replayed"]
