"""Two images of the same scene: are they the same within a tolerance?

A is the reference, B the program under test. The verdict rests on the tolerance alone: correlation, sums and
peaks are shown because people look at them, but a wrong image correlates well, so none of them can make a
comparison pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from compare.imaging.files import Image, ImageFileError, Shape
from compare.imaging.peaks import PeakShift, peak_shifts
from compare.imaging.statistics import Statistics, Tolerance, statistics
from compare.judging.result import EXIT_CODES, Verdict

SCHEMA_VERSION = 1
WIDE = 1e-6  # a relative bound beyond it is said first
BOUNDS = ("ulps", "absolute", "relative", "floor")
Roi = tuple[int, int, int, int]  # slow0, slow1, fast0, fast1, ends excluded as in a slice


@dataclass(frozen=True)
class Source:
    """What was read on one side."""

    path: str
    format: str
    dtype: str
    shape: Shape
    size_source: str


@dataclass(frozen=True)
class ImageComparison:
    """The outcome; ``statistics`` is None when no pixel could be compared."""

    a: Source
    b: Source
    tolerance: Tolerance
    verdict: Verdict
    reasons: tuple[str, ...] = ()  # why it is not parity; empty for parity
    roi: Roi | None = None
    statistics: Statistics | None = None
    remarks: tuple[str, ...] = ()  # bounds that were given and decided
    peaks: tuple[PeakShift, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


def parse_roi(text: str, shape: Shape) -> Roi:
    """``10:20,30:60``: rows 10 to 19, columns 30 to 59. Raises :class:`ImageFileError` outside ``shape``."""
    match = re.fullmatch(r"\s*(\d+):(\d+)\s*,\s*(\d+):(\d+)\s*", text)
    if match is None:
        raise ImageFileError(
            f"--roi must be SLOW0:SLOW1,FAST0:FAST1 (ends excluded), such as 10:20,30:60; it is {text!r}"
        )
    slow0, slow1, fast0, fast1 = (int(word) for word in match.groups())
    if not (slow0 < slow1 <= shape[0] and fast0 < fast1 <= shape[1]):
        raise ImageFileError(f"--roi {text} must name pixels inside the image of {_size(shape)}")
    return slow0, slow1, fast0, fast1


def compare_images(
    a: Image,
    b: Image,
    *,
    tolerance: Tolerance | None = None,
    roi: Roi | None = None,
    mask: np.ndarray | None = None,
    peaks: int = 10,
    allow_blank: bool = False,
) -> ImageComparison:
    """Compare ``b`` with the reference ``a``; ``mask`` (slow x fast) leaves out pixels where it is zero.

    Two images without any signal are "nothing compared" unless ``allow_blank``: a program that renders
    nothing must not pass against another. Raises :class:`ImageFileError` for a mask of another size.
    """
    tolerance = tolerance or Tolerance()

    def outcome(verdict: Verdict, *reasons: str, figures: Statistics | None = None) -> ImageComparison:
        shifts = peak_shifts(part_a, part_b, kept, peaks, origin) if figures else ()
        return ImageComparison(
            _source(a), _source(b), tolerance, verdict, reasons, roi, figures, _remarks(figures, tolerance), shifts
        )

    if a.shape != b.shape:
        sizes = f"A is {_size(a.shape)}, B is {_size(b.shape)} (slow x fast)"
        return outcome(Verdict.DIVERGENCE, f"the sizes differ: {sizes}")
    if mask is not None and mask.shape != a.shape:
        raise ImageFileError(f"the mask is {_size(mask.shape)}, the images {_size(a.shape)} (slow x fast)")
    region = (slice(None), slice(None)) if roi is None else (slice(*roi[:2]), slice(*roi[2:]))
    origin = (0, 0) if roi is None else (roi[0], roi[2])
    part_a, part_b = a.pixels[region], b.pixels[region]
    kept = np.ones(part_a.shape, bool) if mask is None else mask[region] != 0
    if not kept.any():
        return outcome(Verdict.NOTHING_COMPARED, "every pixel is masked: nothing was compared")
    figures = statistics(part_a, part_b, kept, tolerance, origin)
    blank = not allow_blank and not (part_a[kept].any() or part_b[kept].any())
    verdict, reasons = _judge(figures, tolerance, blank)
    return outcome(verdict, *reasons, figures=figures)


def _judge(figures: Statistics, tolerance: Tolerance, blank: bool) -> tuple[Verdict, tuple[str, ...]]:
    reasons = []
    if figures.first_outside is not None:
        place = (figures.first_outside.slow, figures.first_outside.fast)
        count = f"{figures.outside} of {figures.pixels} pixels"
        reasons.append(f"{count} are outside the tolerance, the first at {place}")
    if figures.not_finite_one_sided:
        reasons.append(f"{figures.not_finite_one_sided} pixels are NaN or infinite on one side only")
    share = figures.equal / figures.pixels
    if share < tolerance.equal_share:
        reasons.append(f"{share:.4%} of the pixels are equal; {tolerance.equal_share:.4%} are required")
    if reasons:
        return Verdict.DIVERGENCE, tuple(reasons)
    if figures.not_finite_both == figures.pixels:
        return Verdict.NOTHING_COMPARED, ("no pixel is finite on either side: nothing was compared",)
    if figures.nan_both and not tolerance.equal_nan:
        why = f"{figures.nan_both} pixels are NaN on both sides and cannot be compared (--equal-nan accepts them)"
        return Verdict.INCOMPLETE, (why,)
    if blank:
        why = "both images are zero everywhere: nothing was compared (--allow-blank accepts that)"
        return Verdict.NOTHING_COMPARED, (why,)
    return Verdict.PARITY, ()


def _remarks(figures: Statistics | None, tolerance: Tolerance) -> tuple[str, ...]:
    """What only the given bounds let pass, and bounds that are wide."""
    wide = {"--rtol": tolerance.relative, "--floor": tolerance.floor}
    said = [f"{name} {bound:g} is wider than {WIDE:g}" for name, bound in wide.items() if bound > WIDE]
    if figures is not None and figures.lenient:
        given = ", ".join(f"{name} {value:g}" for name, value in vars(tolerance).items() if name in BOUNDS)
        said.append(f"{figures.lenient} of {figures.pixels} pixels pass only by the bounds given ({given})")
    return tuple(said)


def _source(image: Image) -> Source:
    return Source(image.path, image.format, str(image.pixels.dtype), image.shape, image.size_source)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)
