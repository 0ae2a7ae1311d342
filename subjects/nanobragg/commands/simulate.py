"""``harness simulate``: the PyTorch port as a drop-in replacement of the reference program."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import ArgvArgument, CompileOption, DeviceOption, DtypeOption, MemoryOption


def simulate(
    argv: ArgvArgument = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float64",
    compile: CompileOption = "auto",
    memory: MemoryOption = "1GiB",
    png: Annotated[str | None, typer.Option("--png", metavar="FILE", help="Also draw the image.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what the reference ignores: unknown flags, stray words, 70mm.")
    ] = False,
) -> None:
    """Render an image: same flags, same files in the working folder as the reference program.

    Words that the reference ignores are warnings. -trace_pixel, -trace_file, -trace_only and -printout are obeyed.
    """
    from harness.running.computing import Computing
    from subjects.nanobragg.rendering import run_port

    words = [*(["--strict"] if strict else []), *(argv or [])]
    raise typer.Exit(run_port(words, Computing(device, dtype, compile, memory), png))
