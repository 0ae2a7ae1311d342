"""Where each difference comes from: origins in graph order, envelopes by what was inherited, cause labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from compare import causes
from compare.classes import carried, measure
from compare.classes.graph import Graph, Inputs
from compare.classes.origins import Origins
from compare.classes.ranking import in_graph_order
from compare.classes.store import Found, Name, Store
from compare.judging.collect import Collector
from compare.judging.result import DifferenceClass, Origin, Pair
from compare.words.references import Reference
from compare.words.vocabulary import Vocabulary

MOST_LABELS = 20  # differing pairs of one name that are given a cause label


@dataclass
class Explaining:
    """Explains the pairs of one comparison, some at a time."""

    vocabulary: Vocabulary
    store: Store
    graph: Graph
    origins: Origins
    collector: Collector
    ranked: int = 0
    labelled: dict[Name, int] = field(default_factory=dict)

    def explain(self, positions: Iterable[int]) -> None:
        """Origins of the pairs at these positions, each step after those that it is made from, else as executed."""
        pairs = self.collector.pairs
        for position, inputs in in_graph_order({i: pairs[i] for i in positions}, self.graph):
            self.ranked += 1
            widened = self._widened(replace(pairs[position], rank=self.ranked), inputs)
            explained = widened if widened.origin is Origin.PROPAGATED else self.origins.explain(widened, inputs)
            self.collector.replace(position, self._labelled(explained))

    def _widened(self, pair: Pair, inputs: Inputs) -> Pair:
        """The pair with what its inputs were allowed in its envelope, unless a replay brings its own."""
        quantity = self.vocabulary.quantity(pair.key.record, pair.key.name)
        if pair.key in self.origins.replays or not pair.differs:
            return pair
        at, place = self.graph.evaluation(pair.key, pair.order), self.graph.place_of(pair.key)

        def resolve(reference: Reference) -> list[Found]:
            return self.graph.resolve(reference, at)

        widened = carried.widened(pair, quantity, resolve, inputs.found)
        if widened.difference is not pair.difference:
            self.store.reclass((pair.key.record, pair.key.name), place, measure.DRIFT)
        return widened

    def _labelled(self, pair: Pair) -> Pair:
        """The pair with a cause label, where it is at fault or nobody knows better."""
        unresolved = pair.origin in (Origin.UNKNOWN, Origin.SUSPECT) and pair.difference is DifferenceClass.DIVERGENT
        at_fault = pair.origin in (Origin.ORIGIN, Origin.MIXED)
        name = (pair.key.record, pair.key.name)
        if not (unresolved or at_fault) or self.labelled.get(name, 0) >= MOST_LABELS:
            return pair
        self.labelled[name] = self.labelled.get(name, 0) + 1
        cause = causes.cause_of(pair, self.store, self.vocabulary)
        return pair if cause is causes.UNKNOWN and not at_fault else replace(pair, cause=cause)
