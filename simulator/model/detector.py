"""Where the pixels are: conventions, pivots and the detector's frame (model, section 3)."""

from __future__ import annotations

import sys
from typing import NamedTuple

from simulator.experiment import Detector, Experiment
from simulator.model.algebra import (
    Scalar,
    Vec,
    add,
    cross,
    dot,
    length,
    rotate,
    rotate_axis,
    scale,
    subtract,
    unit,
    value_of,
    vec,
)


class Axes(NamedTuple):
    """A convention's vectors, as tabulated."""

    beam: Vec
    fdet: Vec
    sdet: Vec
    odet: Vec
    twotheta: Vec
    polarization: Vec
    spindle: Vec


_X, _Y, _Z = Vec(1.0, 0.0, 0.0), Vec(0.0, 1.0, 0.0), Vec(0.0, 0.0, 1.0)
_MINUS_X, _MINUS_Y, _MINUS_Z = Vec(-1.0, 0.0, 0.0), Vec(0.0, -1.0, 0.0), Vec(0.0, 0.0, -1.0)

AXES: dict[str, Axes] = {
    "ADXV": Axes(_Z, _X, _MINUS_Y, _Z, _MINUS_X, _X, _X),
    "MOSFLM": Axes(_X, _Z, _MINUS_Y, _X, _MINUS_Z, _Z, _Z),
    "DENZO": Axes(_X, _Z, _MINUS_Y, _X, _MINUS_Z, _Z, _Z),
    "XDS": Axes(_Z, _X, _Y, _Z, _X, _X, _X),
    "DIALS": Axes(_Z, _X, _Y, _Z, _Y, _Y, _Y),
    "CUSTOM": Axes(_X, _Z, _MINUS_Y, _X, _Y, _Z, _Z),
}

PIVOTS = {"ADXV": "BEAM", "MOSFLM": "BEAM", "DENZO": "BEAM", "XDS": "SAMPLE", "DIALS": "SAMPLE"}


class BeamCentre(NamedTuple):
    """The beam centre in each of its guises, metres."""

    Xbeam_m: Scalar
    Ybeam_m: Scalar
    Fbeam_m: Scalar
    Sbeam_m: Scalar
    Fclose_m: Scalar
    Sclose_m: Scalar


class Geometry(NamedTuple):
    """The detector in the laboratory frame; every vector of unit length but pix0 (metres) and the two-theta axis."""

    convention: str
    pivot: str
    beam: Vec
    fdet: Vec
    sdet: Vec
    odet: Vec
    polarization: Vec
    vertical: Vec
    spindle: Vec
    pix0_m: Vec
    distance_m: Scalar
    close_distance_m: Scalar
    centre: BeamCentre


def detector_geometry(experiment: Experiment) -> Geometry:
    """The frame of section 3 from the detector as given; a vector without a length stays zero."""
    detector = experiment.detector
    axes = normalised_axes(experiment)
    pivot = PIVOTS.get(detector.convention, detector.pivot)
    centre = beam_centre(detector)
    angles = vec((detector.rotx_rad, detector.roty_rad, detector.rotz_rad))

    ratio = dot(axes.beam, rotate(axes.odet, angles))
    if value_of(ratio) == 0.0:
        ratio = sys.float_info.min
    close = detector.close_distance_m
    if close is None:
        close = abs(ratio * detector.distance_m)
    distance = close / ratio

    def swung(v: Vec) -> Vec:
        return swing(rotate(v, angles), axes, detector)

    fdet, sdet, odet = swung(axes.fdet), swung(axes.sdet), swung(axes.odet)
    if pivot == "SAMPLE":
        pix0 = swung(first_pixel(centre.Fclose_m, axes.fdet, centre.Sclose_m, axes.sdet, close, axes.odet))
    else:
        pix0 = first_pixel(centre.Fbeam_m, fdet, centre.Sbeam_m, sdet, distance, axes.beam)

    close = dot(pix0, odet)
    distance = close / ratio
    return Geometry(
        convention=detector.convention,
        pivot=pivot,
        beam=axes.beam,
        fdet=fdet,
        sdet=sdet,
        odet=odet,
        polarization=axes.polarization,
        vertical=unit(cross(axes.beam, axes.polarization)),
        spindle=axes.spindle,
        pix0_m=pix0,
        distance_m=distance,
        close_distance_m=close,
        centre=centre._replace(
            Fbeam_m=beam_spot_along(fdet, axes.beam, distance, pix0),
            Sbeam_m=beam_spot_along(sdet, axes.beam, distance, pix0),
            Fclose_m=nearest_point_along(fdet, pix0),
            Sclose_m=nearest_point_along(sdet, pix0),
        ),
    )


def swing(v: Vec, axes: Axes, detector: Detector) -> Vec:
    """A vector carried along when the detector arm moves by two-theta."""
    return rotate_axis(v, axes.twotheta, detector.twotheta_rad)


def beam_spot_along(axis: Vec, beam: Vec, distance_m: Scalar, pix0_m: Vec) -> Scalar:
    """Where the beam meets the detector plane, from the first pixel along F or S, metres."""
    return dot(axis, subtract(scale(beam, distance_m), pix0_m))


def nearest_point_along(axis: Vec, pix0_m: Vec) -> Scalar:
    """Where the detector plane is nearest to the sample, from the first pixel along F or S, metres."""
    return -dot(pix0_m, axis)


def beam_centre(detector: Detector) -> BeamCentre:
    """Fbeam, Sbeam, Fclose, Sclose before the pivot, by the convention's own reading of Xbeam and Ybeam."""
    px: Scalar = detector.pixel_size_m
    size_f = px * detector.pixels_fast if detector.size_fast_m is None else detector.size_fast_m
    size_s = px * detector.pixels_slow if detector.size_slow_m is None else detector.size_slow_m
    Fclose = size_f / 2.0 if detector.Fclose_m is None else detector.Fclose_m
    Sclose = size_s / 2.0 if detector.Sclose_m is None else detector.Sclose_m
    Xclose = Fclose if detector.Xclose_m is None else detector.Xclose_m
    Yclose = Sclose if detector.Yclose_m is None else detector.Yclose_m

    convention = detector.convention
    if convention == "ADXV":
        default_X, default_Y = (size_f + px) / 2.0, (size_s - px) / 2.0
    elif convention in ("MOSFLM", "DENZO"):
        default_X, default_Y = (size_s + px) / 2.0, (size_f + px) / 2.0
    else:
        default_X, default_Y = Xclose, Yclose
    X = default_X if detector.Xbeam_m is None else detector.Xbeam_m
    Y = default_Y if detector.Ybeam_m is None else detector.Ybeam_m

    if convention == "ADXV":
        Fbeam, Sbeam = X, size_s - Y
    elif convention == "MOSFLM":
        Fbeam, Sbeam = Y + 0.5 * px, X + 0.5 * px
    elif convention == "DENZO":
        Fbeam, Sbeam = Y, X
    else:
        Fbeam, Sbeam = X, Y
    if convention == "CUSTOM":
        Fclose, Sclose = X, Y
    return BeamCentre(X, Y, Fbeam, Sbeam, Fclose, Sclose)


def normalised_axes(experiment: Experiment) -> Axes:
    """The convention's axes with those given put in their place, normalised (not the two-theta axis)."""
    detector = experiment.detector
    given = {
        "beam": detector.beam_vector,
        "fdet": detector.fdet_vector,
        "sdet": detector.sdet_vector,
        "odet": detector.odet_vector,
        "twotheta": detector.twotheta_axis,
        "polarization": experiment.beam.polarization_axis,
        "spindle": experiment.spindle.axis,
    }
    axes = AXES[detector.convention]._replace(**{n: vec(v) for n, v in given.items() if v is not None})
    fdet, sdet = unit(axes.fdet), unit(axes.sdet)
    # The reference renews the normal only where the one given was not of unit length to the last bit.
    odet = axes.odet if value_of(length(axes.odet)) == 1.0 else unit(cross(fdet, sdet))
    return axes._replace(
        beam=unit(axes.beam),
        fdet=fdet,
        sdet=sdet,
        odet=odet,
        polarization=unit(axes.polarization),
        spindle=unit(axes.spindle),
    )


def first_pixel(f: Scalar, fdet: Vec, s: Scalar, sdet: Vec, along: Scalar, direction: Vec) -> Vec:
    """``-f F - s S + along direction``."""
    in_plane = add(scale(fdet, -f), scale(sdet, -s))
    return add(in_plane, scale(direction, along))
