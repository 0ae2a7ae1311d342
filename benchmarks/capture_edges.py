"""The automatic graph held against the one that people wrote down: which quantity is made from which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capture.graph import graph_of
from capture.pairs import Pair, Pairing
from capture.trace import CapturedTrace
from compare.words.quantities import HEADER
from compare.words.references import Fact, Truth
from compare.words.vocabulary import Vocabulary
from harness.finding import find_subject

SUBJECT = "nanobragg"
Graph = dict[str, set[str]]
Case = tuple[Mapping[str, str], CapturedTrace, CapturedTrace]


@dataclass(frozen=True)
class Edges:
    """Edges of both graphs by name: those of people that count in these cases, those found, and those in common."""

    written: int
    found: int
    common: int
    right: int  # found, and written by people for some cases
    lost: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    def __add__(self, other: Edges) -> Edges:
        return Edges(
            self.written + other.written,
            self.found + other.found,
            self.common + other.common,
            self.right + other.right,
            self.lost + other.lost,
            self.wrong + other.wrong,
        )

    def __str__(self) -> str:
        from collections import Counter

        def most(names: tuple[str, ...]) -> str:
            return ", ".join(f"{n} x {name}" for name, n in Counter(names).most_common(40))

        return (
            f"edges: {self.common} of {self.written} written ones found ({self.common / max(self.written, 1):.1%}); "
            f"{self.right} of {self.found} found ones written ({self.right / max(self.found, 1):.1%})\n"
            f"  lost: {most(self.lost)}\n  not written: {most(self.wrong)}"
        )


def compared_edges(owners: Sequence[tuple[Pair, frozenset[str]]], cases: Sequence[Case]) -> Edges:
    """The automatic graph between pairs that are traced quantities, and the hand-made one between the same."""
    pairing = Pairing(tuple(pair for pair, _ in owners), (), ())
    found: Graph = {}
    for _, reference, port in cases:
        for number, sources in graph_of(pairing, reference, port).made_from.items():
            made = owners[number][1]
            for name in made:
                found.setdefault(name, set()).update(s for n in sources for s in owners[n][1] if s not in made)
    known = set(found)
    vocabulary = find_subject(SUBJECT).vocabulary()
    possible = between(written(vocabulary, None), known)
    needed: Graph = {}
    for header, _, _ in cases:
        for name, others in between(written(vocabulary, header), known).items():
            needed.setdefault(name, set()).update(others)
    pairs = [{(name, s) for name, sources in g.items() for s in sources} for g in (needed, found, possible)]
    lost, wrong = sorted(pairs[0] - pairs[1]), sorted(pairs[1] - pairs[2])
    return Edges(
        len(pairs[0]),
        len(pairs[1]),
        len(pairs[0] & pairs[1]),
        len(pairs[1] & pairs[2]),
        tuple(f"{a} <- {b}" for a, b in lost),
        tuple(f"{a} <- {b}" for a, b in wrong),
    )


def written(vocabulary: Vocabulary, header: Mapping[str, str] | None) -> Graph:
    """The hand-made graph by name; with a header, without the edges whose condition is false there."""

    def answer(fact: Fact) -> Truth:
        assert header is not None
        if fact.kind != "value" or fact.name not in header:
            return None
        return _same(header[fact.name], fact.value)

    graph: Graph = {}
    for (record, name), quantity in vocabulary.quantities.items():
        sources = graph.setdefault(name, set())
        if quantity.older or (record != HEADER and record not in vocabulary.records):
            continue
        for reference in quantity.inputs or ():
            if header is None or reference.when is None or reference.when.ask(answer) is not False:
                sources.add(reference.name)
    return graph


def _same(a: str, b: str) -> bool:
    try:
        return float(a) == float(b)
    except ValueError:
        return a == b


def between(graph: Graph, known: set[str]) -> Graph:
    """The graph's edges between known names, through those that are not."""
    found: Graph = {}
    for name in known:
        reached: set[str] = set()
        seen, waiting = {name}, list(graph.get(name, ()))
        while waiting:
            source = waiting.pop()
            if source in seen:
                continue
            seen.add(source)
            if source in known:
                reached.add(source)
            else:
                waiting += graph.get(source, ())
        found[name] = reached
    return found
