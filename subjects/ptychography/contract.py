"""The data contract: a scan read from a file, its units settled, its pitfalls refused or said."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from simulator.errors import InputError
from subjects.ptychography import pitfalls
from subjects.ptychography.arrays import Arrays, read_npz

log = logging.getLogger("ptychography.data")

DEFAULT_NPHOTONS = 1e9
KNOWN_KEYS = frozenset(
    {
        "diffraction", "diff3d", "xcoords", "ycoords", "probeGuess", "objectGuess", "intensity_scale", "nphotons",
        "measurement", "probe_gauge", "mask", "scan_index", "xcoords_start", "ycoords_start", "Y", "metadata",
    }
)  # fmt: skip

Measurement = Literal["amplitude", "counts"]


@dataclass(frozen=True)
class Reading:
    """How a file is to be read where it can be read in more than one way.

    Attributes:
        axes: "nhw" (positions first) or "hwn" (positions last); None refuses what is ambiguous.
        measurement: overrides the file's word and the rule of types.
        centred: False when the zero frequency lies at the corner.
        pixel_size_m: object pixel of positions that are in metres.
        outside_zero: windows may reach out of the object.
        nphotons: mean photons per pattern, before the file's own.
        scale: s of a trained model, taken where the file itself does not state or show one.
        gauge: False takes the probe exactly as it is.
        checked: False leaves out the tests that only guess (support, centre, metres), as the C program does.
    """

    axes: str | None = None
    measurement: str | None = None
    centred: bool = True
    swap_xy: bool = False
    flip_x: bool = False
    flip_y: bool = False
    pixel_size_m: float | None = None
    outside_zero: bool = False
    clip_negative: bool = False
    nphotons: float | None = None
    scale: float | None = None
    gauge: bool = True
    checked: bool = True

    def __post_init__(self) -> None:
        for name, value in (("nphotons", self.nphotons), ("pixel-size", self.pixel_size_m)):
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"--{name} must be positive; got {value}")


@dataclass(frozen=True)
class Scan:
    """A scan in photons and object pixels, all in double.

    Attributes:
        counts: k, (M, N, N).
        x_px, y_px: the object pixel under patch pixel (h, h), (M,).
        probe: (n_modes, N, N), in the physical gauge unless it was to be left alone.
        object: truth or an earlier result, (H, W); None without one.
        mask: measured pixels, (1 or M, N, N); None: all are.
        labels: truth patches before illumination, (M, N, N); for metrics only.
        values, holds_counts: the pattern as stored.
        scale, scale_source: counts = (scale amplitude)^2 and where that came from.
    """

    name: str
    counts: np.ndarray
    x_px: np.ndarray
    y_px: np.ndarray
    probe: np.ndarray
    object: np.ndarray | None = None
    mask: np.ndarray | None = None
    labels: np.ndarray | None = None
    nphotons: float | None = None
    values: np.ndarray | None = None
    holds_counts: bool = True
    scale: float = 1.0
    scale_source: str = "counts"
    gauge: str = "physical"
    gauge_factor: float = 1.0

    @property
    def n_positions(self) -> int:
        return self.counts.shape[0]

    @property
    def patch_px(self) -> int:
        """N, the side of a pattern and of the probe."""
        return self.counts.shape[1]

    @property
    def centre_px(self) -> int:
        """h, the pixel of a patch that lies on the position."""
        return self.patch_px // 2

    def measured(self, j: int) -> np.ndarray:
        """Which pixels of pattern j count, bool (N, N)."""
        if self.mask is None:
            return np.ones((self.patch_px, self.patch_px), bool)
        chosen: np.ndarray = self.mask[j % len(self.mask)]
        return chosen


def read_scan(path: Path, reading: Reading | None = None) -> Scan:
    """Read a file of the data contract (.npz, or .cxi / .h5 with h5py).

    Raises:
        InputError: the file cannot be read, lacks something, or shows a pitfall that needs a decision.
    """
    reading = reading or Reading()
    if path.suffix.lower() in (".h5", ".hdf5", ".cxi", ".nxs"):
        from subjects.ptychography.cxi import read_hdf5

        arrays = read_hdf5(path, reading.pixel_size_m)
    else:
        arrays = read_npz(path)
    return scan_of(arrays, reading)


def scan_of(arrays: Arrays, reading: Reading) -> Scan:
    """The scan in a file's arrays."""
    _say_keys(arrays)
    values = pitfalls.cube(_patterns(arrays), arrays, reading.axes)
    probe = _probe(arrays, values.shape[1])
    if not reading.centred:
        values = np.fft.fftshift(values, axes=(1, 2))
    values = pitfalls.finite_and_positive(values, arrays, reading.clip_negative)
    holds_counts = _holds_counts(arrays, values, probe, reading)
    mask = _mask(arrays, values.shape, reading.centred)
    if reading.checked:
        pitfalls.positive_numbers(arrays, ("intensity_scale", "nphotons"))
        pitfalls.something_measured(values, mask, arrays.name)
    counts, scale, source = _counts(arrays, values, holds_counts, reading)
    if reading.checked and reading.centred:
        pitfalls.centred(counts, arrays.name)
    x_px, y_px = _positions(arrays, len(values), reading)
    gauge, factor = _gauge(arrays, counts, probe, mask, reading.gauge)
    scan = Scan(
        arrays.name, counts, x_px, y_px, probe * factor, _object(arrays), mask, _labels(arrays, values.shape),
        arrays.number("nphotons"), values, holds_counts, scale, source, gauge, factor,
    )  # fmt: skip
    if scan.object is not None and not reading.outside_zero:
        pitfalls.windows_inside(scan.x_px, scan.y_px, scan.patch_px, scan.object.shape)
    if scan.object is None and reading.checked:
        pitfalls.canvas_fits(scan.x_px, scan.y_px, scan.patch_px, arrays.name)
    if scan.labels is not None:
        pitfalls.labels_look_plain(scan.labels, scan.probe)
    return scan


def _say_keys(arrays: Arrays) -> None:
    for key in arrays.pickled:
        if key not in KNOWN_KEYS:
            log.warning("%s: '%s' holds pickled objects; skipped", arrays.name, key)
    unknown = sorted(set(arrays.held) - KNOWN_KEYS)
    if unknown:
        log.info("%s: keys that are not read: %s", arrays.name, ", ".join(unknown))


def _patterns(arrays: Arrays) -> np.ndarray:
    named, alias = arrays.get("diffraction"), arrays.get("diff3d")
    if named is None and alias is None:
        return arrays.need("diffraction")
    if named is not None and alias is not None and not np.array_equal(named, alias):
        raise InputError(f"{arrays.name}: diffraction and diff3d are both there and differ; keep one")
    chosen = named if named is not None else alias
    assert chosen is not None
    return chosen


def _probe(arrays: Arrays, side: int) -> np.ndarray:
    """The probe as (n_modes, N, N), complex128."""
    probe = arrays.need("probeGuess")
    if probe.dtype.kind != "c":
        raise InputError(f"{arrays.name}: probeGuess is {probe.dtype}; a complex probe was required")
    if probe.ndim == 3 and probe.shape[2] == 1 and probe.shape[0] == probe.shape[1] != 1:
        log.info("%s: the last axis of probeGuess has length 1; squeezed", arrays.name)
        probe = probe[:, :, 0]
    if probe.ndim == 2:
        probe = probe[None]
    if probe.ndim != 3 or probe.shape[1:] != (side, side):
        raise InputError(
            f"{arrays.name}: probeGuess has the shape {probe.shape}, the patterns are {side} x {side}; the probe must "
            "have the patterns' side"
        )
    if not np.isfinite(probe).all():
        raise InputError(f"{arrays.name}: probeGuess has values that are not finite")
    if not probe.any():
        raise InputError(f"{arrays.name}: probeGuess is zero everywhere")
    return probe.astype(np.complex128)


def _holds_counts(arrays: Arrays, values: np.ndarray, probe: np.ndarray, reading: Reading) -> bool:
    stated = arrays.word("measurement", ("amplitude", "counts"))
    word = reading.measurement or stated
    if word is None:
        pitfalls.not_float_counts(values, arrays.name)
        word = "amplitude" if values.dtype.kind == "f" else "counts"
    if reading.checked and reading.measurement is None:
        pitfalls.support_agrees(values, probe, word, arrays.name)
    return word == "counts"


def _counts(arrays: Arrays, values: np.ndarray, holds_counts: bool, reading: Reading) -> tuple[np.ndarray, float, str]:
    """k in double, the scale s, and where it came from."""
    wide = values.astype(np.float64)
    if holds_counts:
        log.info("%s: the patterns are counts", arrays.name)
        return wide, 1.0, "counts"
    scale, source = _amplitude_scale(arrays, wide, reading)
    log.info("%s: the patterns are amplitudes; counts = (%.9g amplitude)^2, from %s", arrays.name, scale, source)
    amplitude = scale * wide
    return amplitude * amplitude, scale, source


def _amplitude_scale(arrays: Arrays, amplitudes: np.ndarray, reading: Reading) -> tuple[float, str]:
    stored = arrays.number("intensity_scale")
    if stored is not None:
        return stored, "intensity_scale of the file"
    squares = amplitudes * amplitudes
    whole = np.abs(squares - np.rint(squares)) <= 1e-3 + 1e-6 * squares
    if np.count_nonzero(whole) >= 0.99 * squares.size and squares.max() > 10.0:
        return 1.0, "squares that are whole numbers"
    if reading.scale is not None:
        return reading.scale, "the trained model"
    photons, source = reading.nphotons, "the flag's nphotons"
    if photons is None:
        photons, source = arrays.number("nphotons"), "the file's nphotons"
    if photons is None:
        photons, source = DEFAULT_NPHOTONS, f"the default of {DEFAULT_NPHOTONS:g} photons"
    sums = np.cumsum(squares.reshape(len(squares), -1), axis=1)[:, -1]
    return math.sqrt(photons / (float(np.cumsum(sums)[-1]) / len(sums))), source


def _positions(arrays: Arrays, count: int, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    x, y = (pitfalls.real_numbers(arrays, key) for key in ("xcoords", "ycoords"))
    pitfalls.positions(x, y, count, arrays)
    if reading.pixel_size_m is not None:
        x, y = x / reading.pixel_size_m, y / reading.pixel_size_m
    elif reading.checked:
        pitfalls.not_metres(x, y, arrays.name)
    if reading.swap_xy:
        x, y = y, x
    if reading.flip_x:
        x = (x.min() + x.max()) - x
    if reading.flip_y:
        y = (y.min() + y.max()) - y
    return x, y


def _object(arrays: Arrays) -> np.ndarray | None:
    found = arrays.get("objectGuess")
    if found is None:
        return None
    if found.dtype.kind != "c" or found.ndim != 2 or not np.isfinite(found).all():
        raise InputError(f"{arrays.name}: objectGuess must be complex, finite, with rows and columns")
    wide = found.astype(np.complex128)
    if np.abs(wide - wide.flat[0]).max() <= 1e-6:
        log.info("%s: objectGuess is constant, a placeholder; treated as absent", arrays.name)
        return None
    return wide


def _mask(arrays: Arrays, shape: tuple[int, ...], centred: bool) -> np.ndarray | None:
    found = arrays.get("mask")
    if found is None:
        return None
    if found.shape not in (shape, shape[1:]):
        raise InputError(f"{arrays.name}: mask has the shape {found.shape}; {shape[1:]} or {shape} was required")
    mask = (found if found.ndim == 3 else found[None]) != 0
    return mask if centred else np.fft.fftshift(mask, axes=(1, 2))


def _labels(arrays: Arrays, shape: tuple[int, ...]) -> np.ndarray | None:
    if "Y" not in arrays:
        return None
    labels = arrays.need("Y")
    labels = labels[..., 0] if labels.ndim == 4 and labels.shape[3] == 1 else labels
    if labels.shape != shape or labels.dtype.kind != "c":
        raise InputError(f"{arrays.name}: Y has the shape {labels.shape}, {shape} of complex values was required")
    return labels.astype(np.complex128)


def _gauge(
    arrays: Arrays, counts: np.ndarray, probe: np.ndarray, mask: np.ndarray | None, wanted: bool
) -> tuple[str, float]:
    """The gauge's word and the factor that brings the probe to photons; sums left to right, as the C program's."""
    word = arrays.word("probe_gauge", ("physical", "relative")) or "relative"
    if not wanted or word == "physical":
        log.info("%s: probe gauge %s; the probe is used as it is", arrays.name, word)
        return word, 1.0
    shown = counts if mask is None else np.where(mask, counts, 0.0)
    largest = float(np.cumsum(shown.reshape(len(shown), -1), axis=1)[:, -1].max())
    power = float(np.cumsum((probe.real * probe.real + probe.imag * probe.imag).reshape(-1))[-1])
    if not power > 0.0:
        raise InputError(f"{arrays.name}: probeGuess is zero everywhere")
    factor = math.sqrt(largest / power)
    log.info("%s: probe gauge relative; the probe is multiplied by %.9g", arrays.name, factor)
    return word, factor
