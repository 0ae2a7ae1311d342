"""``compare history ROOT``: the evidence folders under a root, as a table and a plot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from compare.folders.history import Run

EXIT_BAD_INPUT = 2


def history(
    root: Annotated[
        Path | None,
        typer.Argument(help="A folder of evidence folders.", show_default="HARNESS_REPORTS or reports"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    png: Annotated[Path | None, typer.Option(help="Draw the worst ulps of each run over time.")] = None,
) -> None:
    """List runs: when, case, device, verdict, result, worst ulp, git sha; broken seals are named."""
    from compare.errors import InputError
    from compare.folders.history import as_json, draw, read_history
    from compare.progress import working

    root = root or Path(os.environ.get("HARNESS_REPORTS") or "reports")
    try:
        with working(f"reading the folders under {root}"):
            runs = read_history(root)
        if png is not None:
            draw(runs, png)
    except (InputError, OSError) as error:
        typer.echo(f"compare history: {error}", err=True)
        raise typer.Exit(EXIT_BAD_INPUT) from error
    if json:
        typer.echo(as_json(runs), nl=False)
        return
    _print_table(runs, root)


def _print_table(runs: list[Run], root: Path) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not runs:
        typer.echo(f"no evidence folder under {root}")
        return
    table = Table(title=f"{len(runs)} runs under {root}, UTC", title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column("when", no_wrap=True)
    table.add_column("case", overflow="fold", min_width=8)
    for name in ("device", "verdict", "result", "ulps", "git"):
        table.add_column(name, justify="right" if name in ("result", "ulps") else "left", no_wrap=True)
    for run in runs:
        result = "" if run.result is None else f"{run.result:.6g}"
        ulps = "" if run.worst_ulps is None else f"{run.worst_ulps:g}"
        verdict = run.verdict if run.seal == "sealed" else run.seal.upper()
        table.add_row(run.when[:16], run.case or run.folder, run.device, verdict, result, ulps, run.git_sha[:7])
    Console().print(table)
    for run in runs:
        if run.seal == "broken":
            typer.echo(f"{run.folder} does not verify; `compare verify {root / run.folder}` names the files")
        elif run.seal == "partial":
            typer.echo(f"{run.folder} was never sealed: its run was killed or is still going")
