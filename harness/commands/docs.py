"""``harness docs``: the pages of the documentation, on the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from harness import completion


def docs(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A page; without one all are listed.", autocompletion=completion.pages),
    ] = None,
) -> None:
    """Print a page of the documentation."""
    from harness.documentation import page, pages

    if name is None:
        found = pages()
        width = max(len(stem) for stem in found)
        for stem, title in found.items():
            typer.echo(f"{stem:{width}}  {title}")
        return
    typer.echo(page(name), nl=False)
