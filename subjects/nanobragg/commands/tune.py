"""``harness tune``: measure which sizes of evaluation are fastest here, and remember them."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import CompileOption, DeviceOption


def tune(
    argv: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGV...]", help="Only compile the kernels that images of this command line take."),
    ] = None,
    device: DeviceOption = "auto",
    compile: CompileOption = "auto",
    pixels: Annotated[int, typer.Option("--pixels", metavar="N", min=8, help="Measure on images of N x N.")] = 1024,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Images of each size, in turn.")] = 5,
    kernels: Annotated[
        bool, typer.Option("--kernels", help="Only compile the kernels of many kinds of experiments (CPU).")
    ] = False,
) -> None:
    """Measure how many samples x pixels to evaluate together on this device, and remember it for every later run.

    Takes some minutes, most of it compiling; --compile never measures the eager path alone. Values do not depend on
    these sizes, only time and memory do.

    With --kernels, or with a command line, kernels are compiled instead, once a machine, for later images to load; the
    first image of a kind has its own compiled in the background otherwise.
    """
    from subjects.nanobragg.tuning_report import build_and_report, tune_and_report

    if kernels or argv:
        raise typer.Exit(build_and_report(argv or ()))
    raise typer.Exit(tune_and_report(device, compile, pixels=pixels, rounds=rounds))
