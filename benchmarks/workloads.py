"""What is rendered: six images, and two families of growing size. Inputs are the harness's generated ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.case import Case
from harness.running.scratch import prepare
from subjects.nanobragg.description import NanoBragg

SUBJECT = NanoBragg()

IMAGE_FILE = "image.f32"

PIXEL_MM = 0.1
CUBIC = "-lambda 1 -nonoise -nopgm -distance 100 -cell 40 40 40 90 90 90 -default_F 100 -misset 14 22 33"
"""A crystal without a list of structure factors, on a square detector."""


@dataclass(frozen=True)
class Workload:
    """A command line of either program.

    Attributes:
        name: what tables call it.
        about: what it stresses.
        argv: words after the program's name; a float image is written to ``IMAGE_FILE``.
    """

    name: str
    about: str
    argv: tuple[str, ...]

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A scratch folder with the input files, removed afterwards."""
        with prepare(SUBJECT, Case(name=self.name, argv=self.argv)).scratch() as folder:
            yield folder


def workloads(shrink: int = 1) -> tuple[Workload, ...]:
    """The six images.

    Args:
        shrink: pixels this many times coarser along both axes; the geometry stays.
    """
    return (
        _supervisor(shrink),
        _square(
            "many-sources",
            "256 x 256 pixels, 512 sources",
            256,
            shrink,
            "-N 20 -square_div -divergence 2 -divsteps 8 -dispersion 0.5 -dispsteps 8",
        ),
        _square(
            "mosaic",
            "512 x 512 pixels, 5 phi steps, 20 mosaic domains",
            512,
            shrink,
            "-N 20 -phi 3 -osc 0.5 -phisteps 5 -mosaic 0.5 -mosaic_domains 20",
        ),
        _tricubic(shrink),
        _square(
            "thick",
            "1024 x 1024 pixels, 10 sensor layers, 2 phi steps",
            1024,
            shrink,
            "-N 20 -phi 3 -osc 0.1 -phisteps 2 -detector_abs 320 -detector_thick 450 -detector_thicksteps 10",
        ),
        _square(
            "4096",
            "4096 x 4096 pixels, 4 phi steps",
            4096,
            shrink,
            "-N 20 -phi 3 -osc 0.1 -phisteps 4",
        ),
    )


def growing_in_pixels(shrink: int = 1) -> tuple[Workload, ...]:
    """Four images, each of twice the pixels of the one before; ten samples a pixel."""
    words = "-N 20 -phi 3 -osc 0.1 -phisteps 10"
    return tuple(_square(f"{n}-pixels", f"{n} x {n} pixels", n, shrink, words) for n in (2048, 2896, 4096, 5792))


def growing_in_samples(shrink: int = 1) -> tuple[Workload, ...]:
    """Four images of 512 x 512 pixels, each of twice the samples (phi steps x domains) of the one before."""
    return tuple(
        _square(
            f"{4 * n}-samples",
            f"4 phi steps x {n} domains",
            512,
            shrink,
            f"-N 20 -phi 3 -osc 0.1 -phisteps 4 -mosaic 0.5 -mosaic_domains {n}",
        )
        for n in (128, 256, 512, 1024)
    )


def _supervisor(shrink: int) -> Workload:
    argv = list(SUBJECT.case("supervisor").argv)
    for flag in ("-detpixels_x", "-detpixels_y"):
        at = argv.index(flag) + 1
        argv[at] = str(int(argv[at]) // shrink)
    at = argv.index("-pixel") + 1
    argv[at] = f"{float(argv[at]) * shrink:g}"
    return Workload("supervisor", "2463 x 2527 pixels, 10 phi steps, a list", _with_image(argv))


def _tricubic(shrink: int) -> Workload:
    """Low resolution, so that no pixel leaves the list: interpolation stays on to the end."""
    argv = shlex.split(
        "-lambda 0.9768 -nonoise -nopgm -mat A.mat -hkl scaled.hkl -interpolate -distance 300 "
        f"-detpixels {1024 // shrink} -pixel {PIXEL_MM * shrink:g} -N 20 -phi 3 -osc 0.1 -phisteps 8 -oversample 1"
    )
    return Workload("tricubic", "1024 x 1024 pixels, 8 phi steps, interpolated", _with_image(argv))


def _square(name: str, about: str, pixels: int, shrink: int, words: str) -> Workload:
    size = f"-detpixels {pixels // shrink} -pixel {PIXEL_MM * shrink:g} -oversample 1"
    return Workload(name, about, _with_image(shlex.split(f"{CUBIC} {size} {words}")))


def _with_image(argv: Sequence[str]) -> tuple[str, ...]:
    return (*argv, "-noprogress", "-floatfile", IMAGE_FILE)
