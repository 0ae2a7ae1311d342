"""``harness devices``: the same trace on every device and in every dtype."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import (
    ArgvArgument,
    CaseOption,
    DataOption,
    DefectOption,
    ModeOption,
    OutDirOption,
    PixelOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)


def devices(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    pixel: PixelOption = None,
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
    """Trace on CPU and CUDA, in float64, mixed and float32, and compare with each other and with the reference.

    Exit 3 where there is no CUDA device, unless --allow-missing-cuda.
    """
    from harness.choices import chosen_case, chosen_defects, chosen_pixels, reports_root, with_words
    from harness.devices_report import available_devices, run_devices
    from harness.scratch import prepare
    from subjects.nanobragg.reference import find_reference

    chosen = chosen_case(case, argv)
    pixels = chosen_pixels(chosen, pixel)
    prepared = prepare(with_words(chosen, chosen_defects(chosen, mode, defect or ())), data)
    status = run_devices(
        prepared,
        pixels,
        find_reference(reference),
        devices=available_devices(),
        allow_missing_cuda=allow_missing_cuda,
        timeout_s=timeout,
        root=reports_root(out_dir),
        redact=redact,
    )
    raise typer.Exit(status)
