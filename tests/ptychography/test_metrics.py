"""Metrics: what cannot be measured is taken out, and each figure is what its definition says."""

import numpy as np
import pytest

from simulator.errors import InputError
from subjects.ptychography.metrics import (
    compare_objects,
    frc,
    is_collapsed,
    largest_rectangle,
    residual,
    resolution,
    ssim,
)
from subjects.ptychography.simulate import lines

TRUTH = lines(60, 50, 1)
MASK = np.zeros((60, 50), bool)
MASK[5:55, 6:48] = True


def test_a_perfect_object_is_perfect():
    m = compare_objects(TRUTH, TRUTH, MASK)
    assert max(m.amplitude_mae, m.phase_mae, m.nrmse) < 1e-12
    assert m.pearson == pytest.approx(1)
    assert m.amplitude_ssim == pytest.approx(1)
    assert m.frc_half == 1.0


def test_phase_ramp_and_scale_are_taken_out():
    rows, cols = np.indices(TRUTH.shape)
    turned = 3.0 * TRUTH * np.exp(1j * (1.0 + 0.06 * cols - 0.05 * rows))
    m = compare_objects(turned, TRUTH, MASK)
    assert m.phase_mae < 1e-6
    assert m.amplitude_mae < 1e-9
    assert m.scale == pytest.approx(1 / 3)
    assert m.raw_amplitude_ratio == pytest.approx(3)
    assert compare_objects(turned, TRUTH, MASK, "mean").phase_mae > 0.5


def test_a_flat_object_has_no_correlation_and_no_resolution():
    flat = np.ones_like(TRUTH)
    m = compare_objects(flat, TRUTH, MASK)
    assert m.pearson is m.frc_half is m.frc_seventh is None
    assert is_collapsed(flat, MASK)
    assert not is_collapsed(TRUTH, MASK)


def test_an_illuminated_truth_is_no_truth():
    """The planted fault illuminated-truth: |P o| compared in the place of o."""
    rows, cols = np.indices(TRUTH.shape)
    light = np.exp(-((rows - 30) ** 2 + (cols - 25) ** 2) / 200)
    m = compare_objects(TRUTH, TRUTH * light, MASK)
    assert m.amplitude_mae > 0.02
    assert m.pearson is not None
    assert m.pearson < 0.8


def test_structural_similarity_of_noise_is_low_and_of_itself_one():
    rng = np.random.RandomState(0)
    a, b = rng.random_sample((2, 30, 30))
    assert ssim(a, a, 1.0) == pytest.approx(1)
    assert abs(ssim(a, b, 1.0)) < 0.1
    assert ssim(a, a + 0.5, 1.0) < 0.9


def test_ring_correlation_falls_where_the_noise_begins():
    rng = np.random.RandomState(0)
    noise = rng.standard_normal((64, 64))
    k = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)) * 64
    smooth = np.fft.ifft2(np.fft.fft2(noise) * (k < 12)).real
    rings = frc(smooth + 1e-3 * noise, smooth + 1e-3 * rng.standard_normal((64, 64)))
    assert 10 / 32 < resolution(rings, 1 / 2) < 18 / 32
    assert resolution(np.array([1.0, 0.9, 0.4, 0.1]), 0.5) == pytest.approx(1.8 / 3)


def test_the_largest_rectangle():
    mask = np.ones((6, 7), bool)
    mask[0, 3] = mask[5, 5] = False
    rows, cols = largest_rectangle(mask)
    assert (rows.start, rows.stop, cols.start, cols.stop) == (1, 5, 0, 7)


def test_the_residual_leaves_masked_pixels_out():
    counts = np.array([[[4.0, 9.0]]])
    expected = np.array([[[4.0, 900.0]]])
    assert residual(expected, counts, np.array([[[True, False]]])) == 0
    assert residual(expected, counts) == pytest.approx(27 / 13**0.5)


def test_shapes_must_agree():
    with pytest.raises(InputError, match="agree"):
        compare_objects(TRUTH[:-1], TRUTH, MASK)
    with pytest.raises(InputError, match="nothing"):
        compare_objects(TRUTH, TRUTH, np.zeros_like(MASK))
