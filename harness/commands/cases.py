"""``harness cases``: what is packaged."""

from __future__ import annotations

from typing import Annotated

import typer

from harness import completion
from harness.options import DataOption

app = typer.Typer(help="The subject's cases.", no_args_is_help=True)


@app.command("list")
def list_cases() -> None:
    """Name and description of every case of the subject."""
    from harness.finding import chosen

    subject = chosen()
    names = subject.case_names()
    width = max(len(name) for name in names)
    for name in names:
        typer.echo(f"{name:{width}}  {subject.case(name).description}")


@app.command("show")
def show(
    name: Annotated[
        str, typer.Argument(help="A case of the subject or a .toml file.", autocompletion=completion.cases)
    ],
    data: DataOption = None,
) -> None:
    """A case's command line, as it can be pasted, its sections and where its input files come from."""
    import shlex

    from harness.case import section_text
    from harness.choices import modes_of, named_case
    from harness.finding import chosen
    from harness.running.scratch import prepare

    subject = chosen()
    case = named_case(subject, name)
    prepared = prepare(subject, case, data)
    typer.echo(f"{case.name}: {case.description}")
    for line in case.setup:
        typer.echo(f"setup:  {shlex.join(line)}")
    typer.echo(f"argv:   {shlex.join(case.argv)}")
    sections = ", ".join(map(section_text, case.sections)) or "none"
    typer.echo(f"{subject.section_word}s: {sections} ({' '.join(subject.keys)})")
    typer.echo(f"modes:  {', '.join(modes_of(subject, case))}")
    if case.covers:
        typer.echo(f"covers: {', '.join(case.covers)}")
    for item in prepared.inputs:
        typer.echo(f"input:  {item.name} ({len(item.content)} bytes) from {item.source}")
