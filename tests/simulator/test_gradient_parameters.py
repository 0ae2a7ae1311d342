"""What gradients are taken of: parameters, regions, directions, and numbers that may be tensors."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from simulator import (
    Beam,
    Crystal,
    InputError,
    Sampling,
    Simulator,
    Spindle,
    StructureFactors,
)
from simulator.gradients.images import Region
from simulator.gradients.parameters import Parameter, parameters_of
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


# ---- the parametrisation ------------------------------------------------------------------------------------------


def test_a_parameter_moves_in_proportion_and_from_zero_by_its_scale() -> None:
    parameter = Parameter("p", "m", torch.tensor([2.0, 0.0], dtype=torch.float64, device="cpu"), 0.5, lambda e, p: e)
    t = torch.tensor([0.1, 0.1], dtype=torch.float64, device="cpu")
    torch.testing.assert_close(parameter.at(t), torch.tensor([2.2, 0.05], dtype=torch.float64, device="cpu"))


@pytest.mark.parametrize("name", ALL_NAMES)
def test_at_zero_every_parameter_leaves_the_image_as_it_is(name: str) -> None:
    function = image_along(scan_experiment(), name)
    plain = function.region.pixels_of(function.region.frozen) / function.region.normalisation
    torch.testing.assert_close(function(function.origin()), plain, rtol=1e-9, atol=1e-12)


def test_the_step_given_by_itself_moves_with_the_range() -> None:
    experiment = scan_experiment(spindle=Spindle(osc_rad=0.04, phi_steps=2, phi_step_rad=0.03))
    moved = parameters_of(experiment)["phi_range"].replaced(
        experiment, torch.tensor([0.08], dtype=torch.float64, device="cpu")
    )
    assert float(moved.spindle.phi_step_rad or 0.0) == pytest.approx(0.06)


def test_counts_that_follow_from_the_cell_are_fixed() -> None:
    crystal = Crystal(cell_lengths_A=(40.0, 40.0, 40.0), size_m=(1.6e-8, 2e-8, 2.4e-8))
    experiment = scan_experiment(crystal=crystal, sampling=Sampling(oversample=0))
    frozen = Region(experiment, ROI).frozen
    assert frozen.crystal.N_cells == (4, 5, 6)
    assert frozen.crystal.size_m == (0.0, 0.0, 0.0)
    assert frozen.sampling.oversample >= 1


def test_a_random_orientation_has_no_misset_to_vary() -> None:
    crystal = replace(OBLIQUE, random_misset_seed=-5)
    assert "misset" not in parameters_of(scan_experiment(crystal=crystal))


@pytest.mark.parametrize("mask", [None, torch.eye(6, 8, device="cpu").logical_not().numpy()])
def test_values_are_those_of_the_image_inside_region_and_mask(mask: Any) -> None:
    experiment = scan_experiment(sampling=Sampling(oversample=1, roi=(1, 5, 2, 4), mask=mask))
    simulator = Simulator(experiment, execution=EAGER)
    image = simulator.image()
    inside = image[2:5, 1:6].reshape(-1)
    assert torch.equal(simulator.values(), inside[inside != 0.0])


@pytest.mark.parametrize("roi", [(0, 8, 0, 1), (-1, 1, 0, 1), (3, 2, 0, 1), (0, 1, 0, 6)])
def test_a_region_outside_the_detector_is_refused(roi: Any) -> None:
    with pytest.raises(InputError, match="must lie on the detector of 6 x 8 pixels"):
        Region(scan_experiment(), roi)


def test_a_dark_region_is_refused() -> None:
    with pytest.raises(InputError, match="every pixel of the region is 0 or masked"):
        _ = Region(scan_experiment(structure_factors=StructureFactors()), ROI).normalisation


def test_directions_of_an_array_are_its_strongest_entries_and_random_ones() -> None:
    function = image_along(scan_experiment(structure_factors=factors()), "structure_factors")
    assert function.directions is not None
    assert function.directions.shape == (8, 13**3)
    assert bool((function.directions[:4].sum(dim=1) == 1.0).all())
    assert bool((function.directions[4:] != 0.0).all())


def test_a_right_angle_does_not_stop_the_gradient_of_the_sine() -> None:
    """sin(gamma*) may round to just above 1 there, where a clamp has no gradient; its own is 0 as well."""
    crystal = Crystal(cell_lengths_A=(30.0, 40.0, 50.0), cell_angles_rad=(math.pi / 2, 1.7, math.pi / 2))
    function = image_along(scan_experiment(crystal=replace(crystal, N_cells=(3, 3, 3))), "cell_angles")
    assert checked(function, function.origin(requires_grad=True))


# ---- what may be given as a parameter -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_scalar_may_be_a_tensor_of_one_number_of_either_dtype(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    wavelength = torch.full(shape, 1.125, dtype=dtype, device="cpu", requires_grad=True)
    image = Simulator(scan_experiment(beam=Beam(wavelength_A=wavelength)), execution=EAGER).image()
    plain = Simulator(scan_experiment(beam=Beam(wavelength_A=1.125)), execution=EAGER).image()
    torch.testing.assert_close(image.detach(), plain, rtol=1e-6 if dtype == torch.float32 else 1e-12, atol=0.0)
    (gradient,) = torch.autograd.grad(image.sum(), wavelength)
    assert gradient.shape == shape
    assert float(gradient.abs().sum()) > 0.0


def test_a_vector_may_mix_numbers_and_tensors() -> None:
    b = torch.tensor(45.0, dtype=torch.float64, device="cpu", requires_grad=True)
    crystal = replace(OBLIQUE, cell_lengths_A=(36.0, b, 52.0))
    image = Simulator(scan_experiment(crystal=crystal), execution=EAGER).image()
    (gradient,) = torch.autograd.grad(image.sum(), b)
    assert float(gradient.abs()) > 0.0


def test_several_numbers_for_one_are_refused() -> None:
    fluence = torch.ones(3, dtype=torch.float64, device="cpu")
    with pytest.raises(InputError, match=r"takes a tensor of one; got one of shape \(3,\)"):
        Simulator(scan_experiment(beam=Beam(fluence_photons_per_m2=fluence)), execution=EAGER)
