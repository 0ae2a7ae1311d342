"""``compare report FOLDER``: draw the pages of an evidence folder again, from the data in it."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

EXIT_BAD_INPUT = 2


def report(
    folder: Annotated[Path, typer.Argument(help="A sealed evidence folder.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A new folder for the pages.", show_default="NAME_report in the working folder"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Say what was written as JSON.")] = False,
) -> None:
    """Render diagnostics.md and report.html anew; the folder itself is not touched, and must verify."""
    from compare.errors import InputError
    from compare.folders.bundle import DOES_NOT_VERIFY, verify
    from compare.folders.run_report import render_pages
    from compare.progress import working

    place = out or Path(f"{folder.resolve().name}_report")
    try:
        outcome = verify(folder)
        if not outcome.sealed:
            for finding in outcome.findings:
                typer.echo(f"FAILED {folder}: {finding}", err=True)
            raise typer.Exit(DOES_NOT_VERIFY)
        with working("drawing the pages"):
            pages = render_pages(folder)
        place.mkdir(parents=True)
        for name, text in pages.items():
            (place / name).write_text(text, "utf-8")
    except FileExistsError as error:
        typer.echo(f"compare report: {place} is there already; name a new folder with --out", err=True)
        raise typer.Exit(EXIT_BAD_INPUT) from error
    except (InputError, OSError) as error:
        typer.echo(f"compare report: {error}", err=True)
        raise typer.Exit(EXIT_BAD_INPUT) from error
    if json:
        typer.echo(dumps({"folder": str(folder), "out": str(place), "written": list(pages)}))
        return
    typer.echo(f"wrote {', '.join(pages)} to {place}")
