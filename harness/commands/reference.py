"""``harness reference``: build the C program, trace with it, render with it."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import (
    ArgvArgument,
    CaseOption,
    DataOption,
    DefectOption,
    FullOption,
    GridOption,
    ModeOption,
    OutDirOption,
    OutOption,
    PixelFileOption,
    PixelOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)

app = typer.Typer(help="The C reference program: build it, trace or render with it.", no_args_is_help=True)


@app.command("trace")
def trace(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    pixel: PixelOption = None,
    pixels: PixelFileOption = None,
    grid: GridOption = None,
    reference: ReferenceOption = None,
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out: OutOption = None,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
    full: FullOption = False,
) -> None:
    """Trace pixels through the C program, run in a scratch folder that holds just the case's inputs."""
    from harness.choices import all_chosen_pixels, chosen_case, chosen_defects, reports_root, with_words
    from harness.scratch import prepare
    from harness.tracing import check_out, seal_trace
    from subjects.nanobragg.reference import find_reference, traced

    chosen = chosen_case(case, argv)
    words = chosen_defects(chosen, mode, defect or ())
    prepared = prepare(with_words(chosen, words), data)
    chosen_pixels = all_chosen_pixels(prepared, pixel, pixels, grid)
    check_out(out)
    program = find_reference(reference)
    seal_trace(
        lambda: traced(program, prepared, chosen_pixels, timeout_s=timeout),
        prepared,
        chosen_pixels,
        side="c",
        root=reports_root(out_dir),
        out=out,
        redact=redact,
        full=full,
        program=program,
    )


@app.command("simulate")
def simulate(
    argv: ArgvArgument = None,
    reference: ReferenceOption = None,
    png: Annotated[str | None, typer.Option("--png", metavar="FILE", help="Also draw the image.")] = None,
) -> None:
    """Run the C program in the working folder, as if it had been called by its own name."""
    from subjects.nanobragg.rendering import run_reference

    raise typer.Exit(run_reference(argv or [], reference, png))


@app.command("build")
def build(
    fast: Annotated[bool, typer.Option("--fast", help="The one for timing: -O3 -march=native -ffast-math.")] = False,
) -> None:
    """Compile the C program: into reference_c/build of a checkout, else into the user's cache folder."""
    from subjects.nanobragg.reference import build as build_program

    typer.echo(f"built {build_program(fast=fast)}")
