"""Both logs as detectors of the second round see them: every step as a node, and what one side alone prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from compare.causes.differing import Differing
from compare.causes.values import COMPUTED, digits, numbers
from compare.classes.graph import Graph
from compare.judging.keys import Key, Value
from compare.judging.result import Comparison, Pair, Side
from compare.shares.network import Network, Node, label_of
from compare.words.quantities import Quantity
from compare.words.vocabulary import Vocabulary

MOST_ROWS = 2000  # evaluations of one name that are searched
PRINTED_SINGLE = 5.5e-15  # relative: what 15 printed digits leave of a number of 32 bits
FEWEST_SINGLE = 10  # numbers, to tell that a log is in 32 bits
SHARE_SINGLE = 0.5  # of them: by chance one in a million is


@dataclass
class Logs:
    """The compared network with what is left over."""

    network: Network
    vocabulary: Vocabulary
    same_inputs: bool  # both logs state that they ran the same case
    one_format: bool  # both logs state the version of their format
    pairs: tuple[Pair, ...]
    stated: Mapping[str, tuple[Value, Value]] = field(default_factory=dict)  # metadata that both logs state
    alone: dict[tuple[Side, str], list[tuple[Key, tuple[float, ...]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, comparison: Comparison, vocabulary: Vocabulary, same_inputs: bool, graph: Graph | None = None) -> Logs:
        stated = {m.name: (m.a, m.b) for m in comparison.metadata if m.a is not None and m.b is not None}
        logs = cls(
            Network.of(comparison.pairs, vocabulary, graph), vocabulary, same_inputs,
            vocabulary.format_name in stated, tuple(comparison.pairs), stated,
        )  # fmt: skip
        for left in comparison.leftovers:
            rows = logs.alone.setdefault((left.side, label_of(left.key, vocabulary)), [])
            if len(rows) < MOST_ROWS:
                rows.append((left.key, numbers(left.value)))
        return logs

    @cached_property
    def steps(self) -> dict[str, tuple[str, ...]]:
        return self.vocabulary.steps()

    @cached_property
    def neighbours(self) -> dict[tuple, list[Pair]]:
        """Differing pairs by record, indices and section."""
        found: dict[tuple, list[Pair]] = {}
        for pair in self.pairs:
            if pair.differs:
                found.setdefault((pair.key.record, pair.key.indices, pair.key.section), []).append(pair)
        return found

    @cached_property
    def single(self) -> dict[Side, bool]:
        """Whether the numbers that a side prints with more than a few digits are those of 32 bits."""
        return {side: _single(self.pairs, side) for side in Side}

    @cached_property
    def prints_long(self) -> dict[Side, bool]:
        """Whether most vectors that a side prints have the digits of computed numbers."""
        return {side: _prints_long(self.pairs, side) for side in Side}

    def rows(self, side: Side, label: str) -> Iterator[tuple[Key, tuple[float, ...]]]:
        """All that one side prints of a step, paired or not."""
        node = self.network.nodes.get(label)
        for pair in node.pairs[:MOST_ROWS] if node else ():
            yield pair.key, numbers(pair.a if side is Side.A else pair.b)
        yield from self.alone.get((side, label), ())

    def converted(self, key: Key, value: float, raw: bool) -> float:
        """A number under an older name, in the unit of today's."""
        if not raw or (key.record, key.name) in self.vocabulary.quantities:
            return value
        alias = self.vocabulary.aliased.get((key.record, key.name))
        return value if alias is None else value**alias.power * alias.factor

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Label of a step -> labels of the steps of the vocabulary that are made from it."""
        found: dict[str, list[str]] = {}
        for step, inputs in self.steps.items():
            formula = self.vocabulary.causes.formulas.get(step)
            for source in dict.fromkeys((*inputs, *(formula.names if formula else ()))):
                found.setdefault(source, []).append(step)
        return found

    def relatives(self, label: str) -> list[str]:
        """What a step is made from, and what it is put together with in the steps made from it."""
        steps = self.steps
        found = dict.fromkeys(steps.get(label, ()))
        for consumer in self.consumers.get(label, ()):
            found |= dict.fromkeys((consumer, *steps.get(consumer, ())))
            formula = self.vocabulary.causes.formulas.get(consumer)
            found |= dict.fromkeys(formula.names if formula else ())
        return [name for name in found if name != label]


@dataclass(frozen=True)
class InLogs(Differing):
    """A differing pair in both logs as a whole."""

    logs: Logs

    @cached_property
    def label(self) -> str:
        return label_of(self.pair.key, self.logs.vocabulary)

    @cached_property
    def node(self) -> Node:
        return self.logs.network.nodes[self.label]

    @cached_property
    def quantity(self) -> Quantity:
        record, _, name = self.label.rpartition(".")
        return self.logs.vocabulary.quantity(record, name)

    @cached_property
    def differing_inputs(self) -> list[Node]:
        network = self.logs.network
        found = [network.nodes[label] for label in network.inputs(self.label) if network.nodes[label].differs]
        if math.isinf(self.logs.vocabulary.causes.gains.get(self.label, 0.0)):  # looked up by whole numbers
            return [node for node in found if node.whole]
        return found

    @property
    def scalar(self) -> bool:
        """One number on each side, and not a count."""
        return len(self.a) == len(self.b) == 1 and not self.whole

    def number(self, label: str, side: Side = Side.A) -> float | None:
        """One number that a side prints for another step, at this evaluation where it is paired."""
        node = self.logs.network.nodes.get(label)
        found = node.seen_from(self.pair.key) if node else None
        rows = self.logs.alone.get((side, label), ())
        if found is not None:
            key, values = found.key, numbers(found.a if side is Side.A else found.b)
            raw = found.name_a == found.name_b == ""  # what was paired through an alias is converted already
        else:
            key, values = rows[-1] if rows else (self.pair.key, ())
            raw = True
        return self.logs.converted(key, values[0], raw) if len(values) == 1 else None


def _prints_long(pairs: Sequence[Pair], side: Side) -> bool:
    vectors = [numbers(pair.a if side is Side.A else pair.b) for pair in pairs[:MOST_ROWS]]
    counts = [digits(values) for values in vectors if len(values) >= 3]
    return 2 * sum(count >= COMPUTED for count in counts) > len(counts)


def _single(pairs: Sequence[Pair], side: Side) -> bool:
    values = [
        value
        for pair in pairs[:MOST_ROWS]
        if not pair.name_a
        for value in numbers(pair.a if side is Side.A else pair.b)
        if math.isfinite(value) and value != round(value, 6)
    ]
    if len(values) < FEWEST_SINGLE:
        return False
    exact = np.array(values)
    with np.errstate(over="ignore"):
        near = np.abs(exact.astype(np.float32).astype(float) - exact) <= PRINTED_SINGLE * np.abs(exact)
    return float(near.mean()) >= SHARE_SINGLE
