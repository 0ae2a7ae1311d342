"""``harness carryover``: which cell enters a pixel, and which pixel left it."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import (
    ArgvArgument,
    CaseOption,
    DataOption,
    DefectOption,
    DeviceOption,
    ModeOption,
    OutDirOption,
    PixelOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)


def carryover(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    pixel: PixelOption = None,
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
    from harness.choices import chosen_case, chosen_defects, chosen_pixels, reports_root, with_words
    from harness.errors import WrongUse
    from harness.scratch import prepare
    from subjects.nanobragg.carryover_report import run_carryover
    from subjects.nanobragg.port import Computing
    from subjects.nanobragg.reference import find_reference

    chosen = chosen_case(case, argv)
    pixels = chosen_pixels(chosen, pixel)
    if len(pixels) != 1:
        raise WrongUse("carryover audits one pixel and those around it; give --pixel once")
    prepared = prepare(with_words(chosen, chosen_defects(chosen, mode, defect or ())), data)
    program = find_reference(reference)
    status = run_carryover(
        prepared,
        pixels[0],
        program,
        Computing(device),
        threads=threads,
        timeout_s=timeout,
        root=reports_root(out_dir),
        redact=redact,
    )
    raise typer.Exit(status)
