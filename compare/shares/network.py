"""The compared quantities as one network: a node for each step of the vocabulary, however the logs spell it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from compare.classes.graph import Evaluation, Graph
from compare.judging.keys import NOWHERE, Key, Value
from compare.judging.result import Pair
from compare.words.quantities import HEADER
from compare.words.vocabulary import Vocabulary

FARTHEST = 745.0  # between 0 and anything else: more than the logarithm of every ratio of doubles


@dataclass
class Node:
    """All evaluations of one step; ``worst`` is the one whose sides are farthest apart."""

    label: str
    pairs: list[Pair] = field(default_factory=list)
    worst: Pair | None = None
    apart: float = 0.0
    _places: dict[tuple, Pair] = field(default_factory=dict)

    def add(self, pair: Pair) -> None:
        self.pairs.append(pair)
        self._places[pair.key.section, pair.key.indices] = pair
        if pair.differs:
            distance = apart(pair.a, pair.b)
            if self.worst is None or distance > self.apart:
                self.worst, self.apart = pair, distance

    @property
    def differs(self) -> bool:
        return self.worst is not None

    @property
    def whole(self) -> bool:
        """Whether a's value is of whole numbers."""
        values = self.worst.a if self.worst else ()
        return all(isinstance(value, int) for value in (values if isinstance(values, tuple) else (values,)))

    def take(self, value: float) -> None:
        """The value that b must have used in place of the one it prints."""
        if self.worst is not None:
            self.apart = apart(self.worst.a, value)

    def seen_from(self, key: Key) -> Pair | None:
        """The evaluation that belongs to another step's: the same loop indices, else the last of the section."""
        if not self.pairs:
            return None
        if len(self.pairs) == 1:
            return self.pairs[0]
        own, indices = self.pairs[-1].key, dict(key.indices)
        place = tuple((name, indices.get(name, -1)) for name, _ in own.indices)
        found = self._places.get((key.section, place)) or self._places.get((NOWHERE, place))
        return found or next((p for p in reversed(self.pairs) if p.key.section == key.section), self.pairs[-1])


@dataclass
class Network:
    """Nodes by the vocabulary's label of a step, and the steps that each is made from."""

    vocabulary: Vocabulary
    graph: Graph | None = None  # answers which edges are there at an evaluation; without it all of them
    nodes: dict[str, Node] = field(default_factory=dict)
    _copies: dict[str, list[str]] = field(default_factory=dict)
    _inputs: dict[str, dict[str, bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Sequence[Pair], vocabulary: Vocabulary, graph: Graph | None = None) -> Network:
        network = cls(vocabulary, graph)
        for quantity in vocabulary.quantities.values():
            for source in quantity.inputs or () if quantity.copy else ():
                copies = network._copies.setdefault(vocabulary.label_of(source, quantity.record), [])
                copies.append(quantity.label)
        for pair in pairs:
            label = label_of(pair.key, vocabulary)
            if label not in network.nodes:
                network.nodes[label] = Node(label)
            network.nodes[label].add(pair)
        return network

    def inputs(self, label: str) -> tuple[str, ...]:
        """Labels of the compared steps that one is made from; what no log prints is replaced by its own inputs."""
        return tuple(self._reached(label))

    def certain(self, label: str) -> tuple[str, ...]:
        """Those of the inputs that are there whatever the logs do not say."""
        return tuple(source for source, sure in self._reached(label).items() if sure)

    def _reached(self, label: str) -> dict[str, bool]:
        if label not in self._inputs:
            node = self.nodes.get(label)
            pair = None if node is None or not node.pairs else node.worst or node.pairs[-1]
            at = self.graph.evaluation(pair.key, pair.order) if self.graph and pair else None
            found: dict[str, bool] = {}
            self._collect(label, at, {label}, True, found)
            found.pop(label, None)  # an evaluation before this one is the same step
            self._inputs[label] = found
        return self._inputs[label]

    def _collect(self, label: str, at: Evaluation | None, seen: set[str], sure: bool, found: dict[str, bool]) -> None:
        """Inputs of ``label`` that are compared, copies of those that are not, else what these are made from."""
        for source, certain in self._edges(label, at):
            if source in self.nodes:
                found[source] = found.get(source, False) or (sure and certain)
            elif source not in seen:
                seen.add(source)
                copies = [copy for copy in self._copies.get(source, ()) if copy in self.nodes and copy not in seen]
                found |= dict.fromkeys(copies, sure and certain)
                if not copies:
                    self._collect(source, _of_missing(source, at, self.vocabulary), seen, sure and certain, found)

    def _edges(self, label: str, at: Evaluation | None) -> Iterator[tuple[str, bool]]:
        """Labels of a step's inputs at an evaluation, and whether each is certain to be one."""
        record, _, name = label.rpartition(".")
        quantity = self.vocabulary.quantities.get((record, name))
        for reference in (quantity.inputs or ()) if quantity else ():
            counts = True
            if reference.when is not None and self.graph is not None and at is not None:
                answer = self.graph.holds(reference.when, at)
                if answer is False:
                    continue
                counts = bool(answer)
            yield self.vocabulary.label_of(reference, record), counts
        formula = self.vocabulary.causes.formulas.get(label)
        yield from ((source, True) for source in (formula.names if formula else ()))

    def above(self, label: str) -> set[str]:
        """Every step that has a part in one, whatever lies between."""
        found: set[str] = set()
        open_labels = [label]
        while open_labels:
            for source in self.inputs(open_labels.pop()):
                if source not in found and source != label:
                    found.add(source)
                    open_labels.append(source)
        return found


def _of_missing(label: str, at: Evaluation | None, vocabulary: Vocabulary) -> Evaluation | None:
    """Some evaluation of a step that no log prints: as an older name stands for one, of no loop index."""
    record, _, name = label.rpartition(".")
    quantity = vocabulary.quantities.get((record, name))
    if at is None or quantity is None:
        return None
    return Evaluation(replace(quantity, alias_of=(record, name)), record, {}, at.section, at.order)


def label_of(key: Key, vocabulary: Vocabulary) -> str:
    """The vocabulary's label for what a pair is about: an older name stands for the step of today."""
    if (key.record, key.name) not in vocabulary.quantities:
        alias = vocabulary.aliased.get((key.record, key.name))
        if alias is not None:
            return f"{alias.of.record}.{alias.of.name}" if alias.of.record else alias.of.name
    return f"{key.record}.{key.name}" if key.record != HEADER else key.name


def apart(a: Value, b: Value) -> float:
    """How far apart two values are: the logarithm of the ratio of numbers, |b - a| / size of vectors."""
    x, y = (value if isinstance(value, tuple) else (value,) for value in (a, b))
    if x == y:
        return 0.0
    if len(x) != len(y) or any(isinstance(part, str) for part in (*x, *y)):
        return FARTHEST
    if len(x) == 1:
        return _ratio(_number(x[0]), _number(y[0]))
    p, q = [_number(part) for part in x], [_number(part) for part in y]
    size = max(math.hypot(*p), math.hypot(*q))
    away = math.hypot(*(v - u for u, v in zip(p, q, strict=True)))
    return away / size if math.isfinite(away) and 0 < size < math.inf else FARTHEST


def _ratio(x: float, y: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y)) or (x == 0) != (y == 0):
        return FARTHEST
    if x * y < 0:
        return abs(y - x) / max(abs(x), abs(y))
    return abs(math.log(abs(y)) - math.log(abs(x)))


def _number(part: object) -> float:
    try:
        return float(part)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
