"""The noise image: photons counted pixel by pixel from one stream of random numbers (model, section 9)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.errors import InputError
from simulator.random_numbers import PoissonDeviates, Ran1

LARGEST_COUNT = 65535

Roi = tuple[int, int, int, int]
"""fast min, fast max, slow min, slow max; both ends included."""


class Noise(NamedTuple):
    """A noise image and what was counted on it."""

    pixels: np.ndarray
    """uint16, slow x fast."""
    photons: float
    """All photons, before the offset and the clipping."""
    overloads: int
    """Pixels that were clipped."""


def noise_image(
    float_image: np.ndarray, seed: int, adc_offset: float = 40.0, roi: Roi | None = None, after: Ran1 | None = None
) -> Noise:
    """Poisson deviates of an image plus an offset, in raster order, truncated to whole numbers.

    Args:
        float_image: mean photons per pixel, float32, slow x fast.
        seed: as stored, minus the number given.
        adc_offset: added to every pixel of the region.
        roi: the pixels that draw; the others stay 0. None is all.
        after: the stream drawn from before; it matters for a positive stored seed only.

    Raises:
        InputError: the image holds a mean that is not finite.
    """
    slow_size, fast_size = float_image.shape
    fast_min, fast_max, slow_min, slow_max = roi or (0, fast_size - 1, 0, slow_size - 1)
    deviates = PoissonDeviates(Ran1(seed, after))
    pixels = np.zeros((slow_size, fast_size), dtype=np.uint16)
    photons, overloads = 0.0, 0
    for slow in range(slow_min, slow_max + 1):
        means = float_image[slow, fast_min : fast_max + 1]
        _require_finite(means, slow, fast_min)
        counts = deviates.draw(means)
        photons += float(counts.sum())
        counts += adc_offset
        overloads += int((counts > LARGEST_COUNT).sum())
        pixels[slow, fast_min : fast_max + 1] = np.clip(counts, 0, LARGEST_COUNT).astype(np.uint16)
    return Noise(pixels, photons, overloads)


def _require_finite(means: np.ndarray, slow: int, fast_min: int) -> None:
    finite = np.isfinite(means)
    if not finite.all():
        fast = fast_min + int(np.argmin(finite))
        raise InputError(
            f"pixel {slow} {fast} (slow fast) is {means[fast - fast_min]}: noise needs finite intensities; "
            "lower -fluence, or leave the noise image out with -nonoise"
        )
