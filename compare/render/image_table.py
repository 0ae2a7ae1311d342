"""An image comparison for people at a terminal."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from compare.imaging.comparison import ImageComparison, Source
from compare.imaging.peaks import PeakShift
from compare.imaging.statistics import Bin, Extreme, Statistics
from compare.judging.result import Verdict


def print_table(comparison: ImageComparison, console: Console | None = None) -> None:
    """Print the verdict, the figures, the histogram of ulps and the peaks."""
    console = console or Console(highlight=False)
    colour = "green" if comparison.verdict is Verdict.PARITY else "red"
    console.print(f"[bold {colour}]{comparison.verdict.value}[/]")
    for reason in (*comparison.reasons, *comparison.remarks):
        console.print(f"  {escape(reason)}", soft_wrap=True)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    for name, text in _rows(comparison):
        table.add_row(name, escape(text))
    console.print(table)
    if comparison.statistics is not None:
        console.print(_histogram(comparison.statistics))
    if comparison.peaks:
        console.print(_peaks(comparison.peaks))


def _rows(comparison: ImageComparison) -> list[tuple[str, str]]:
    rows = [("A", _source(comparison.a)), ("B", _source(comparison.b))]
    if comparison.roi is not None:
        rows.append(("region", "rows {}:{}, columns {}:{}".format(*comparison.roi)))
    return rows if comparison.statistics is None else rows + _figures(comparison.statistics)


def _figures(figures: Statistics) -> list[tuple[str, str]]:
    within = ", ".join(f"{step}: {_share(count, figures)}" for step, count in figures.within_ulps.items())
    one_side, both = figures.not_finite_one_sided, figures.not_finite_both
    return [
        ("pixels", f"{figures.pixels} compared, {figures.masked} masked"),
        ("equal", _share(figures.equal, figures)),
        ("within ulps", within),
        ("outside the tolerance", str(figures.outside)),
        ("NaN or infinite", f"{one_side} on one side, {both} on both"),
        ("largest difference", _extreme(figures.largest_absolute)),
        ("largest relative", _extreme(figures.largest_relative)),
        ("zero in A, not in B", str(figures.appeared)),
        ("correlation", _number(figures.correlation)),
        ("RMSE", _number(figures.rmse)),
        ("sum B / sum A", _number(figures.sum_ratio)),
    ]


def _histogram(figures: Statistics) -> Table:
    table = Table(title="float32 ulps apart", title_justify="left")
    for heading in ("ulps", "pixels", "share"):
        table.add_column(heading, justify="right")
    for bin_ in figures.histogram:
        if bin_.count:
            table.add_row(_range(bin_), str(bin_.count), f"{bin_.count / figures.pixels:.4%}")
    return table


def _peaks(peaks: tuple[PeakShift, ...]) -> Table:
    table = Table(title="strongest peaks of A, and where B has them", title_justify="left")
    for heading in ("slow", "fast", "A", "B", "shift slow", "shift fast"):
        table.add_column(heading, justify="right")
    for peak in peaks:
        shifts = (peak.shift_slow_pixels, peak.shift_fast_pixels)
        table.add_row(
            str(peak.slow),
            str(peak.fast),
            f"{peak.value_a:.6g}",
            "none" if peak.value_b is None else f"{peak.value_b:.6g}",
            *("" if shift is None else f"{shift:+.4f}" for shift in shifts),
        )
    return table


def _source(source: Source) -> str:
    slow, fast = source.shape
    said = "" if source.size_source == "the file" else f", size from {source.size_source}"
    return f"{source.path} ({source.format}, {source.dtype}, {slow} x {fast}{said})"


def _share(count: int, figures: Statistics) -> str:
    return f"{count} ({count / figures.pixels:.4%})"


def _extreme(extreme: Extreme | None) -> str:
    if extreme is None:
        return "none"
    return f"{extreme.value:.6g} at ({extreme.slow}, {extreme.fast}): {extreme.a:.9g} and {extreme.b:.9g}"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.12g}"


def _range(bin_: Bin) -> str:
    if not math.isfinite(bin_.high):
        return "infinite"
    low, high = int(bin_.low), int(bin_.high)
    return str(low) if low == high else f"{low} to {high}"
