"""The reference program's command line as data: one row per flag (model, section 1).

A row names the flag, its values, the settings that they fill, and what the flag settles besides (the detector's
convention or pivot). Two flags whose number of values varies, ``-cell`` and ``-misset``, bring their own reader.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulator import flag_values as v
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import degrees

Reading = tuple[dict[str, Any], int]
"""Settings that a flag fills, and how many of the words after it are its values."""


@dataclass(frozen=True)
class Flag:
    """One flag of the command line."""

    names: tuple[str, ...]
    values: tuple[v.Value, ...] = ()
    sets: tuple[str, ...] = ()
    """Names of fields of ``Settings``: several values fill one as a tuple, one value fills each of several."""
    also: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    prefix: str | None = None
    """Any word that begins with it is this flag."""
    reader: Callable[[Sequence[str]], Reading] | None = None
    needs: str = ""
    """What ``reader`` requires, in words."""

    def read(self, name: str, following: Sequence[str]) -> Reading:
        """The settings it fills from the words that follow it.

        Raises:
            InputError: a value is missing or is not what the flag requires.
        """
        try:
            return self.reader(following) if self.reader else self._read_values(following)
        except ValueError as error:
            raise InputError(f"{name} needs {self.requirement}: {error}") from None

    @property
    def requirement(self) -> str:
        """Its values in words."""
        if self.needs:
            return self.needs
        requirements = [value.requirement for value in self.values]
        if len(set(requirements)) == 1 and len(requirements) > 1:
            return f"{len(requirements)} values, each {requirements[0]}"
        return " and ".join(requirements)

    def _read_values(self, following: Sequence[str]) -> Reading:
        count = len(self.values)
        if len(following) < count:
            raise ValueError(_follows(following))
        parsed = v.parse_all(self.values, following[:count])
        value = parsed[0] if count == 1 else parsed
        return {**self.also, **dict.fromkeys(self.sets, value)}, count


def _follows(words: Sequence[str]) -> str:
    return f"only {' '.join(words)!r} follows" if words else "nothing follows"


def read_cell(following: Sequence[str]) -> Reading:
    """``-cell``: reading stops at the first word that is missing, no number or negative.

    Missing lengths are a, missing angles 90 degrees.
    """
    numbers: list[float] = []
    for word in following[:6]:
        if not v.is_number(word) or word.startswith("-"):
            break
        numbers.append(v.number(word))
    if not numbers:
        raise ValueError(f"{following[0]!r} follows" if following else "nothing follows")
    lengths = (numbers[:3] + numbers[:1] * 3)[:3]
    angles = (numbers[3:] + [90.0] * 3)[:3]
    return {"cell_A_deg": (*lengths, *angles)}, len(numbers)


def read_misset(following: Sequence[str]) -> Reading:
    """``-misset``: three angles, or ``random``."""
    if following and following[0] == "random":
        return {"misset_rad": "random"}, 1
    if len(following) < 3:
        raise ValueError(_follows(following))
    return {"misset_rad": v.parse_all([v.DEGREES] * 3, following[:3])}, 3


def read_absorption(following: Sequence[str]) -> Reading:
    """``-detector_abs``: a depth; ``inf`` or 0 also takes the thickness away."""
    if not following:
        raise ValueError("nothing follows")
    attenuation_per_m = v.absorption_per_m(following[0])
    if attenuation_per_m is None:
        return {"attenuation_per_m": 0.0, "thickness_m": 0.0}, 1
    return {"attenuation_per_m": attenuation_per_m}, 1


def read_curved(following: Sequence[str]) -> Reading:
    """``-curved_det``: the reference overlooks it as the very last word."""
    if not following:
        raise ValueError("as the very last word the reference overlooks it; put it earlier")
    return {"curved": True}, 0


def read_defects(following: Sequence[str]) -> Reading:
    """``-defects``: those that are on."""
    if not following or following[0].startswith("-"):
        raise ValueError(f"{following[0]!r} follows" if following else "nothing follows")
    return {"defects": Defects.parse(following[0])}, 1


def _one(names: str, value: v.Value, *sets: str, **also: Any) -> Flag:
    return Flag(tuple(names.split()), (value,), sets, also)


def _switch(names: str, **also: Any) -> Flag:
    return Flag(tuple(names.split()), also=also)


def _vector(name: str, sets: str) -> Flag:
    return Flag((name,), (v.NUMBER,) * 3, (sets,), {"convention": "CUSTOM"})


def _pivoting(name: str, value: v.Value, sets: str, pivot: str) -> Flag:
    return Flag((name,), (value,), (sets,), {"pivot": pivot})


_SIZE_X, _SIZE_Y, _SIZE_Z = "size_x_m", "size_y_m", "size_z_m"

FLAGS: tuple[Flag, ...] = (
    # crystal
    _one("-mat", v.FILE, "matrix_file"),
    Flag(("-cell",), reader=read_cell, needs="up to six numbers a b c alpha beta gamma (Angstrom, degrees)"),
    Flag(("-misset",), reader=read_misset, needs="three angles in degrees, or the word random"),
    _one("-misset_seed", v.WHOLE, "misset_seed"),
    _one("-N", v.WHOLE, "Na", "Nb", "Nc"),
    _one("-Na", v.WHOLE, "Na"),
    _one("-Nb", v.WHOLE, "Nb"),
    _one("-Nc", v.WHOLE, "Nc"),
    _one("-xtalsize -samplesize", v.LENGTH_MM, _SIZE_X, _SIZE_Y, _SIZE_Z),
    _one("-sample_x -sample_thick -xtal_thick", v.LENGTH_MM, _SIZE_X),
    _one("-sample_y -sample_width -xtal_width -width", v.LENGTH_MM, _SIZE_Y),
    _one("-sample_z -sample_height -xtal_height -height", v.LENGTH_MM, _SIZE_Z),
    _switch("-square_xtal", shape="square"),
    _switch("-round_xtal", shape="round"),
    _switch("-gauss_xtal", shape="gauss"),
    _switch("-tophat_spots -binary_spots", shape="tophat"),
    _one("-fudge", v.NUMBER, "fudge"),
    # mosaic
    Flag(("-mosaic", "-mosaic_spread"), (v.DEGREES,), ("mosaic_spread_rad",), prefix="-mosaici"),
    _one("-mosaic_domains", v.WHOLE, "mosaic_domains"),
    _one("-mosaic_seed", v.WHOLE, "mosaic_seed"),
    # spindle
    _one("-phi", v.DEGREES, "phi_start_rad"),
    _one("-osc", v.DEGREES, "osc_rad"),
    _one("-phistep", v.DEGREES, "phi_step_rad"),
    _one("-phisteps", v.WHOLE, "phi_steps"),
    _vector("-spindle_axis", "spindle_axis"),
    # structure factors
    _one("-hkl", v.FILE, "hkl_file"),
    _one("-default_F", v.NUMBER, "default_F"),
    _one("-dump", v.FILE, "dump_file"),
    _switch("-interpolate", interpolate=True),
    _switch("-nointerpolate", interpolate=False),
    # beam
    _one("-lambda -wave", v.WAVELENGTH, "wavelength_A"),
    _one("-energy", v.ENERGY, "wavelength_A"),
    _one("-fluence", v.NOT_NEGATIVE, "fluence_photons_per_m2"),
    _one("-flux", v.NUMBER, "flux_photons_per_s"),
    _one("-exposure", v.NUMBER, "exposure_s"),
    _one("-beamsize", v.LENGTH_MM, "beamsize_m"),
    _one("-polar", v.NUMBER, "polarization_factor", polarized=True),
    _switch("-nopolar", polarized=False),
    _one("-dispersion", v.PERCENT, "dispersion"),
    _one("-dispsteps", v.WHOLE, "dispersion_steps"),
    _one("-divergence", v.MILLIRADIANS, "hdiv_range_rad", "vdiv_range_rad"),
    _one("-hdivrange", v.MILLIRADIANS, "hdiv_range_rad"),
    _one("-vdivrange", v.MILLIRADIANS, "vdiv_range_rad"),
    _one("-hdivstep", v.MILLIRADIANS, "hdiv_step_rad"),
    _one("-vdivstep", v.MILLIRADIANS, "vdiv_step_rad"),
    _one("-divsteps", v.WHOLE, "hdiv_steps", "vdiv_steps"),
    _one("-hdivsteps", v.WHOLE, "hdiv_steps"),
    _one("-vdivsteps", v.WHOLE, "vdiv_steps"),
    _switch("-round_div", round_divergence=True),
    _switch("-square_div", round_divergence=False),
    _one("-sourcefile", v.FILE, "source_file"),
    _vector("-beam_vector", "beam_vector"),
    _vector("-polar_vector", "polar_vector"),
    # detector
    _pivoting("-distance", v.NONZERO_MM, "distance_m", "BEAM"),
    _pivoting("-close_distance", v.NONZERO_MM, "close_distance_m", "SAMPLE"),
    _one("-detsize", v.POSITIVE_MM, "size_fast_m", "size_slow_m"),
    _one("-detsize_f", v.POSITIVE_MM, "size_fast_m"),
    _one("-detsize_s", v.POSITIVE_MM, "size_slow_m"),
    _one("-detpixels", v.NATURAL, "pixels_fast", "pixels_slow"),
    _one("-detpixels_f -detpixels_x", v.NATURAL, "pixels_fast"),
    _one("-detpixels_s -detpixels_y", v.NATURAL, "pixels_slow"),
    _one("-pixel", v.POSITIVE_MM, "pixel_size_m"),
    _pivoting("-Xbeam", v.LENGTH_MM, "Xbeam_m", "BEAM"),
    _pivoting("-Ybeam", v.LENGTH_MM, "Ybeam_m", "BEAM"),
    _pivoting("-Xclose", v.LENGTH_MM, "Xclose_m", "SAMPLE"),
    _pivoting("-Yclose", v.LENGTH_MM, "Yclose_m", "SAMPLE"),
    _pivoting("-ORGX", v.NUMBER, "ORGX", "SAMPLE"),
    _pivoting("-ORGY", v.NUMBER, "ORGY", "SAMPLE"),
    _switch("-adxv", convention="ADXV", pivot="BEAM"),
    _switch("-mosflm", convention="MOSFLM", pivot="BEAM"),
    _switch("-denzo", convention="DENZO", pivot="BEAM"),
    _switch("-xds", convention="XDS", pivot="SAMPLE"),
    _switch("-dials", convention="DIALS", pivot="BEAM"),
    _one("-pivot", v.one_of("sample", "beam"), "pivot"),
    _vector("-fdet_vector", "fdet_vector"),
    _vector("-sdet_vector", "sdet_vector"),
    _vector("-odet_vector", "odet_vector"),
    _vector("-twotheta_axis", "twotheta_axis"),
    Flag(("-pix0_vector",), (v.NUMBER,) * 3, also={"convention": "CUSTOM"}, prefix="-pix0_vector"),
    _pivoting("-twotheta", v.DEGREES, "twotheta_rad", "SAMPLE"),
    _one("-detector_rotx", v.DEGREES, "rotx_rad"),
    _one("-detector_roty", v.DEGREES, "roty_rad"),
    _one("-detector_rotz", v.DEGREES, "rotz_rad"),
    Flag(("-curved_det",), reader=read_curved, needs="a word after it"),
    _switch("-point_pixel", point_pixel=True),
    Flag(("-detector_abs",), reader=read_absorption, needs="a depth in micrometres, or inf"),
    _one("-detector_thick", v.THICKNESS_UM, "thickness_m"),
    _one("-detector_thicksteps -thicksteps", v.WHOLE, "thickness_steps"),
    # sampling
    _one("-oversample", v.WHOLE, "oversample"),
    _switch("-oversample_thick", oversample_thick=True),
    _switch("-oversample_polar", oversample_polar=True),
    _switch("-oversample_omega", oversample_omega=True),
    Flag(("-roi",), (v.WHOLE,) * 4, ("roi",)),
    _one("-mask", v.FILE, "mask_file"),
    _one("-img", v.FILE, "image_file"),
    _one("-dmin", v.NUMBER, "dmin_A"),
    _one("-water", v.SIZE_UM, "water_m"),
    # output
    _one("-floatfile -floatimage", v.FILE, "float_file"),
    _one("-intfile -intimage", v.FILE, "int_file"),
    _one("-pgmfile -pgmimage", v.FILE, "pgm_file"),
    _one("-noisefile -noiseimage", v.FILE, "noise_file"),
    _switch("-nopgm", pgm_file=None),
    _switch("-nonoise", noise_file=None),
    _one("-scale", v.NUMBER, "scale"),
    _one("-pgmscale", v.NUMBER, "pgm_scale"),
    _one("-adc", v.NUMBER, "adc_offset"),
    _one("-seed", v.WHOLE, "noise_seed"),
    _switch("-printout", printout=True),
    Flag(("-printout_pixel",), (v.INDEX,) * 2, ("printout_pixel",)),
    _switch("-noprogress", progress=False),
    _switch("-progress", progress=True),
    # read, without effect on any output
    _one("-density -sample_density", v.NUMBER),
    _one("-MW -molecular_weight", v.NUMBER),
    _switch("-coherent"),
    _one("-stol -4stol -Q -stolout", v.FILE),
    # this toolkit's own
    Flag(("-trace_pixel",), (v.INDEX,) * 2, ("trace_pixel",)),
    _one("-trace_file", v.FILE),
    _switch("-trace_only"),
    Flag(("-defects",), reader=read_defects, needs="all, none or names of defects with commas between"),
    _one("-threads", v.NATURAL, "threads"),
    _one("-case", v.WORD, "case"),
)

BY_NAME: Mapping[str, Flag] = MappingProxyType({name: flag for flag in FLAGS for name in flag.names})
_PREFIXED = tuple(flag for flag in FLAGS if flag.prefix)


def find_flag(word: str, before: str | None = None) -> Flag:
    """The flag that a word names.

    Args:
        word: where a flag is expected.
        before: the flag that was read before it, for the message about a stray word.

    Raises:
        InputError: no flag has that name; the nearest is suggested.
    """
    if word in BY_NAME:
        return BY_NAME[word]
    for flag in _PREFIXED:
        if flag.prefix and word.startswith(flag.prefix):
            return flag
    if not word.startswith("-") or v.is_number(word):
        raise InputError(_stray(word, before))
    raise InputError(f"unknown flag {word!r}; did you mean {nearest_flag(word)}?")


def nearest_flag(word: str) -> str:
    """The known flag most like a word."""
    for name in BY_NAME:
        if name.lower() == word.lower():
            return name
    return difflib.get_close_matches(word, BY_NAME, n=1, cutoff=0.0)[0]


def _stray(word: str, before: str | None) -> str:
    if before is None:
        return f"stray word {word!r}: a command line begins with a flag, such as -cell"
    flag = find_flag(before)
    takes = f"{before} takes {flag.requirement}" if flag.values or flag.reader else f"{before} takes no value"
    return f"stray word {word!r} after {before}: {takes}; remove the word or name its flag"


def substring_effects(name: str, following: Sequence[str]) -> dict[str, Any]:
    """What the reference's matching of parts of words makes a flag do besides (defect ``flag-substrings``).

    ``-twotheta_axis x y z`` also acts as ``-twotheta x``; ``-misset_seed n`` also acts as ``-misset`` with the
    three words that follow it, if there are three.
    """
    if name == "-twotheta_axis":
        return {"twotheta_rad": degrees(v.number_or_zero(following[0])), "pivot": "SAMPLE"}
    if name == "-misset_seed" and len(following) >= 3:
        return {"misset_rad": tuple(degrees(v.number_or_zero(word)) for word in following[:3])}
    return {}
