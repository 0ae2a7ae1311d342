"""A run's report as plain ASCII Markdown: the page to read first, in a terminal or on a code host."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from compare.folders.document import Document, Section, Table, cell_text

STAND_INS = {"×": "x", "–": "-", "—": "-", "…": "...", "Å": "A", "λ": "lambda", "φ": "phi", "°": " deg", "→": "->"}


def render(document: Document, environment: Mapping[str, str], artifacts: Sequence[tuple[str, str]]) -> str:
    """The page: verdict, facts, sections, environment, what to do next, list of files (name, what it is)."""
    parts = [f"# {document.title}", f"**{document.verdict}** (exit {document.exit_code}): {document.headline}"]
    parts.append(_list(document.facts))
    for section in document.sections:
        parts += _section(section)
    if environment:
        parts += ["## Environment", _list(environment.items())]
    if document.next_steps:
        parts += ["## What to do next", "\n".join(f"- {step}" for step in document.next_steps)]
    parts += ["## Files", _list(artifacts)]
    return ascii_only("\n\n".join(part for part in parts if part)) + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"## {section.heading}", *section.paragraphs]
    if section.table:
        parts.append(_table(section.table))
    if section.plot:
        parts.append(f"Plotted in report.html: {section.plot.title}.")
    if section.preformatted:
        parts.append(_block(section.preformatted))
    if section.comparison:
        parts.append(f"Every pair, with its class: `{section.comparison}`; drawn in report.html.")
    return parts


def _list(items: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {_inline(text)}" if text else f"- {name}" for name, text in items)


def _table(table: Table) -> str:
    """Columns padded, so that it reads in a terminal too; numbers to the right."""
    rows = [[_inline(cell_text(cell, share=table.shaded)).replace("|", "\\|") for cell in row] for row in table.rows]
    numeric = [
        all(isinstance(row[at], int | float | None) for row in table.rows) and bool(rows)
        for at in range(len(table.columns))
    ]
    widths = [
        max(3, len(ascii_only(name)), *(len(ascii_only(row[at])) for row in rows))
        for at, name in enumerate(table.columns)
    ]

    def line(cells: Sequence[str]) -> str:
        padded = (
            ascii_only(cell).rjust(width) if right else ascii_only(cell).ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = (
        "-" * (width + 1) + ":" if right else "-" * (width + 2) for width, right in zip(widths, numeric, strict=True)
    )
    lines = [line(table.columns), "|" + "|".join(rule) + "|", *(line(row) for row in rows)]
    return "\n".join([*([table.caption, ""] if table.caption else []), *lines])


def _block(text: str) -> str:
    """A code block that its content cannot end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _inline(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def ascii_only(text: str) -> str:
    """Printable ASCII and newlines: other letters lose their accents or become their code point's number."""
    for letter, stand_in in STAND_INS.items():
        text = text.replace(letter, stand_in)
    plain = unicodedata.normalize("NFKD", text)
    kept = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c == "\n" or " " <= c <= "~" else f"<U+{ord(c):04X}>" for c in kept)
