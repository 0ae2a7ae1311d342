"""A run's report as data: what was run, the verdict, tables; ``report.json`` of an evidence folder.

Programs that make evidence write this; the pages that people read are rendered from it, and can be rendered again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from compare.errors import InputError

SCHEMA_VERSION = 2
Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows of cells under column names; numbers are shown to the right.

    ``shaded``: a map, whose numbers are shares from 0 to 1; they are drawn as percentages on a darker ground the
    larger they are.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    shaded: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} cells under {len(self.columns)} columns: {row}")


@dataclass(frozen=True)
class Plot:
    """Curves over a common axis, drawn in the page and written out as numbers beside it.

    ``logarithmic`` scales both axes by powers of ten; points that are not positive are left out then.
    """

    title: str
    x_label: str
    y_label: str
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    logarithmic: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs, a table, a plot, preformatted text, or the drawings of a comparison in the folder."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    plot: Plot | None = None
    preformatted: str = ""
    comparison: str = ""
    """Name of a comparison's JSON file in the folder."""


@dataclass(frozen=True)
class Summary:
    """What a list of many runs shows of this one."""

    case: str = ""
    device: str = ""
    result: float | None = None
    worst_ulps: float | None = None
    result_name: str = ""
    """The traced quantity that the programs are run for: ``result`` is its value."""


@dataclass(frozen=True)
class Document:
    """A run's report.

    Attributes:
        title: what was run.
        verdict: one or two words: parity, divergence, failed, ...
        exit_code: of the house.
        headline: the verdict in a sentence.
        facts: names and texts shown first.
        next_steps: what to do now, as commands or sentences.
    """

    title: str
    verdict: str
    exit_code: int
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    next_steps: tuple[str, ...] = ()
    summary: Summary = field(default_factory=Summary)
    schema_version: int = SCHEMA_VERSION


def to_json(document: Document) -> str:
    """The text of ``report.json``."""
    return json.dumps(asdict(document), indent=1, ensure_ascii=True) + "\n"


def from_json(text: str, where: str) -> Document:
    """The document of a ``report.json``.

    Raises:
        InputError: not such a document; ``where`` names it.
    """
    try:
        value = json.loads(text)
        if value["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version {value['schema_version']}; this program reads {SCHEMA_VERSION}")
        return Document(
            **{
                **value,
                "facts": tuple((str(name), str(said)) for name, said in value["facts"]),
                "sections": tuple(_section(section) for section in value["sections"]),
                "next_steps": tuple(value["next_steps"]),
                "summary": Summary(**value["summary"]),
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{where} is not a run's report: {error}") from error


def _section(value: Mapping[str, Any]) -> Section:
    table, plot = value["table"], value["plot"]
    return Section(
        **{
            **value,
            "paragraphs": tuple(value["paragraphs"]),
            "table": _table(table) if table else None,
            "plot": _plot(plot) if plot else None,
        }
    )


def _table(value: Mapping[str, Any]) -> Table:
    rows = tuple(tuple(row) for row in value["rows"])
    return Table(tuple(value["columns"]), rows, value["caption"], bool(value.get("shaded", False)))


def _plot(value: Mapping[str, Any]) -> Plot:
    curves: Mapping[str, Sequence[Sequence[float]]] = value["curves"]
    points = {name: tuple((float(x), float(y)) for x, y in curve) for name, curve in curves.items()}
    return Plot(**{**value, "curves": points})


def cell_text(cell: Cell, *, share: bool = False) -> str:
    """A cell in words; floats so that they read back to the same bits, shares as percentages."""
    if share and isinstance(cell, float):
        return f"{100.0 * cell:.0f} %"
    return "" if cell is None else repr(cell) if isinstance(cell, float) else str(cell)
