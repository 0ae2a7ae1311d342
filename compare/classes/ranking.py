"""The order in which differing pairs are explained: each step after those that it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compare.classes.graph import Graph, Inputs
from compare.classes.presence import is_presence
from compare.judging.result import DifferenceClass, Pair


def in_graph_order(pairs: Mapping[int, Pair], graph: Graph) -> Iterator[tuple[int, Inputs]]:
    """Positions with their inputs: depth first along the graph, from one pair to the next in execution order.

    A log prints lines in its own order (an origin before the pixel size that it is made from); that order decides
    only between steps that the graph does not connect.
    """
    inputs = {
        position: Inputs() if pair.difference is DifferenceClass.IDENTICAL else graph.inputs(pair.key, pair.order)
        for position, pair in pairs.items()
    }
    at = {((pair.key.record, pair.key.name), graph.place_of(pair.key)): position for position, pair in pairs.items()}
    needs = {
        position: [at[found.name, found.place] for found in each.found if (found.name, found.place) in at]
        for position, each in inputs.items()
    }
    lines = [position for position, pair in pairs.items() if is_presence(pair)]
    for position, each in inputs.items() if lines else ():
        needs[position] += [i for i in lines if i != position and _reads(each, pairs[position], pairs[i], graph)]
    entered: set[int] = set()
    for start in sorted(pairs, key=lambda i: (pairs[i].order, i)):
        way = [] if start in entered else [(start, iter(needs[start]))]
        entered.add(start)
        while way:
            position, rest = way[-1]
            following = next((other for other in rest if other not in entered), None)
            if following is None:
                way.pop()
                yield position, inputs[position]
            else:
                entered.add(following)
                way.append((following, iter(needs[following])))


def _reads(inputs: Inputs, pair: Pair, line: Pair, graph: Graph) -> bool:
    """Whether a step reads lines of a record that the two logs have alike or not by a decision of this section."""
    same_section = pair.key.section == line.key.section
    return same_section and any(line.key.record in graph.vocabulary.around(record) for record in inputs.unlike)
