"""``harness parity``: both programs on every case, their traces and images compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.options import (
    CompileOption,
    DataOption,
    DeviceOption,
    DtypeOption,
    MemoryOption,
    OutDirOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)


def parity(
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="[CASES...]", help="Names or .toml files; all packaged ones if none.")
    ] = None,
    golden: Annotated[
        Path | None, typer.Option("--golden", metavar="DIR", help="A folder of golden figures: its cases run too.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", help="Only this mode: c-parity or spec.", show_default="those a case names")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Cases at a time.")] = 1,
    device: DeviceOption = "cpu",
    dtype: DtypeOption = "float64",
    compile: CompileOption = "never",
    memory: MemoryOption = "1GiB",
    reference: ReferenceOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print every check, not only failed ones.")] = False,
) -> None:
    """Compare the C program and the port on cases: traces, images, and golden figures where there are any."""
    from harness.choices import chosen_tasks, reports_root
    from harness.parity_report import run_and_report
    from subjects.nanobragg.port import Computing
    from subjects.nanobragg.reference import find_reference

    program = find_reference(reference)
    computing = Computing(device, dtype, compile, memory)
    tasks = chosen_tasks(cases or [], golden, mode, computing, program, data, timeout)
    raise typer.Exit(run_and_report(tasks, jobs=jobs, root=reports_root(out_dir), redact=redact, verbose=verbose))
