"""Curves of a run's report as inline SVG, with their numbers in a table beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compare.folders.document import Plot
from compare.render.markup import Markup, element
from compare.render.text import number_text

WIDTH, HEIGHT = 640.0, 360.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 14.0, 14.0, 48.0
COLOURS = 6
TICKS = 5


def chart(plot: Plot) -> Markup:
    """The plot as a figure; a point without a place on a logarithmic axis is in the table only."""
    curves = {name: [p for p in points if _drawable(p, plot)] for name, points in plot.curves.items()}
    everything = [point for points in curves.values() for point in points]
    caption = element("figcaption", element("h3", plot.title))
    if not everything:
        return element("figure", caption, element("p", "No point can be drawn."), _numbers(plot))
    across = _Axis([x for x, _ in everything], LEFT, WIDTH - RIGHT, plot.logarithmic)
    upwards = _Axis([y for _, y in everything], HEIGHT - BOTTOM, TOP, plot.logarithmic)
    parts = [*_grid(across, upwards, plot)]
    for number, (name, points) in enumerate(curves.items()):
        parts += _curve(points, name, number % COLOURS, across, upwards)
        parts.append(_key(name, number))
    drawing = element(
        "svg",
        element("title", f"{plot.title}: {plot.y_label} over {plot.x_label}"),
        *parts,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT + 18 * len(curves):g}",
        class_="chart",
        role="img",
    )
    return element("figure", caption, drawing, _numbers(plot))


def _drawable(point: tuple[float, float], plot: Plot) -> bool:
    return all(math.isfinite(c) for c in point) and (not plot.logarithmic or all(c > 0 for c in point))


class _Axis:
    """From a value to its place in the drawing."""

    def __init__(self, values: Sequence[float], start: float, end: float, logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        self.start, self.end = start, end
        scaled = [self._scaled(value) for value in values]
        low, high = min(scaled), max(scaled)
        margin = 0.04 * (high - low) or max(abs(high), 1.0) * 0.1
        self.low, self.high = low - margin, high + margin

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value

    def place(self, value: float) -> float:
        """Where a value stands, in the drawing's units."""
        return self.start + (self._scaled(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Values to mark: powers of ten, or round numbers."""
        if self.logarithmic:
            lowest, highest = math.ceil(self.low), math.floor(self.high)
            every = max(1, math.ceil((highest - lowest) / TICKS))
            powers = [10.0**power for power in range(lowest, highest + 1, every)]
            return powers or [10.0 ** ((self.low + self.high) / 2)]
        raw = (self.high - self.low) / TICKS
        base = 10.0 ** math.floor(math.log10(raw))
        step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= raw)
        first = math.ceil(self.low / step)
        return [step * number for number in range(first, math.floor(self.high / step) + 1)]


def _grid(across: _Axis, upwards: _Axis, plot: Plot) -> list[Markup]:
    frame = element("rect", x=LEFT, y=TOP, width=WIDTH - LEFT - RIGHT, height=HEIGHT - TOP - BOTTOM, class_="frame")
    parts = [frame]
    for value in upwards.ticks():
        y = upwards.place(value)
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(element("text", f"{value:.6g}", x=LEFT - 6, y=y + 4, class_="tick end"))
    for value in across.ticks():
        x = across.place(value)
        parts.append(element("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="grid"))
        parts.append(element("text", f"{value:.6g}", x=x, y=HEIGHT - BOTTOM + 16, class_="tick middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    words = f"across: {plot.x_label}; upwards: {plot.y_label}"
    return [*parts, element("text", words, x=middle, y=HEIGHT - BOTTOM + 36, class_="key middle")]


def _curve(
    points: Sequence[tuple[float, float]], name: str, colour: int, across: _Axis, upwards: _Axis
) -> list[Markup]:
    places = [(across.place(x), upwards.place(y)) for x, y in points]
    line = element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_=f"curve c{colour}")
    dots = [
        element("circle", element("title", f"{name}: {x!r}, {y!r}"), cx=cx, cy=cy, r=3, class_=f"c{colour}")
        for (x, y), (cx, cy) in zip(points, places, strict=True)
    ]
    return [line, *dots]


def _key(name: str, number: int) -> Markup:
    y = HEIGHT + 18 * number + 4
    line = element("line", x1=LEFT, x2=LEFT + 40, y1=y, y2=y, class_=f"curve c{number % COLOURS}")
    return element("g", line, element("text", name, x=LEFT + 50, y=y + 4, class_="key"))


def _numbers(plot: Plot) -> Markup:
    head = element("tr", *(element("th", name, scope="col") for name in ("curve", plot.x_label, plot.y_label)))
    rows = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", number_text(x, 17), class_="number"),
            element("td", number_text(y, 17), class_="number"),
        )
        for name, points in plot.curves.items()
        for x, y in points
    ]
    table = element("table", element("caption", plot.title), element("thead", head), element("tbody", *rows))
    region = element("div", table, class_="scroll", role="region", tabindex="0", aria_label=f"Numbers of {plot.title}")
    return element("details", element("summary", "Numbers"), region)
