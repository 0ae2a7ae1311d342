"""How the artifacts of a run are judged: images in bits and counts, headers as text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

from harness.questions.comparing import (
    DIVERGENCE,
    Check,
    count_check,
    exit_code_of,
    float_tolerance,
    image_check,
    worst_pixel,
)
from harness.subject import Ran

if TYPE_CHECKING:
    import numpy as np

HEADER = " header"
"""Ends the name of an artifact that is the header of an image."""

PRINTED = "printed"
"""The artifact of figures that a program printed about its image: words by name."""

FIGURES = {
    "maximum": re.compile(r"^max_I = (\S+)  at (\S+) (\S+)$", re.MULTILINE),
    "mean, rms, rmsd": re.compile(r"^mean= (\S+) rms= (\S+) rmsd= (\S+)$", re.MULTILINE),
    "solid angle": re.compile(r"^solid angle subtended by detector = (\S+) steradian", re.MULTILINE),
    "intfile scale": re.compile(r"^intfile_scale = (\S+)$", re.MULTILINE),
    "pgm scale": re.compile(r"^pgm_scale = (\S+)$", re.MULTILINE),
    "photons, overloads": re.compile(r"^(\S+) photons on noise image \((\d+) overloads\)$", re.MULTILINE),
}
"""What is compared of the printed log: value and place of the maximum, statistics, scales, counted photons."""

LAST_PRINTED_DIGIT = 1e-5
"""Relative: figures are printed with six digits, whose last one a bit of the image may change."""


def images_of(run: Ran) -> dict[str, np.ndarray]:
    """The images of a run by kind."""
    return {kind: value for kind, value in run.artifacts.items() if kind != PRINTED and not kind.endswith(HEADER)}


def headers_of(run: Ran) -> dict[str, bytes]:
    """The image headers of a run by kind."""
    return {kind.removesuffix(HEADER): value for kind, value in run.artifacts.items() if kind.endswith(HEADER)}


CARRYOVER = re.compile(r"^TRACE_\w+:\s*phi_carryover[ =]([01])\s*$", re.MULTILINE)
CARRIED = re.compile(r"^TRACE_\w+:\s*carried_\w+[ =].*$", re.MULTILINE)


def used_lines(a: str, b: str) -> tuple[str, str]:
    """Two traces without their ``carried_`` lines where one says that phi = 0 carries nothing over, the other nothing.

    The other may have mended phi = 0 without a word about it, and still print what it would have carried: nothing is
    made from that. If it does carry it over, the cells of its PHI records differ.
    """
    stated = {match[1] if (match := CARRYOVER.search(text)) else "" for text in (a, b)}
    if stated != {"", "0"}:
        return a, b
    return CARRIED.sub("", a), CARRIED.sub("", b)


def artifact_checks(expected: Ran, got: Ran) -> Iterator[Check]:
    """All artifacts of both programs."""
    yield from image_checks("", images_of(expected), images_of(got))
    yield from header_checks(headers_of(expected), headers_of(got))
    if PRINTED in expected.artifacts and PRINTED in got.artifacts:
        noise_alike = _equal(images_of(expected).get("float"), images_of(got).get("float"))
        yield printed_check("printed", expected.artifacts[PRINTED], got.artifacts[PRINTED], with_noise=noise_alike)


def printed_figures(log: str) -> dict[str, tuple[str, ...]]:
    """The figures about its image that a program printed, by name."""
    found = {name: pattern.search(log) for name, pattern in FIGURES.items()}
    return {name: match.groups() for name, match in found.items() if match}


def printed_check(
    what: str, expected: Mapping[str, tuple[str, ...]], got: Mapping[str, tuple[str, ...]], *, with_noise: bool = True
) -> Check:
    """Printed figures of two programs: the same names, the same words or the last digit apart.

    Args:
        what: name of the check.
        expected: the reference's.
        got: the port's.
        with_noise: whether counted photons compare: only where the images have the same bits.
    """
    names = [name for name in FIGURES if name in expected or name in got]
    if not with_noise:
        names = [name for name in names if not name.startswith("photons")]
    differing = [
        f"{name}: {' '.join(expected.get(name, ('nothing',)))} against {' '.join(got.get(name, ('nothing',)))}"
        for name in names
        if not _same_figures(expected.get(name, ()), got.get(name, ()))
    ]
    code = DIVERGENCE if differing else 0
    return Check(what, code, "; ".join(differing) or f"{', '.join(names)} equal")


def _plain(line: str) -> str:
    """Without the sign of what is no number, and without the blanks up to the header's end."""
    return line.replace("-nan", "nan").rstrip(" ")


def _same_figures(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    return len(a) == len(b) and all(_same_figure(float(x), float(y)) for x, y in zip(a, b, strict=True))


def _same_figure(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= LAST_PRINTED_DIGIT * abs(a)


def _equal(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    import numpy as np

    return a is not None and b is not None and np.array_equal(a, b, equal_nan=True)


def worst_section(expected: Ran, got: Ran) -> tuple[int, int] | None:
    """Where the float images are furthest apart, where they fail; None where they pass."""
    a, b = images_of(expected), images_of(got)
    if exit_code_of(tuple(image_checks("", a, b))) != DIVERGENCE or not (a["float"] != b["float"]).any():
        return None
    return worst_pixel(a["float"], b["float"])


def image_checks(prefix: str, expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]) -> Iterator[Check]:
    """The images that ``expected`` has, each against the other side's."""
    for kind, image in expected.items():
        what = f"{prefix}{kind} image"
        if kind not in got:
            yield Check(what, DIVERGENCE, "written by one program only")
        elif kind == "float":
            yield image_check(what, image, got[kind], float_tolerance())
        elif kind in ("int", "pgm"):
            yield count_check(what, image, got[kind])
        elif not (expected["float"] != got["float"]).any():
            # One bit of the mean may change every count that is drawn after it: only equal means compare.
            yield image_check(what, image, got[kind])
    for kind in got.keys() - expected.keys():
        yield Check(f"{prefix}{kind} image", DIVERGENCE, "written by one program only")


def header_checks(expected: Mapping[str, bytes], got: Mapping[str, bytes]) -> Iterator[Check]:
    for kind, header in expected.items():
        other = got.get(kind, b"")
        lines = (bytes(text).decode("ascii", "replace").splitlines() for text in (header, other))
        differing = [f"{a!r} against {b!r}" for a, b in zip_longest(*lines, fillvalue="") if _plain(a) != _plain(b)]
        code = DIVERGENCE if differing or len(header) != len(other) else 0
        yield Check(f"{kind} header", code, "; ".join(differing) or f"{len(header)} bytes equal")
