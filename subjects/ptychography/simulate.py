"""Simulated scans from a few numbers: probe, positions, objects, counts (docs/ptychography.md).

Every draw is from `numpy.random.RandomState`, whose streams are frozen: the file is the same on every machine up to the
rounding of exp and of the FFT.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from subjects.ptychography.arrays import MOST_BYTES
from subjects.ptychography.writing import write_npz

LEAST_NPHOTONS = 1e6
LEAST_CONTRAST = 0.2
MOST_OBJECT_PX = 10_000
MOST_COUNTS = 2.0**31


@dataclass(frozen=True)
class Recipe:
    """What a simulated scan is made from.

    Attributes:
        patch_px: N. side: positions along each axis. step_px, jitter_px: the raster and its random part.
        modes: incoherent modes of the probe; each further one is the first times a ramp, with half its power.
        store: "amplitude" (float32) or "counts" (uint32).
    """

    patch_px: int = 64
    side: int = 16
    step_px: float = 5.0
    jitter_px: float | None = None
    margin_px: int = 4
    nphotons: float = 1e6
    seed: int = 1
    object: str = "lines"
    curvature: float = 2.0
    integer: bool = False
    modes: int = 1
    store: str = "amplitude"
    low_dose: bool = False

    def __post_init__(self) -> None:
        for name, value, least in (
            ("N", self.patch_px, 8), ("side", self.side, 1), ("modes", self.modes, 1), ("margin", self.margin_px, 0),
            ("jitter", 0.0 if self.jitter_px is None else self.jitter_px, 0),
        ):  # fmt: skip
            if not least <= value < math.inf:
                raise InputError(f"{name} must be at least {least}; got {value}")
        if not 0 < self.step_px < math.inf:
            raise InputError(f"step must be above 0; got {self.step_px}")
        if not 0 <= self.seed < 2**32 - 4:
            raise InputError(f"seed must lie between 0 and {2**32 - 5}; got {self.seed}")
        if self.side**2 * self.patch_px**2 * 8 > MOST_BYTES or self.object_px > MOST_OBJECT_PX:
            raise InputError(
                f"{self.side**2} patterns of {self.patch_px} x {self.patch_px} and an object of {self.object_px} x "
                f"{self.object_px} pixels are more than can be made here; take fewer positions or smaller steps"
            )
        if self.object not in OBJECTS:
            raise InputError(f"object must be one of {', '.join(OBJECTS)}; got {self.object!r}")
        if self.store not in ("amplitude", "counts"):
            raise InputError(f"store must be amplitude or counts; got {self.store!r}")
        if not (math.isfinite(self.nphotons) and self.nphotons > 0):
            raise InputError(f"nphotons must be positive; got {self.nphotons}")
        if self.nphotons < LEAST_NPHOTONS and not self.low_dose:
            raise InputError(
                f"{self.nphotons:g} photons per pattern are fewer than {LEAST_NPHOTONS:g}; pass --low-dose to have them"
            )

    @property
    def object_px(self) -> int:
        """Rows and columns of the object."""
        return math.ceil(self.step_px * (self.side - 1)) + self.patch_px + 2 * self.margin_px


def simulate(recipe: Recipe) -> dict[str, np.ndarray]:
    """The arrays of a file of the data contract.

    Raises:
        InputError: the patterns hardly differ, so nothing could be learned from them.
    """
    x, y = positions(recipe)
    truth = OBJECTS[recipe.object](recipe.object_px, recipe.object_px, recipe.seed).astype(np.complex64)
    probe = make_probe(recipe)
    intensities = _intensities(truth.astype(np.complex128), probe.astype(np.complex128), x, y)
    contrast = float(np.abs(intensities - intensities.mean(axis=0)).sum() / intensities.sum())
    if contrast < LEAST_CONTRAST and len(x) > 1:
        raise InputError(
            f"the patterns differ by {contrast:.2g} of their sum, at least {LEAST_CONTRAST} was required: the object "
            "has no contrast, or the steps are too small"
        )
    photons_per_unit = recipe.nphotons / intensities.sum(axis=(1, 2)).mean()
    physical = (probe * math.sqrt(photons_per_unit)).astype(np.complex64)
    expected = _intensities(truth.astype(np.complex128), physical.astype(np.complex128), x, y)
    if expected.max() >= MOST_COUNTS:
        raise InputError(
            f"a pixel would count {expected.max():.3g} photons, more than {MOST_COUNTS:.3g}; lower nphotons"
        )
    counts = np.random.RandomState(recipe.seed + 3).poisson(expected)
    stored = counts.astype(np.uint32) if recipe.store == "counts" else np.sqrt(counts).astype(np.float32)
    return {
        "diffraction": stored,
        "xcoords": x,
        "ycoords": y,
        "probeGuess": physical if recipe.modes > 1 else physical[0],
        "objectGuess": truth,
        "nphotons": np.array(counts.sum(axis=(1, 2)).mean()),
        "measurement": np.array(recipe.store),
        "probe_gauge": np.array("physical"),
        "metadata": np.array(json.dumps(asdict(recipe) | {"program": "ptycho simulate"})),
    }


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write them as one .npz file; InputError for another kind of name, or a file that cannot be written."""
    if path.suffix != ".npz":
        raise InputError(f"a scan is written as .npz; got {str(path)!r}")
    write_npz(path, arrays)


# ---------------------------------------------------------------------------------------------- probe and positions


def make_probe(recipe: Recipe) -> np.ndarray:
    """A soft disc with a curved phase, (modes, N, N): the curvature makes twin images distinguishable."""
    N = recipe.patch_px
    rows, cols = np.mgrid[:N, :N] - N // 2
    rho, radius, width = np.hypot(rows, cols), N / 4, 1.5 * N / 64
    first = np.exp(1j * recipe.curvature * (rho / radius) ** 2) / (1 + np.exp((rho - radius) / width))
    ramps = [cols / radius, rows / radius, rows * cols / radius**2]
    modes = [first] + [math.sqrt(0.5) * first * ramps[p % 3] for p in range(recipe.modes - 1)]
    return np.stack(modes)


def positions(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """A jittered raster, rows outer: x and y in object pixels, clipped so that every neighbour exists."""
    N, h = recipe.patch_px, recipe.patch_px // 2
    random = np.random.RandomState(recipe.seed + 2)
    jitter = recipe.step_px / 6 if recipe.jitter_px is None else recipe.jitter_px
    rows, cols = np.divmod(np.arange(recipe.side**2), recipe.side)
    both = []
    for index in (cols, rows):
        p = h + recipe.margin_px + recipe.step_px * index + jitter * random.standard_normal(recipe.side**2)
        p = np.clip(p, h, recipe.object_px - 1 - (N - h))
        both.append(np.floor(p + 0.5) if recipe.integer else p)
    return both[0], both[1]


def _intensities(truth: np.ndarray, probe: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The forward model in numpy, (M, N, N): what the data are made with must not be what is tested on them."""
    N = probe.shape[-1]
    padded = np.pad(truth, ((0, 1), (0, 1)))
    patterns = np.empty((len(x), N, N))
    for j, (left, top) in enumerate(zip(x - N // 2, y - N // 2, strict=True)):
        c, r = math.floor(left), math.floor(top)
        fx, fy = left - c, top - r
        w = padded[r : r + N + 1, c : c + N + 1]
        upper = (1 - fx) * w[:-1, :-1] + fx * w[:-1, 1:]
        lower = (1 - fx) * w[1:, :-1] + fx * w[1:, 1:]
        patch = (1 - fy) * upper + fy * lower
        fields = np.fft.fftshift(np.fft.fft2(probe * patch), axes=(-2, -1))
        patterns[j] = (np.abs(fields) ** 2).sum(axis=0) / (N * N)
    return patterns


# ------------------------------------------------------------------------------------------------------------ objects


def lines(rows: int, cols: int, seed: int) -> np.ndarray:
    """Random line segments, thicker and thinner."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:rows, :cols].astype(float)
    t = np.zeros((rows, cols))
    for _ in range(rows * cols // 600):
        x0, y0, x1, y1, b = random.random_sample(5)
        start = np.array([x0 * (cols - 1), y0 * (rows - 1)])
        along = np.array([x1 * (cols - 1), y1 * (rows - 1)]) - start
        part = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(float(along @ along), 1e-12)
        part = np.clip(part, 0, 1)
        d2 = (x - start[0] - part * along[0]) ** 2 + (y - start[1] - part * along[1]) ** 2
        t += np.exp(-d2 / (2 * (1 + 2 * b) ** 2))
    t = np.sqrt((t - t.min()) / max(np.ptp(t), 1e-12))
    return (0.4 + 0.6 * t) * np.exp(1j * 0.8 * (2 * t - 1))


def grf(rows: int, cols: int, seed: int) -> np.ndarray:
    """Two Gaussian random fields, one for the amplitude and one for the phase."""
    g1, g2 = (_random_field(rows, cols, seed + i) for i in (0, 1))
    return (0.75 + 0.25 * g1) * np.exp(1j * 0.8 * g2)


def _random_field(rows: int, cols: int, seed: int) -> np.ndarray:
    noise = np.random.RandomState(seed).standard_normal((rows, cols))
    k = np.hypot(np.fft.fftfreq(rows)[:, None] * rows, np.fft.fftfreq(cols)[None] * cols)
    k[0, 0] = 1
    smooth = np.fft.ifft2(np.fft.fft2(noise) * k**-1.5 * np.exp(-((k / (min(rows, cols) / 4)) ** 2))).real
    smooth -= smooth.mean()
    field: np.ndarray = smooth / np.abs(smooth).max()
    return field


def star(rows: int, cols: int, seed: int) -> np.ndarray:
    """A Siemens star of 24 spokes about the middle; it needs no seed."""
    y, x = np.mgrid[:rows, :cols].astype(float)
    y, x = y - (rows - 1) / 2, x - (cols - 1) / 2
    n = 24
    t = (1 + np.tanh(np.hypot(x, y) * np.sin(n * np.arctan2(y, x)) / n)) / 2
    return (0.5 + 0.5 * t) * np.exp(1j * 0.8 * (2 * t - 1))


OBJECTS: dict[str, Callable[[int, int, int], np.ndarray]] = {"lines": lines, "grf": grf, "star": star}
