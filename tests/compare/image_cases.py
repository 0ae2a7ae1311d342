"""Images that tests compare."""

from __future__ import annotations

import numpy as np

from compare.imaging.comparison import ImageComparison, compare_images
from compare.imaging.files import Image

SHAPE = (12, 16)


def gaussians(shift_slow: float = 0.0, shift_fast: float = 0.0, shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    """Three Bragg peaks on a slope."""
    slow, fast = np.mgrid[: shape[0], : shape[1]].astype(float)
    image = 0.001 * slow
    for centre_slow, centre_fast, height in ((10, 12, 100.0), (25, 30, 60.0), (31, 9, 30.0)):
        r2 = (slow - centre_slow - shift_slow) ** 2 + (fast - centre_fast - shift_fast) ** 2
        image += height * np.exp(-r2 / 2)
    return image.astype(np.float32)


def as_image(pixels: np.ndarray, name: str = "x.npy") -> Image:
    return Image(name, "npy", pixels, "the file")


def compared(a: np.ndarray, b: np.ndarray, **options: object) -> ImageComparison:
    return compare_images(as_image(a, "a.npy"), as_image(b, "b.npy"), **options)  # type: ignore[arg-type]
