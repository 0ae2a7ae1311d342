"""``harness cases``: what is packaged."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import DataOption

app = typer.Typer(help="The packaged cases.", no_args_is_help=True)


@app.command("list")
def list_cases() -> None:
    """Name and description of every packaged case."""
    from harness.case import load_case, packaged_case_names

    names = packaged_case_names()
    width = max(len(name) for name in names)
    for name in names:
        typer.echo(f"{name:{width}}  {load_case(name).description}")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A packaged case or a .toml file.")], data: DataOption = None
) -> None:
    """A case's command line, as it can be pasted, its pixels and where its input files come from."""
    import shlex

    from harness.case import load_case
    from harness.scratch import prepare

    case = load_case(name)
    prepared = prepare(case, data)
    typer.echo(f"{case.name}: {case.description}")
    for line in case.setup:
        typer.echo(f"setup:  {shlex.join(line)}")
    typer.echo(f"argv:   {shlex.join(case.argv)}")
    typer.echo(f"pixels: {', '.join(f'{slow} {fast}' for slow, fast in case.pixels) or 'none'} (slow fast)")
    typer.echo(f"modes:  {', '.join(case.modes)}")
    if case.covers:
        typer.echo(f"covers: {', '.join(case.covers)}")
    for item in prepared.inputs:
        typer.echo(f"input:  {item.name} ({len(item.content)} bytes) from {item.source}")
