"""``harness trace``: every intermediate value of a section, from the port."""

from __future__ import annotations

from harness.options import (
    ArgvArgument,
    AtOption,
    CaseOption,
    DataOption,
    DefectOption,
    DeviceOption,
    DtypeOption,
    FullOption,
    GridOption,
    ModeOption,
    OutDirOption,
    OutOption,
    RedactOption,
    SectionFileOption,
    TimeoutOption,
)


def trace(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    at: AtOption = None,
    sections_file: SectionFileOption = None,
    grid: GridOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float64",
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out: OutOption = None,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
    full: FullOption = False,
) -> None:
    """Trace sections of a case through the port and seal the trace in an evidence folder.

    Without arguments: the first section of the default case.
    """
    from harness.choices import all_chosen_sections, chosen_case, reports_root
    from harness.finding import chosen
    from harness.questions.tracing import check_out, seal_trace
    from harness.running.computing import Computing
    from harness.running.scratch import prepare

    subject = chosen()
    prepared = prepare(subject, subject.switched(chosen_case(subject, case, argv), mode, defect or ()), data)
    sections = all_chosen_sections(subject, prepared, at, sections_file, grid)
    check_out(out)
    seal_trace(
        subject,
        subject.port(Computing(device, dtype), timeout),
        prepared,
        sections,
        root=reports_root(out_dir),
        out=out,
        redact=redact,
        full=full,
    )
