"""What is simulated: the crystal, the beam, the detector, the scan and how finely all of it is sampled.

Frozen dataclasses without a device. A continuous parameter is a float or a tensor (which may require grad); a
field's unit is in its name. Angles are radians; ``degrees`` converts the way the reference does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from simulator.defects import Defects

if TYPE_CHECKING:
    import torch

    Scalar: TypeAlias = float | torch.Tensor
    Vector: TypeAlias = Sequence[float] | Sequence[torch.Tensor] | torch.Tensor
    Array: TypeAlias = np.ndarray | torch.Tensor
else:
    Scalar = Vector = Array = Any

RADIANS_TO_DEGREES = 180.0 * (1.0 / math.pi)
"""RTD of the model: degrees become radians by dividing by it (this fixes which phi steps are exactly 0)."""

DEFAULT_FLUENCE = 125932015286227086360700780544.0
"""Photons per square metre; with it, r_e^2 x fluence is about 1."""

MOST_OVERSAMPLE = 10000
"""Subpixels along a side of a pixel at most."""

Convention: TypeAlias = Literal["ADXV", "MOSFLM", "DENZO", "XDS", "DIALS", "CUSTOM"]
Pivot: TypeAlias = Literal["SAMPLE", "BEAM"]
Shape: TypeAlias = Literal["square", "round", "gauss", "tophat"]


def degrees(angle: Scalar) -> Scalar:
    """An angle in degrees as the radians the model computes with."""
    return angle / RADIANS_TO_DEGREES


@dataclass(frozen=True)
class Crystal:
    """The unit cell, its orientation, the crystal's size and shape, and its mosaic spread.

    At least one of ``cell_lengths_A`` and ``orientation_matrix`` is needed. With both, the matrix orients and the
    cell's lengths still rescale (model, section 4).
    """

    cell_lengths_A: Vector | None = None
    cell_angles_rad: Vector = (math.pi / 2, math.pi / 2, math.pi / 2)
    orientation_matrix: Vector | None = None
    """Nine numbers, rows x, y, z, columns a*, b*, c*, as a MOSFLM A matrix: the wavelength in A is in it."""
    misset_rad: Vector | None = None
    """Rotations about x, then y, then z; None leaves the orientation as it is."""
    random_misset_seed: int | None = None
    """Seed as stored (minus the number given); a random orientation is drawn when not None."""
    N_cells: tuple[int, int, int] = (1, 1, 1)
    size_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Along a, b, c (x, y, z); a size > 0 replaces that cell count."""
    shape: Shape = "square"
    fudge: float = 1.0
    mosaic_spread_rad: Scalar = 0.0
    mosaic_domains: int = 1
    mosaic_seed: int = -12345678


@dataclass(frozen=True)
class Spindle:
    """The rotation scan: phi = start + step i for i < steps."""

    axis: Vector | None = None
    """None takes the convention's."""
    phi_start_rad: Scalar = 0.0
    osc_rad: Scalar = 0.0
    phi_steps: int = 1
    phi_step_rad: Scalar | None = None
    """None derives it: ``osc_rad / phi_steps``."""


@dataclass(frozen=True)
class Steps:
    """A range sampled by a number of steps; one step of 0 is a point."""

    count: int = 1
    range: float = 0.0
    step: float = 0.0


@dataclass(frozen=True)
class Source:
    """A line of a source file. None takes the default: -10 m x beam (per coordinate), the beam's wavelength."""

    position_m: tuple[float | None, float | None, float | None] = (None, None, None)
    weight: float = 1.0
    wavelength_m: float | None = None


@dataclass(frozen=True)
class Beam:
    """Wavelength, fluence, polarization, divergence and dispersion."""

    wavelength_A: Scalar = 1.0
    fluence_photons_per_m2: Scalar = DEFAULT_FLUENCE
    polarization_factor: float = 0.0
    """Kahn's K; 0 is unpolarised."""
    polarized: bool = True
    """False (``-nopolar``) fixes the factor at 1."""
    polarization_axis: Vector | None = None
    hdiv: Steps = field(default_factory=Steps)
    """Radians."""
    vdiv: Steps = field(default_factory=Steps)
    dispersion: Steps = field(default_factory=Steps)
    """Fractions of the wavelength."""
    round_divergence: bool = True
    sources: tuple[Source, ...] | None = None
    """From a source file; None makes them from divergence and dispersion."""


@dataclass(frozen=True)
class Detector:
    """Geometry of section 3, as given: None where the convention or another value decides."""

    pixels_fast: int = 1024
    pixels_slow: int = 1024
    pixel_size_m: float = 1e-4
    size_fast_m: float | None = None
    """None: pixel size x count."""
    size_slow_m: float | None = None
    distance_m: Scalar = 0.1
    close_distance_m: Scalar | None = None
    convention: Convention = "MOSFLM"
    pivot: Pivot = "BEAM"
    """Counts with the CUSTOM convention only; the others bring their own."""
    Xbeam_m: Scalar | None = None
    Ybeam_m: Scalar | None = None
    Xclose_m: Scalar | None = None
    Yclose_m: Scalar | None = None
    Fclose_m: Scalar | None = None
    """(ORGX - 1/2) pixel."""
    Sclose_m: Scalar | None = None
    beam_vector: Vector | None = None
    fdet_vector: Vector | None = None
    sdet_vector: Vector | None = None
    odet_vector: Vector | None = None
    twotheta_axis: Vector | None = None
    rotx_rad: Scalar = 0.0
    roty_rad: Scalar = 0.0
    rotz_rad: Scalar = 0.0
    twotheta_rad: Scalar = 0.0
    curved: bool = False
    point_pixel: bool = False
    thickness: Steps = field(default_factory=Steps)
    """Metres: range = thickness, step = layer thickness."""
    attenuation_per_m: float = 0.0


@dataclass(frozen=True)
class Sampling:
    """Which pixels are computed and how finely."""

    oversample: int = 0
    """0 recommends (model, section 4)."""
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    roi: tuple[int, int, int, int] | None = None
    """fast min, fast max, slow min, slow max; both ends inclusive, clipped to the detector."""
    mask: np.ndarray | None = None
    """bool, slow x fast; False skips the pixel."""
    dmin_A: float = 0.0
    water_m: float = 0.0
    interpolate: bool = False


@dataclass(frozen=True)
class StructureFactors:
    """|F| at integer h, k, l; ``default_F`` outside the ranges."""

    default_F: Scalar = 0.0
    values: Array | None = None
    """(hmax-hmin+1, kmax-kmin+1, lmax-lmin+1), l fastest; None: no list."""
    minima: tuple[int, int, int] = (0, 0, 0)
    """hmin, kmin, lmin."""
    n_listed: int = 0
    """Entries the list named."""


@dataclass(frozen=True)
class Output:
    """The files a run writes and how counts are scaled. None: not written."""

    float_file: str | None = "floatimage.bin"
    int_file: str | None = "intimage.img"
    pgm_file: str | None = "image.pgm"
    noise_file: str | None = "noiseimage.img"
    dump_file: str | None = None
    """Where the structure factor array is dumped after a list was read."""
    scale: float | None = None
    """None: 55000/max."""
    pgm_scale: float | None = None
    adc_offset: float = 40.0
    noise_seed: int = -1
    """As stored: minus the number given."""
    printout: bool = False
    printout_pixel: tuple[int, int] | None = None
    """fast, slow."""
    progress: bool = True
    trace_pixels: tuple[tuple[int, int], ...] = ()
    """slow, fast."""
    trace_file: str | None = None
    """Where traces go; None: standard output."""
    trace_only: bool = False
    """No image is made."""
    case: str = "none"
    threads: int = 1


@dataclass(frozen=True)
class Experiment:
    """Everything a simulation needs: the frozen answer to a command line, or made by hand."""

    crystal: Crystal
    beam: Beam = field(default_factory=Beam)
    detector: Detector = field(default_factory=Detector)
    sampling: Sampling = field(default_factory=Sampling)
    spindle: Spindle = field(default_factory=Spindle)
    structure_factors: StructureFactors = field(default_factory=StructureFactors)
    output: Output = field(default_factory=Output)
    defects: Defects | None = None
    """What ``-defects`` said; None leaves the choice to the simulator's mode."""

    @classmethod
    def from_argv(cls, argv: Sequence[str], folder: str | Path = ".", defects: Defects | None = None) -> Experiment:
        """The experiment a command line of the reference program describes.

        Args:
            argv: the words after the program's name.
            folder: where the input files it names are looked for.
            defects: which defects of reading (``stale-dump``, ``dump-whitespace``, ``flag-substrings``) are on when
                argv itself has no ``-defects``; None means all.

        Raises:
            InputError: an unknown or incomplete flag, a bad file, nothing to diffract.
        """
        from simulator.commandline.reading import read_experiment

        return read_experiment(argv, Path(folder), defects)
