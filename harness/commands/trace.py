"""``harness trace``: every intermediate value of a pixel, from the PyTorch port."""

from __future__ import annotations

from harness.options import (
    ArgvArgument,
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
    PixelFileOption,
    PixelOption,
    RedactOption,
)


def trace(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    pixel: PixelOption = None,
    pixels: PixelFileOption = None,
    grid: GridOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float64",
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    out: OutOption = None,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
    full: FullOption = False,
) -> None:
    """Trace pixels through the PyTorch port and seal the trace in an evidence folder.

    Without arguments: pixel 685 1039 of the supervisor case, float64, c-parity.
    """
    from harness.choices import all_chosen_pixels, chosen_case, chosen_defects, reports_root, with_words
    from harness.scratch import prepare
    from harness.tracing import check_out, seal_trace
    from subjects.nanobragg.port import Computing, traced

    chosen = chosen_case(case, argv)
    prepared = prepare(with_words(chosen, chosen_defects(chosen, mode, defect or ())), data)
    chosen_pixels = all_chosen_pixels(prepared, pixel, pixels, grid)
    check_out(out)
    seal_trace(
        lambda: traced(prepared, chosen_pixels, Computing(device, dtype)),
        prepared,
        chosen_pixels,
        side="py",
        root=reports_root(out_dir),
        out=out,
        redact=redact,
        full=full,
    )
