"""A run's report as one self-contained HTML page: no scripts, no outside requests, inline SVG.

For a phone, a wide screen, paper, the keyboard and a screen reader: landmarks and captions, tables that scroll within
themselves, colours that never stand alone, drawings whose numbers stand beside them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence

from compare.folders.document import Cell, Document, Section, Table, cell_text
from compare.judging.result import Comparison
from compare.render.account import headline
from compare.render.charts import chart
from compare.render.html import POLICY, STYLE
from compare.render.markup import Markup, element, join
from compare.render.plots import sweep_plot, ulps_bar
from compare.render.sweeps import Sweep, sweeps
from compare.render.text import counts_text

STYLE_HERE = STYLE.with_name("run_page.css")
Load = Callable[[str], Comparison | None]
"""Gives the comparison stored under a name in the folder, None where there is none."""
PICTURES_WITHIN = "; img-src data:"
Pictures = Sequence[tuple[str, bytes]]
"""Names and contents of PNG files."""


def render(
    document: Document,
    environment: Mapping[str, str],
    artifacts: Sequence[tuple[str, str]],
    load: Load,
    pictures: Pictures = (),
) -> str:
    """The page, UTF-8; the same parts as ``diagnostics.md``, the drawings, and the pictures among the files."""
    policy = POLICY + PICTURES_WITHIN if pictures else POLICY
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{document.verdict}: {document.title}"),
        element("style", Markup(STYLE.read_text("utf-8") + STYLE_HERE.read_text("utf-8"))),
    )
    sections = [_section(number, section, load) for number, section in enumerate(document.sections)]
    if pictures:
        sections.append(_titled("pictures", "Pictures", *(_picture(name, content) for name, content in pictures)))
    if document.next_steps:
        steps = element("ul", *(element("li", _prose(step)) for step in document.next_steps))
        sections.append(_titled("next", "What to do next", steps))
    if environment:
        sections.append(_titled("environment", "Environment", _facts(environment.items())))
    listed = element("ul", *(element("li", element("code", name), " ", _prose(text)) for name, text in artifacts))
    sections.append(_titled("files", "Files", listed))
    headings = [(f"s{number}", section.heading) for number, section in enumerate(document.sections)]
    headings += [("pictures", "Pictures")] if pictures else []
    contents = element(
        "ul", *(element("li", element("a", text, href=f"#{name}")) for name, text in [*headings, ("files", "Files")])
    )
    body = element(
        "body",
        element("a", "Skip to the sections", class_="skip", href="#main"),
        element("header", element("h1", document.title), _verdict(document), _facts(document.facts)),
        element("nav", contents, aria_label="Sections"),
        element("main", *sections, id="main"),
    )
    return "<!DOCTYPE html>\n" + element("html", head, body, lang="en") + "\n"


def _verdict(document: Document) -> Markup:
    good = " parity" if document.exit_code == 0 else ""
    said = element("strong", f"{document.verdict}.")
    sentence = element("p", f"{document.headline} (exit {document.exit_code})")
    return element("div", said, sentence, class_=f"verdict{good}", role="status")


def _facts(facts: Iterable[tuple[str, str]]) -> Markup:
    rows = [join(element("dt", name), element("dd", text, class_="value")) for name, text in facts if text]
    return element("dl", *rows, class_="facts")


def _titled(name: str, heading: str, *children: Markup | None) -> Markup:
    return element("section", element("h2", heading, id=f"{name}-h"), *children, id=name, aria_labelledby=f"{name}-h")


def _section(number: int, section: Section, load: Load) -> Markup:
    children: list[Markup | None] = [element("p", _prose(text)) for text in section.paragraphs]
    if section.table:
        children.append(_table(section.table, section.heading))
    if section.plot:
        children.append(chart(section.plot))
    if section.preformatted:
        text = element("pre", element("code", Markup(_lines(section.preformatted))))
        children.append(_scrolling(text, f"{section.heading}, text"))
    if section.comparison:
        children.append(_drawings(load(section.comparison)))
    return _titled(f"s{number}", section.heading, *children)


def _picture(name: str, content: bytes) -> Markup:
    """A PNG file, within the page: it asks nobody for anything."""
    source = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
    return element(
        "figure",
        element("img", src=source, alt=name, style="max-width: 100%; height: auto"),
        element("figcaption", element("code", name)),
    )


def _lines(text: str) -> str:
    """Escaped line by line: the escaping of one line takes newlines for stray control characters."""
    from compare.render.markup import escape

    return "\n".join(escape(line) for line in text.splitlines())


def _prose(text: str) -> Markup:
    """A sentence in which `backquotes` mark code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return join(text)
    return join(*(element("code", part) if at % 2 else part for at, part in enumerate(parts)))


def _table(table: Table, heading: str) -> Markup:
    numeric = [all(isinstance(row[at], int | float | None) for row in table.rows) for at in range(len(table.columns))]
    head = (
        element("th", name, scope="col", class_="number" if right else None)
        for name, right in zip(table.columns, numeric, strict=True)
    )
    body = element("tbody", *(_row(row, numeric, shaded=table.shaded) for row in table.rows))
    caption = element("caption", table.caption or heading, class_=None if table.caption else "unseen")
    return _scrolling(element("table", caption, element("thead", element("tr", *head)), body), heading)


def _row(row: Sequence[Cell], numeric: Sequence[bool], *, shaded: bool) -> Markup:
    first, *rest = row
    cells = [
        element(
            "td",
            cell_text(cell, share=shaded),
            class_="number" if right or shaded else None,
            style=f"--share: {cell:.3f}" if shaded and isinstance(cell, float) else None,
        )
        for cell, right in zip(rest, numeric[1:], strict=True)
    ]
    return element("tr", element("th", cell_text(first), scope="row"), *cells)


def _scrolling(child: Markup, label: str) -> Markup:
    return element("div", child, class_="scroll", role="region", tabindex="0", aria_label=f"{label}, scrolls sideways")


def _place(sweep: Sweep) -> Markup:
    words = ", ".join(text for text in (f"over {sweep.index}", sweep.record, sweep.fixed) if text)
    return element("span", words, class_="soft")


def _drawings(comparison: Comparison | None) -> Markup | None:
    if comparison is None or not comparison.pairs:
        return element("p", "Its pairs are not in this folder.") if comparison is None else None
    words = "Each column is one quantity, from the first line of the trace to the last; its height is the distance of "
    words += "the two sides in units in the last place (logarithmic)."
    bars = element("figure", ulps_bar(comparison), element("figcaption", words, class_="soft"))
    cards = [
        element("figure", element("figcaption", element("h3", each.title), _place(each)), sweep_plot(each))
        for each in sweeps(comparison)
    ]
    said = element("p", f"{headline(comparison)}. {counts_text(comparison)}.")
    legend = element("p", "Solid line: reference. Dashed line: port.", class_="soft") if cards else None
    return join(said, bars, legend, element("div", *cards, class_="cards") if cards else None)
