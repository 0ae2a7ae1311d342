"""``harness minimise``: the smallest case on which the same step is still at fault."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import (
    ArgvArgument,
    CaseOption,
    DataOption,
    ModeOption,
    PixelOption,
    ReferenceOption,
    TimeoutOption,
)


def minimise(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    pixel: PixelOption = None,
    mode: ModeOption = None,
    defect: Annotated[
        list[str] | None,
        typer.Option("--defect", metavar="NAME=on|off", help="Switch one defect of the port alone; may be repeated."),
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option("--fault", metavar="MODULE:NAME", help="A Python function that breaks the port when called."),
    ] = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The smaller case; - for standard output.")] = "-",
    reference: ReferenceOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
) -> None:
    """Shrink a failing case while the first step at fault stays the same, and write what is left as a case file.

    Exit status: 0 a smaller case was written; 2 wrong use; 3 the case does not fail; 4 the reference program failed.
    """
    from harness.choices import chosen_case, chosen_defects, chosen_pixels
    from harness.minimising import Shrinking, apply_fault, case_text, shrink
    from harness.tracing import check_out, write_out
    from subjects.nanobragg.reference import find_reference

    chosen = chosen_case(case, argv)
    at = chosen_pixels(chosen, pixel)[0]
    check_out(out)
    words = chosen_defects(chosen, mode, defect or ())
    with apply_fault(fault):
        options = " ".join([*([f"--mode {mode}"] if mode else []), *(f"--defect {one}" for one in defect or ())])
        task = Shrinking(chosen, at, words, find_reference(reference), data, timeout, options)
        smaller = shrink(task, report=_say)
    write_out(out, case_text(smaller))


def _say(line: str) -> None:
    typer.echo(line, err=True)
