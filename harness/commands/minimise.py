"""``harness minimise``: the smallest case on which the same step is still at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.options import (
    ArgvArgument,
    AtOption,
    CaseOption,
    DataOption,
    ModeOption,
    OutDirOption,
    PortDefectOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)

if TYPE_CHECKING:
    from harness.case import Case


def minimise(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    at: AtOption = None,
    mode: ModeOption = None,
    defect: PortDefectOption = None,
    fault: Annotated[
        str | None,
        typer.Option("--fault", metavar="MODULE:NAME", help="A Python function that breaks the port when called."),
    ] = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The smaller case; - for standard output.")] = "-",
    reference: ReferenceOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Shrink a failing case while the first step at fault stays the same, and write what is left as a case file.

    Exit status: 0 a smaller case was written; 2 wrong use; 3 the case does not fail; 4 the reference program failed;
    130 interrupted, with the smallest case so far written.
    """
    from compare.outcomes import ExitCode
    from compare.streams import Terminated
    from harness.choices import chosen_case, chosen_sections, reports_root
    from harness.evidence.sealed_answers import seal_smaller
    from harness.finding import chosen
    from harness.questions.minimising import Shrinking, Smaller, apply_fault, case_text, shrink
    from harness.questions.tracing import check_out, write_out

    subject = chosen()
    named = chosen_case(subject, case, argv)
    section = chosen_sections(subject, named, at)[0]
    check_out(out)

    def ported(smaller: Case) -> Case:
        return subject.switched(smaller, mode, defect or ())

    ported(named)  # refuses an unknown mode or defect
    with apply_fault(fault):
        options = " ".join([*([f"--mode {mode}"] if mode else []), *(f"--defect {one}" for one in defect or ())])
        program = subject.reference(reference, timeout)
        task = Shrinking(subject, named, section, ported, program, data, timeout, options)
        said: list[str] = []
        found: list[Smaller] = []
        interrupted = False

        def say(line: str) -> None:
            said.append(line)
            typer.echo(line, err=True)

        try:
            smaller = shrink(task, report=say, keep=found.append)
        except (KeyboardInterrupt, Terminated):
            if not found:
                raise
            interrupted, smaller = True, found[-1]
            say("interrupted: the smallest case so far is kept")
    folder = seal_smaller(smaller, case_text(smaller), said, reports_root(out_dir), redact=redact)
    typer.echo(f"sealed: {folder}", err=True)
    write_out(out, case_text(smaller))
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
