"""A comparison as notebooks and tables show it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from compare.judging.result import Comparison, Pair
from compare.render import csv_
from compare.render.account import headline, story
from compare.render.markup import element, join
from compare.render.text import cause_text, counts_text, number_text, short_values

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20
HEADINGS = ("quantity", "a", "b", "ulps", "relative", "class", "origin", "cause")


def frame_of(result: Comparison) -> pd.DataFrame:
    """Every aligned pair, leftover and finding as a row."""
    import pandas as pd

    return pd.read_csv(io.StringIO(csv_.render(result)))


def text_of(result: Comparison) -> str:
    """One line: verdict, result, first step at fault, counts."""
    first = result.first_origin or result.first_divergence
    where = f"; first at {first.key}" if first else ""
    return f"<Comparison {headline(result)}{where}; {counts_text(result)}>"


def page_of(result: Comparison) -> str:
    """HTML for a notebook's cell: the first lines and the pairs that differ."""
    telling = [pair for pair in result.pairs if pair.differs or pair.fails]
    lines = element("ul", *(element("li", line) for line in story(result))) if story(result) else None
    head = element("tr", *(element("th", heading) for heading in HEADINGS))
    table = element("table", head, *map(_row, telling[:SHOWN])) if telling else None
    more = element("p", f"{len(telling) - SHOWN} more differ") if len(telling) > SHOWN else None
    return str(
        join(element("p", element("b", headline(result))), lines, table, more, element("p", counts_text(result)))
    )


def _row(pair: Pair) -> str:
    a, b = short_values(pair)
    ulps = "" if pair.ulps is None else f"{pair.ulps:g}"
    cells = (str(pair.key), a, b, ulps, number_text(pair.relative), pair.difference.value, pair.origin.value)
    return element("tr", *(element("td", cell) for cell in (*cells, cause_text(pair))))
