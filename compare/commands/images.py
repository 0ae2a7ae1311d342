"""``compare images A B``: are two images the same within a tolerance?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compare.commands.comparing import STANDARD_OUTPUT
from compare.commands.traces import prepare
from compare.errors import InputError

if TYPE_CHECKING:
    from compare.imaging.comparison import ImageComparison

__all__ = ["images", "prepare"]


def images(
    a: Annotated[Path, typer.Argument(help="The reference image: raw float32, SMV, PGM, npy or npz.")],
    b: Annotated[Path, typer.Argument(help="The image under test.")],
    size: Annotated[
        str | None, typer.Option(help="Size of raw float32 files as SLOWxFAST; else a neighbour's.")
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(help="Size of raw float32 files from a case: an evidence folder, or a case's name or file."),
    ] = None,
    roi: Annotated[str | None, typer.Option(help="Compare only SLOW0:SLOW1,FAST0:FAST1 (ends excluded).")] = None,
    mask: Annotated[Path | None, typer.Option(help="Image whose zero pixels are left out.")] = None,
    ulps: Annotated[float, typer.Option(help="Tolerance in float32 units in the last place.")] = 2.0,
    atol: Annotated[float, typer.Option(help="Absolute tolerance; a pixel needs to meet one only.")] = 0.0,
    rtol: Annotated[float, typer.Option(help="Tolerance relative to the pixel of A.")] = 0.0,
    floor: Annotated[
        float, typer.Option(help="Tolerance relative to the largest of A's pixel and its neighbours.")
    ] = 1e-15,
    equal_share: Annotated[
        float, typer.Option(help="Share of the pixels that must be equal bit for bit, 0 to 1.")
    ] = 0.0,
    equal_nan: Annotated[bool, typer.Option(help="NaN on both sides is the same; else it cannot be compared.")] = False,
    peaks: Annotated[int, typer.Option(min=0, help="How many of the strongest peaks to follow.")] = 10,
    allow_blank: Annotated[bool, typer.Option(help="Two images of zeros are parity.")] = False,
    json: Annotated[str | None, typer.Option(metavar="[FILE]", help="JSON, to standard output or a file.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw A, B and B - A side by side.")] = None,
) -> None:
    """Compare two images; parity rests on the tolerance alone, never on correlation."""
    from compare.imaging.case_sizes import size_of_case
    from compare.imaging.comparison import compare_images, parse_roi
    from compare.imaging.files import parse_size, read_image, read_pair
    from compare.imaging.statistics import Tolerance
    from compare.progress import working

    try:
        tolerance = Tolerance(ulps, atol, rtol, floor, equal_share, equal_nan)
    except ValueError as error:
        raise InputError(str(error)) from error
    if size and case:
        raise InputError("give either --size or --case, not both")
    shape = parse_size(size) if size else size_of_case(case) if case else None
    with working("reading both images"):
        image_a, image_b = read_pair(a, b, shape, "--size" if size else f"case {case}")
    comparison = compare_images(
        image_a,
        image_b,
        tolerance=tolerance,
        roi=parse_roi(roi, image_a.shape) if roi else None,
        mask=read_image(mask, shape or image_a.shape).pixels if mask else None,
        peaks=peaks,
        allow_blank=allow_blank,
    )
    if png is not None:
        from compare.render.image_figure import draw

        draw(image_a.pixels, image_b.pixels, comparison, png)
    _report(comparison, json)
    raise typer.Exit(comparison.exit_code)


def _report(comparison: ImageComparison, json: str | None) -> None:
    if json is not None:
        from compare.render.image_json import render

        if json == STANDARD_OUTPUT:
            typer.echo(render(comparison), nl=False)
            return
        from compare.writing import write_whole

        write_whole(Path(json), render(comparison).encode())
    from compare.render.image_table import print_table

    print_table(comparison)
