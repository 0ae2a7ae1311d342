"""A comparison as Markdown, for a job summary or a comment: verdict, story, the differing quantities."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from compare.judging.result import Comparison, Pair
from compare.render.account import headline, story
from compare.render.text import (
    cause_text,
    clean,
    counts_text,
    number_text,
    short_values,
)

SHOWN = 50
HEADINGS = ("quantity", "a", "b", "ulps", "relative", "class", "origin", "cause")


def render(result: Comparison) -> str:
    """A page that reads well as plain text too."""
    parts = [f"## {_escape(headline(result))}", *_story(result), *_facts(result)]
    telling = [pair for pair in result.pairs if pair.differs or pair.fails or pair.waived]
    if telling:
        parts.append(_table(telling))
    if len(telling) > SHOWN:
        parts.append(f"{len(telling) - SHOWN} more differ; the JSON and CSV outputs list them all.")
    leftovers = [
        f"- only in {each.side.value} ({each.status.value}): {_code(str(each.key))}"
        for each in result.leftovers[:SHOWN]
    ]
    if leftovers:
        hidden = len(result.leftovers) - len(leftovers)
        parts.append("\n".join([*leftovers, *([f"- and {hidden} more"] if hidden else [])]))
    return "\n\n".join(parts) + "\n"


def _story(result: Comparison) -> list[str]:
    return ["\n".join(f"- {_escape(line)}" for line in story(result))] if story(result) else []


def _facts(result: Comparison) -> list[str]:
    facts = [
        f"- a (reference): {', '.join(_code(path) for path in result.sides[0].paths)}",
        f"- b: {', '.join(_code(path) for path in result.sides[1].paths)}",
        f"- classes: {counts_text(result)}",
        f"- coverage: {result.coverage}",
    ]
    if result.tolerance_source:
        facts.append(f"- tolerances: {_escape(result.tolerance_source)}")
    facts += [f"- {_escape(remark.kind)}: {_escape(remark.message)}" for remark in result.warnings]
    return ["\n".join(facts)]


def _table(pairs: Iterable[Pair]) -> str:
    rows = [f"| {' | '.join(HEADINGS)} |", "|---|---|---|---:|---:|---|---|---|"]
    for pair, _ in zip(pairs, range(SHOWN), strict=False):
        kind = "waived" if pair.waived else pair.difference.value
        cells = [_code(str(pair.key)), *map(_code, short_values(pair))]
        cells += [number_text(pair.ulps), number_text(pair.relative), kind, pair.origin.value]
        rows.append("| " + " | ".join([*cells, _escape(cause_text(pair))]) + " |")
    return "\n".join(rows)


def _code(text: str) -> str:
    """A code span that its content cannot end; in a table a bar must be escaped even there."""
    text = clean(text)
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")


def _escape(text: str) -> str:
    """Plain words: no markup, no link, no mention (code hosts look for those after unescaping)."""
    text = re.sub(r"([\\`*_{}\[\]()#|~!])", r"\\\1", html.escape(clean(text), quote=False))
    return text.replace("@", "@\u200b").replace("://", "&#58;//").replace("www.", "www&#46;")
