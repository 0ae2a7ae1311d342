"""Pixels of a case: a grid over its region, and the region of one pixel alone."""

from __future__ import annotations

from dataclasses import replace

from harness.case import Case, Section
from harness.errors import WrongUse
from harness.running.scratch import Prepared
from subjects.nanobragg.flag_roles import REGION
from subjects.nanobragg.port import read_line


def grid_pixels(prepared: Prepared, n: int) -> list[Section]:
    """n x n pixels spread evenly over the region of interest; masked ones are left out."""

    if prepared.case.setup:
        raise WrongUse(f"--grid needs a case without setup lines; {prepared.case.name!r} has some")
    with prepared.scratch() as folder:
        experiment = read_line(prepared.case.argv, folder)
    detector, sampling = experiment.detector, experiment.sampling
    f0, f1, s0, s1 = sampling.roi or (0, detector.pixels_fast - 1, 0, detector.pixels_slow - 1)
    rows, columns = (_spread(low, high, n) for low, high in ((s0, s1), (f0, f1)))
    live: list[Section] = [(slow, fast) for slow in rows for fast in columns]
    if sampling.mask is None:
        return live
    return [pixel for pixel in live if sampling.mask[pixel]]


def _spread(low: int, high: int, n: int) -> list[int]:
    """At most n different numbers from low to high, the middles of n equal parts."""
    width = high - low + 1
    return list(dict.fromkeys(low + (2 * at + 1) * width // (2 * n) for at in range(n)))


def restricted(case: Case, pixel: Section) -> Case | None:
    """The case with a region of that pixel alone; None where it has a region already."""
    if REGION in case.argv:
        return None
    slow, fast = map(str, pixel)
    return replace(case, argv=(*case.argv, REGION, fast, fast, slow, slow))
