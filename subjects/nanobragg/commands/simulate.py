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
) -> None:
    """Render an image: same flags, same files in the working folder as the reference program."""
    from harness.computing import Computing
    from subjects.nanobragg.rendering import run_port

    raise typer.Exit(run_port(argv or [], Computing(device, dtype, compile, memory), png))
