"""The reference program's command line as data: one row per flag, in the order in which the reference looks at them.

Several rows may match one word; each acts. A row fills fields of ``Settings``; it may choose the detector's convention
or pivot besides (model, section 1; words and headers, first table).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from simulator import flag_values as v
from simulator.commandline.flag_words import Entry, entries, nearest
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import RADIANS_TO_DEGREES, degrees
from simulator.remarks import Remarks

Reading = tuple[dict[str, Any], int]
"""Settings that a row fills, and how many of the words after the flag are its values."""

Role = Literal["", "input", "output", "count", "region", "switch"]


@dataclass(frozen=True)
class Following:
    """A word that a row matches, and what follows it on the command line."""

    flag: str
    words: Sequence[str]
    meant: bool
    """The word is this row's own name, or nobody's: values that are not what they should be are said."""
    remarks: Remarks
    defects: Defects

    def object(self, message: str) -> None:
        """A remark on the flag's values, if it was meant."""
        if self.meant:
            self.remarks.object(f"{self.flag} {message}")

    def number(self, i: int) -> float:
        """Word i as atof reads it."""
        word = self.words[i]
        value, whole = v.leading_number(word)
        if not whole:
            self.object(f"needs a number, not '{word}'; it is read as {value:g}")
        elif not math.isfinite(value):
            self.object(f"needs a finite number, not '{word}'")
        return value

    def integer(self, i: int) -> int:
        """Word i as atoi reads it."""
        word = self.words[i]
        value, whole = v.leading_integer(word)
        if not whole:
            self.object(f"needs an integer, not '{word}'; it is read as {value}")
        return value

    def integer_between(self, i: int, low: int, high: int) -> int:
        """Word i as an integer in a range; InputError for anything else."""
        value, whole = v.leading_integer(self.words[i])
        if not whole or not low <= value <= high:
            raise InputError(f"{self.flag} needs an integer from {low} to {high}, not '{self.words[i]}'")
        return value


Reader = Callable[[Following], Reading | None]
"""Reads a flag's values; None: the row does not act after all."""


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


def _read_cell(following: Following) -> Reading:
    """Up to six numbers, ending before a word that begins with ``-``; what is missing keeps what it was."""
    numbers: list[float] = []
    for i, word in enumerate(following.words[:6]):
        if word.startswith("-"):
            break
        numbers.append(following.number(i))
    if not numbers:
        following.remarks.object(
            f"{following.flag} needs one to six positive numbers after it (a b c alpha beta gamma)"
        )
    return {"cell_start": tuple(numbers)}, len(numbers)


def _read_random_misset(following: Following) -> Reading | None:
    word = following.words[0]
    if "rand" not in word:
        return None
    if word != "random":
        following.object(f"needs 'random' or three angles, not '{word}' (the reference reads 'random')")
    return {"misset_rad": "random"}, 1


def _read_misset(following: Following) -> Reading:
    return {"misset_rad": tuple(degrees(following.number(i)) for i in range(3))}, 3


def _read_energy(following: Following) -> Reading:
    energy_eV = following.number(0)
    return {"wavelength_A": 12398.42 / energy_eV if energy_eV else math.copysign(math.inf, energy_eV)}, 1


def _require_word(following: Following) -> None:
    """For flags that the reference reads without a look at whether a word follows."""
    if not following.words:
        raise InputError(
            f"{following.flag} needs a value after it; as the last word the reference reads past the command line"
        )


def _read_absorption(following: Following) -> Reading:
    """``inf`` or 0: no absorption, and no thickness."""
    _require_word(following)
    if "inf" in following.words[0]:
        return {"attenuation_per_m": 0.0, "thickness_m": 0.0}, 1
    depth_um = following.number(0)
    if depth_um < 0:
        following.object(f"needs a length that is not negative, not '{following.words[0]}' (as if none were given)")
    if depth_um == 0:
        return {"attenuation_per_m": 0.0, "thickness_m": 0.0}, 1
    return {"attenuation_per_m": v.quotient(1.0, depth_um * 1e-6)}, 1


def _read_thickness(following: Following) -> Reading:
    _require_word(following)
    return {"thickness_m": following.number(0) * 1e-6}, 1


def _read_thickness_steps(following: Following) -> Reading:
    _require_word(following)
    return {"thickness_steps": following.integer(0)}, 1


def _read_pivot(following: Following) -> Reading:
    word = following.words[0]
    if word not in ("sample", "beam"):
        following.object(f"needs 'sample' or 'beam', not '{word}'")
    pivots = [name.upper() for name in ("sample", "beam") if name in word]
    return ({"pivot": pivots[-1]} if pivots else {}), 1


def _read_curved(following: Following) -> Reading:
    """Takes no value, but as the very last word the reference overlooks it (defect ``curved-det-last-word``)."""
    if not following.words and "curved-det-last-word" in following.defects:
        following.remarks.note(f"{following.flag} is the last word, where the reference overlooks it")
        return {}, 0
    return {"curved": True}, 0


def _read_trace_pixel(following: Following) -> Reading:
    slow, fast = (following.integer_between(i, 0, 2**31 - 1) for i in (0, 1))
    return {"trace_pixel": (slow, fast)}, 2


def _read_defects(following: Following) -> Reading:
    return {"defects": Defects.parse(following.words[0])}, 1


def _read_case(following: Following) -> Reading:
    name = following.words[0]
    if not name or any(character in " \t\n\v\f\r" for character in name):
        raise InputError(f"{following.flag} needs one word that is not empty, not '{name}'")
    return {"case": name}, 1


_SIZES = ("size_x_m", "size_y_m", "size_z_m")

FLAGS: tuple[Flag, ...] = (
    _count("-Na", "Na", ends=True),
    _count("-Nb", "Nb", ends=True),
    _count("-Nc", "Nc", ends=True),
    _count("=-N", "Na", "Nb", "Nc", ends=True),
    Flag("-cell", 1, _read_cell),
    Flag("-misset", 1, _read_random_misset, ends=True),
    Flag("-misset", 3, _read_misset),
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
    Flag("-pivot", 1, _read_pivot),
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
    Flag("-detector_abs", 0, _read_absorption),
    Flag("=-detector_thick", 0, _read_thickness),
    Flag("-detector_thicksteps", 0, _read_thickness_steps, role="count"),
    Flag("-thicksteps", 0, _read_thickness_steps, role="count"),
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
    Flag("-curved_det", 0, _read_curved),
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
    Flag("-energy", 1, _read_energy),
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
    Flag("-trace_pixel", 2, _read_trace_pixel, own=True),
    _file("-trace_file", "trace_file", "output", own=True),
    _switch("-trace_only", own=True, trace_only=True),
    Flag("-defects", 1, _read_defects, own=True, role="switch"),
    Flag("-threads", 1, lambda following: ({"threads": following.integer_between(0, 1, 1024)}, 1), own=True),
    Flag("-case", 1, _read_case, own=True),
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
