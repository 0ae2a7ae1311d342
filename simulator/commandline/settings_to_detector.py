"""From what a command line said to the Detector and the pixels that are computed (model, sections 1 and 2)."""

from __future__ import annotations

import math

import numpy as np

from simulator.commandline.settings import Settings
from simulator.errors import InputError
from simulator.experiment import (
    Detector,
    Steps,
)
from simulator.flag_values import quotient
from simulator.model.step_counts import spread_steps
from simulator.remarks import Remarks

LARGEST_IMAGE = 2**31 - 1
"""Pixels of one image at most."""


def detector_from(settings: Settings, remarks: Remarks) -> Detector:
    """The detector that the settings describe.

    Raises:
        InputError: it has no pixel or too many.
    """
    if settings.distance_m == 0 or settings.close_distance_m == 0:
        remarks.object("the detector distance must not be 0")
    _object_to_zero_vectors(settings, remarks)
    if settings.pixel_size_m <= 0:
        remarks.object(f"the pixel size must be positive, not {settings.pixel_size_m * 1e3:g} mm")
    thickness = spread_steps(
        "-detector_thick",
        count=settings.thickness_steps,
        range=settings.thickness_m,
        range_alone=0.5e-6,
        uncounted_parts=2,
    )
    pixel_size_m, is_custom = settings.pixel_size_m, settings.convention == "CUSTOM"
    detector = Detector(
        pixels_fast=_pixel_count(settings.pixels_fast, settings.fast_size_m(), pixel_size_m, "fast"),
        pixels_slow=_pixel_count(settings.pixels_slow, settings.slow_size_m(), pixel_size_m, "slow"),
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
        beam_vector=settings.beam_vector if is_custom else None,
        fdet_vector=settings.fdet_vector if is_custom else None,
        sdet_vector=settings.sdet_vector if is_custom else None,
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
    _note_what_is_put_in_place(settings, detector, remarks)
    return detector


def _note_what_is_put_in_place(settings: Settings, detector: Detector, remarks: Remarks) -> None:
    """A normal that is none, and a thick sensor whose attenuation nobody states."""
    x, y, z = detector.odet_vector or (1.0, 0.0, 0.0)
    if math.sqrt(x * x + y * y + z * z) != 1.0:
        remarks.note("odet_vector is not 1 long; using fdet x sdet")
    given = settings.attenuation_per_m
    if detector.thickness.range > 0 and (given is None or given < 0):
        mu = detector.attenuation_per_m
        remarks.note(f"no attenuation length given; using the thickness, mu = {mu:g} 1/m")


def _pixel_count(given: int, size_m: float, pixel_size_m: float, side: str) -> int:
    count = given if given < 0 else quotient(size_m, pixel_size_m) - 0.5
    count = math.ceil(count) if math.isfinite(count) else count
    if not 1 <= count < LARGEST_IMAGE:
        raise InputError(f"the detector is {count:g} pixels along its {side} axis; give -detpixels or -detsize above 0")
    return int(count)


def clipped_roi(roi: tuple[int, int, int, int], detector: Detector, remarks: Remarks) -> tuple[int, int, int, int]:
    """The part of a region (fast min, max, slow min, max; ends included) on the detector; without pixels a remark.

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
        remarks.object(
            f"-roi {' '.join(map(str, roi))} holds no pixel of the {detector.pixels_fast} x {detector.pixels_slow} "
            "detector (xmin xmax ymin ymax)"
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
            f"-trace_pixel {slow} {fast} is outside the detector of {detector.pixels_slow} x {detector.pixels_fast} "
            "pixels (slow x fast)"
        )
    inside = roi is None or (roi[0] <= fast <= roi[1] and roi[2] <= slow <= roi[3])
    if not inside or (mask is not None and not mask[slow, fast]):
        raise InputError(f"-trace_pixel {slow} {fast} is outside the region of interest or masked")


def _object_to_zero_vectors(settings: Settings, remarks: Remarks) -> None:
    vectors = {
        "beam": settings.beam_vector,
        "fast axis": settings.fdet_vector,
        "slow axis": settings.sdet_vector,
        "polarization": settings.polar_vector,
        "spindle axis": settings.spindle_axis,
    }
    for name, vector in vectors.items():
        if vector is not None and settings.convention == "CUSTOM" and not any(vector):
            remarks.object(f"the {name} vector is zero; it needs a direction")


def _attenuation(settings: Settings, thickness: Steps) -> float:
    """mu per metre: as given (a negative one is none), else 1/thickness."""
    given = settings.attenuation_per_m
    if given is not None and not given < 0:
        return given
    return 1.0 / thickness.range if thickness.range > 0 else 0.0
