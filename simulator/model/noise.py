"""The noise image: photons counted pixel by pixel from one stream of random numbers (model, section 9)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.model.random_numbers import PoissonDeviates, Ran1

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
    """Poisson deviates of an image plus an offset, in raster order, truncated to whole numbers; 0 for no number.

    Args:
        float_image: mean photons per pixel, float32, slow x fast.
        seed: as stored, minus the number given.
        adc_offset: added to every pixel of the region.
        roi: the pixels that draw; the others stay 0. None is all.
        after: the stream drawn from before; it matters for a positive stored seed only.
    """
    slow_size, fast_size = float_image.shape
    fast_min, fast_max, slow_min, slow_max = roi or (0, fast_size - 1, 0, slow_size - 1)
    deviates = PoissonDeviates(Ran1(seed, after))
    pixels = np.zeros((slow_size, fast_size), dtype=np.uint16)
    photons, overloads = 0.0, 0
    for slow in range(slow_min, slow_max + 1):
        means = float_image[slow, fast_min : fast_max + 1]
        counts = deviates.draw(means)
        photons += float(counts.sum())
        counts += adc_offset
        overloads += int((counts > LARGEST_COUNT).sum())
        clipped = np.clip(np.nan_to_num(counts, nan=0.0), 0, LARGEST_COUNT)
        pixels[slow, fast_min : fast_max + 1] = clipped.astype(np.uint16)
    return Noise(pixels, photons, overloads)
