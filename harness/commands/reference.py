"""``harness reference``: trace with the reference program, and what else the subject does with it."""

from __future__ import annotations

from harness.options import (
    ArgvArgument,
    AtOption,
    CaseOption,
    DataOption,
    DefectOption,
    FullOption,
    GridOption,
    ModeOption,
    OutDirOption,
    OutOption,
    RedactOption,
    ReferenceOption,
    SectionFileOption,
    TimeoutOption,
)

HELP = "The reference program: trace with it, build it."


def trace(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    at: AtOption = None,
    sections_file: SectionFileOption = None,
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
    """Trace sections through the reference, run in a scratch folder that holds just the case's inputs."""
    from harness.choices import all_chosen_sections, chosen_case, reports_root
    from harness.finding import chosen
    from harness.questions.tracing import check_out, seal_trace
    from harness.running.scratch import prepare

    subject = chosen()
    prepared = prepare(subject, subject.switched(chosen_case(subject, case, argv), mode, defect or ()), data)
    sections = all_chosen_sections(subject, prepared, at, sections_file, grid)
    check_out(out)
    seal_trace(
        subject,
        subject.reference(reference, timeout),
        prepared,
        sections,
        root=reports_root(out_dir),
        out=out,
        redact=redact,
        full=full,
    )
