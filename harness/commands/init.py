"""``harness init``: a ``parity.toml`` written from the sources in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="Where both programs lie.")] = Path(),
    argv: Annotated[
        str, typer.Option("--argv", metavar="WORDS", help="Arguments that both programs take, as one text.")
    ] = "",
    reference: Annotated[
        Path | None,
        typer.Option("--reference", metavar="FILE", help="The source with its main program, where that is not clear."),
    ] = None,
    port: Annotated[
        Path | None, typer.Option("--port", metavar="FILE", help="The same of the port; a script, say.")
    ] = None,
    run: Annotated[bool, typer.Option("--run/--no-run", help="Build and run both, to see what they print.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace a parity.toml that is there.")] = False,
) -> None:
    """Write parity.toml: how both programs are built and run, what they trace, each line explained in a comment."""
    from harness.described.initial import look, text_of
    from harness.described.trying import tried
    from harness.errors import WrongUse
    from harness.finding import FILE

    if not folder.is_dir():
        raise WrongUse(f"{folder} is not a folder; harness init takes the one in which both programs lie")
    target = folder / FILE
    if target.exists() and not force:
        raise WrongUse(f"{target} is there already; --force replaces it")
    found = look(folder, argv, reference, port)
    seen = tried(found) if run else None
    target.write_text(text_of(found, seen), "utf-8")
    typer.echo(f"wrote {target}")
    for line in (*found.unknown, *(seen.remarks if seen else ())):
        typer.echo(f"  {line}")
    typer.echo("next: `harness doctor` checks it, `harness parity` compares the two programs")
