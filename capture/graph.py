"""Which paired quantity is made from which, as both programs' runs show it (`capture.chains`).

Each side's chains go from paired quantity to paired quantity: what lies between two of them is left out. An edge that
both sides have is certain; where one side's chain ends (a pointer, a list) the other's is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capture.chains import chains, owners_of
from capture.groups import Group
from capture.pairs import Pair, Pairing
from capture.trace import CapturedTrace, Site


@dataclass(frozen=True, slots=True)
class Graph:
    """The chains between pairs, which are told by their place in ``pairing.pairs``.

    Attributes:
        made_from: for each usable pair the pairs that it is made from.
        between: for each usable pair the port's sites on the way to it that have no pair.
    """

    made_from: Mapping[int, frozenset[int]]
    between: Mapping[int, frozenset[int]]


def graph_of(pairing: Pairing, reference: CapturedTrace, port: CapturedTrace) -> Graph:
    """The graph of the usable pairs; follows every store of both runs."""
    usable = [(number, pair) for number, pair in enumerate(pairing.pairs) if pair.usable]
    a = chains(reference, owners_of((number, keys_of(pair.a, pair)) for number, pair in usable)).made_from
    b = chains(port, owners_of((number, keys_of(pair.b, pair)) for number, pair in usable))
    found = {}
    for number, _ in usable:
        ours, theirs = a.get(number, frozenset()), b.made_from.get(number, frozenset())
        found[number] = (ours & theirs) or ours or theirs
    return Graph(found, b.between)


def unpaired_before(graph: Graph, pairing: Pairing, pair: Pair, port: CapturedTrace) -> list[Site]:
    """The port's stores between a step and the paired quantities that it is made from, in the order of the source.

    A fault in one of them shows at the step: forcing cannot tell them apart.
    """
    (own,) = (number for number, one in enumerate(pairing.pairs) if one is pair)
    places = {member.site.place for member in pair.b.members}
    numbers = graph.between.get(own, frozenset())
    sites = [site for site in port.sites() if site.number in numbers and site.place not in places]
    return sorted((site for site in sites if site.kind != "parameter"), key=lambda site: (site.file, site.line))


def keys_of(group: Group, pair: Pair) -> list[tuple[object, ...]]:
    """The series of a side that are the quantity: those that go by a name of both sides, where there is one.

    Other variables may hold the same numbers by chance, such as a component of a vector along an axis.
    """
    named = [member for member in group.members if member.names & pair.shared]
    return [member.key for member in named or group.members]


# ---- a vocabulary ----


def vocabulary(pairing: Pairing, made_from: Mapping[int, frozenset[int]], name: str) -> str:
    """The accepted pairs as a vocabulary file: names, units, and what each is made from."""
    names = unique_names(pairing.pairs)
    rows = [
        "# Written by harness capture: the quantities that both programs compute.",
        "format = 1",
        f'name = "{name}"',
    ]
    rows += ['unknown = "optional"', "", "[quantities.header]"]
    for number, pair in enumerate(pairing.pairs):
        if not pair.usable:
            continue
        sources = ", ".join(f'"{names[n]}?"' for n in sorted(made_from.get(number, ())) if n in names)
        unit = f"; the port's is {pair.factor:g} times it" if pair.factor != 1.0 else ""
        a, b = pair.a.first, pair.b.first
        note = f"# {a.name} {a.site.place}, {b.name} {b.site.place}: {pair.verdict.value}{unit}"
        rows.append(f'{names[number]} = {{ kind = "float", inputs = [{sources}] }} {note}')
    return "\n".join(rows) + "\n"


def unique_names(pairs: Sequence[Pair]) -> dict[int, str]:
    """A name for each usable pair: one that both sides use where there is one, told apart by numbers."""
    found: dict[int, str] = {}
    taken: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        if not pair.usable:
            continue
        best = max(pair.shared, key=lambda n: (len(n), n), default=pair.a.first.tail)
        best = "".join(c if c.isalnum() else "_" for c in best).strip("_") or "value"
        taken[best] = taken.get(best, 0) + 1
        found[number] = best if taken[best] == 1 else f"{best}_{taken[best]}"
    return found
