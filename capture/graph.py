"""Which paired quantity is made from which: def-use chains of the sources, and the dispatch log of tensors.

Both sides' graphs are contracted to the paired quantities: what lies between two of them is left out. An edge that both
sides have is certain; where one side's chain ends (a pointer, a list) the other's is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from capture.groups import Group
from capture.pairing import Pair, Pairing
from capture.trace import CapturedTrace, Site

Edges = dict[str, tuple[str, ...]]
MOST_NODES = 20_000
HERE = "here"  # a node for the stores that are looked at, whatever else is stored under their name


def edges_of(trace: CapturedTrace) -> Edges:
    """The def-use graph of one side: node -> nodes that it is made from."""
    found: dict[str, dict[str, None]] = {}
    stored: set[str] = set()
    sites = [*trace.sites(), *(site for _, _, site in trace.aliases)]
    for site in sites:
        stored.add(site.target)
        found.setdefault(site.target, {}).update(dict.fromkeys(site.reads))
    for node, reads in trace.flows:
        if node.startswith("call:") and reads and reads[0] in stored:
            reads = reads[:1]  # a captured function: its parameters have the arguments
        found.setdefault(node, {}).update(dict.fromkeys(reads))
    return {node: tuple(reads) for node, reads in found.items()}


def dispatch_edges(trace: CapturedTrace) -> Edges:
    """What tensors were made from: ``function:name`` -> the same."""
    found: dict[str, dict[str, None]] = {}
    for made, source in trace.facts.get("edges", ()):
        found.setdefault(str(made), {})[str(source)] = None
    return {node: tuple(reads) for node, reads in found.items()}


def contracted(edges: Edges, owners: Mapping[str, Sequence[int]]) -> dict[int, frozenset[int]]:
    """For each owner of nodes, the owners that its nodes are made from, through nodes that nobody owns."""
    found: dict[int, set[int]] = {}
    for node, numbers in owners.items():
        reached, _ = _reached(edges, node, owners)
        for number in numbers:
            found.setdefault(number, set()).update(reached - {number})
    return {number: frozenset(sources) for number, sources in found.items()}


def _reached(edges: Edges, start: str, owners: Mapping[str, Sequence[int]]) -> tuple[set[int], list[str]]:
    """The owners that a node is made from, and the nodes in between that nobody owns."""
    found: set[int] = set()
    seen = {start}
    through: list[str] = []
    waiting = list(_reads(edges, start))
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        owned = owners.get(node, ())
        if owned and set(owned) - set(owners.get(start, ())):
            found |= set(owned)
        else:
            through.append(node)
            waiting += _reads(edges, node)
    return found, through


def _reads(edges: Edges, node: str) -> tuple[str, ...]:
    """What a node is made from; of a member that nobody stores, what its owner is made from."""
    while node not in edges and "." in node.partition(":")[2]:
        node = node.rpartition(".")[0]
    return edges.get(node, ())


def inputs(pairing: Pairing, reference: CapturedTrace, port: CapturedTrace) -> dict[int, frozenset[int]]:
    """For each usable pair (by its place in ``pairing.pairs``) the pairs that it is made from."""
    usable = [(number, pair) for number, pair in enumerate(pairing.pairs) if pair.usable]
    a = contracted(edges_of(reference), _owners(((n, p.a) for n, p in usable), by_target=True))
    static = contracted(edges_of(port), _owners(((n, p.b) for n, p in usable), by_target=True))
    logged = contracted(dispatch_edges(port), _owners(((n, p.b) for n, p in usable), by_target=False))
    found = {}
    for number, _ in usable:
        ours, theirs = a.get(number, frozenset()), logged.get(number) or static.get(number, frozenset())
        found[number] = (ours & theirs) or ours or theirs
    return found


def unpaired_before(pairing: Pairing, pair: Pair, port: CapturedTrace) -> list[Site]:
    """The port's stores between a step and the paired quantities that it is made from, in the order of the source.

    A fault in one of them shows at the step: forcing cannot tell them apart.
    """
    owners = _owners(((n, p.b) for n, p in enumerate(pairing.pairs) if p.usable), by_target=True)
    stores = [member.site for member in pair.b.members if member.site.kind != "parameter"]
    edges = {**edges_of(port), HERE: tuple(node for site in stores for node in site.reads)}
    through = set(_reached(edges, HERE, owners)[1])
    own = {member.site.place for member in pair.b.members}
    sites = [site for site in port.sites() if site.target in through and site.kind != "parameter"]
    return sorted((site for site in sites if site.place not in own), key=lambda site: (site.file, site.line))


def _owners(groups: Iterable[tuple[int, Group]], *, by_target: bool) -> dict[str, list[int]]:
    owners: dict[str, list[int]] = {}
    for number, group in groups:
        for member in group.members:
            site = member.site
            node = site.target if by_target else f"{site.function}:{site.name}"
            if node and site.kind != "parameter":
                owners.setdefault(node, []).append(number)
    return owners


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
