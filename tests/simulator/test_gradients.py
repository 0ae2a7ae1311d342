"""Gradients flow to every continuous parameter, and are those of finite differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from simulator import (
    Beam,
    Crystal,
    Detector,
    Experiment,
    Sampling,
    Simulator,
    Spindle,
    Steps,
    StructureFactors,
)
from simulator.evaluation.tiles import DEFAULTS, TileElements
from simulator.gradients.images import Region, ScaledImage, intensity_of_phi_steps
from simulator.gradients.parameters import parameters_of
from tests.simulator.gradient_cases import (
    ALL_NAMES,
    EAGER,
    OBLIQUE,
    ROI,
    checked,
    factors,
    image_along,
    scan_experiment,
)

pytestmark = pytest.mark.usefixtures("single_threaded")


def test_the_parameters_of_a_cell_given_by_lengths_are_all_there() -> None:
    assert tuple(parameters_of(scan_experiment())) == ALL_NAMES


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
@pytest.mark.parametrize("name", ALL_NAMES)
def test_gradient_is_that_of_finite_differences_and_not_zero(name: str, mode: str) -> None:
    function = image_along(scan_experiment(), name, mode)
    t = function.origin(requires_grad=True)
    assert checked(function, t)
    (gradient,) = torch.autograd.grad(function(t).sum(), t)
    assert float(gradient.abs().max()) > 1e-6


class WrongByOnePercent(torch.autograd.Function):
    """The identity, with a gradient that is 1 % too large."""

    @staticmethod
    def forward(ctx: Any, t: Tensor) -> Tensor:
        return t.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 1.01 * gradient


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_gradient_wrong_by_one_percent_fails_the_same_check(name: str) -> None:
    function = image_along(scan_experiment(), name)
    assert not checked(lambda t: function(WrongByOnePercent.apply(t)), function.origin(requires_grad=True))


@pytest.mark.parametrize("shape", ["square", "round", "gauss", "tophat"])
@pytest.mark.parametrize("name", ["cell_lengths", "misset", "mosaic_spread", "phi_start", "distance", "wavelength"])
def test_gradients_of_every_crystal_shape(shape: Any, name: str) -> None:
    crystal = replace(OBLIQUE, shape=shape, fudge=0.02 if shape == "tophat" else 0.4, N_cells=(2, 2, 2))
    function = image_along(scan_experiment(crystal=crystal), name)
    assert checked(function, function.origin(requires_grad=True))


@pytest.mark.parametrize("name", ["structure_factors", "default_F", "cell_lengths", "wavelength", "phi_range"])
@pytest.mark.parametrize("interpolate", [False, True])
def test_gradients_with_a_structure_factor_list(name: str, interpolate: bool) -> None:
    experiment = scan_experiment(
        structure_factors=factors(), sampling=Sampling(oversample=1, interpolate=interpolate), spindle=Spindle()
    )
    function = image_along(experiment, name, mode="spec")
    assert checked(function, function.origin(requires_grad=True))


def test_interpolated_gradients_reach_the_neighbours_of_a_reflection() -> None:
    def entries_reached(interpolate: bool) -> int:
        experiment = scan_experiment(
            structure_factors=factors(), sampling=Sampling(oversample=1, interpolate=interpolate)
        )
        function = ScaledImage(Region(experiment, (3, 3, 2, 2), "spec"), parameters_of(experiment)["structure_factors"])
        t = function.origin(requires_grad=True)
        (gradient,) = torch.autograd.grad(function(t).sum(), t)
        return int((gradient != 0.0).sum())

    assert 0 < entries_reached(False) < 64 <= entries_reached(True)


LAYERS = Detector(
    pixels_fast=8,
    pixels_slow=6,
    pixel_size_m=3e-3,
    distance_m=0.09,
    Xbeam_m=0.011,
    Ybeam_m=0.01,
    thickness=Steps(count=2, range=4e-4, step=2e-4),
    attenuation_per_m=3000.0,
)


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
@pytest.mark.parametrize("flag", ["oversample_thick", "oversample_polar", "oversample_omega"])
@pytest.mark.parametrize("name", ["distance", "detector_rotations", "cell_angles"])
def test_gradients_with_factors_renewed_at_every_evaluation(flag: str, name: str, mode: str) -> None:
    sampling = Sampling(oversample=2, water_m=1e-6, **{flag: True})
    function = image_along(scan_experiment(sampling=sampling, detector=LAYERS), name, mode)
    assert checked(function, function.origin(requires_grad=True))


@pytest.mark.parametrize("convention", ["ADXV", "DENZO", "XDS", "DIALS", "CUSTOM"])
@pytest.mark.parametrize("name", ["distance", "beam_centre", "detector_rotations", "twotheta"])
def test_gradients_in_every_detector_convention(convention: Any, name: str) -> None:
    detector = replace(LAYERS, convention=convention, pivot="SAMPLE", curved=convention == "CUSTOM")
    function = image_along(scan_experiment(detector=detector), name)
    t = function.origin(requires_grad=True)
    assert checked(function, t)
    (gradient,) = torch.autograd.grad(function(t).square().sum(), t)
    assert float(gradient.abs().max()) > 1e-6


def test_gradients_of_an_orientation_matrix() -> None:
    matrix = (0.02, 0.003, 0.001, -0.002, 0.021, 0.004, 0.001, -0.003, 0.018)
    crystal = Crystal(orientation_matrix=matrix, N_cells=(4, 4, 4))
    function = image_along(scan_experiment(crystal=crystal), "orientation_matrix")
    assert "cell_angles" not in parameters_of(scan_experiment(crystal=crystal))
    assert checked(function, function.origin(requires_grad=True))


ALIGNED = Crystal(cell_lengths_A=(36.0, 36.0, 36.0), N_cells=(9, 9, 9))
BEAM_ON_A_PIXEL_CENTRE = Detector(pixels_fast=8, pixels_slow=6, pixel_size_m=5e-3, Xbeam_m=0.01, Ybeam_m=0.015)


@pytest.mark.parametrize("shape", ["square", "round"])
@pytest.mark.parametrize("name", ["cell_angles", "misset", "detector_rotations", "twotheta", "phi_start"])
def test_angles_of_zero_do_not_cut_the_graph_nor_break_it_at_exact_reflections(name: str, shape: Any) -> None:
    """An aligned cubic crystal, the beam on a pixel's centre: indices of 0 and of 1e-17, where quotients cancel."""
    experiment = scan_experiment(
        crystal=replace(ALIGNED, shape=shape),
        detector=BEAM_ON_A_PIXEL_CENTRE,
        spindle=Spindle(axis=(0.0, 0.3, 1.0), osc_rad=0.03, phi_steps=2),
    )
    for mode in ("c-parity", "spec"):
        function = ScaledImage(Region(experiment, (2, 4, 1, 3), mode), parameters_of(experiment)[name])
        t = function.origin(requires_grad=True)
        # Close to the peak the transform of a ball is itself uncertain by 1e-10, and so are its differences.
        assert torch.autograd.gradcheck(function, (t,), eps=1e-6, atol=1e-3 if shape == "round" else 1e-6, rtol=1e-4)
        (gradient,) = torch.autograd.grad(function(t).square().sum(), t)
        assert bool(torch.isfinite(gradient).all())
        assert float(gradient.abs().max()) > 1e-8


def test_a_pixel_on_the_beam_has_finite_gradients() -> None:
    detector = Detector(3, 3, pixel_size_m=1e-3, convention="ADXV", Xbeam_m=1.5e-3, Ybeam_m=1.5e-3)
    wavelength = torch.tensor(1.0, dtype=torch.float64, device="cpu", requires_grad=True)
    experiment = Experiment(
        crystal=ALIGNED,
        beam=Beam(wavelength_A=wavelength, polarization_factor=0.9),
        detector=detector,
        sampling=Sampling(oversample=1),
        structure_factors=StructureFactors(default_F=1.0),
    )
    image = Simulator(experiment, execution=EAGER).image()
    (gradient,) = torch.autograd.grad(image[1, 1], wavelength)
    assert float(gradient) == 0.0
    assert bool(
        torch.isfinite(torch.autograd.grad(Simulator(experiment, execution=EAGER).image().sum(), wavelength)[0])
    )


@pytest.mark.parametrize("shape", ["square", "round", "gauss", "tophat"])
def test_wanting_gradients_changes_no_bit_of_the_image(shape: Any) -> None:
    """But for the roundings to 32 bits, which only the mosaic spread has."""
    experiment = scan_experiment(crystal=replace(OBLIQUE, shape=shape, N_cells=(3, 4, 5)), structure_factors=factors())
    plain = Simulator(experiment, execution=EAGER).image()
    factor_array = parameters_of(experiment)["structure_factors"]
    wanting = factor_array.replaced(experiment, factor_array.value.clone().requires_grad_())
    assert torch.equal(Simulator(wanting, execution=EAGER).image().detach(), plain)
    cell = torch.tensor([36.0, 45.0, 52.0], dtype=torch.float64, device="cpu", requires_grad=True)
    crystal = replace(experiment.crystal, cell_lengths_A=cell)
    image = Simulator(replace(experiment, crystal=crystal), execution=EAGER).image()
    torch.testing.assert_close(image.detach(), plain, rtol=1e-10, atol=1e-12 * float(plain.max()))


# ---- the carried cell ---------------------------------------------------------------------------------------------


def gradients_of_the_zero_step(mode: str, name: str) -> Tensor:
    """Of the intensity that the phi = 0 step adds to a pixel that is not the first."""
    experiment = scan_experiment(spindle=Spindle(axis=(0.1, 0.2, 1.0), osc_rad=0.05, phi_steps=3))
    region = Region(experiment, ROI, mode)
    parameter = parameters_of(experiment)[name]
    t = torch.zeros_like(parameter.value, requires_grad=True)
    simulator = region.simulator(parameter.replaced(region.frozen, parameter.at(t)), region.zero_phi_steps)
    assert region.zero_phi_steps == (True, False, False)
    intensity = intensity_of_phi_steps(simulator, 2, 3, region.zero_phi_steps)
    (gradient,) = torch.autograd.grad(intensity, t)
    return gradient / float(intensity.detach())


def test_the_zero_step_depends_on_the_spindle_through_the_carried_cell_alone() -> None:
    assert float(gradients_of_the_zero_step("c-parity", "spindle_axis").norm()) > 1e-4
    assert float(gradients_of_the_zero_step("spec", "spindle_axis").norm()) < 1e-13


@pytest.mark.parametrize("name", ["phi_start", "phi_range"])
def test_the_zero_step_depends_on_the_scan_through_the_carried_cell(name: str) -> None:
    assert float(gradients_of_the_zero_step("c-parity", name).abs().max()) > 1e-4


def test_terms_of_all_steps_add_up_to_the_pixel() -> None:
    region = Region(scan_experiment(), ROI)
    simulator = region.simulator(region.frozen, region.zero_phi_steps)
    whole = intensity_of_phi_steps(simulator, 2, 3, (True, True, True))
    parts = [intensity_of_phi_steps(simulator, 2, 3, tuple(i == j for j in range(3))) for i in range(3)]
    assert float(sum(parts)) == pytest.approx(float(whole), rel=1e-13)
    assert all(float(part) > 0.0 for part in parts)


def test_which_steps_are_zero_stays_fixed_while_phi_moves() -> None:
    """At t != 0 the first step is at phi != 0 and still carries the cell left behind: no jump at t = 0."""
    function = image_along(scan_experiment(), "phi_start")
    at_zero, beside = function(function.origin()), function(torch.full((1,), 1e-9, dtype=torch.float64, device="cpu"))
    torch.testing.assert_close(beside, at_zero, rtol=0.0, atol=1e-6)
    moved = scan_experiment(spindle=Spindle(axis=(0.1, 0.0, 1.0), phi_start_rad=1e-10, osc_rad=0.05, phi_steps=3))
    region = Region(moved, ROI)
    jumped = region.pixels_of(region.frozen) / function.region.normalisation
    assert float((jumped - at_zero).abs().max()) > 1e-4


# ---- memory -------------------------------------------------------------------------------------------------------


def bytes_kept(pixels: int) -> int:
    """What autograd keeps of an image between forward and backward pass."""
    wavelength = torch.tensor(1.0, dtype=torch.float64, device="cpu", requires_grad=True)
    experiment = scan_experiment(
        beam=Beam(wavelength_A=wavelength), detector=Detector(pixels, pixels, pixel_size_m=1e-4)
    )
    kept = 0

    def pack(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        image = Simulator(experiment, execution=EAGER).image()
    assert image.requires_grad
    return kept


def test_chunks_are_recomputed_rather_than_kept() -> None:
    """Nine evaluations a pixel leave hundreds of tensors a pixel when all are kept; here a few numbers are."""
    more_pixels = 160 * 160 - 80 * 80
    assert (bytes_kept(160) - bytes_kept(80)) / more_pixels < 4 * 8


def test_gradients_of_many_chunks_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    function = image_along(scan_experiment(detector=Detector(24, 24, pixel_size_m=1e-3)), "wavelength")
    function = replace(function, region=replace(function.region, roi=(0, 23, 0, 23)))
    t = function.origin(requires_grad=True)
    (one,) = torch.autograd.grad(function(t).sum(), t)
    monkeypatch.setitem(DEFAULTS, "cpu", TileElements(64, 64, 64))
    (many,) = torch.autograd.grad(function(t).sum(), t)
    torch.testing.assert_close(many, one, rtol=1e-12, atol=0.0)
