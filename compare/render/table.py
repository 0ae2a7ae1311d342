"""A comparison on a terminal."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, cast

from compare.judging.keys import NOWHERE
from compare.judging.result import Comparison, DifferenceClass, Leftover, Origin, Pair, Side, Verdict
from compare.render.account import headline, story
from compare.render.text import (
    FIRST_REMARKS,
    cause_text,
    clean,
    counts_text,
    fork_text,
    number_text,
    waiver_text,
    without_commands,
)

if TYPE_CHECKING:  # rich takes long to import, and a pipe without a table does without it
    from rich.console import Console
    from rich.table import Table

MOST_ROWS = 40
MOST_NAMES = 12
NARROW = 110  # columns; below it each pair takes a few lines instead of a row
OTHER_COLUMNS = 60  # that the table needs beside both values
PIPE_WIDTH = 160

CLASS_STYLES = {
    DifferenceClass.IDENTICAL: "dim",
    DifferenceClass.ROUNDING: "green",
    DifferenceClass.DRIFT: "yellow",
    DifferenceClass.DIVERGENT: "red",
    DifferenceClass.INCOMPARABLE: "magenta",
}
VERDICT_STYLES = {
    Verdict.PARITY: "bold green",
    Verdict.DIVERGENCE: "bold red",
    Verdict.UNRESOLVED: "bold red",
    Verdict.INCOMPLETE: "bold yellow",
    Verdict.NOTHING_COMPARED: "bold yellow",
}


def print_comparison(result: Comparison, *, everything: bool = False, console: Console | None = None) -> None:
    """Verdict, what a reader must know, the differing pairs, coverage. ``everything`` lists all pairs."""
    pairs = (
        result.pairs
        if everything
        else [pair for pair in result.pairs if pair.differs or pair.incomparable or pair.waived]
    )
    shown = pairs if everything else pairs[:MOST_ROWS]
    if not shown and console is None and not sys.stdout.isatty():
        _print_lines([headline(result), *(f"  {line}" for line in story(result)), "", *_summary(result, everything)])
        return
    _print_table(result, shown, console or _console(), everything=everything, more=len(pairs) - len(shown))


def _print_lines(lines: Sequence[str]) -> None:
    """What a pipe gets where nothing is to be tabulated."""
    _Piped(sys.stdout).write("".join(f"{line}\n" for line in lines))


def _print_table(result: Comparison, shown: Sequence[Pair], console: Console, *, everything: bool, more: int) -> None:
    from rich.text import Text

    whole_lines = not console.is_terminal  # a pipe breaks none
    console.print(Text(headline(result), VERDICT_STYLES[result.verdict]), soft_wrap=whole_lines)
    for line in story(result):
        console.print(Text(f"  {line}"), soft_wrap=whole_lines)
    if shown:
        shorten = _Names(result.pairs)
        console.print()
        wide = console.width >= max(NARROW, _width(shown) + OTHER_COLUMNS)
        console.print(_table(shown, shorten)) if wide else _list(shown, shorten, console)
    if more:
        console.print(Text(f"... {more} more differ; --all lists every pair"))
    console.print()
    for line in _summary(result, everything):
        console.print(Text(line), soft_wrap=whole_lines)


class _Names:
    """Names of quantities without what all of them share: one section, loops of a single step."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        seen: dict[tuple[str, str], set[int]] = {}
        for pair in pairs:
            for index, number in pair.key.indices:
                seen.setdefault((pair.key.record, index), set()).add(number)
        self._varies = {place for place, numbers in seen.items() if len(numbers) > 1}
        self._one_section = len({pair.key.section for pair in pairs}) <= 1

    def of(self, pair: Pair) -> str:
        key = pair.key
        indices = tuple((index, n) for index, n in key.indices if (key.record, index) in self._varies)
        name = str(replace(key, indices=indices, section=NOWHERE if self._one_section else key.section))
        component = f"[{pair.component}]" if pair.component is not None and pair.differs else ""
        unit = f" ({pair.unit})" if pair.unit else ""
        return clean(f"{name}{component}{unit}")


def _console() -> Console:
    """Standard output; a pipe gets wide rows unless COLUMNS says otherwise. NO_COLOR is Rich's own concern."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal:
        return console
    width = None if "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(highlight=False, width=width, file=cast(IO[str], _Piped(sys.stdout)))


class _Piped:
    """Standard output that a runner may read: names and words of a log command it nothing."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(without_commands(text))

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def _table(pairs: Sequence[Pair], names: _Names) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("quantity", overflow="fold", ratio=3)
    for title in ("a", "b"):
        table.add_column(title, justify="right", no_wrap=True, overflow="ellipsis", min_width=12)
    for title in ("ulps", "relative"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("class", no_wrap=True)
    table.add_column("origin", overflow="fold", ratio=2)
    for pair in pairs:
        table.add_row(
            Text(names.of(pair)),
            Text(_side(pair.a, pair.component)),
            Text(_side(pair.b, pair.component)),
            Text(number_text(pair.ulps)),
            Text(number_text(pair.relative)),
            Text(pair.difference.value, CLASS_STYLES[pair.difference]),
            Text(_origin(pair)),
        )
    return table


def _width(pairs: Sequence[Pair]) -> int:
    """Columns that both values take side by side: a number is not broken in the middle."""
    longest_a = max(len(_side(pair.a, pair.component)) for pair in pairs)
    return longest_a + max(len(_side(pair.b, pair.component)) for pair in pairs)


def _list(pairs: Sequence[Pair], names: _Names, console: Console) -> None:
    """A pair a paragraph, for narrow terminals."""
    from rich.text import Text

    for pair in pairs:
        console.print(Text(names.of(pair)))
        console.print(Text(f"  a {_side(pair.a, pair.component)}"))
        console.print(Text(f"  b {_side(pair.b, pair.component)}"))
        figures = [f"{number_text(pair.ulps)} ulps"] if pair.ulps is not None else []
        figures += [f"relative {number_text(pair.relative)}"] if pair.relative is not None else []
        line = Text("  ").append(pair.difference.value, CLASS_STYLES[pair.difference])
        console.print(line.append(" ".join(["", *figures, _origin(pair)])))


def _side(value: object, component: int | None) -> str:
    """The worst component of a vector, a scalar as it is."""
    if isinstance(value, tuple):
        value = value[component] if component is not None and component < len(value) else value
    return clean(value) if isinstance(value, str) else repr(value)


def _origin(pair: Pair) -> str:
    words = [pair.origin.value if pair.origin is not Origin.NONE else ""]
    words += [f"({cause_text(pair)})" if pair.cause else "", fork_text(pair), waiver_text(pair.waived)]
    return " ".join(word for word in words if word)


def _summary(result: Comparison, everything: bool) -> list[str]:
    lines = [f"pairs: {counts_text(result)}", f"coverage: {result.coverage}"]
    if result.omitted:
        omitted = ", ".join(f"{number} {kind.value}" for kind, number in result.omitted.items())
        lines.append(f"counted but not listed: {omitted}")
    for side in Side:
        names = _names([left for left in result.leftovers if left.side is side], everything)
        if names:
            lines.append(f"only in {side.value}: {names}")
    lines += [clean(f"note: {remark.message}") for remark in result.warnings if remark.kind not in FIRST_REMARKS]
    differing = [m for m in result.metadata if m.a != m.b and m.a is not None and m.b is not None]
    if differing:
        stated = ", ".join(clean(f"{m.name} {m.a} / {m.b}") for m in differing)
        lines.append(f"metadata a / b: {stated}")
    lines.append(clean(f"tolerances: {result.tolerance_source}"))
    if not result.replayed and result.differing:
        lines.append("no step was replayed: an origin is stated only where a step's inputs agree")
    return lines


def _names(leftovers: Sequence[Leftover], everything: bool) -> str:
    """Names with how often each is left over."""
    counts = Counter(f"{each.key.record}.{each.key.name}" if each.key.record else each.key.name for each in leftovers)
    texts = [clean(name if count == 1 else f"{name} x {count}") for name, count in counts.items()]
    if everything or len(texts) <= MOST_NAMES:
        return ", ".join(texts)
    return ", ".join(texts[:MOST_NAMES]) + f", and {len(texts) - MOST_NAMES} more names"
