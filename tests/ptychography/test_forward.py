"""The forward model: what follows from its definition, and its gradients."""

import numpy as np
import pytest
import torch

from simulator.errors import InputError
from subjects.ptychography.contract import Scan
from subjects.ptychography.forward import make_forward, make_setup
from subjects.ptychography.steps import Pair, fourier_patch, frequency, kernel_of, twiddle


def random_scan(side: int = 8, modes: int = 1, integer: bool = False, object_px: int = 20) -> Scan:
    rng = np.random.RandomState(3)
    x, y = (rng.uniform(side // 2, object_px - side // 2 - 2, 3) for _ in range(2))
    if integer:
        x, y = np.floor(x), np.floor(y)
    complex_ = [rng.standard_normal((*shape, 2)) @ [1, 1j] for shape in ((modes, side, side), (object_px, object_px))]
    return Scan("made", np.zeros((3, side, side)), x, y, complex_[0], complex_[1])


def test_an_integer_position_copies_pixels_bit_for_bit():
    scan = random_scan(integer=True)
    setup = make_setup(scan)
    patch = setup.patches(setup.place([1])).complex()[0].numpy()
    row, col = int(scan.y_px[1]) - 4, int(scan.x_px[1]) - 4
    assert scan.object is not None
    np.testing.assert_array_equal(patch, scan.object[row : row + 8, col : col + 8])
    assert patch[4, 4] == scan.object[int(scan.y_px[1]), int(scan.x_px[1])]


@pytest.mark.parametrize("interpolation", ["bilinear", "fourier"])
def test_a_larger_x_shows_what_lies_further_right(interpolation):
    ramp = np.add.outer(np.zeros(20), np.arange(20)) + 0j
    ramp = ramp if interpolation == "bilinear" else np.exp(2j * np.pi * ramp / 8)
    scan = random_scan()
    scan = Scan("made", scan.counts, np.array([8.0, 8.25, 9.0]), np.full(3, 8.0), scan.probe, ramp)
    setup = make_setup(scan, interpolation=interpolation)
    patches = setup.patches(setup.place([0, 1, 2])).complex().numpy()
    shown = patches[:, 4, 4].real - 8
    if interpolation == "fourier":
        shown = np.angle(patches[:, 4, 4] / patches[0, 4, 4]) * 8 / (2 * np.pi)
    np.testing.assert_allclose(shown, [0, 0.25, 1], atol=1e-12)


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("evaluation", ["sums", "fft"])
def test_the_detector_holds_the_power_of_the_exit_wave(side, evaluation):
    setup = make_setup(random_scan(side, modes=2), evaluation=evaluation)
    intensities = setup.forward.intensities(setup.patches(setup.place(slice(None))))
    torch.testing.assert_close(intensities.sum(dim=(1, 2)), setup.exit_powers())


@pytest.mark.parametrize("side", [8, 9])
def test_frequencies_are_the_inverse_of_fftshift(side):
    expected = np.fft.fftshift(np.arange(side))
    assert frequency(torch.arange(side), side, side // 2).tolist() == expected.tolist()


def test_the_fast_transform_agrees_with_the_sums():
    scan = random_scan(9, modes=2)
    by_sums, by_fft = (
        make_setup(scan, evaluation=evaluation).expected_counts([0, 1, 2], 2.0) for evaluation in ("sums", "fft")
    )
    assert (by_sums - by_fft).abs().max() <= 1e-14 * by_sums.max()


def test_modes_add_as_intensities():
    scan = random_scan(modes=2)
    patch = make_setup(scan).patches(make_setup(scan).place([0]))
    probe = torch.from_numpy(scan.probe)
    both = make_forward(probe).intensities(patch)
    apart = [make_forward(probe[mode : mode + 1]).intensities(patch) for mode in (0, 1)]
    torch.testing.assert_close(both, apart[0] + apart[1])


def test_a_window_outside_is_refused_or_read_as_zero():
    scan = random_scan()
    scan = Scan("made", scan.counts, np.array([2.0, 8, 8]), scan.y_px, scan.probe, scan.object)
    with pytest.raises(InputError, match="-outside zero"):
        make_setup(scan).patches(make_setup(scan).place([0]))
    setup = make_setup(scan, outside_zero=True)
    patch = setup.patches(setup.place([0]))
    assert not patch.re[0, :, :2].any()
    assert patch.re[0, :, 2:].all()


def test_a_nyquist_term_keeps_real_patches_real():
    kernel = kernel_of(twiddle(8))
    image = Pair(torch.rand(20, 20, dtype=torch.float64), torch.zeros(20, 20, dtype=torch.float64))
    scan = random_scan()
    setup = make_setup(scan, interpolation="fourier")
    patch = fourier_patch(image, setup.place([0]).cell, kernel, 8)
    assert patch.im.abs().max() < 1e-14


@pytest.mark.parametrize("evaluation", ["sums", "fft"])
def test_gradients_of_object_and_probe_pass_gradcheck(evaluation):
    setup = make_setup(random_scan(5, object_px=10), evaluation=evaluation)
    place = setup.place([0, 1])

    def counts(re, im, probe_re, probe_im):
        patch = setup.steps.bilinear_patch(Pair(re, im), place.cell, place.weights, 5)
        forward = type(setup.forward)(
            Pair(probe_re, probe_im), setup.forward.kernel, setup.forward.frequencies, setup.steps, evaluation
        )
        return forward.intensities(patch)

    assert setup.object is not None
    inputs = [t.clone().requires_grad_() for t in (*setup.object, *setup.forward.probe)]
    assert torch.autograd.gradcheck(counts, inputs)
