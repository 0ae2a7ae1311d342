"""``harness gradcheck``: are the gradients those of finite differences?"""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import ArgvArgument, CaseOption, DataOption, DeviceOption, OutDirOption, RedactOption


def gradcheck(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    roi: Annotated[
        tuple[int, int, int, int] | None,
        typer.Option(
            "--roi",
            metavar="XMIN XMAX YMIN YMAX",
            help="The pixels: fast, then slow, both ends included.",
            show_default="3 x 3 around the case's first pixel",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    mode: Annotated[str, typer.Option("--mode", help="c-parity or spec.")] = "c-parity",
    seed: Annotated[int, typer.Option("--seed", help="Of the random directions of large arrays.")] = 1,
    device: DeviceOption = "cpu",
    data: DataOption = None,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Check autograd against central differences in float64 for each continuous parameter of a case."""
    from harness.choices import chosen_case, chosen_sections, reports_root
    from harness.finding import chosen
    from harness.running.scratch import prepare
    from simulator.defects import Defects
    from subjects.nanobragg.gradcheck_report import Request, around, run_gradcheck

    Defects.of_mode(mode)
    subject = chosen()
    named = chosen_case(subject, case, argv)
    prepared = prepare(subject, named, data)
    if roi is None:
        roi = around(prepared, chosen_sections(subject, named, None)[0])
    request = Request(prepared, roi, tuple(parameter or ()), mode, device, seed)
    raise typer.Exit(run_gradcheck(request, root=reports_root(out_dir), redact=redact))
