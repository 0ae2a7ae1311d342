"""``harness parity``: both programs on every case, their traces and artifacts compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import completion
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
        list[str] | None,
        typer.Argument(
            metavar="[CASES...]",
            help="Names or .toml files; all of the subject if none.",
            autocompletion=completion.cases,
        ),
    ] = None,
    golden: Annotated[
        Path | None, typer.Option("--golden", metavar="DIR", help="A folder of golden figures: its cases run too.")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="Only this mode of the subject's.",
            show_default="those a case names",
            autocompletion=completion.modes,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, help="Cases at a time.", show_default="as many as processors, if there are enough"
        ),
    ] = None,
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
    """Compare both programs on cases: traces, artifacts, and golden figures where there are any."""
    from harness.choices import chosen_tasks, reports_root
    from harness.finding import chosen
    from harness.questions.parity_report import run_and_report
    from harness.running.computing import Computing

    subject = chosen()
    if subject.capture_file is not None:
        from capture.settings import read_setup
        from compare.outcomes import worst
        from harness.questions.capturing import capture_and_seal

        setup, root = read_setup(subject.capture_file), reports_root(out_dir)
        names = cases or list(setup.runs)
        raise typer.Exit(worst(capture_and_seal(setup, name, runs=2, root=root, redact=redact) for name in names))
    program = subject.reference(reference, timeout)
    port = subject.port(Computing(device, dtype, compile, memory), timeout)
    tasks = chosen_tasks(subject, cases or [], golden, mode, program, port, data)
    raise typer.Exit(run_and_report(tasks, jobs=jobs, root=reports_root(out_dir), redact=redact, verbose=verbose))
