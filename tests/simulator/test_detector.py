"""The detector's frame: the table of conventions, pivots, and what must hold whatever the flags."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import Beam, Crystal, Detector, Experiment, Spindle
from simulator.model.detector import AXES, Geometry, detector_geometry

SETTINGS = settings(deadline=None, max_examples=80, derandomize=True)

TABLE = """
ADXV   | 0 0 1 | 1 0 0 | 0 -1 0 | 0 0 1 | -1 0 0 | 1 0 0 | 1 0 0
MOSFLM | 1 0 0 | 0 0 1 | 0 -1 0 | 1 0 0 | 0 0 -1 | 0 0 1 | 0 0 1
DENZO  | 1 0 0 | 0 0 1 | 0 -1 0 | 1 0 0 | 0 0 -1 | 0 0 1 | 0 0 1
XDS    | 0 0 1 | 1 0 0 | 0 1 0  | 0 0 1 | 1 0 0  | 1 0 0 | 1 0 0
DIALS  | 0 0 1 | 1 0 0 | 0 1 0  | 0 0 1 | 0 1 0  | 0 1 0 | 0 1 0
CUSTOM | 1 0 0 | 0 0 1 | 0 -1 0 | 1 0 0 | 0 1 0  | 0 0 1 | 0 0 1
"""
"""The model's table: beam, fast, slow, normal, two-theta axis, polarization, spindle."""

PX = 1e-3
BARE: Any = Detector(pixels_fast=60, pixels_slow=50, pixel_size_m=PX, distance_m=0.1)
"""60 x 50 mm."""


def geometry(detector: Detector, **others: Any) -> Geometry:
    return detector_geometry(Experiment(Crystal(cell_lengths_A=(40, 50, 60)), detector=detector, **others))


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_conventions_are_the_models_table(row: str) -> None:
    name, *columns = (column.strip() for column in row.split("|"))
    expected = [tuple(float(word) for word in column.split()) for column in columns]
    assert [tuple(v) for v in AXES[name]] == expected
    found = geometry(replace(BARE, convention=name))
    vectors = (found.beam, found.fdet, found.sdet, found.odet, found.polarization, found.spindle)
    for vector, column in zip(vectors, expected[:4] + expected[5:], strict=True):
        assert tuple(vector) == column


@pytest.mark.parametrize(
    ("convention", "Xbeam", "Ybeam", "Fbeam", "Sbeam", "pivot"),
    [
        ("ADXV", 30.5, 24.5, 30.5, 50 - 24.5, "BEAM"),
        ("MOSFLM", 25.5, 30.5, 31.0, 26.0, "BEAM"),
        ("DENZO", 25.5, 30.5, 30.5, 25.5, "BEAM"),
        ("XDS", 30.0, 25.0, 30.0, 25.0, "SAMPLE"),
        ("DIALS", 30.0, 25.0, 30.0, 25.0, "SAMPLE"),
        ("CUSTOM", 30.0, 25.0, 30.0, 25.0, "BEAM"),
    ],
)
def test_default_beam_centres(
    convention: Any, Xbeam: float, Ybeam: float, Fbeam: float, Sbeam: float, pivot: str
) -> None:
    """Of an unrotated detector of 60 x 50 mm with pixels of 1 mm; in mm."""
    found = geometry(replace(BARE, convention=convention))
    centre = [1e3 * x for x in found.centre[:4]]
    assert centre == pytest.approx([Xbeam, Ybeam, Fbeam, Sbeam], abs=1e-12)
    assert found.pivot == pivot


@pytest.mark.parametrize(
    ("convention", "Fbeam", "Sbeam"),
    [
        ("ADXV", 11.0, 50 - 17.0),
        ("MOSFLM", 17.5, 11.5),
        ("DENZO", 17.0, 11.0),
        ("XDS", 11.0, 17.0),
        ("DIALS", 11.0, 17.0),
        ("CUSTOM", 11.0, 17.0),
    ],
)
def test_given_beam_centres(convention: Any, Fbeam: float, Sbeam: float) -> None:
    """Under the BEAM pivot that is where the beam falls; the others place what is closest to the sample."""
    detector = replace(BARE, convention=convention, Xbeam_m=11e-3, Ybeam_m=17e-3)
    found = geometry(detector)
    if found.pivot == "BEAM":
        assert found.centre.Fbeam_m == pytest.approx(Fbeam * 1e-3)
        assert found.centre.Sbeam_m == pytest.approx(Sbeam * 1e-3)
    else:
        assert found.centre.Fclose_m == pytest.approx(0.03)
        assert found.centre.Sclose_m == pytest.approx(0.025)


def test_custom_convention_takes_the_beam_centre_for_the_closest_point() -> None:
    found = geometry(replace(BARE, convention="CUSTOM", pivot="SAMPLE", Xbeam_m=11e-3, Ybeam_m=17e-3))
    assert found.centre.Fclose_m == pytest.approx(11e-3)
    assert found.centre.Sclose_m == pytest.approx(17e-3)


@pytest.mark.parametrize("convention", ["ADXV", "MOSFLM", "DENZO", "XDS", "DIALS"])
@pytest.mark.parametrize("pivot", ["BEAM", "SAMPLE"])
def test_a_convention_brings_its_own_pivot(convention: Any, pivot: Any) -> None:
    own = geometry(replace(BARE, convention=convention)).pivot
    assert geometry(replace(BARE, convention=convention, pivot=pivot)).pivot == own


def test_closest_point_reaches_the_beam_centre_only_where_the_convention_reads_it() -> None:
    given = replace(BARE, Xclose_m=7e-3, Yclose_m=9e-3)
    assert geometry(given).centre.Xbeam_m == pytest.approx(25.5e-3)
    assert geometry(replace(given, convention="XDS")).centre[:2] == (7e-3, 9e-3)


# Whatever the rotations

angles = st.floats(-0.8, 0.8)
rotated = st.builds(
    lambda convention, pivot, rx, ry, rz, tt, X, Y, distance, close: replace(
        BARE,
        convention=convention,
        pivot=pivot,
        rotx_rad=rx,
        roty_rad=ry,
        rotz_rad=rz,
        twotheta_rad=tt,
        Xbeam_m=X,
        Ybeam_m=Y,
        distance_m=distance,
        close_distance_m=close,
    ),
    st.sampled_from(sorted(AXES)),
    st.sampled_from(["BEAM", "SAMPLE"]),
    angles,
    angles,
    angles,
    angles,
    st.floats(0.001, 0.06),
    st.floats(0.001, 0.05),
    st.floats(0.05, 0.5),
    st.none() | st.floats(0.05, 0.5),
)


@SETTINGS
@given(rotated)
def test_frame_stays_orthonormal(detector: Detector) -> None:
    found = geometry(detector)
    frame = np.array([list(found.fdet), list(found.sdet), list(found.odet)])
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    before = np.array([list(AXES[detector.convention].fdet), list(AXES[detector.convention].sdet)])
    handedness = np.cross(*before) @ np.array(AXES[detector.convention].odet)
    assert np.cross(frame[0], frame[1]) @ frame[2] == pytest.approx(handedness)


@SETTINGS
@given(rotated)
def test_rotations_are_about_x_y_z_and_then_two_theta(detector: Any) -> None:
    found, axes = geometry(detector), AXES[detector.convention]
    turned = about(axes.twotheta, detector.twotheta_rad) @ about((0, 0, 1), detector.rotz_rad)
    turned = turned @ about((0, 1, 0), detector.roty_rad) @ about((1, 0, 0), detector.rotx_rad)
    for before, after in ((axes.fdet, found.fdet), (axes.sdet, found.sdet), (axes.odet, found.odet)):
        np.testing.assert_allclose(turned @ np.array(before), np.array(after), atol=1e-12)


def about(axis: Any, angle: float) -> np.ndarray:
    u = np.array(axis, float)
    return (
        math.cos(angle) * np.eye(3) + math.sin(angle) * np.cross(np.eye(3), u) + (1 - math.cos(angle)) * np.outer(u, u)
    )


@SETTINGS
@given(rotated)
def test_origin_closest_point_and_beam_centre_belong_together(detector: Detector) -> None:
    found = geometry(detector)
    pix0, F, S, O, beam = (np.array(v) for v in (found.pix0_m, found.fdet, found.sdet, found.odet, found.beam))
    centre = found.centre
    np.testing.assert_allclose(
        pix0, -centre.Fclose_m * F - centre.Sclose_m * S + found.close_distance_m * O, atol=1e-13
    )
    if detector.twotheta_rad == 0.0:  # the distance takes the ratio before the swing
        np.testing.assert_allclose(pix0 + centre.Fbeam_m * F + centre.Sbeam_m * S, found.distance_m * beam, atol=1e-12)


@SETTINGS
@given(rotated)
def test_the_beam_pivot_keeps_the_beam_centre_and_the_sample_pivot_the_closest_point(detector: Detector) -> None:
    found = geometry(detector)
    unrotated = geometry(replace(detector, rotx_rad=0.0, roty_rad=0.0, rotz_rad=0.0, twotheta_rad=0.0))
    if found.pivot == "SAMPLE":
        kept = ("Fclose_m", "Sclose_m")
    elif detector.twotheta_rad == 0.0:
        kept = ("Fbeam_m", "Sbeam_m")
    else:
        return
    for name in kept:
        assert getattr(found.centre, name) == pytest.approx(getattr(unrotated.centre, name), abs=1e-12)


@SETTINGS
@given(rotated)
def test_a_close_distance_rules_over_the_distance(detector: Any) -> None:
    found = geometry(detector)
    if found.pivot == "SAMPLE":
        rotation = about((0, 0, 1), detector.rotz_rad) @ about((0, 1, 0), detector.roty_rad)
        rotation = rotation @ about((1, 0, 0), detector.rotx_rad)
        axes = AXES[detector.convention]
        ratio = float(np.array(axes.beam) @ rotation @ np.array(axes.odet))
        close = detector.close_distance_m
        expected = abs(ratio * detector.distance_m) if close is None else close
        assert found.close_distance_m == pytest.approx(expected)
        assert found.distance_m == pytest.approx(expected / ratio)


# Vectors that are given


def test_given_vectors_are_normalised_but_the_two_theta_axis() -> None:
    detector = replace(
        BARE,
        convention="CUSTOM",
        beam_vector=(2, 0, 0),
        fdet_vector=(0, 0, 3),
        sdet_vector=(0, -4, 0),
        odet_vector=(0.5, 0, 0),
        twotheta_axis=(0, 2, 0),
        twotheta_rad=0.1,
    )
    found = geometry(detector, beam=Beam(polarization_axis=(0, 0, 5)), spindle=Spindle(axis=(0, 6, 8)))
    assert tuple(found.beam) == (1, 0, 0)
    assert tuple(found.polarization) == (0, 0, 1)
    assert tuple(found.spindle) == pytest.approx((0, 0.6, 0.8))
    once = geometry(replace(detector, twotheta_axis=(0, 1, 0)))
    assert tuple(found.odet) != pytest.approx(tuple(once.odet))  # an axis of length 2 does not just rotate


def test_a_normal_not_of_unit_length_is_made_from_fast_and_slow() -> None:
    oblique = replace(BARE, convention="CUSTOM", fdet_vector=(0, 0.1, 1), sdet_vector=(0, -1, 0))
    kept = geometry(replace(oblique, odet_vector=(0.6, 0.8, 0)))
    made = geometry(replace(oblique, odet_vector=(0.6, 0.8, 0.1)))
    assert tuple(kept.odet) == (0.6, 0.8, 0)
    normal = np.cross(np.array(made.fdet), np.array(made.sdet))
    np.testing.assert_allclose(np.array(made.odet), normal / np.linalg.norm(normal), atol=1e-15)


@pytest.mark.parametrize(("name", "axis"), [("beam_vector", "beam"), ("fdet_vector", "fdet"), ("sdet_vector", "sdet")])
def test_a_vector_without_direction_stays_zero(name: str, axis: str) -> None:
    made = geometry(replace(BARE, convention="CUSTOM", **{name: (0, 0, 0)}))
    assert tuple(getattr(made, axis)) == (0, 0, 0)


def test_vertical_is_across_beam_and_polarization() -> None:
    for convention in AXES:
        found = geometry(replace(BARE, convention=convention))
        np.testing.assert_allclose(
            np.array(found.vertical), np.cross(np.array(found.beam), np.array(found.polarization)), atol=1e-15
        )
