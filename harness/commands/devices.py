"""``harness devices``: the same trace on every device and in every dtype."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import (
    ArgvArgument,
    AtOption,
    CaseOption,
    DataOption,
    DefectOption,
    ModeOption,
    OutDirOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)


def devices(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    at: AtOption = None,
    allow_missing_cuda: Annotated[
        bool, typer.Option("--allow-missing-cuda", help="Exit 0 though there is no CUDA device.")
    ] = False,
    reference: ReferenceOption = None,
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Trace on every device and in every dtype, and compare with each other and with the reference.

    Exit 3 where there is no CUDA device, unless --allow-missing-cuda.
    """
    from harness.choices import chosen_case, chosen_sections, reports_root
    from harness.finding import chosen
    from harness.questions.devices_report import run_devices
    from harness.running.scratch import prepare

    subject = chosen()
    named = chosen_case(subject, case, argv)
    sections = chosen_sections(subject, named, at)
    status = run_devices(
        subject,
        prepare(subject, subject.switched(named, mode, defect or ()), data),
        sections,
        subject.reference(reference, timeout),
        devices=subject.devices(),
        allow_missing_cuda=allow_missing_cuda,
        timeout_s=timeout,
        root=reports_root(out_dir),
        redact=redact,
    )
    raise typer.Exit(status)
