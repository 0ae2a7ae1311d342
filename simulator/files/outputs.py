"""The files a run writes and the figures it prints about the image (model, section 9)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import InputError
from simulator.experiment import RADIANS_TO_DEGREES, Detector, Experiment
from simulator.files.hkl import dump_bytes
from simulator.files.smv import smv_header_bytes
from simulator.files.writing import Content, write_files
from simulator.flag_values import quotient
from simulator.model.noise import LARGEST_COUNT, Noise, Roi, noise_image
from simulator.model.random_numbers import Ran1

FULL_SCALE = 55000.0
"""What the brightest pixel becomes in the integer image."""

PGM_FULL_SCALE, PGM_SPREADS = 250.0, 5.0
"""In the PGM image, this many standard deviations become that grey value."""

FEW_PIXELS = 1 << 16
"""Pixels of an image that are converted at a time."""


@dataclass(frozen=True)
class HeaderGeometry:
    """The detector's geometry after its pivot (model, section 3, step 5), as image headers print it."""

    distance_m: float
    close_distance_m: float
    Xbeam_m: float
    Ybeam_m: float
    Fbeam_m: float
    Sbeam_m: float
    Fclose_m: float
    Sclose_m: float
    pix0_m: tuple[float, float, float]

    @classmethod
    def of(cls, geometry: Any) -> HeaderGeometry:
        """From the geometry that the pixel sum uses (``simulator.model.detector.Geometry``), as plain floats."""
        centre = geometry.centre
        return cls(
            distance_m=float(geometry.distance_m),
            close_distance_m=float(geometry.close_distance_m),
            Xbeam_m=float(centre.Xbeam_m),
            Ybeam_m=float(centre.Ybeam_m),
            Fbeam_m=float(centre.Fbeam_m),
            Sbeam_m=float(centre.Sbeam_m),
            Fclose_m=float(centre.Fclose_m),
            Sclose_m=float(centre.Sclose_m),
            pix0_m=(float(geometry.pix0_m[0]), float(geometry.pix0_m[1]), float(geometry.pix0_m[2])),
        )


@dataclass(frozen=True)
class Statistics:
    """Figures of a float image over the region of interest."""

    n_pixels: int
    """Unmasked pixels of the region."""
    sum: float
    mean: float
    rms: float
    """sqrt(sum x^2/(n - 1)); infinite of one pixel alone."""
    rmsd: float
    """sqrt(sum (x - mean)^2/(N - 1)) over all N pixels of the region, masked ones as 0."""
    max: float
    """The largest pixel, at least 0: the reference looks for more than 0."""
    max_slow_fast: tuple[int, int]


@dataclass(frozen=True)
class Written:
    """What a run wrote, and the figures that go with it."""

    statistics: Statistics
    files: tuple[Path, ...]
    int_scale: float
    pgm_scale: float
    noise: Noise | None

    def lines(self, experiment: Experiment, oversample: int, solid_angle_sr: float | None = None) -> list[str]:
        """The figures as the reference prints them."""
        figures = self.statistics
        Fdet_m, Sdet_m = 0.0, 0.0
        if figures.max > 0:
            Fdet_m, Sdet_m = last_subpixel_m(figures.max_slow_fast, experiment.detector.pixel_size_m, oversample)
        lines = [
            f"max_I = {figures.max:g}  at {Fdet_m:g} {Sdet_m:g}",
            f"mean= {figures.mean:g} rms= {figures.rms:g} rmsd= {figures.rmsd:g}",
            f"intfile_scale = {self.int_scale:g}",
        ]
        if solid_angle_sr is not None:
            percent = 100.0 * solid_angle_sr / (4.0 * math.pi)
            lines.insert(0, f"solid angle subtended by detector = {solid_angle_sr:g} steradian ( {percent:g}% sphere)")
        if experiment.output.pgm_file is not None:
            lines.append(f"pgm_scale = {self.pgm_scale:g}")
        if experiment.crystal.random_misset_seed is not None:
            lines.append(f"random orientation seed: {experiment.crystal.random_misset_seed}")
        if self.noise is not None:
            lines.append(f"  seed: {experiment.output.noise_seed}")
            lines.append(f"{self.noise.photons:.0f} photons on noise image ({self.noise.overloads} overloads)")
        return lines


def statistics(image: np.ndarray, roi: Roi | None = None, mask: np.ndarray | None = None) -> Statistics:
    """Figures of a float image.

    Args:
        image: slow x fast.
        roi: fast min, fast max, slow min, slow max, ends included; None is the whole image.
        mask: bool, slow x fast; False leaves the pixel out.
    """
    region = _region(image, roi)
    values = image[region].astype(np.float64)
    n = values.size
    if mask is not None:
        kept = mask[region]
        values[~kept], n = 0.0, int(kept.sum())
    with np.errstate(invalid="ignore", over="ignore"):
        total, squares = float(values.sum()), float(np.vdot(values, values))
        mean = quotient(total, n)
        largest, place = _brightest(values, None if mask is None else kept)
        values -= mean
        deviations = float(np.vdot(values, values))
    return Statistics(
        n_pixels=n,
        sum=total,
        mean=mean,
        rms=_root(quotient(squares, n - 1)),
        rmsd=_root(quotient(deviations, values.size - 1)),
        max=largest,
        max_slow_fast=(place[0] + region[0].start, place[1] + region[1].start) if largest > 0 else (0, 0),
    )


def _brightest(values: np.ndarray, kept: np.ndarray | None) -> tuple[float, tuple[int, int]]:
    """The largest value above 0 that counts, and its row and column, the first of equals; 0 where there is none."""
    if not values.size:
        return 0.0, (0, 0)
    place = int(np.argmax(values))
    if kept is not None or np.isnan(values.flat[place]):  # argmax finds what is no number first
        counts = ~np.isnan(values) if kept is None else kept & ~np.isnan(values)
        place = int(np.argmax(np.where(counts, values, -np.inf)))
    largest = float(values.flat[place])
    slow, fast = divmod(place, values.shape[1])
    return (largest, (slow, fast)) if largest > 0 else (0.0, (0, 0))


def _root(x: float) -> float:
    return math.nan if x < 0 else math.sqrt(x)


def _region(image: np.ndarray, roi: Roi | None) -> tuple[slice, slice]:
    fast_min, fast_max, slow_min, slow_max = roi or (0, image.shape[1] - 1, 0, image.shape[0] - 1)
    return slice(slow_min, slow_max + 1), slice(fast_min, fast_max + 1)


def last_subpixel_m(slow_fast: tuple[int, int], pixel_size_m: float, oversample: int) -> tuple[float, float]:
    """(Fdet, Sdet) of a pixel's last subpixel, metres."""
    subpixel_size_m = pixel_size_m / oversample
    slow, fast = (
        subpixel_size_m * (index * oversample + oversample - 1) + subpixel_size_m / 2.0 for index in slow_fast
    )
    return fast, slow


def integer_scale(largest: float, scale: float | None = None) -> float:
    """What intensities are multiplied by in the integer image: as given if above 0, else the largest becomes 55000."""
    if scale is not None and scale > 0:
        return scale
    return FULL_SCALE / largest if largest > 0 else 1.0


def integer_image(image: np.ndarray, scale: float, adc_offset: float = 40.0, roi: Roi | None = None) -> np.ndarray:
    """uint16 image of ``x scale + adc``, clipped to 16 bits and rounded; pixels outside the region stay 0.

    A pixel that is no number becomes 0.

    Args:
        image: float32, slow x fast; masked pixels are 0.
        scale: see ``integer_scale``.
        adc_offset: added to every pixel of the region.
        roi: see ``statistics``.
    """
    pixels = np.zeros(image.shape, dtype=np.uint16)
    rows, columns = _region(image, roi)
    for some in _few(rows, image):
        counts = image[some, columns].astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            counts *= scale
        counts += adc_offset
        np.fmax(counts, 0.0, out=counts)  # what is no number becomes 0 as well
        np.fmin(counts, LARGEST_COUNT, out=counts)
        counts += 0.5
        pixels[some, columns] = np.floor(counts.astype(np.float32))
    return pixels


def _few(rows: slice, image: np.ndarray) -> Iterator[slice]:
    """The rows, as many at a time as stay near the processor through several operations."""
    step = max(1, FEW_PIXELS // max(1, image.shape[1]))
    for start in range(rows.start, rows.stop, step):
        yield slice(start, min(start + step, rows.stop))


def grey_scale(rmsd: float, scale: float | None = None, *, flat: float = 1.0) -> float:
    """What intensities are multiplied by in the PGM image.

    Args:
        rmsd: of the image; five of them become 250.
        scale: as given; it counts when above 0.
        flat: for an image without any spread (the reference takes the integer image's scale).
    """
    if scale is not None and scale > 0:
        return scale
    return PGM_FULL_SCALE / (PGM_SPREADS * rmsd) if rmsd > 0 else flat


def grey_image(image: np.ndarray, scale: float, roi: Roi | None = None) -> np.ndarray:
    """uint8 image of ``x scale``, cut at 255 and truncated; pixels outside the region stay 0."""
    pixels = np.zeros(image.shape, dtype=np.uint8)
    rows, columns = _region(image, roi)
    for some in _few(rows, image):
        grey = np.nan_to_num(image[some, columns].astype(np.float64))
        with np.errstate(invalid="ignore", over="ignore"):
            grey *= scale
        pixels[some, columns] = np.clip(grey, 0.0, 255.0, out=grey)
    return pixels


def pgm_header(shape: tuple[int, ...], scale: float) -> bytes:
    """What comes before the pixels of a binary PGM file of a uint8 image (slow, fast)."""
    slow, fast = shape
    return f"P5\n{fast} {slow}\n# pixels scaled by {scale:g}\n255\n".encode("ascii")


def _stored(pixels: np.ndarray, dtype: str) -> memoryview:
    """Pixels as a file holds them."""
    return np.ascontiguousarray(pixels.astype(dtype, copy=False)).data.cast("B")


def smv_header(experiment: Experiment, geometry: HeaderGeometry) -> bytes:
    """The 512-byte header of the integer and noise images: lengths in mm, angles in degrees."""
    detector, spindle, px = experiment.detector, experiment.spindle, experiment.detector.pixel_size_m
    x, y, z = geometry.pix0_m
    # Products with the three axes, as the reference takes them: then a 0 never says -0.
    along = (x * 0.0 + y * 0.0 + z * 1.0, x * 0.0 + y * 1.0 + z * 0.0, x * -1.0 + y * 0.0 + z * 0.0)
    origin_mm = ",".join(f"{_printed(1000.0 * value)}" for value in along)
    size_slow_m = _size_slow_m(detector)
    values: list[tuple[str, float]] = [
        ("PIXEL_SIZE", px * 1000.0),
        ("DISTANCE", geometry.distance_m * 1000.0),
        ("WAVELENGTH", float(experiment.beam.wavelength_A) / 1e10 * 1e10),  # kept in metres by the reference
        ("BEAM_CENTER_X", geometry.Xbeam_m * 1000.0),
        ("BEAM_CENTER_Y", geometry.Ybeam_m * 1000.0),
        ("ADXV_CENTER_X", geometry.Fbeam_m * 1000.0),
        ("ADXV_CENTER_Y", (size_slow_m - geometry.Sbeam_m) * 1000.0),
        ("MOSFLM_CENTER_X", (geometry.Sbeam_m - 0.5 * px) * 1000.0),
        ("MOSFLM_CENTER_Y", (geometry.Fbeam_m - 0.5 * px) * 1000.0),
        ("DENZO_X_BEAM", geometry.Sbeam_m * 1000.0),
        ("DENZO_Y_BEAM", geometry.Fbeam_m * 1000.0),
    ]
    after_origin: list[tuple[str, float]] = [
        ("XDS_ORGX", geometry.Fclose_m / px + 0.5),
        ("XDS_ORGY", geometry.Sclose_m / px + 0.5),
        ("CLOSE_DISTANCE", geometry.close_distance_m * 1000.0),
        ("PHI", float(spindle.phi_start_rad) * RADIANS_TO_DEGREES),
        ("OSC_START", float(spindle.phi_start_rad) * RADIANS_TO_DEGREES),
        ("OSC_RANGE", float(spindle.osc_rad) * RADIANS_TO_DEGREES),
        ("TWOTHETA", float(detector.twotheta_rad) * RADIANS_TO_DEGREES),
    ]
    return smv_header_bytes(
        [
            "HEADER_BYTES=512;",
            "DIM=2;",
            "BYTE_ORDER=little_endian;",
            "TYPE=unsigned_short;",
            f"SIZE1={detector.pixels_fast};",
            f"SIZE2={detector.pixels_slow};",
            *(f"{keyword}={_printed(value)};" for keyword, value in values),
            f"DIALS_ORIGIN={origin_mm}",
            *(f"{keyword}={_printed(value)};" for keyword, value in after_origin),
            "DETECTOR_SN=000;",
            "BEAMLINE=fake;",
        ]
    )


def _printed(value: float) -> str:
    """As C prints it: what is no number keeps its sign."""
    return f"{'-' if math.isnan(value) and math.copysign(1.0, value) < 0 else ''}{value:g}"


def _size_slow_m(detector: Detector) -> float:
    return detector.pixel_size_m * detector.pixels_slow if detector.size_slow_m is None else detector.size_slow_m


def write_outputs(
    experiment: Experiment, image: np.ndarray, geometry: HeaderGeometry, folder: str | Path = "."
) -> Written:
    """Write the files that the reference writes for this experiment.

    Args:
        experiment: names the files and scales.
        image: the float image, slow x fast; it is stored as 32-bit floats.
        geometry: for the image headers.
        folder: where relative file names lead.

    Raises:
        InputError: the image has another size, noise cannot be drawn, or a file cannot be written. All files
            appear, or none.
    """
    with np.errstate(over="ignore"):  # beyond 32 bits is infinite
        image = np.ascontiguousarray(image, dtype=np.float32)
    _require_shape(image, experiment.detector)
    output, roi = experiment.output, experiment.sampling.roi
    figures = statistics(image, roi, experiment.sampling.mask)
    int_scale = integer_scale(figures.max, output.scale)
    pgm_scale = grey_scale(figures.rmsd, output.pgm_scale, flat=int_scale)
    header = smv_header(experiment, geometry)
    contents: dict[str, Content] = {}
    noise = None
    if output.dump_file is not None:
        factors = experiment.structure_factors
        contents[output.dump_file] = (dump_bytes(np.asarray(factors.values), factors.minima),)
    if output.float_file is not None:
        contents[output.float_file] = (_stored(image, "<f4"),)
    if output.int_file is not None:
        counts = integer_image(image, int_scale, output.adc_offset, roi)
        contents[output.int_file] = (header, _stored(counts, "<u2"))
    if output.pgm_file is not None:
        grey = grey_image(image, pgm_scale, roi)
        contents[output.pgm_file] = (pgm_header(grey.shape, pgm_scale), _stored(grey, "u1"))
    if output.noise_file is not None:
        noise = noise_image(image, output.noise_seed, output.adc_offset, roi, stream_before_noise(experiment))
        contents[output.noise_file] = (header, _stored(noise.pixels, "<u2"))
    files = write_files(contents, Path(folder))
    return Written(figures, files, int_scale, pgm_scale, noise)


def stream_before_noise(experiment: Experiment) -> Ran1 | None:
    """The random stream as the crystal's orientation and mosaic domains leave it.

    A noise seed that is stored as a positive number goes on with that stream's shuffle; any other starts anew.
    """
    crystal, stream = experiment.crystal, None
    if experiment.output.noise_seed <= 0:
        return None
    if crystal.random_misset_seed is not None:
        stream = Ran1(crystal.random_misset_seed)
        stream.draw(3)
    if crystal.mosaic_spread_rad > 0:
        stream = Ran1(crystal.mosaic_seed, stream)
        stream.draw(3 * crystal.mosaic_domains)
    return stream


def _require_shape(image: np.ndarray, detector: Detector) -> None:
    expected = (detector.pixels_slow, detector.pixels_fast)
    if image.shape != expected:
        raise InputError(
            f"the image is {' x '.join(map(str, image.shape))} pixels, the detector {expected[0]} x {expected[1]} "
            "(slow x fast); they must be the same"
        )
