"""Compare what two programs that should agree have printed, and name the first step that is at fault.

    from compare import traces, images

    result = traces("reference.log", "port.log")       # paths, text, dicts of arrays, DataFrames
    result.verdict, result.first_origin                # a Comparison; print(result), result.to_pandas()
    images("a.img", "b.img").verdict                   # paths or arrays

Nothing here needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.imaging.comparison import ImageComparison
    from compare.judging.result import Comparison
    from compare.judging.tolerances import Tolerances
    from compare.library import Given, Picture
    from compare.words.vocabulary import Vocabulary

__all__ = ["images", "traces"]


def traces(
    a: Given,
    b: Given,
    *,
    vocabulary: Vocabulary | str | None = None,
    tolerances: Tolerances | str | None = None,
    **options: Any,
) -> Comparison:
    """Compare the trace ``a`` of the reference with ``b`` of the program under test.

    Args:
        a: a path; the text of a trace; a mapping of names to numbers, words and arrays (an array's elements are
            paired by their subscripts); a DataFrame (rows are paired by its index levels).
        b: the same, in whatever form.
        vocabulary: names and steps, or the path of a file; None: for logs those of the default subject.
        tolerances: how far apart values may be, or the path of a file; None: 1e-11 of their own scale.
        options: of `compare.judging.engine.compare_traces`.

    Raises:
        InputError: something that cannot be read.
    """
    from compare.library import compare_given

    return compare_given(a, b, vocabulary, tolerances, **options)


def images(a: Picture, b: Picture, **options: Any) -> ImageComparison:
    """Compare the image ``a`` of the reference with ``b``: paths, or arrays (slow x fast).

    Args:
        a: the reference's.
        b: of the program under test.
        options: of `compare.imaging.comparison.compare_images`, ``tolerance`` and ``roi`` for example.

    Raises:
        InputError: an image that cannot be read.
    """
    from compare.library import compare_pictures

    compared: Callable[..., ImageComparison] = compare_pictures
    return compared(a, b, **options)
