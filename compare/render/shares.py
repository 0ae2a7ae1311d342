"""What makes the result differ, as bars of a page: the longest first."""

from __future__ import annotations

from compare.judging.result import Comparison, Share
from compare.render.account import change_text, place_text, share_text
from compare.render.markup import Markup, element, join
from compare.render.text import cause_text, short_values

SHOWN = 12


def shares(result: Comparison) -> Markup | None:
    """A row for each step that differs on its own: its share as a bar and in words, both values, the cause."""
    found = [share for share in result.account.shares if abs(share.fraction) >= 0.001][:SHOWN]
    if not found:
        return None
    head = [element("th", name, scope="col", role="columnheader") for name in ("share", "step", "a", "b", "cause")]
    return element(
        "table",
        element("thead", element("tr", *head, role="row"), role="rowgroup"),
        element("tbody", *(_row(result, share) for share in found), role="rowgroup"),
        class_="wide shares",
        role="table",
    )


def _row(result: Comparison, share: Share) -> Markup:
    pair = result.pairs[share.at]
    a, b = short_values(pair)
    width = min(abs(share.fraction), 1.0) * 100
    against = " against" if share.fraction < 0 else ""
    drawn_bar = element("rect", class_=f"share{against}", x=0, y=0, width=max(width, 0.5), height=6)
    told = f"share of {pair.key}: {share_text(share)}"
    shape = {"class_": "shares-bar", "viewBox": "0 0 100 6", "preserveAspectRatio": "none", "role": "img"}
    bar = element("svg", element("title", told), drawn_bar, aria_label=told, **shape)
    words = f"{share_text(share)}{', against the rest' if against else ''}"
    cells = {
        "share": join(bar, words),
        "step": join(element("code", str(pair.key)), element("span", place_text(pair), class_="soft below")),
        "a": a,
        "b": join(b, element("span", change_text(pair), class_="soft below")),
        "cause": cause_text(pair) or "cause unknown",
    }
    drawn = (
        element("td", cell, role="cell", data_label=name, class_="value" if name in "ab" else None)
        for name, cell in cells.items()
    )
    return element("tr", *drawn, role="row")
