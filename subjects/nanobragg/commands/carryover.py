"""``harness carryover``: which cell enters a pixel, and which pixel left it."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import (
    ArgvArgument,
    AtOption,
    CaseOption,
    DataOption,
    DefectOption,
    DeviceOption,
    ModeOption,
    OutDirOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)


def carryover(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    at: AtOption = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Thread count of the threaded situation.")] = 2,
    device: DeviceOption = "cpu",
    reference: ReferenceOption = None,
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Audit the carried cell around a pixel, in both programs: neighbours, mask, region, dmin, threads."""
    from harness.choices import chosen_case, chosen_sections, reports_root
    from harness.errors import WrongUse
    from harness.finding import chosen
    from harness.running.computing import Computing
    from harness.running.scratch import prepare
    from subjects.nanobragg.carryover_report import run_carryover
    from subjects.nanobragg.programs import CProgram
    from subjects.nanobragg.reference import find_reference

    subject = chosen()
    named = chosen_case(subject, case, argv)
    pixels = chosen_sections(subject, named, at)
    if len(pixels) != 1:
        raise WrongUse("carryover audits one pixel and those around it; give --pixel once")
    status = run_carryover(
        subject,
        prepare(subject, subject.switched(named, mode, defect or ()), data),
        pixels[0],
        CProgram(find_reference(reference), timeout),
        Computing(device),
        threads=threads,
        root=reports_root(out_dir),
        redact=redact,
    )
    raise typer.Exit(status)
