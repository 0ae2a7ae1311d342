"""``harness noise-floor``: what rounding may do to every value of a case, as a tolerance file for ``compare``."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import ArgvArgument, CaseOption, DataOption, DefectOption, ModeOption, PixelOption


def noise_floor(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    pixel: PixelOption = None,
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The tolerance file; - for standard output.")] = "-",
) -> None:
    """Measure, step by step, the noise floor and the end-to-end envelope of a case's traced values.

    The file serves ``compare traces --tolerance FILE``, which then needs neither torch nor the port.
    """
    from compare.tolerances import dump
    from harness.choices import chosen_case, chosen_defects, chosen_pixels, with_words
    from harness.noise_floor import measured
    from harness.tracing import check_out, write_out

    chosen = chosen_case(case, argv)
    pixels = chosen_pixels(chosen, pixel)
    check_out(out)
    tolerances = measured(with_words(chosen, chosen_defects(chosen, mode, defect or ())), pixels, data)
    write_out(out, dump(tolerances))
