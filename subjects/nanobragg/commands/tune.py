"""``harness tune``: measure which sizes of evaluation are fastest here, and remember them."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import CompileOption, DeviceOption


def tune(
    device: DeviceOption = "auto",
    compile: CompileOption = "auto",
    pixels: Annotated[int, typer.Option("--pixels", metavar="N", min=8, help="Measure on images of N x N.")] = 1024,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Images of each size, in turn.")] = 5,
) -> None:
    """Measure how many samples x pixels to evaluate together on this device, and remember it for every later run.

    Takes some minutes, most of it compiling; --compile never measures the eager path alone. Values do not depend on
    these sizes, only time and memory do.
    """
    from subjects.nanobragg.tuning_report import tune_and_report

    raise typer.Exit(tune_and_report(device, compile, pixels=pixels, rounds=rounds))
