"""A comparison as one self-contained HTML page: no scripts, no outside requests, inline SVG.

The page is meant for a phone, a wide screen, paper, the keyboard and a screen reader alike: colours never stand
alone (every class is also written out), drawings have titles, and their numbers stand in tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from compare.judging.keys import NOWHERE
from compare.judging.result import Comparison, Pair, Verdict
from compare.render.account import headline, story
from compare.render.markup import Markup, element, join
from compare.render.plots import class_of, sweep_plot, ulps_bar
from compare.render.shares import shares
from compare.render.step_graph import SYMBOLS, step_graph, step_kinds, traced_steps
from compare.render.sweeps import Sweep, sweeps
from compare.render.text import (
    cause_text,
    clean,
    counts_text,
    fork_text,
    number_text,
    origin_text,
    pair_sentence,
    value_text,
    waiver_text,
)

SHOWN = 500  # rows of a table
STYLE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
COLUMNS = ("quantity", "a", "b", "ulps", "relative", "class", "origin", "cause")
NUMBERS = ("ulps", "relative")


def render(result: Comparison) -> str:
    """The page, UTF-8."""
    title = f"{result.verdict.value}: comparison of two traces"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE.read_text("utf-8"))),
    )
    sections = [
        _shares(result),
        _ulps(result),
        _sweeps(result),
        _graph(result),
        _differing(result),
        _unpaired(result),
        _all(result),
    ]
    body = element(
        "body",
        element("a", "Skip to the differing quantities", class_="skip", href="#differing"),
        element("header", element("h1", "Comparison of two traces"), _verdict(result), _facts(result)),
        element("main", *sections),
    )
    return "<!DOCTYPE html>\n" + element("html", head, body, lang="en") + "\n"


# ---------------------------------------------------------------- what to read first


def _verdict(result: Comparison) -> Markup:
    lines = [element("p", line) for line in story(result)]
    parity = " parity" if result.verdict is Verdict.PARITY else ""
    said = element("strong", _capital(headline(result)) + ".")
    return element("div", said, *lines, class_=f"verdict{parity}", role="status")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _shares(result: Comparison) -> Markup | None:
    table = shares(result)
    if table is None:
        return None
    pair = result.result_pair
    return _section(f"What makes {pair.key.name} differ" if pair is not None and pair.differs else "Causes", table)


def _facts(result: Comparison) -> Markup:
    facts = [
        (
            f"{name} ({role})",
            f"{', '.join(side.paths)}: {side.trace_lines} trace lines, {side.quantities} quantities, "
            f"{side.digits} digits",
        )
        for name, role, side in zip("ab", ("reference", "under test"), result.sides, strict=True)
    ]
    facts += [("classes", counts_text(result)), ("coverage", str(result.coverage))]
    facts.append(("tolerances", result.tolerance_source))
    facts.append(("origins", "established by replay" if result.replayed else "not replayed"))
    facts.append(("left out", ", ".join(f"{many} {kind.value}" for kind, many in result.omitted.items() if many)))
    for item in result.metadata:
        section = f" ({item.section})" if item.section else ""
        facts.append((clean(item.name + section), f"{value_text(item.a) or '—'} | {value_text(item.b) or '—'}"))
    facts += [(remark.kind, remark.message) for remark in result.warnings]
    return _list(facts)


def _list(facts: Iterable[tuple[str, str]]) -> Markup:
    rows = [join(element("dt", name), element("dd", text, class_="value")) for name, text in facts if text]
    return element("dl", *rows, class_="facts")


# ---------------------------------------------------------------- drawings


def _ulps(result: Comparison) -> Markup | None:
    if not result.pairs:
        return None
    scale = element("div", *(element("span", text) for text in ("10¹⁶", "10¹²", "10⁸", "10⁴", "0")), class_="scale")
    drawing = element("div", scale, ulps_bar(result), class_="scaled")
    words = "Each column is one quantity, from the first line of the trace to the last; its height is the distance of "
    words += "the two sides in units in the last place (logarithmic). Full height without a number: words, NaN."
    caption = element("figcaption", words, class_="soft")
    kinds = sorted({class_of(pair) for pair in result.pairs}, key=list(SYMBOLS).index)
    return _section("Ulps in execution order", element("figure", drawing, _legend(kinds), caption))


def _legend(kinds: Iterable[str]) -> Markup:
    items = [element("li", element("span", class_=f"swatch bg-{kind}", aria_hidden="true"), kind) for kind in kinds]
    return element("ul", *items, class_="legend")


def _sweeps(result: Comparison) -> Markup | None:
    found = sweeps(result)
    if not found:
        return None
    sides = (("a, reference", "wide"), ("b, under test", "wide dashed"))
    legend = [
        element("li", element("span", class_=f"swatch {style}", aria_hidden="true"), name) for name, style in sides
    ]
    names = " and ".join(dict.fromkeys(sweep.index for sweep in found))
    cards = element("div", *(_card(sweep) for sweep in found), class_="cards")
    return _section(f"Both sides over {names}", element("ul", *legend, class_="legend"), cards)


def _card(sweep: Sweep) -> Markup:
    place = ", ".join(text for text in (sweep.record, sweep.fixed) if text)
    unit = f" ({sweep.unit})" if sweep.unit else ""
    caption = element("figcaption", element("h3", sweep.title + unit), element("span", place, class_="soft"))
    rows = [
        element(
            "tr",
            element("th", str(step), scope="row"),
            element("td", f"{a:.17g}", class_="number"),
            element("td", f"{b:.17g}", class_="number"),
            element("td", number_text(pair.ulps), class_="number"),
        )
        for step, a, b, pair in zip(sweep.steps, sweep.values("a"), sweep.values("b"), sweep.pairs, strict=True)
    ]
    head = element("tr", *(element("th", name, scope="col") for name in (sweep.index, "a", "b", "ulps")))
    table = element("table", element("thead", head), element("tbody", *rows[:SHOWN]))
    numbers = element("details", element("summary", "Numbers"), element("div", table, class_="scroll", tabindex="0"))
    return element("figure", caption, sweep_plot(sweep), numbers)


def _graph(result: Comparison) -> Markup | None:
    drawing = step_graph(result)
    if drawing is None:
        return None
    kinds, steps = step_kinds(result), traced_steps(result)
    items = [
        element("li", element("code", name), f" ({kinds.get(name, ('untraced', False))[0]}) from {', '.join(inputs)}")
        for name, inputs in steps.items()
        if inputs
    ]
    names = {name for name, inputs in steps.items() for name in (name, *inputs)}
    shown = sorted({kinds.get(name, ("untraced", False))[0] for name in names}, key=list(SYMBOLS).index)
    region = element(
        "div", drawing, class_="scroll", role="region", tabindex="0", aria_label="Graph of steps, scrolls sideways"
    )
    words = "Inputs stand above the steps that use them. A filled box is a step at fault; dashed: not in the logs. "
    words += "Constants that do not differ and edges that a longer way tells are left out; the list has them."
    caption = element("figcaption", words, class_="soft")
    listed = element("details", element("summary", "The same as a list"), element("ul", *items))
    return _section("Graph of steps", element("figure", region, _legend(shown), caption), listed)


# ---------------------------------------------------------------- tables


def _differing(result: Comparison) -> Markup:
    telling = [pair for pair in result.pairs if pair.differs or pair.fails or pair.waived]
    if not telling:
        none = element("p", "None: every pair is identical or within rounding.")
        return _section("Differing quantities", none, id_="differing")
    return _section("Differing quantities", _table(telling, "In execution order."), id_="differing")


def _all(result: Comparison) -> Markup | None:
    rest = [pair for pair in result.pairs if not (pair.differs or pair.fails or pair.waived)]
    if not rest:
        return None
    summary = element("summary", f"Identical or within rounding: {len(rest)}")
    return _section("The rest", element("details", summary, _table(rest, "In execution order.")), class_="rest")


def _table(pairs: Sequence[Pair], caption: str) -> Markup:
    if len(pairs) > SHOWN:
        caption += f" The first {SHOWN} of {len(pairs)}; the CSV and JSON outputs hold them all."
    sections = {pair.key.section for pair in pairs}
    if sections == {pairs[0].key.section} != {NOWHERE}:
        caption += f" All of {clean(str(pairs[0].key.section))}."
    head = [
        element("th", name, scope="col", role="columnheader", class_="number" if name in NUMBERS else None)
        for name in COLUMNS
    ]
    # The roles keep it a table for screen readers where the style sheet turns rows into blocks.
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head, role="row"), role="rowgroup"),
        element("tbody", *(_row(pair, name_section=len(sections) > 1) for pair in pairs[:SHOWN]), role="rowgroup"),
        class_="wide",
        role="table",
    )


def _row(pair: Pair, name_section: bool) -> Markup:
    kind = class_of(pair)
    cells = {
        "a": value_text(pair.a),
        "b": value_text(pair.b),
        "ulps": number_text(pair.ulps),
        "relative": number_text(pair.relative),
        "class": element("span", kind, class_=f"tag {kind}"),
        "origin": "; ".join(text for text in (origin_text(pair), fork_text(pair)) if text),
        "cause": "; ".join(text for text in (cause_text(pair), waiver_text(pair.waived), clean(pair.note)) if text),
    }
    key = pair.key if name_section else replace(pair.key, section=NOWHERE)
    name = element("th", element("code", str(key)), scope="row", role="rowheader")
    drawn = [
        element(
            "td",
            text,
            role="cell",
            data_label=column,
            class_="number" if column in NUMBERS else "value" if column in "ab" else None,
        )
        for column, text in cells.items()
    ]
    return element("tr", name, *drawn, role="row", title=pair_sentence(pair) if pair.fails else None)


def _unpaired(result: Comparison) -> Markup | None:
    items = [
        element(
            "li",
            f"only in {each.side.value} ({each.status.value}): ",
            element("code", str(each.key)),
            f" = {value_text(each.value)}",
        )
        for each in result.leftovers[:SHOWN]
    ]
    items += [
        element("li", "ambiguous: ", element("code", str(each.key)), f" {clean(each.message)}")
        for each in result.ambiguities[:SHOWN]
    ]
    hidden = len(result.leftovers) + len(result.ambiguities) - len(items)
    if hidden:
        items.append(element("li", f"and {hidden} more"))
    return _section("Not paired", element("ul", *items)) if items else None


def _section(heading: str, *children: Markup, **attributes: str) -> Markup:
    return element("section", element("h2", heading), *children, **attributes)
