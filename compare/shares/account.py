"""The account of a comparison: the result's difference, and the steps that make it, largest share first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from compare.classes.graph import Graph
from compare.judging.result import Account, Origin, Pair, Share
from compare.render.text import value_text
from compare.shares.network import Network, Node
from compare.shares.split import Split, split
from compare.words.vocabulary import Vocabulary

SMALLEST_SHARE = 1e-6  # of the result's difference: below it a step is not in the account


def account_of(pairs: Sequence[Pair], vocabulary: Vocabulary, graph: Graph | None = None) -> Account:
    """Shares of all steps that differ on their own; empty where nothing differs beyond rounding."""
    network = Network.of(pairs, vocabulary, graph)
    positions = {id(pair): at for at, pair in enumerate(pairs)}
    result = network.nodes.get(vocabulary.result or "")
    shown = None if result is None else positions[id(result.worst or result.pairs[-1])]
    differing = {label: node for label, node in network.nodes.items() if node.differs}
    if not differing:
        return Account(shown)
    ends = [result] if result is not None and result.differs else _ends(network, differing)
    weights, splits = _weights(network, ends)
    shares = sorted(_shares(weights, splits, network, positions), key=lambda share: -abs(share.fraction))
    return Account(shown, tuple(shares), *_cascade(network, differing), notes=tuple(_notes(splits, network)))


def _ends(network: Network, differing: dict[str, Node]) -> list[Node]:
    """Differing steps that no other differing step is made from: what there is of a result without its name.

    What is made from other steps comes before what stands alone.
    """
    inside = {source for label in differing for source in network.inputs(label)}
    ends = [node for label, node in differing.items() if label not in inside] or list(differing.values())
    return [node for node in ends if network.inputs(node.label)] or ends


def _weights(network: Network, ends: Sequence[Node]) -> tuple[dict[str, float], dict[str, Split]]:
    """How much of the difference at the ends passes through each step, from the ends upwards."""
    total = sum(min(node.apart, 1.0) for node in ends) or 1.0
    weights = {node.label: min(node.apart, 1.0) / total for node in ends}
    splits: dict[str, Split] = {}
    for label in _downstream_first(network, [node.label for node in ends]):
        node = network.nodes[label]
        if not node.differs or label not in weights:
            continue
        splits[label] = parts = split(network, node)
        for source, value in parts.implied.items():
            network.nodes[source].take(value)
        for source, fraction in parts.inputs.items():
            weights[source] = weights.get(source, 0.0) + weights[label] * fraction
    return weights, splits


def _downstream_first(network: Network, starts: Sequence[str]) -> list[str]:
    """Labels so that each comes before what it is made from (loops of the graph are cut where they close)."""
    done: dict[str, None] = {}
    for start in starts:
        stack: list[tuple[str, bool]] = [(start, False)]
        entered: set[str] = set()
        while stack:
            label, finished = stack.pop()
            if finished:
                done.setdefault(label, None)
            elif label not in entered and label not in done:
                entered.add(label)
                stack.append((label, True))
                stack += [(source, False) for source in network.inputs(label) if network.nodes[source].differs]
    return list(reversed(done))


def _shares(
    weights: dict[str, float], splits: dict[str, Split], network: Network, positions: dict[int, int]
) -> list[Share]:
    found = []
    for label, parts in splits.items():
        fraction = weights[label] * parts.own
        if math.isfinite(fraction) and abs(fraction) >= SMALLEST_SHARE:
            pair = _spokesman(network.nodes[label])
            found.append(Share(positions[id(pair)], fraction, parts.how))
    return found


def _spokesman(node: Node) -> Pair:
    """The evaluation that stands for a step: the first at fault, else the first with a cause, else the worst."""
    at_fault = [pair for pair in node.pairs if pair.origin in (Origin.ORIGIN, Origin.MIXED) and pair.waived is None]
    with_cause = [p for p in at_fault or node.pairs if p.cause is not None and p.cause.label != "unknown"]
    assert node.worst is not None
    return (with_cause or at_fault or [node.worst])[0]


def _notes(splits: dict[str, Split], network: Network) -> Iterator[str]:
    """Values that b prints and cannot have used, by its own formula of a later step."""
    for label, parts in splits.items():
        for source, value in parts.implied.items():
            seen = network.nodes[source].seen_from(network.nodes[label].pairs[-1].key)
            printed = f" {value_text(seen.b)}" if seen else ""
            yield f"b prints {source}{printed}, but its {label} is made with {value:.9g}"


def _cascade(network: Network, differing: dict[str, Node]) -> tuple[int, int, int]:
    """How many steps differ on their own, how many values differ because of them, and how many for neither reason."""
    at_fault = (Origin.ORIGIN, Origin.MIXED)
    causes = {label for label, node in differing.items() if any(pair.origin in at_fault for pair in node.pairs)}
    causes |= {
        label for label in differing if not any(network.nodes[source].differs for source in network.inputs(label))
    }
    downstream = open_values = 0
    for label, node in differing.items():
        values = sum(pair.differs for pair in node.pairs)
        if label in causes:
            downstream += values - 1
        elif network.above(label) & causes:
            downstream += values
        else:
            open_values += values
    return len(causes), downstream, open_values
