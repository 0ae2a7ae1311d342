"""Inline SVG: a loop's values on both sides, and ulps in execution order.

Colours come from the page's style sheet, so that they follow dark mode and paper. Every drawing has a title and
a description for those who cannot see it; the numbers stand in tables beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from compare.judging.result import Comparison, DifferenceClass, Pair
from compare.render.markup import Markup, element, join
from compare.render.sweeps import Sweep
from compare.render.text import number_text

Mark = Callable[[float, float, str], Markup]

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 10, 150  # the frame of the values
STRIP_TOP, STRIP_BOTTOM = 164, 198  # ulps at each step
DECADES = 16.0  # of ulps: a factor of two in a double is 4.5e15 of them
MOST_COLUMNS = 400
MOST_BARS = 100
BAR_HEIGHT = 100.0
SEVERITY = (
    DifferenceClass.IDENTICAL,
    DifferenceClass.ROUNDING,
    DifferenceClass.DRIFT,
    DifferenceClass.INCOMPARABLE,
    DifferenceClass.DIVERGENT,
)


def class_of(pair: Pair) -> str:
    """The style-sheet class that colours a pair."""
    return "waived" if pair.waived else pair.difference.value


def sweep_plot(sweep: Sweep) -> Markup:
    """Values of A (line and rings) and B (dashes and crosses) over the loop index, ulps in a strip below."""
    a, b = sweep.values("a"), sweep.values("b")
    low, high = _range([value for value in (*a, *b) if math.isfinite(value)])
    first, last = sweep.steps[0], sweep.steps[-1]

    def x(step: float) -> float:
        return LEFT + 8 + (step - first) / (last - first) * (WIDTH - LEFT - RIGHT - 16)

    def y(value: float) -> float:
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    text = f"{sweep.title} over {sweep.index} from {first} to {last}, both sides, and their distance in ulps"
    return element(
        "svg",
        element("title", text),
        _frame(low, high, y),
        _curve([(x(step), y(value)) for step, value in zip(sweep.steps, a, strict=True)], "side-a", _ring),
        _curve([(x(step), y(value)) for step, value in zip(sweep.steps, b, strict=True)], "side-b", _cross),
        *(_strip_bar(x(step), pair) for step, pair in _strip(sweep)),
        element("text", "ulps", x=LEFT - 6, y=STRIP_BOTTOM - 8, class_="tick end"),
        element("text", str(first), x=x(first), y=STRIP_BOTTOM + 14, class_="tick middle"),
        element("text", str(last), x=x(last), y=STRIP_BOTTOM + 14, class_="tick middle"),
        element("text", sweep.index, x=x((first + last) / 2), y=HEIGHT - 6, class_="tick middle"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=text,
        class_="sweep",
    )


def ulps_bar(result: Comparison) -> Markup:
    """One column a pair in execution order, on a logarithmic scale; several share one where there are many.

    Stretches to any width, so it holds no text; the page writes the scale beside it.
    """
    columns = _columns(result.pairs)
    bars = [_column(at, pairs) for at, pairs in enumerate(columns)]
    lines = [
        element("line", x1=0, x2=len(columns), y1=_bar_y(10.0**n), y2=_bar_y(10.0**n), class_="grid")
        for n in (3, 6, 9, 12, 15)
    ]
    text = f"Ulps of {len(result.pairs)} quantities in execution order, coloured by class"
    return element(
        "svg",
        element("title", text),
        *lines,
        *bars,
        viewBox=f"0 0 {max(1, len(columns))} {BAR_HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=text,
        class_="ulps",
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _frame(low: float, high: float, y: Callable[[float], float]) -> Markup:
    middle, span = (low + high) / 2, 0.44 * (high - low)
    places = (middle - span, middle, middle + span)
    ticks = [
        element("text", text, x=LEFT - 6, y=y(value) + 4, class_="tick end")
        for value, text in zip(places, _tick_texts(places), strict=True)
    ]
    return join(_panel(TOP, BOTTOM), _panel(STRIP_TOP, STRIP_BOTTOM), *ticks)


def _panel(top: float, bottom: float) -> Markup:
    return element("rect", x=LEFT, y=top, width=WIDTH - LEFT - RIGHT, height=bottom - top, class_="frame")


def _tick_texts(values: Sequence[float]) -> list[str]:
    """As few digits as tell the values apart; what is 0 but for rounding is 0."""
    tiny = 1e-9 * max(abs(value) for value in values)
    rounded = [0.0 if abs(value) < tiny else value for value in values]
    for digits in range(3, 18):
        texts = [f"{value:.{digits}g}" for value in rounded]
        if len(set(texts)) == len(values):
            return texts
    return [f"{value:.17g}" for value in rounded]


def _curve(points: Sequence[tuple[float, float]], name: str, mark: Mark) -> Markup:
    """A line broken where a value is not finite, with a mark at each value."""
    finite = [point for point in points if math.isfinite(point[1])]
    path = ""
    pen_down = False
    for x, y in points:
        if math.isfinite(y):
            path += f"{'L' if pen_down else 'M'}{x:.2f} {y:.2f}"
        pen_down = math.isfinite(y)
    return join(
        element("path", d=path, class_=f"line {name}"),
        *(mark(x, y, name) for x, y in (finite if len(finite) <= 60 else ())),
    )


def _ring(x: float, y: float, name: str) -> Markup:
    return element("circle", cx=x, cy=y, r=4, class_=f"mark {name}")


def _cross(x: float, y: float, name: str) -> Markup:
    d = f"M{x - 3:.2f} {y - 3:.2f}l6 6m0 -6l-6 6"
    return element("path", d=d, class_=f"mark {name}")


def _strip(sweep: Sweep) -> list[tuple[int, Pair]]:
    """Steps with their pairs; of a long loop, the worst of each stretch."""
    along = list(zip(sweep.steps, sweep.pairs, strict=True))
    each = math.ceil(len(along) / MOST_BARS)
    return [max(along[at : at + each], key=lambda item: _share(item[1])) for at in range(0, len(along), each)]


def _strip_bar(x: float, pair: Pair) -> Markup:
    height = (STRIP_BOTTOM - STRIP_TOP) * _share(pair)
    said = element("title", f"{pair.key}: {_ulps_words(pair)}")
    return element(
        "rect", said, x=x - 2.5, y=STRIP_BOTTOM - height, width=5, height=height, class_=f"bar {class_of(pair)}"
    )


def _columns(pairs: Sequence[Pair]) -> list[list[Pair]]:
    each = max(1, math.ceil(len(pairs) / MOST_COLUMNS))
    return [list(pairs[at : at + each]) for at in range(0, len(pairs), each)]


def _column(at: int, pairs: Sequence[Pair]) -> Markup:
    worst = max(pairs, key=lambda pair: (pair.fails, SEVERITY.index(pair.difference), pair.ulps or 0.0))
    height = BAR_HEIGHT * max(_share(pair) for pair in pairs)
    more = f" (worst of {len(pairs)})" if len(pairs) > 1 else ""
    said = element("title", f"{worst.key}: {_ulps_words(worst)}{more}")
    return element("rect", said, x=at, y=BAR_HEIGHT - height, width=0.9, height=height, class_=f"bar {class_of(worst)}")


def _share(pair: Pair) -> float:
    """Height from 0 to 1: the logarithm of the ulps; full where a difference has no number of them."""
    if pair.ulps is None or not math.isfinite(pair.ulps):
        return 1.0 if pair.differs or pair.ulps is not None else 0.015
    return max(0.015, min(1.0, math.log10(1.0 + pair.ulps) / DECADES))


def _bar_y(ulps: float) -> float:
    return BAR_HEIGHT * (1 - math.log10(1.0 + ulps) / DECADES)


def _ulps_words(pair: Pair) -> str:
    said = "no number of ulps" if pair.ulps is None else f"{number_text(pair.ulps)} ulps"
    return f"{said}, {class_of(pair)}"
