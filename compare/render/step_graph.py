"""The graph of steps as inline SVG: each step below its inputs, coloured by the worst class of its values.

To stay legible the drawing leaves out the inputs that have no inputs themselves and do not differ (constants of the
case, mostly), and the edges that a longer way already tells. The list beside it leaves out nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.judging.result import Comparison, Origin, Pair
from compare.render.markup import Markup, element
from compare.render.plots import SEVERITY, class_of

WIDEST_ROW = 720.0
LETTER, PADDING, BOX_HEIGHT = 7.3, 14.0, 24.0
GAP_ACROSS, GAP_DOWN = 14.0, 46.0
GAP_WITHIN = 12.0  # between the rows of one layer
SWEEPS_OF_ORDERING = 6
SYMBOLS = {"identical": "=", "rounding": "≈", "drift": "~", "divergent": "≠", "waived": "w", "untraced": "·"}


@dataclass(frozen=True)
class Node:
    """One step: its box and what became of it."""

    name: str
    x: float
    y: float
    width: float
    kind: str  # class, "waived" or "untraced"
    at_fault: bool


def label(pair: Pair) -> str:
    """A step's name in the graph: ``CELL.flux``, or the bare name for a line of the section."""
    return f"{pair.key.record}.{pair.key.name}" if pair.key.record else pair.key.name


def step_kinds(result: Comparison) -> dict[str, tuple[str, bool]]:
    """For every step: the worst class among its pairs, and whether it is at fault."""
    worst: dict[str, Pair] = {}
    at_fault: dict[str, bool] = {}
    for pair in result.pairs:
        name = label(pair)
        if name not in worst or _severity(pair) > _severity(worst[name]):
            worst[name] = pair
        faulty = pair.origin in (Origin.ORIGIN, Origin.MIXED) and pair.waived is None
        at_fault[name] = at_fault.get(name, False) or faulty
    return {name: (class_of(pair), at_fault[name]) for name, pair in worst.items()}


def traced_steps(result: Comparison) -> dict[str, tuple[str, ...]]:
    """Steps and inputs of which at least one end is in the logs."""
    names = {label(pair) for pair in result.pairs}
    return {
        name: tuple(each for each in dict.fromkeys(inputs) if name in names or each in names)
        for name, inputs in result.steps.items()
        if name in names or names.intersection(inputs)
    }


def step_graph(result: Comparison) -> Markup | None:
    """The drawing in its natural size; None where the comparison knows no steps that were traced."""
    kinds = step_kinds(result)
    steps = _drawn(traced_steps(result), kinds)
    if not steps:
        return None
    nodes, size = _place(steps, kinds)
    edges = [
        _edge(nodes[source], nodes[name]) for name, inputs in steps.items() for source in inputs if source in nodes
    ]
    text = f"Graph of {len(nodes)} steps, inputs above, coloured by class"
    return element(
        "svg",
        element("title", text),
        *edges,
        *(_box(node) for node in nodes.values()),
        viewBox=f"0 0 {size[0]:.0f} {size[1]:.0f}",
        width=size[0],
        height=size[1],
        role="img",
        aria_label=text,
        class_="graph",
    )


def layers(steps: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names by their longest way from a name without inputs; a cycle is cut where it closes."""
    depth: dict[str, int] = {}

    def visit(name: str, above: frozenset[str]) -> int:
        if name not in depth:
            inputs = [each for each in steps.get(name, ()) if each not in above and each != name]
            depth[name] = 1 + max((visit(each, above | {name}) for each in inputs), default=-1)
        return depth[name]

    for name in steps:
        visit(name, frozenset())
    rows: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name, row in depth.items():
        rows[row].append(name)
    return rows


def _drawn(steps: Mapping[str, Sequence[str]], kinds: Mapping[str, tuple[str, bool]]) -> dict[str, tuple[str, ...]]:
    """Without constants that do not differ, and without edges that a longer way tells."""
    quiet = ("untraced", "identical")
    bare = {
        name
        for inputs in steps.values()
        for name in inputs
        if not steps.get(name) and kinds.get(name, quiet)[0] in quiet
    }
    kept = {name: [each for each in inputs if each not in bare] for name, inputs in steps.items() if name not in bare}
    reached: dict[str, set[str]] = {}
    for row in layers(kept):
        for name in row:
            inputs = kept.get(name, [])
            reached[name] = set(inputs).union(*(reached.get(each, set()) for each in inputs))
    return {
        name: tuple(
            each for each in inputs if not any(each in reached.get(other, set()) for other in inputs if other != each)
        )
        for name, inputs in kept.items()
    }


def _place(
    steps: Mapping[str, Sequence[str]], kinds: Mapping[str, tuple[str, bool]]
) -> tuple[dict[str, Node], tuple[float, float]]:
    nodes: dict[str, Node] = {}
    y = 4.0
    for layer in _ordered(steps):
        for row in _wrapped(layer):
            total = sum(_width(name) + GAP_ACROSS for name in row) - GAP_ACROSS
            x = (WIDEST_ROW - total) / 2
            for name in row:
                kind, at_fault = kinds.get(name, ("untraced", False))
                nodes[name] = Node(name, x, y, _width(name), kind, at_fault)
                x += _width(name) + GAP_ACROSS
            y += BOX_HEIGHT + GAP_WITHIN
        y += GAP_DOWN - GAP_WITHIN
    left = min(node.x for node in nodes.values()) - 4.0
    nodes = {name: Node(name, node.x - left, *_rest(node)) for name, node in nodes.items()}
    return nodes, (max(node.x + node.width for node in nodes.values()) + 4.0, y - GAP_DOWN + 4.0)


def _rest(node: Node) -> tuple[float, float, str, bool]:
    return node.y, node.width, node.kind, node.at_fault


def _ordered(steps: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Each layer sorted by the mean place of its neighbours, to and fro, so that few edges cross."""
    rows = layers(steps)
    users: dict[str, list[str]] = {}
    for name, inputs in steps.items():
        for each in inputs:
            users.setdefault(each, []).append(name)
    for sweep in range(SWEEPS_OF_ORDERING):
        neighbours: Mapping[str, Sequence[str]] = steps if sweep % 2 == 0 else users
        place = {name: (at + 0.5) / len(row) for row in rows for at, name in enumerate(row)}
        for row in rows:
            means = {name: _mean([place[each] for each in neighbours.get(name, ())], place[name]) for name in row}
            row.sort(key=means.__getitem__)
    return rows


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _wrapped(layer: Sequence[str]) -> list[list[str]]:
    """A layer in rows that fit."""
    rows: list[list[str]] = [[]]
    used = 0.0
    for name in layer:
        if rows[-1] and used + _width(name) > WIDEST_ROW:
            rows.append([])
            used = 0.0
        rows[-1].append(name)
        used += _width(name) + GAP_ACROSS
    return rows


def _inscription(name: str, kind: str) -> str:
    short = name if len(name) <= 40 else name[:39] + "…"
    return f"{SYMBOLS[kind]} {short}"


def _width(name: str) -> float:
    return PADDING + LETTER * len(_inscription(name, "identical"))


def _box(node: Node) -> Markup:
    fault = ", at fault" if node.at_fault else ""
    return element(
        "g",
        element("title", f"{node.name}: {node.kind}{fault}"),
        element("rect", x=node.x, y=node.y, width=node.width, height=BOX_HEIGHT, rx=5),
        element("text", _inscription(node.name, node.kind), x=node.x + node.width / 2, y=node.y + 16, class_="middle"),
        class_=f"node {node.kind}{' fault' if node.at_fault else ''}",
    )


def _edge(source: Node, target: Node) -> Markup:
    x1, y1 = source.x + source.width / 2, source.y + BOX_HEIGHT
    x2, y2 = target.x + target.width / 2, target.y
    bend = max(20.0, abs(y2 - y1) / 2)
    d = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
    carries = source.kind in ("drift", "divergent") and target.kind in ("drift", "divergent")
    return element("path", d=d, class_="edge carries" if carries else "edge")


def _severity(pair: Pair) -> tuple[bool, int]:
    return pair.waived is None, SEVERITY.index(pair.difference)
