"""How the artifacts of a run are judged: images in bits and counts, headers as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

from harness.comparing import DIVERGENCE, Check, count_check, exit_code_of, float_tolerance, image_check, worst_pixel
from harness.subject import Ran

if TYPE_CHECKING:
    import numpy as np

HEADER = " header"
"""Ends the name of an artifact that is the header of an image."""


def images_of(run: Ran) -> dict[str, np.ndarray]:
    """The images of a run by kind."""
    return {kind: value for kind, value in run.artifacts.items() if not kind.endswith(HEADER)}


def headers_of(run: Ran) -> dict[str, bytes]:
    """The image headers of a run by kind."""
    return {kind.removesuffix(HEADER): value for kind, value in run.artifacts.items() if kind.endswith(HEADER)}


def artifact_checks(expected: Ran, got: Ran) -> Iterator[Check]:
    """All artifacts of both programs."""
    yield from image_checks("", images_of(expected), images_of(got))
    yield from header_checks(headers_of(expected), headers_of(got))


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
        differing = [f"{a!r} against {b!r}" for a, b in zip_longest(*lines, fillvalue="") if a != b]
        code = DIVERGENCE if header != other else 0
        yield Check(f"{kind} header", code, "; ".join(differing) or f"{len(header)} bytes equal")
