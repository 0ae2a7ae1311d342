"""From what a command line said to the Experiment: derived sampling, input files, checks (model, sections 1, 2, 5)."""

from __future__ import annotations

import math
import time
from pathlib import Path

from simulator.commandline.settings import Settings
from simulator.commandline.settings_to_detector import clipped_roi, detector_from, require_computed_pixel
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import (
    MOST_OVERSAMPLE,
    Beam,
    Crystal,
    Detector,
    Experiment,
    Output,
    Sampling,
    Spindle,
    Steps,
    StructureFactors,
    degrees,
)
from simulator.files.hkl import read_dump, read_hkl
from simulator.files.smv import read_smv_mask
from simulator.files.text import read_matrix, read_sources
from simulator.flag_values import quotient
from simulator.model.step_counts import directions_left, phi_steps, spread_steps
from simulator.remarks import Remarks

DEFAULT_DUMP = "Fdump.bin"

MOST_SOURCES = 10**7

MOST_CELLS = 10**8
"""Phi steps x mosaic domains at most."""


def experiment_from(settings: Settings, folder: Path, defects: Defects, remarks: Remarks) -> Experiment:
    """The experiment of these settings.

    Args:
        settings: what the command line said.
        folder: where the input files are.
        defects: which defects of reading are on.
        remarks: what was said so far; more is added.

    Raises:
        InputError: see ``simulator.commandline.reading.read_experiment``.
    """
    fluence = _fluence(settings, remarks)  # parts in the C program's order: of two reasons to refuse both say the first
    detector, crystal = detector_from(settings, remarks), _crystal(settings, folder, remarks)
    structure_factors = _structure_factors(settings, folder, defects)
    return Experiment(
        crystal=crystal,
        beam=_beam(settings, folder, fluence, remarks),
        detector=detector,
        sampling=_sampling(settings, folder, detector, defects, remarks, has_list=structure_factors.values is not None),
        spindle=_spindle(settings, remarks),
        structure_factors=structure_factors,
        output=_output(settings),
        defects=settings.defects,
    )


def _crystal(settings: Settings, folder: Path, remarks: Remarks) -> Crystal:
    if settings.cell_A_deg is None and settings.matrix_file is None:
        raise InputError("no unit cell: give -cell a b c alpha beta gamma or -mat FILE", exit_code=9)
    cell = None if settings.cell_A_deg is None else _whole_cell(settings.cell_A_deg)
    if cell is not None and (objection := objection_to_cell(cell)):
        remarks.object(objection)
    spread_rad = settings.mosaic_spread_rad if settings.mosaic_spread_rad > 0 else 0.0
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


def _whole_cell(cell: tuple[float, ...]) -> tuple[float, ...]:
    """Six numbers (A, degrees): a missing length is a, a missing angle 90 degrees."""
    lengths = [cell[0] if length <= 0 else length for length in cell[:3]]
    angles = [90.0 if angle <= 0 else angle for angle in cell[3:]]
    return (cell[0], *lengths[1:], *angles)


def objection_to_cell(cell: tuple[float, ...]) -> str:
    """Why three lengths (A) and three angles (degrees) make no cell with a volume; empty where they do."""
    lengths, angles = cell[:3], cell[3:]
    half = sum(angles) / 2
    if min(lengths) > 0 and half < 180 and all(math.sin(math.radians(half - angle)) > 0 for angle in angles):
        return ""
    return (
        f"no unit cell has a b c = {' '.join(f'{length:g}' for length in lengths)} Angstrom, alpha beta gamma = "
        f"{' '.join(f'{angle:g}' for angle in angles)} degrees; lengths must be positive, each angle less than the sum "
        "of the others, all together less than 360"
    )


def _size_in_beam(settings: Settings) -> tuple[float, float, float]:
    """The crystal's size; what is wider or higher than the beam is clipped to it."""
    width_m, height_m = settings.size_y_m, settings.size_z_m
    if settings.beamsize_m >= 0:
        width_m, height_m = min(width_m, settings.beamsize_m), min(height_m, settings.beamsize_m)
    return settings.size_x_m, width_m, height_m


def _beam(settings: Settings, folder: Path, fluence: float, remarks: Remarks) -> Beam:
    name = settings.source_file
    sources = None if name is None else read_sources(folder / name, name, remarks)
    if sources is None and settings.dispersion >= 2:
        remarks.object(
            f"-dispersion {settings.dispersion * 100:g} % spreads the wavelengths down to 0; give less than 200"
        )
    hdiv, vdiv, dispersion = _spreads(settings)
    if sources is None:
        _require_some_sources(settings, hdiv, vdiv, dispersion, remarks)
    return Beam(
        wavelength_A=settings.wavelength_A,
        fluence_photons_per_m2=fluence,
        polarization_factor=settings.polarization_factor,
        polarized=settings.polarized,
        polarization_axis=settings.polar_vector if settings.convention == "CUSTOM" else None,
        hdiv=hdiv,
        vdiv=vdiv,
        dispersion=dispersion,
        round_divergence=settings.round_divergence,
        sources=sources,
    )


def _spreads(settings: Settings) -> tuple[Steps, Steps, Steps]:
    """The steps of hdiv, vdiv and dispersion."""
    hdiv = spread_steps(
        "-hdivrange",
        count=settings.hdiv_steps,
        range=settings.hdiv_range_rad,
        step=settings.hdiv_step_rad,
        range_alone=1.0,
    )
    vdiv = spread_steps(
        "-vdivrange",
        count=settings.vdiv_steps,
        range=settings.vdiv_range_rad,
        step=settings.vdiv_step_rad,
        range_alone=1.0,
    )
    dispersion = spread_steps(
        "-dispersion", count=settings.dispersion_steps, range=settings.dispersion, range_alone=1.0
    )
    return hdiv, vdiv, dispersion


def _require_some_sources(settings: Settings, hdiv: Steps, vdiv: Steps, dispersion: Steps, remarks: Remarks) -> None:
    """A remark where no source is left; InputError where there are too many to count."""
    if hdiv.count * vdiv.count * dispersion.count > MOST_SOURCES:
        raise InputError(
            f"{hdiv.count} x {vdiv.count} x {dispersion.count} sources (hdiv x vdiv x dispersion) are more than "
            f"{MOST_SOURCES:g}"
        )
    if next(directions_left(hdiv, vdiv, round_divergence=settings.round_divergence), None) is None:
        remarks.object("the divergence steps leave no source; try -square_div")


def _fluence(settings: Settings, remarks: Remarks) -> float:
    """Photons per square metre: a flux, an exposure and a beam size settle it; the wavelength is looked at first."""
    if settings.wavelength_A <= 0:
        remarks.object(f"the wavelength must be positive, not {settings.wavelength_A:g} Angstrom")
    flux, exposure_s, beamsize_m = settings.flux_photons_per_s, settings.exposure_s, settings.beamsize_m
    if flux == 0 or not exposure_s > 0 or not beamsize_m >= 0:
        return settings.fluence_photons_per_m2
    if beamsize_m == 0:
        remarks.object("-flux needs a beam size above 0; give -beamsize mm")
    return quotient(quotient(flux * exposure_s, beamsize_m), beamsize_m)


def _spindle(settings: Settings, remarks: Remarks) -> Spindle:
    steps = phi_steps(count=settings.phi_steps, osc_rad=settings.osc_rad, step_rad=settings.phi_step_rad)
    if steps.count <= 0:
        remarks.object(f"the phi scan has {steps.count} steps; -osc must be above 0 with -phistep")
    if steps.count * max(settings.mosaic_domains, 1) > MOST_CELLS:
        raise InputError(
            f"{steps.count} phi steps x {settings.mosaic_domains} mosaic domains are more than {MOST_CELLS:g} cells"
        )
    return Spindle(
        axis=settings.spindle_axis if settings.convention == "CUSTOM" else None,
        phi_start_rad=settings.phi_start_rad,
        osc_rad=steps.range,
        phi_steps=steps.count,
        phi_step_rad=steps.step,
    )


def _structure_factors(settings: Settings, folder: Path, defects: Defects) -> StructureFactors:
    if settings.stol_file is not None:
        _require_stol_file(folder / settings.stol_file, settings.stol_file)
    return _factors(settings, folder, defects)


def _require_stol_file(path: Path, name: str) -> None:
    """A list of sin(theta)/lambda or Q is read by the reference without any effect, but it must be there."""
    try:
        path.open("rb").close()
    except (OSError, ValueError) as error:
        if not isinstance(error, IsADirectoryError):
            raise InputError(f"cannot open list {name}: {getattr(error, 'strerror', error)}", exit_code=9) from None


def _factors(settings: Settings, folder: Path, defects: Defects) -> StructureFactors:
    if settings.hkl_file is not None:
        return read_hkl(folder / settings.hkl_file, settings.hkl_file, settings.default_F)
    dump = settings.dump_file or DEFAULT_DUMP
    may_read_dump = "stale-dump" in defects or settings.dump_file is not None
    if may_read_dump and (folder / dump).exists():
        return read_dump(folder / dump, dump, settings.default_F, skip_all_white_space="dump-whitespace" in defects)
    if settings.default_F == 0:
        raise InputError("no structure factors: give -hkl FILE or -default_F F", exit_code=9)
    return StructureFactors(settings.default_F)


def _sampling(
    settings: Settings, folder: Path, detector: Detector, defects: Defects, remarks: Remarks, *, has_list: bool
) -> Sampling:
    mask, name, shape = None, settings.mask_file, (detector.pixels_slow, detector.pixels_fast)
    if name is not None:
        mask = read_smv_mask(folder / name, name, shape, remarks, substrings="header-substrings" in defects)
    roi = None if settings.roi is None else clipped_roi(settings.roi, detector, remarks)
    if settings.oversample > MOST_OVERSAMPLE:
        raise InputError(f"-oversample {settings.oversample} is too fine; at most {MOST_OVERSAMPLE}")
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


def _stored_seed(number: int | None) -> int:
    """A seed as it is stored: minus the number given, which the clock gives when nobody does."""
    return -(int(time.time()) % 2**31 if number is None else number)


def _output(settings: Settings) -> Output:
    return Output(
        float_file=settings.float_file,
        int_file=settings.int_file,
        pgm_file=settings.pgm_file if settings.writes_pgm else None,
        noise_file=settings.noise_file if settings.writes_noise else None,
        dump_file=None if settings.hkl_file is None else (settings.dump_file or DEFAULT_DUMP),
        scale=settings.scale,
        pgm_scale=settings.pgm_scale,
        adc_offset=settings.adc_offset,
        noise_seed=_stored_seed(settings.noise_seed),
        printout=settings.printout,
        printout_pixel=settings.printout_pixel,
        progress=settings.progress,
        trace_pixels=settings.trace_pixels,
        trace_file=settings.trace_file,
        trace_only=settings.trace_only,
        case=settings.case,
        threads=settings.threads,
    )
