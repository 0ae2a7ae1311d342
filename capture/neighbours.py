"""Neighbours in the def-use graphs: which pairs a quantity is made from, and which are made from it.

Values that differ cannot be found by value. A quantity of the reference and one of the port that are made from the same
pairs, and that the same pairs are made from, are likely the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from capture.edges import Edges
from capture.groups import Group

MOST_NODES = 5_000


@dataclass(slots=True)
class Side:
    """One program's graph with the pairs that own its nodes."""

    edges: Edges
    readers: dict[str, list[str]] = field(default_factory=dict)
    owners: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, edges: Edges, owners: Iterable[tuple[int, Group]] = ()) -> Side:
        """A program's graph; ``owners``: the pairs by number, with their quantities of this side."""
        side = cls(edges)
        for node, sources in edges.items():
            for source in sources:
                side.readers.setdefault(source, []).append(node)
        for number, group in owners:
            side.own(group, number)
        return side

    def own(self, group: Group, number: int) -> None:
        for node in nodes(group):
            self.owners.setdefault(node, set()).add(number)

    def made_from(self, group: Group) -> frozenset[int]:
        """The nearest pairs above: those that its stores read, through what nobody owns."""
        start = {node for member in group.members for node in member.site.reads}
        return self._reached(start, self.edges, nodes(group))

    def makes(self, group: Group) -> frozenset[int]:
        """The nearest pairs below."""
        own = nodes(group)
        start = {reader for node in own for reader in self.readers.get(node, ())}
        return self._reached(start, self.readers, own)

    def passed(self, group: Group) -> frozenset[str]:
        """The nodes above that nobody owns, up to the nearest pairs."""
        start = {node for member in group.members for node in member.site.reads}
        return frozenset(node for node in self._walk(start, self.edges, nodes(group)) if node not in self.owners)

    def is_told_apart(self, group: Group) -> bool:
        """Whether what is made from a group is not made from another pair of the same variable instead."""
        return all(len(self.owners.get(node, ())) <= 1 for node in nodes(group))

    def _reached(self, start: Iterable[str], links: Mapping[str, Sequence[str]], own: frozenset[str]) -> frozenset[int]:
        walked = self._walk(start, links, own)
        return frozenset(number for node in walked for number in self.owners.get(node, ()))

    def _walk(self, start: Iterable[str], links: Mapping[str, Sequence[str]], own: frozenset[str]) -> set[str]:
        """The nodes reached along links, no further than the first that has an owner."""
        found: set[str] = set()
        waiting = [node for node in start if node not in own]
        seen = set(waiting) | own
        while waiting and len(seen) < MOST_NODES:
            node = waiting.pop()
            found.add(node)
            if node not in self.owners:
                fresh = [other for other in _links(links, node) if other not in seen]
                seen.update(fresh)
                waiting += fresh
        return found


def _links(links: Mapping[str, Sequence[str]], node: str) -> Sequence[str]:
    """A node's links; of a member that has none, its owner's."""
    while node not in links and "." in node.partition(":")[2]:
        node = node.rpartition(".")[0]
    return links.get(node, ())


def nodes(group: Group) -> frozenset[str]:
    """The nodes that hold a group's numbers."""
    return frozenset(member.site.target for member in group.members if member.site.target)


def overlap(a: frozenset[int], b: frozenset[int]) -> float:
    """The share of pairs in common."""
    return len(a & b) / len(a | b) if a | b else 0.0
