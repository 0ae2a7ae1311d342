"""The reference program's command line as data: one row per flag, in the order in which the reference looks at them.

Several rows may match one word; each acts. A row fills fields of ``Settings``; it may choose the detector's convention
or pivot besides (model, section 1; words and headers, first table).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from simulator.commandline.flag_readers import (
    Following,
    Reader,
    Reading,
    read_absorption,
    read_case,
    read_cell,
    read_curved,
    read_defects,
    read_energy,
    read_misset,
    read_pivot,
    read_random_misset,
    read_thickness,
    read_thickness_steps,
    read_trace_pixel,
)
from simulator.commandline.flag_words import Entry, entries, nearest
from simulator.experiment import RADIANS_TO_DEGREES

Role = Literal["", "input", "output", "count", "region", "switch"]


@dataclass(frozen=True)
class Flag:
    """One row of the table."""

    words: str
    """What it matches (see ``flag_words.entries``)."""
    needs: int
    """Words that must follow for it to act."""
    read: Reader
    ends: bool = False
    """No later row is looked at once it has acted."""
    own: bool = False
    """Beyond the reference: whole words, and values that must be right."""
    role: Role = ""
    """What its value is: a file that is read or written, a count that can be smaller, a region, named defects."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The ways to write it."""
        return entries(self.words)

    @property
    def names(self) -> tuple[str, ...]:
        """Its whole words."""
        return tuple(entry.name for entry in self.entries)

    def matches(self, word: str, *, whole_words: bool) -> bool:
        """Whether it acts on a word, as the reference matches, or by whole words alone."""
        if whole_words or self.own:
            return word in self.names
        return any(entry.matches(word) for entry in self.entries)


# ---- kinds of rows ---------------------------------------------------------------------------------------------------


def _number(words: str, *sets: str, per: float = 1.0, nan_is_missing: bool = False, **also: Any) -> Flag:
    """One number, divided by ``per``, fills each of some settings."""

    def read(following: Following) -> Reading:
        value: float | None = following.number(0) / per
        if nan_is_missing and value is not None and math.isnan(value):
            value = None
        return {**dict.fromkeys(sets, value), **also}, 1

    return Flag(words, 1, read)


def _integer(words: str, *sets: str, ends: bool = False, role: Role = "") -> Flag:
    return Flag(words, 1, lambda following: (dict.fromkeys(sets, following.integer(0)), 1), ends, role=role)


def _count(words: str, *sets: str, ends: bool = False) -> Flag:
    return _integer(words, *sets, ends=ends, role="count")


def _integers(words: str, count: int, sets: str, *, role: Role = "", **also: Any) -> Flag:
    return Flag(
        words,
        count,
        lambda following: ({sets: tuple(following.integer(i) for i in range(count)), **also}, count),
        role=role,
    )


def _vector(words: str, sets: str) -> Flag:
    return Flag(
        words,
        3,
        lambda following: ({sets: tuple(following.number(i) for i in range(3)), "convention": "CUSTOM"}, 3),
    )


def _file(words: str, sets: str, role: Role, *, own: bool = False, **also: Any) -> Flag:
    return Flag(words, 1, lambda following: ({sets: following.words[0], **also}, 1), own=own, role=role)


def _switch(words: str, *, ends: bool = False, own: bool = False, **also: Any) -> Flag:
    return Flag(words, 0, lambda following: (also, 0), ends, own)


def _nothing(words: str, count: int, *, own: bool = False, role: Role = "", **also: Any) -> Flag:
    """Its words are taken and change nothing else."""
    return Flag(words, count, lambda following: (also, count), own=own, role=role)


# ---- flags with a reader of their own --------------------------------------------------------------------------------


_SIZES = ("size_x_m", "size_y_m", "size_z_m")

FLAGS: tuple[Flag, ...] = (
    _count("-Na", "Na", ends=True),
    _count("-Nb", "Nb", ends=True),
    _count("-Nc", "Nc", ends=True),
    _count("=-N", "Na", "Nb", "Nc", ends=True),
    Flag("-cell", 1, read_cell),
    Flag("-misset", 1, read_random_misset, ends=True),
    Flag("-misset", 3, read_misset),
    _number("-samplesize -sample_size", *_SIZES, per=1e3),
    _number("-sample_thick -sample_x", "size_x_m", per=1e3),
    _number("-sample_width -sample_y -width", "size_y_m", per=1e3),
    _number("-sample_heigh(t) -sample_z -heigh(t)", "size_z_m", per=1e3),
    _number("-xtalsize -xtal_size", *_SIZES, per=1e3),
    _number("-xtal_thick -xtal_x", "size_x_m", per=1e3),
    _number("-xtal_width -xtal_y -width", "size_y_m", per=1e3),
    _number("-xtal_heigh(t) -xtal_z -heigh(t)", "size_z_m", per=1e3),
    _nothing("-density -sample_den(sity)", 1),
    _nothing("=-MW -molec(ular_weight)", 1),
    _number("-Xbeam", "Xbeam_m", per=1e3, nan_is_missing=True, pivot="BEAM"),
    _number("-Ybeam", "Ybeam_m", per=1e3, nan_is_missing=True, pivot="BEAM"),
    _number("-Xclose", "Xclose_m", per=1e3, nan_is_missing=True, pivot="SAMPLE"),
    _number("-Yclose", "Yclose_m", per=1e3, nan_is_missing=True, pivot="SAMPLE"),
    _number("-ORGX", "ORGX", nan_is_missing=True, pivot="SAMPLE"),
    _number("-ORGY", "ORGY", nan_is_missing=True, pivot="SAMPLE"),
    Flag("-pivot", 1, read_pivot),
    _switch("-mosflm", convention="MOSFLM", pivot="BEAM"),
    _switch("-xds", convention="XDS", pivot="SAMPLE"),
    _switch("-adxv", convention="ADXV", pivot="BEAM"),
    _switch("-denzo", convention="DENZO", pivot="BEAM"),
    _switch("-dials", convention="DIALS", pivot="BEAM"),
    _vector("-fdet_vector", "fdet_vector"),
    _vector("-sdet_vector", "sdet_vector"),
    _vector("-odet_vector", "odet_vector"),
    _vector("-beam_vector", "beam_vector"),
    _vector("-polar_vector", "polar_vector"),
    _vector("-spindle_axis", "spindle_axis"),
    _vector("-twotheta_axis", "twotheta_axis"),
    _nothing("-pix0_vector -pix0_vector_mm", 3, convention="CUSTOM"),
    _number("-distance", "distance_m", per=1e3, pivot="BEAM"),
    _number("-close_distance", "close_distance_m", per=1e3, nan_is_missing=True, pivot="SAMPLE"),
    Flag("-detector_abs", 0, read_absorption),
    Flag("=-detector_thick", 0, read_thickness),
    Flag("-detector_thicksteps", 0, read_thickness_steps, role="count"),
    Flag("-thicksteps", 0, read_thickness_steps, role="count"),
    _number("-twotheta", "twotheta_rad", per=RADIANS_TO_DEGREES, pivot="SAMPLE"),
    _number("-detector_rotx", "rotx_rad", per=RADIANS_TO_DEGREES),
    _number("-detector_roty", "roty_rad", per=RADIANS_TO_DEGREES),
    _number("-detector_rotz", "rotz_rad", per=RADIANS_TO_DEGREES),
    _number("=-detsize", "size_fast_m", "size_slow_m", per=1e3),
    _number("-detsize_f", "size_fast_m", per=1e3),
    _number("-detsize_s", "size_slow_m", per=1e3),
    _integer("=-detpixels", "pixels_fast", "pixels_slow"),
    _integer("-detpixels_f -detpixels_x", "pixels_fast"),
    _integer("-detpixels_s -detpixels_y", "pixels_slow"),
    Flag("-curved_det", 0, read_curved),
    _number("-pixel", "pixel_size_m", per=1e3),
    _switch("-point_pixel", point_pixel=True),
    _number("=-polar", "polarization_factor", polarized=True),
    _switch("-nopolar", polarized=False),
    _switch("-oversample_thick", ends=True, oversample_thick=True),
    _switch("-oversample_polar", ends=True, oversample_polar=True),
    _switch("-oversample_omega", ends=True, oversample_omega=True),
    _count("-oversample", "oversample"),
    _integers("-roi", 4, "roi", role="region"),
    _number("-lambda -wave", "wavelength_A"),
    Flag("-energy", 1, read_energy),
    _number("-fluence", "fluence_photons_per_m2"),
    _number("-flux", "flux_photons_per_s"),
    _number("-exposure", "exposure_s"),
    _number("-beamsize", "beamsize_m", per=1e3),
    _number("=-mosaic -mosaici(ty) -mosaic_spr(ead)", "mosaic_spread_rad", per=RADIANS_TO_DEGREES),
    _count("-mosaic_dom(ains)", "mosaic_domains"),
    _number("-dispersion", "dispersion", per=100.0),
    _count("-dispsteps", "dispersion_steps"),
    _number("-divergence", "hdiv_range_rad", "vdiv_range_rad", per=1e3),
    _number("-hdivrange", "hdiv_range_rad", per=1e3),
    _number("-vdivrange", "vdiv_range_rad", per=1e3),
    _number("=-hdivstep", "hdiv_step_rad", per=1e3),
    _count("-hdivsteps", "hdiv_steps"),
    _number("=-vdivstep", "vdiv_step_rad", per=1e3),
    _count("-vdivsteps", "vdiv_steps"),
    _count("-divsteps", "hdiv_steps", "vdiv_steps"),
    _switch("-round_div", round_divergence=True),
    _switch("-square_div", round_divergence=False),
    _number("-adc", "adc_offset"),
    _number("=-phi", "phi_start_rad", per=RADIANS_TO_DEGREES),
    _number("-osc", "osc_rad", per=RADIANS_TO_DEGREES),
    _number("=-phistep", "phi_step_rad", per=RADIANS_TO_DEGREES),
    _count("-phisteps", "phi_steps"),
    _number("-dmin", "dmin_A"),
    _file("-mat", "matrix_file", "input"),
    _file("-hkl", "hkl_file", "input"),
    _number("-default_F", "default_F"),
    _file("-dump", "dump_file", "output"),
    _nothing("-img", 1, role="input"),
    _nothing("-mask", 1, role="input"),
    _nothing("-stolout", 1, role="output"),
    _file("=-stol", "stol_file", "input"),
    _file("=-4stol", "stol_file", "input"),
    _file("=-Q", "stol_file", "input"),
    _file("-sourcefile", "source_file", "input"),
    _file("-floatfile -floatimage", "float_file", "output"),
    _file("-intfile -intimage", "int_file", "output"),
    _file("-pgmfile -pgmimage", "pgm_file", "output", writes_pgm=True),
    _file("-noisefile -noiseimage", "noise_file", "output", writes_noise=True),
    _switch("-nonoise", writes_noise=False),
    _switch("-nopgm", writes_pgm=False),
    _number("-scale", "scale"),
    _number("-pgmscale", "pgm_scale", writes_pgm=True),
    _switch("-coherent"),
    _switch("-printout", printout=True),
    _switch("-noprogress", progress=False),
    _switch("-progress", progress=True),
    _switch("-interpolate", interpolate=True),
    _switch("-nointerpolate", interpolate=False),
    _switch("-round_xtal", shape="round"),
    _switch("-square_xtal", shape="square"),
    _switch("-gauss_xtal", shape="gauss"),
    _switch("-binary_spots -tophat_spots", shape="tophat"),
    _number("-fudge", "fudge"),
    _integers("-printout_pixel", 2, "printout_pixel", printout=True),
    _integer("-seed", "noise_seed"),
    _integer("-mosaic_seed", "mosaic_seed"),
    _integer("-misset_seed", "misset_seed"),
    _number("-water", "water_m", per=1e6),
    # beyond the reference
    Flag("-trace_pixel", 2, read_trace_pixel, own=True),
    _file("-trace_file", "trace_file", "output", own=True),
    _switch("-trace_only", own=True, trace_only=True),
    Flag("-defects", 1, read_defects, own=True, role="switch"),
    Flag("-threads", 1, lambda following: ({"threads": following.integer_between(0, 1, 1024)}, 1), own=True),
    Flag("-case", 1, read_case, own=True),
    _nothing("--strict", 0, own=True),
)

NAMES: tuple[str, ...] = tuple(dict.fromkeys(name for flag in FLAGS for name in flag.names))

BY_NAME: Mapping[str, tuple[Flag, ...]] = MappingProxyType(
    {name: tuple(flag for flag in FLAGS if name in flag.names) for name in NAMES}
)
"""The rows that have a name, in the order of the table."""


def nearest_flag(word: str) -> str:
    """The name of a flag that is most like a word."""
    return nearest(word, NAMES)
