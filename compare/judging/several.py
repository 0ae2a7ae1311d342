"""One reference against several programs: a comparison each, one table of all."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from compare.judging.result import Comparison
from compare.outcomes import ExitCode, worst
from compare.render.account import change_text
from compare.render.text import clean

SCHEMA_VERSION = 1


def exit_code_of(results: Mapping[str, Comparison]) -> ExitCode:
    """That of the worst comparison."""
    return worst(result.exit_code for result in results.values())


def table_of(results: Mapping[str, Comparison]) -> Table:
    """A row a program: verdict, result, how many values differ, the worst of them, where it begins."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("program", overflow="fold")
    for name in ("verdict", "result", "differ", "worst ulp"):
        table.add_column(name, no_wrap=True, justify="left" if name == "verdict" else "right")
    table.add_column("first", overflow="fold")
    for name, result in results.items():
        pair = result.result_pair
        first = result.first_origin or result.first_divergence
        table.add_row(
            clean(name),
            result.verdict.value,
            change_text(pair) if pair is not None else "",
            str(len(result.differing)),
            f"{result.worst.ulps:.3g}" if result.worst is not None and result.worst.ulps is not None else "",
            clean(str(first.key)) if first else "",
        )
    return table


def print_several(results: Mapping[str, Comparison], console: Console | None = None) -> None:
    """The table on standard output."""
    (console or Console()).print(table_of(results))


def as_json(results: Mapping[str, Comparison]) -> str:
    """All of them for machines: the program -> its comparison."""
    from compare.render import json_

    documents = {name: json.loads(json_.render(result)) for name, result in results.items()}
    return json.dumps({"schema_version": SCHEMA_VERSION, "comparisons": documents}) + "\n"
