"""What a command line said, word by word, before anything is derived from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from simulator.defects import Defects
from simulator.experiment import DEFAULT_FLUENCE, RADIANS_TO_DEGREES, Convention, Pivot, Shape
from simulator.files.smv import ANGLE, ANGSTROM, MILLIMETRE, PIXEL, read_smv_header
from simulator.model.step_counts import NOT_GIVEN
from simulator.remarks import Remarks

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Settings:
    """Every value a flag or an image header can set, with the reference's defaults.

    None and, for counts and ranges of steps, -1 mean not given.
    """

    # crystal
    matrix_file: str | None = None
    cell_A_deg: tuple[float, ...] | None = None
    """a b c alpha beta gamma; 0 or less: not given."""
    misset_rad: Triple | Literal["random"] | None = None
    misset_seed: int | None = None
    Na: int = 1
    Nb: int = 1
    Nc: int = 1
    size_x_m: float = 0.0
    size_y_m: float = 0.0
    size_z_m: float = 0.0
    shape: Shape = "square"
    fudge: float = 1.0
    mosaic_spread_rad: float = NOT_GIVEN
    mosaic_domains: int = NOT_GIVEN
    mosaic_seed: int = 12345678
    # spindle
    phi_start_rad: float = 0.0
    osc_rad: float = NOT_GIVEN
    phi_step_rad: float = NOT_GIVEN
    phi_steps: int = NOT_GIVEN
    spindle_axis: Triple | None = None
    # structure factors
    hkl_file: str | None = None
    default_F: float = 0.0
    dump_file: str | None = None
    stol_file: str | None = None
    interpolate: bool | None = None
    # beam
    wavelength_A: float = 1.0
    fluence_photons_per_m2: float = DEFAULT_FLUENCE
    flux_photons_per_s: float = 0.0
    exposure_s: float = 1.0
    beamsize_m: float = 1e-4
    polarization_factor: float = 0.0
    polarized: bool = True
    dispersion: float = 0.0
    dispersion_steps: int = NOT_GIVEN
    hdiv_range_rad: float = NOT_GIVEN
    hdiv_step_rad: float = NOT_GIVEN
    hdiv_steps: int = NOT_GIVEN
    vdiv_range_rad: float = NOT_GIVEN
    vdiv_step_rad: float = NOT_GIVEN
    vdiv_steps: int = NOT_GIVEN
    round_divergence: bool = True
    source_file: str | None = None
    beam_vector: Triple | None = None
    polar_vector: Triple | None = None
    # detector
    distance_m: float = 0.1
    close_distance_m: float | None = None
    size_fast_m: float = 0.1024
    size_slow_m: float = 0.1024
    pixels_fast: int = 0
    """0: not given."""
    pixels_slow: int = 0
    pixel_size_m: float = 1e-4
    Xbeam_m: float | None = None
    Ybeam_m: float | None = None
    Xclose_m: float | None = None
    Yclose_m: float | None = None
    ORGX: float | None = None
    ORGY: float | None = None
    convention: Convention = "MOSFLM"
    pivot: Pivot = "BEAM"
    fdet_vector: Triple | None = None
    sdet_vector: Triple | None = None
    odet_vector: Triple | None = None
    twotheta_axis: Triple | None = None
    twotheta_rad: float = 0.0
    rotx_rad: float = 0.0
    roty_rad: float = 0.0
    rotz_rad: float = 0.0
    curved: bool = False
    point_pixel: bool = False
    attenuation_per_m: float | None = None
    thickness_m: float = 0.0
    thickness_steps: int = NOT_GIVEN
    # sampling
    oversample: int = 0
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    roi: tuple[int, int, int, int] | None = None
    mask_file: str | None = None
    image_file: str | None = None
    dmin_A: float = 0.0
    water_m: float = 0.0
    # output
    float_file: str = "floatimage.bin"
    int_file: str = "intimage.img"
    pgm_file: str = "image.pgm"
    noise_file: str = "noiseimage.img"
    writes_pgm: bool = True
    writes_noise: bool = True
    scale: float | None = None
    pgm_scale: float | None = None
    adc_offset: float = 40.0
    noise_seed: int | None = None
    printout: bool = False
    printout_pixel: tuple[int, int] | None = None
    progress: bool = True
    # this toolkit's own
    trace_pixels: tuple[tuple[int, int], ...] = ()
    defects: Defects | None = None
    threads: int = 1
    case: str = "none"
    trace_file: str | None = None
    trace_only: bool = False

    def slow_size_m(self) -> float:
        """Height of the detector: a pixel count, if given, fixes it."""
        return self.pixel_size_m * self.pixels_slow if self.pixels_slow else self.size_slow_m

    def fast_size_m(self) -> float:
        """Width of the detector."""
        return self.pixel_size_m * self.pixels_fast if self.pixels_fast else self.size_fast_m


HEADER_KEYWORDS: tuple[tuple[str, str, float, str], ...] = (
    ("PIXEL_SIZE", MILLIMETRE, 1e3, "pixel_size_m"),
    ("DISTANCE", MILLIMETRE, 1e3, "distance_m"),
    ("CLOSE_DISTANCE", MILLIMETRE, 1e3, "close_distance_m"),
    ("WAVELENGTH", ANGSTROM, 1.0, "wavelength_A"),
    ("BEAM_CENTER_X", MILLIMETRE, 1e3, "Xbeam_m"),
    ("BEAM_CENTER_Y", MILLIMETRE, 1e3, "Ybeam_m"),
    ("ORGX", PIXEL, 1.0, "ORGX"),
    ("ORGY", PIXEL, 1.0, "ORGY"),
    ("PHI", ANGLE, RADIANS_TO_DEGREES, "phi_start_rad"),
    ("OSC_RANGE", ANGLE, RADIANS_TO_DEGREES, "osc_rad"),
)
"""Keywords of an SMV header that are settings, with the divisor that makes them so; TWOTHETA has no effect."""


def header_settings(
    settings: Settings, folder: Path, name: str, defects: Defects, remarks: Remarks, *, is_mask: bool, field: str
) -> Settings:
    """The settings with those that an SMV file's header brings (``-mask`` and ``-img``); as they were if it is none.

    A mask's BEAM_CENTER_Y counts from the far edge: Ybeam = slow size - BEAM_CENTER_Y.

    Raises:
        InputError: a header that the reference crashes on, or a keyword's value that cannot be used.
    """
    header = read_smv_header(folder / name, name, remarks, substrings="header-substrings" in defects)
    if header is None:
        return settings
    fast, slow = header.size()
    sizes = {"pixels_fast": fast, "pixels_slow": slow}
    filled: dict[str, Any] = {field: name, **{setting: count for setting, count in sizes.items() if count}}
    for keyword, units, per, setting in HEADER_KEYWORDS:
        number = header.number(keyword, units)
        if number is not None:
            filled[setting] = number / per
    settings = replace(settings, **filled)
    if is_mask and "Ybeam_m" in filled:
        settings = replace(settings, Ybeam_m=settings.slow_size_m() - filled["Ybeam_m"])
    return settings
