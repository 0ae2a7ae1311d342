"""The def-use graph of a captured program: which variable is made from which, by its source."""

from __future__ import annotations

from collections.abc import Sequence

from capture.trace import CapturedTrace

Edges = dict[str, tuple[str, ...]]


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


def joined(traces: Sequence[CapturedTrace]) -> Edges:
    """The edges of several runs together."""
    found: dict[str, dict[str, None]] = {}
    for trace in traces:
        for node, reads in edges_of(trace).items():
            found.setdefault(node, {}).update(dict.fromkeys(reads))
    return {node: tuple(reads) for node, reads in found.items()}
