"""How the artifacts of a run are judged: expected counts in bits, noise in whole counts, the canvas in bits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.questions.comparing import DIVERGENCE, Check, count_check, float_tolerance, image_check
from harness.subject import Ran


def artifact_checks(expected: Ran, got: Ran) -> Iterator[Check]:
    """All artifacts of both programs. Noise is compared where its means are equal: one bit may change every draw."""
    for name in sorted(expected.artifacts.keys() | got.artifacts.keys()):
        if name not in expected.artifacts or name not in got.artifacts:
            yield Check(name, DIVERGENCE, "written by one program only")
            continue
        a, b = expected.artifacts[name], got.artifacts[name]
        if a.shape != b.shape:
            yield Check(name, DIVERGENCE, f"the sizes differ: {a.shape} against {b.shape}")
        elif name == "noise":
            if np.array_equal(expected.artifacts["image"], got.artifacts["image"]):
                yield count_check(name, flat(a), flat(b))
        else:
            yield image_check(name, flat(a), flat(b), float_tolerance())


def flat(values: np.ndarray) -> np.ndarray:
    """Patterns under each other, real parts over imaginary parts: one image of two axes."""
    if values.dtype.kind == "c":
        values = np.stack([values.real, values.imag])
    return values.reshape(-1, values.shape[-1])


def worst_section(expected: Ran, got: Ran) -> tuple[int, int, int] | None:
    """(pos, slow, fast) where the images are furthest apart beyond the tolerance; None where they pass.

    Positions are counted as in the image; a case that chooses positions is not traced further.
    """
    a, b = expected.artifacts.get("image"), got.artifacts.get("image")
    if a is None or b is None or a.shape != b.shape:
        return None
    if image_check("image", flat(a), flat(b), float_tolerance()).passed:
        return None
    j, slow, fast = np.unravel_index(int(np.nan_to_num(np.abs(a - b), nan=np.inf).argmax()), a.shape)
    return int(j), int(slow), int(fast)
