"""From what a command line said to the Experiment: derived sampling, input files, checks (model, sections 1, 2, 5)."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import (
    Beam,
    Crystal,
    Detector,
    Experiment,
    Output,
    Sampling,
    Spindle,
    Steps,
    StructureFactors,
    Vector,
    degrees,
)
from simulator.files_hkl import read_dump, read_hkl
from simulator.files_smv import read_smv_pixels
from simulator.files_text import read_matrix, read_sources
from simulator.settings import Settings
from simulator.step_counts import phi_steps, spread_steps

DEFAULT_DUMP = "Fdump.bin"

LARGEST_IMAGE = 2**31 - 1
"""Pixels of one image at most."""


def experiment_from(settings: Settings, folder: Path, defects: Defects) -> Experiment:
    """The experiment of these settings.

    Args:
        settings: what the command line said.
        folder: where the input files are.
        defects: which defects of reading are on.

    Raises:
        InputError: see ``simulator.commandline.read_experiment``.
    """
    detector, crystal = detector_from(settings), _crystal(settings, folder)
    structure_factors = _structure_factors(settings, folder, defects)
    return Experiment(
        crystal=crystal,
        beam=_beam(settings, folder),
        detector=detector,
        sampling=_sampling(settings, folder, detector, has_list=structure_factors.values is not None),
        spindle=_spindle(settings),
        structure_factors=structure_factors,
        output=_output(settings),
        defects=settings.defects,
    )


def _crystal(settings: Settings, folder: Path) -> Crystal:
    if settings.cell_A_deg is None and settings.matrix_file is None:
        raise InputError("no crystal: give its unit cell with -cell or an orientation matrix with -mat", exit_code=9)
    cell = settings.cell_A_deg
    if cell is not None:
        require_possible_cell(cell)
    spread_rad = max(settings.mosaic_spread_rad, 0.0)
    domains = settings.mosaic_domains if settings.mosaic_domains > 0 else 10
    is_random = settings.misset_rad == "random"
    name = settings.matrix_file
    matrix = None if name is None else read_matrix(folder / name, name)
    return Crystal(
        cell_lengths_A=None if cell is None else cell[:3],
        cell_angles_rad=(math.pi / 2,) * 3 if cell is None else tuple(float(degrees(angle)) for angle in cell[3:]),
        orientation_matrix=matrix,
        misset_rad=None if settings.misset_rad == "random" else settings.misset_rad,
        random_misset_seed=_stored_seed(settings.misset_seed) if is_random else None,
        N_cells=(max(settings.Na, 1), max(settings.Nb, 1), max(settings.Nc, 1)),
        size_m=_size_in_beam(settings),
        shape=settings.shape,
        fudge=settings.fudge,
        mosaic_spread_rad=spread_rad,
        mosaic_domains=domains if spread_rad > 0 else 1,
        mosaic_seed=-settings.mosaic_seed,
    )


def require_possible_cell(cell: tuple[float, ...]) -> None:
    """Raise InputError unless three lengths (A) and three angles (degrees) close to a cell with a volume."""
    lengths, angles = cell[:3], cell[3:]
    text = " ".join(f"{value:g}" for value in cell)
    if min(lengths) <= 0:
        raise InputError(f"impossible cell {text}: its lengths must be greater than 0")
    if not all(0 < angle < 180 for angle in angles):
        raise InputError(f"impossible cell {text}: its angles must lie between 0 and 180 degrees")
    if sum(angles) >= 360 or 2 * max(angles) >= sum(angles):
        raise InputError(
            f"impossible cell {text}: its angles must sum to less than 360 degrees, "
            "and each be less than the sum of the other two"
        )


def _size_in_beam(settings: Settings) -> tuple[float, float, float]:
    """The crystal's size; what is wider or higher than the beam is clipped to it."""
    width_m, height_m = settings.size_y_m, settings.size_z_m
    if settings.beamsize_m >= 0:
        width_m, height_m = min(width_m, settings.beamsize_m), min(height_m, settings.beamsize_m)
    return settings.size_x_m, width_m, height_m


def _beam(settings: Settings, folder: Path) -> Beam:
    sources = (
        None if settings.source_file is None else read_sources(folder / settings.source_file, settings.source_file)
    )
    _require_wavelengths(settings)
    return Beam(
        wavelength_A=settings.wavelength_A,
        fluence_photons_per_m2=_fluence(settings),
        polarization_factor=settings.polarization_factor,
        polarized=settings.polarized,
        polarization_axis=_custom_vector(settings, "-polar_vector", settings.polar_vector),
        hdiv=spread_steps(
            "-hdivrange",
            count=settings.hdiv_steps,
            range=settings.hdiv_range_rad,
            step=settings.hdiv_step_rad,
            range_alone=1.0,
        ),
        vdiv=spread_steps(
            "-vdivrange",
            count=settings.vdiv_steps,
            range=settings.vdiv_range_rad,
            step=settings.vdiv_step_rad,
            range_alone=1.0,
        ),
        dispersion=spread_steps(
            "-dispersion", count=settings.dispersion_steps, range=settings.dispersion, range_alone=1.0
        ),
        round_divergence=settings.round_divergence,
        sources=sources,
    )


def _require_wavelengths(settings: Settings) -> None:
    if settings.dispersion >= 2:
        raise InputError(
            f"-dispersion {settings.dispersion * 100:g} % spreads the wavelengths down to 0; give less than 200"
        )


def _fluence(settings: Settings) -> float:
    """Photons per square metre: a flux, an exposure and a beam size settle it."""
    flux, exposure_s, beamsize_m = settings.flux_photons_per_s, settings.exposure_s, settings.beamsize_m
    if flux == 0 or exposure_s <= 0 or beamsize_m < 0:
        return settings.fluence_photons_per_m2
    fluence = flux * exposure_s / beamsize_m / beamsize_m if beamsize_m > 0 else math.inf
    if not math.isfinite(fluence) or fluence < 0:
        raise InputError(
            f"-flux {flux:g} over -exposure {exposure_s:g} s in a beam of {beamsize_m * 1e3:g} mm makes a fluence of "
            f"{fluence:g}; it must be finite and not negative"
        )
    return fluence


def detector_from(settings: Settings) -> Detector:
    """The detector that the settings describe.

    Raises:
        InputError: it has no pixel, too many, or an unusable layer or vector.
    """
    thickness = spread_steps(
        "-detector_thick",
        count=settings.thickness_steps,
        range=settings.thickness_m,
        range_alone=0.5e-6,
        uncounted_parts=2,
    )
    pixel_size_m, is_custom = settings.pixel_size_m, settings.convention == "CUSTOM"
    detector = Detector(
        pixels_fast=_pixel_count(settings.fast_size_m(), pixel_size_m),
        pixels_slow=_pixel_count(settings.slow_size_m(), pixel_size_m),
        pixel_size_m=pixel_size_m,
        size_fast_m=None if settings.pixels_fast else settings.size_fast_m,
        size_slow_m=None if settings.pixels_slow else settings.size_slow_m,
        distance_m=settings.distance_m,
        close_distance_m=settings.close_distance_m,
        convention=settings.convention,
        pivot=settings.pivot,
        Xbeam_m=settings.Xbeam_m,
        Ybeam_m=settings.Ybeam_m,
        Xclose_m=settings.Xclose_m,
        Yclose_m=settings.Yclose_m,
        Fclose_m=None if settings.ORGX is None else (settings.ORGX - 0.5) * pixel_size_m,
        Sclose_m=None if settings.ORGY is None else (settings.ORGY - 0.5) * pixel_size_m,
        beam_vector=_custom_vector(settings, "-beam_vector", settings.beam_vector),
        fdet_vector=_custom_vector(settings, "-fdet_vector", settings.fdet_vector),
        sdet_vector=_custom_vector(settings, "-sdet_vector", settings.sdet_vector),
        odet_vector=settings.odet_vector if is_custom else None,
        twotheta_axis=settings.twotheta_axis if is_custom else None,
        rotx_rad=settings.rotx_rad,
        roty_rad=settings.roty_rad,
        rotz_rad=settings.rotz_rad,
        twotheta_rad=settings.twotheta_rad,
        curved=settings.curved,
        point_pixel=settings.point_pixel,
        thickness=thickness,
        attenuation_per_m=_attenuation(settings, thickness),
    )
    if detector.pixels_fast * detector.pixels_slow > LARGEST_IMAGE:
        raise InputError(
            f"a detector of {detector.pixels_fast} x {detector.pixels_slow} pixels is too large; "
            f"at most {LARGEST_IMAGE} pixels make an image"
        )
    return detector


def _pixel_count(size_m: float, pixel_size_m: float) -> int:
    quotient = size_m / pixel_size_m - 0.5
    count = math.ceil(min(quotient, LARGEST_IMAGE + 1))
    if count < 1:
        raise InputError(
            f"a detector {size_m * 1e3:g} mm wide with pixels of {pixel_size_m * 1e3:g} mm has no pixel; "
            "enlarge -detsize, shrink -pixel, or give -detpixels"
        )
    return count


def _attenuation(settings: Settings, thickness: Steps) -> float:
    """mu per metre: as given, else 1/thickness."""
    if settings.attenuation_per_m is not None:
        return settings.attenuation_per_m
    return 1.0 / thickness.range if thickness.range > 0 else 0.0


def _custom_vector(settings: Settings, flag: str, vector: Vector | None) -> Vector | None:
    """A direction given by a flag; it counts with the CUSTOM convention only."""
    if vector is None or settings.convention != "CUSTOM":
        return None
    if not any(vector):
        raise InputError(f"{flag} 0 0 0 has no direction; give a vector of some length")
    return vector


def _spindle(settings: Settings) -> Spindle:
    steps = phi_steps(count=settings.phi_steps, osc_rad=settings.osc_rad, step_rad=settings.phi_step_rad)
    return Spindle(
        axis=_custom_vector(settings, "-spindle_axis", settings.spindle_axis),
        phi_start_rad=settings.phi_start_rad,
        osc_rad=steps.range,
        phi_steps=steps.count,
        phi_step_rad=steps.step,
    )


def _structure_factors(settings: Settings, folder: Path, defects: Defects) -> StructureFactors:
    if settings.hkl_file is not None:
        return read_hkl(folder / settings.hkl_file, settings.hkl_file, settings.default_F)
    dump = settings.dump_file or DEFAULT_DUMP
    may_read_dump = "stale-dump" in defects or settings.dump_file is not None
    if may_read_dump and (folder / dump).exists():
        return read_dump(folder / dump, dump, settings.default_F, skip_all_white_space="dump-whitespace" in defects)
    if settings.default_F == 0:
        looked_for = f"; there is no dump file {dump} either" if may_read_dump else ""
        raise InputError(
            f"no structure factors: give a list with -hkl, or one value for all with -default_F{looked_for}",
            exit_code=9,
        )
    return StructureFactors(settings.default_F)


def _sampling(settings: Settings, folder: Path, detector: Detector, *, has_list: bool) -> Sampling:
    mask = None if settings.mask_file is None else _mask(folder, settings.mask_file, detector)
    roi = None if settings.roi is None else clipped_roi(settings.roi, detector)
    for slow, fast in settings.trace_pixels:
        require_computed_pixel(slow, fast, detector, roi, mask)
    return Sampling(
        oversample=max(settings.oversample, 0),
        oversample_thick=settings.oversample_thick,
        oversample_polar=settings.oversample_polar,
        oversample_omega=settings.oversample_omega,
        roi=roi,
        mask=mask,
        dmin_A=settings.dmin_A,
        water_m=settings.water_m,
        interpolate=_interpolate(settings, has_list=has_list),
    )


def _interpolate(settings: Settings, *, has_list: bool) -> bool:
    if not has_list:
        return False
    if settings.interpolate is None:
        return min(settings.Na, settings.Nb, settings.Nc) <= 2
    return settings.interpolate


def clipped_roi(roi: tuple[int, int, int, int], detector: Detector) -> tuple[int, int, int, int]:
    """The part of a region (fast min, max, slow min, max; ends included) on the detector; InputError when none is.

    A bound below 0 counts as missing: the region then begins or ends where the detector does.
    """
    fast_min, fast_max, slow_min, slow_max = roi
    clipped = (
        max(fast_min, 0),
        _clipped_end(fast_max, detector.pixels_fast),
        max(slow_min, 0),
        _clipped_end(slow_max, detector.pixels_slow),
    )
    if clipped[0] > clipped[1] or clipped[2] > clipped[3]:
        raise InputError(
            f"-roi {' '.join(map(str, roi))} (xmin xmax ymin ymax) holds no pixel of a detector of "
            f"{detector.pixels_fast} x {detector.pixels_slow}"
        )
    return clipped


def _clipped_end(end: int, pixels: int) -> int:
    return pixels - 1 if end < 0 else min(end, pixels - 1)


def require_computed_pixel(
    slow: int, fast: int, detector: Detector, roi: tuple[int, int, int, int] | None, mask: np.ndarray | None
) -> None:
    """Raise InputError for a pixel that the image does not compute: off the detector, outside the ROI, or masked."""
    if not (0 <= slow < detector.pixels_slow and 0 <= fast < detector.pixels_fast):
        raise InputError(
            f"pixel {slow} {fast} (slow fast) is outside the detector: slow must be below {detector.pixels_slow}, "
            f"fast below {detector.pixels_fast}"
        )
    if roi is not None and not (roi[0] <= fast <= roi[1] and roi[2] <= slow <= roi[3]):
        raise InputError(
            f"pixel {slow} {fast} (slow fast) is outside the region of interest: "
            f"slow {roi[2]} to {roi[3]}, fast {roi[0]} to {roi[1]}"
        )
    if mask is not None and not mask[slow, fast]:
        raise InputError(f"pixel {slow} {fast} (slow fast) is masked: nothing is computed there; choose another")


def _mask(folder: Path, name: str, detector: Detector) -> np.ndarray:
    pixels = read_smv_pixels(folder / name, name)
    expected = (detector.pixels_slow, detector.pixels_fast)
    if pixels.shape != expected:
        raise InputError(
            f"{name}: the mask has {pixels.shape[1]} x {pixels.shape[0]} pixels (fast x slow), the detector "
            f"{expected[1]} x {expected[0]}; they must be the same"
        )
    return pixels != 0


def _stored_seed(number: int | None) -> int:
    """A seed as it is stored: minus the number given, which the clock gives when nobody does."""
    return -(int(time.time()) % 2**31 if number is None else number)


def _output(settings: Settings) -> Output:
    return Output(
        float_file=settings.float_file,
        int_file=settings.int_file,
        pgm_file=settings.pgm_file,
        noise_file=settings.noise_file,
        dump_file=None if settings.hkl_file is None else settings.dump_file or DEFAULT_DUMP,
        scale=settings.scale,
        pgm_scale=settings.pgm_scale,
        adc_offset=settings.adc_offset,
        noise_seed=_stored_seed(settings.noise_seed),
        printout=settings.printout,
        printout_pixel=settings.printout_pixel,
        progress=settings.progress,
        trace_pixels=settings.trace_pixels,
        case=settings.case,
        threads=settings.threads,
    )
