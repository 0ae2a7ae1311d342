"""`compare images`: what passes, what does not, what it says, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compare.imaging.files import ImageFileError
from compare.imaging.peaks import peak_shifts, strongest_peaks
from compare.imaging.statistics import Tolerance, float32_ulps
from compare.judging.result import Verdict
from tests.compare.image_cases import SHAPE, compared, gaussians

FLOATS = hnp.arrays(np.float32, (4, 5), elements=st.floats(width=32))


# ---------------------------------------------------------------- verdict


def test_equal_images_are_parity() -> None:
    outcome = compared(gaussians(), gaussians())
    assert (outcome.verdict, outcome.exit_code, outcome.reasons) == (Verdict.PARITY, 0, ())
    assert outcome.statistics is not None
    assert outcome.statistics.equal == 40 * 50
    assert outcome.statistics.correlation == pytest.approx(1.0, abs=1e-12)
    assert all(peak.distance_pixels == 0 for peak in outcome.peaks)


@pytest.mark.parametrize(("steps", "verdict"), [(2, Verdict.PARITY), (3, Verdict.DIVERGENCE)])
def test_the_tolerance_in_ulps_decides(steps: int, verdict: Verdict) -> None:
    b = gaussians()
    for _ in range(steps):
        b[7, 9] = np.nextafter(b[7, 9], np.float32(np.inf))
    assert compared(gaussians(), b).verdict is verdict


def test_correlation_alone_never_passes() -> None:
    outcome = compared(gaussians(), gaussians() * np.float32(1.001))
    assert outcome.statistics is not None
    assert outcome.statistics.correlation == pytest.approx(1.0, abs=1e-9)
    assert outcome.verdict is Verdict.DIVERGENCE


@pytest.mark.parametrize(
    ("tolerance", "passes"),
    [
        (Tolerance(ulps=0, absolute=0.5, floor=0), True),
        (Tolerance(ulps=0, absolute=0.4, floor=0), False),
        (Tolerance(ulps=0, relative=0.005, floor=0), True),
        (Tolerance(ulps=0, relative=0.0049, floor=0), False),
        (Tolerance(ulps=0, floor=0.005), True),
        (Tolerance(ulps=0, floor=0.0049), False),
        (Tolerance(absolute=1, equal_share=0.99), True),
        (Tolerance(absolute=1, equal_share=0.9951), False),
    ],
)
def test_each_bound_counts_by_itself(tolerance: Tolerance, passes: bool) -> None:
    a = np.full((10, 20), 100.0)
    b = a.copy()
    b[4, 5] = 100.5
    assert (compared(a, b, tolerance=tolerance).verdict is Verdict.PARITY) == passes


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_nan_on_one_side_never_passes(value: float, side: int) -> None:
    pixels = [gaussians(), gaussians()]
    pixels[side][3, 4] = value
    outcome = compared(*pixels, tolerance=Tolerance(ulps=1e30, absolute=1e30, relative=1e30))
    assert outcome.verdict is Verdict.DIVERGENCE
    assert outcome.statistics is not None
    assert outcome.statistics.not_finite_one_sided == 1
    first = outcome.statistics.first_outside
    assert first is not None
    assert (first.slow, first.fast) == (3, 4)


def test_nan_in_the_same_pixels_is_incomplete_unless_accepted() -> None:
    a = gaussians()
    a[3, 4] = np.nan
    outcome = compared(a, a.copy())
    assert (outcome.verdict, outcome.exit_code) == (Verdict.INCOMPLETE, 1)
    assert outcome.statistics is not None
    assert outcome.statistics.nan_both == outcome.statistics.not_finite_both == 1
    assert compared(a, a.copy(), tolerance=Tolerance(equal_nan=True)).verdict is Verdict.PARITY


def test_a_hot_pixel_does_not_hide_the_rest() -> None:
    """Far from it a quarter of the image is changed by far less than rounding of the hot pixel."""
    a = np.full((20, 20), 1e-8)
    a[0, 0] = 1e12
    b = a.copy()
    b[10:, 10:] *= 1.25
    outcome = compared(a, b)
    assert outcome.verdict is Verdict.DIVERGENCE
    assert outcome.statistics is not None
    assert outcome.statistics.outside == 100
    beside = a.copy()
    beside[1, 1] *= 1.25
    assert compared(a, beside).verdict is Verdict.PARITY


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("i4", 2**25), ("i4", -(2**31)), ("i8", 2**53), ("i8", -(2**63)), ("u8", 2**64 - 2), ("u8", 2**60)],
)
def test_integers_of_any_size_are_told_apart(dtype: str, value: int) -> None:
    a = np.full((4, 5), value, dtype)
    b = a.copy()
    b[2, 3] += 1
    outcome = compared(a, b, tolerance=Tolerance(ulps=1e9, floor=1e-3))
    assert outcome.verdict is Verdict.DIVERGENCE
    assert outcome.statistics is not None
    assert outcome.statistics.largest_absolute.value == 1
    assert (outcome.statistics.outside, outcome.statistics.equal) == (1, 19)
    one = compared(a, b, tolerance=Tolerance(absolute=1))
    assert one.verdict is Verdict.PARITY
    assert one.remarks == (
        "1 of 20 pixels pass only by the bounds given (ulps 2, absolute 1, relative 0, floor 1e-15)",
    )


def test_integers_beside_whole_floats_are_integers() -> None:
    a = np.full((3, 3), 2**53 + 1, "i8")
    assert compared(a, a.astype(float)).verdict is Verdict.DIVERGENCE
    assert compared(a - 1, (a - 1).astype(float)).verdict is Verdict.PARITY
    assert compared(np.ones((3, 3), "u2"), np.full((3, 3), 1.5)).verdict is Verdict.DIVERGENCE


def test_signed_beside_unsigned_integers() -> None:
    a, b = np.full((3, 3), -1, "i8"), np.full((3, 3), 2**64 - 1, "u8")
    assert compared(a, b).verdict is Verdict.DIVERGENCE
    assert compared(np.ones((3, 3), "i8"), np.ones((3, 3), "u8")).verdict is Verdict.PARITY


def test_a_wide_bound_is_said() -> None:
    assert compared(gaussians(), gaussians(), tolerance=Tolerance(relative=1e-3)).remarks == (
        "--rtol 0.001 is wider than 1e-06",
    )


def test_images_of_nan_alone_compare_nothing() -> None:
    a = np.full(SHAPE, np.nan, np.float32)
    assert compared(a, a.copy()).exit_code == 3


def test_different_sizes_diverge() -> None:
    outcome = compared(np.ones((3, 4)), np.ones((4, 3)))
    assert outcome.exit_code == 1
    assert "3 x 4" in outcome.reasons[0]


def test_blank_images_compare_nothing_unless_allowed() -> None:
    a = np.zeros(SHAPE, np.float32)
    assert compared(a, a).exit_code == 3
    assert compared(a, a, allow_blank=True).exit_code == 0


def test_a_mask_leaves_pixels_out() -> None:
    b = gaussians()
    b[10, 12] = 0
    mask = np.ones(b.shape)
    assert compared(gaussians(), b, mask=mask).exit_code == 1
    mask[10, 12] = 0
    outcome = compared(gaussians(), b, mask=mask)
    assert outcome.exit_code == 0
    assert outcome.statistics is not None
    assert outcome.statistics.masked == 1


def test_an_all_masked_region_compares_nothing() -> None:
    mask = np.ones((40, 50))
    mask[:10, :10] = 0
    assert compared(gaussians(), gaussians(), mask=mask, roi=(0, 10, 0, 10)).exit_code == 3
    assert compared(gaussians(), gaussians(), mask=mask, roi=(0, 11, 0, 10)).exit_code == 0


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ImageFileError, match=r"mask is 3 x 3.*40 x 50"):
        compared(gaussians(), gaussians(), mask=np.ones((3, 3)))


def test_the_region_is_all_that_counts_and_places_stay_those_of_the_image() -> None:
    b = gaussians()
    b[30, 40] += 1
    assert compared(gaussians(), b, roi=(0, 30, 0, 50)).exit_code == 0
    outcome = compared(gaussians(), b, roi=(20, 40, 10, 50))
    assert outcome.statistics is not None
    worst = outcome.statistics.largest_absolute
    assert (worst.slow, worst.fast) == (30, 40)
    assert (outcome.peaks[0].slow, outcome.peaks[0].fast) == (25, 30)


@pytest.mark.parametrize("bad", [{"ulps": -1}, {"absolute": np.nan}, {"equal_share": 1.5}, {"floor": np.inf}])
def test_a_tolerance_that_is_none_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Tolerance(**bad)


# ---------------------------------------------------------------- figures


def test_figures_are_those_of_the_definition() -> None:
    a, b = np.array([[1.0, 2.0, 0.0, 4.0]]), np.array([[1.0, 2.5, 1.0, 3.0]])
    figures = compared(a, b).statistics
    assert figures is not None
    assert figures.rmse == pytest.approx(np.sqrt((0.25 + 1 + 1) / 4))
    assert figures.sum_ratio == pytest.approx(7.5 / 7)
    assert figures.correlation == pytest.approx(np.corrcoef(a[0], b[0])[0, 1])
    assert (figures.largest_absolute.fast, figures.largest_absolute.value) == (2, 1.0)
    assert figures.largest_relative is not None
    assert (figures.largest_relative.fast, figures.largest_relative.value) == (1, 0.25)
    assert (figures.appeared, figures.outside, figures.equal) == (1, 3, 1)


def test_a_constant_image_has_no_correlation_and_a_zero_sum_no_ratio() -> None:
    figures = compared(np.array([[1.0, -1.0]]), np.array([[2.0, 2.0]])).statistics
    assert figures is not None
    assert figures.correlation is None
    assert figures.sum_ratio is None


@given(FLOATS, st.integers(0, 50))
def test_ulps_count_representable_numbers(a: np.ndarray, steps: int) -> None:
    b = a.copy()
    for _ in range(steps):
        with np.errstate(over="ignore"):
            b = np.nextafter(b, np.float32(np.inf))
    finite = np.isfinite(a) & np.isfinite(b)
    # Both zeros are one number; nextafter never stops at the second of them either.
    assert (float32_ulps(a, b)[finite] == steps).all()


@given(FLOATS, FLOATS)
def test_ulps_are_symmetric_and_zero_for_equal_numbers_alone(a: np.ndarray, b: np.ndarray) -> None:
    ulps = float32_ulps(a, b)
    np.testing.assert_array_equal(ulps, float32_ulps(b, a))
    np.testing.assert_array_equal(ulps == 0, (a == b) | (np.isnan(a) & np.isnan(b)))


def test_ulps_of_doubles_are_fractions_and_do_not_overflow() -> None:
    ulps = float32_ulps(np.array([1.0, 1e300, 0.0]), np.array([1.0 + 2.0**-24, 2e300, 1e-60]))
    assert ulps[0] == 0.5
    assert np.isfinite(ulps).all()
    assert (ulps > 0).all()


@given(FLOATS, FLOATS)
def test_the_histogram_and_the_counts_cover_every_pixel(a: np.ndarray, b: np.ndarray) -> None:
    figures = compared(a, b).statistics
    assert figures is not None
    assert sum(bin_.count for bin_ in figures.histogram) == figures.pixels == a.size
    assert figures.histogram[0].count == figures.equal
    assert figures.within_ulps[4] >= figures.within_ulps[2] >= figures.within_ulps[1] >= figures.equal


@pytest.mark.parametrize(("slow", "fast"), [(0.0, 0.0), (1.0, 0.0), (0.25, -0.4), (-2.0, 3.0)])
def test_peaks_are_followed(slow: float, fast: float) -> None:
    a, b = gaussians(), gaussians(slow, fast)
    shifts = peak_shifts(a, b, np.ones(a.shape, bool), 3)
    assert [(shift.slow, shift.fast) for shift in shifts] == [(10, 12), (25, 30), (31, 9)]
    for shift in shifts:
        assert shift.shift_slow_pixels == pytest.approx(slow, abs=0.1)
        assert shift.shift_fast_pixels == pytest.approx(fast, abs=0.1)


def test_a_peak_that_vanished_has_no_partner() -> None:
    a = gaussians()
    (shift, *_) = peak_shifts(a, np.zeros_like(a), np.ones(a.shape, bool), 3)
    assert shift.value_b is None
    assert shift.distance_pixels is None


def test_flat_images_and_masked_maxima_are_no_peaks() -> None:
    a = gaussians()
    kept = np.ones(a.shape, bool)
    assert strongest_peaks(np.ones((9, 9)), np.ones((9, 9), bool), 5) == []
    kept[10, 12] = False
    assert (strongest_peaks(a, kept, 1)[0].slow, strongest_peaks(a, kept, 1)[0].fast) == (25, 30)
