"""``harness reference simulate`` and ``build``: the C program run in the working folder, and compiled."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import ArgvArgument, ReferenceOption


def simulate(
    argv: ArgvArgument = None,
    reference: ReferenceOption = None,
    png: Annotated[str | None, typer.Option("--png", metavar="FILE", help="Also draw the image.")] = None,
) -> None:
    """Run the C program in the working folder, as if it had been called by its own name."""
    from subjects.nanobragg.rendering import run_reference

    raise typer.Exit(run_reference(argv or [], reference, png))


def build(
    fast: Annotated[bool, typer.Option("--fast", help="The one for timing: -O3 -march=native -ffast-math.")] = False,
) -> None:
    """Compile the C program: into reference_c/build of a checkout, else into the user's cache folder."""
    from subjects.nanobragg.reference import build as build_program

    typer.echo(f"built {build_program(fast=fast)}")
