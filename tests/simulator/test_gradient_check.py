"""The check of gradients: it passes right ones, fails wrong ones, and says how the deviation falls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from simulator import Beam, Crystal, Detector, Experiment, InputError, Sampling, Spindle, StructureFactors
from simulator.gradients.check import (
    STEPS,
    GradientCheck,
    Settings,
    check_carried_cell,
    check_gradient,
    check_gradients,
    falling_order,
)
from simulator.gradients.images import Region
from simulator.gradients.parameters import Parameter

PARAMETER = Parameter("p", "m", torch.tensor([2.0], dtype=torch.float64, device="cpu"), 1.0, lambda e, p: e)


@dataclass(frozen=True)
class Formula:
    """A function of one t whose gradient may be given wrongly."""

    formula: Callable[[Tensor], Tensor]
    factor: float = 1.0
    outputs: int = 1
    n_directions: int = 1

    def origin(self, *, requires_grad: bool = False) -> Tensor:
        return torch.zeros(1, dtype=torch.float64, device="cpu", requires_grad=requires_grad)

    def __call__(self, t: Tensor) -> Tensor:
        passed_on = t.clone()
        if t.requires_grad:
            passed_on.register_hook(lambda gradient: self.factor * gradient)
        return self.formula(passed_on).expand(self.outputs)


def check_of(formula: Callable[[Tensor], Tensor], factor: float = 1.0, outputs: int = 1) -> GradientCheck:
    return check_gradient("p", Formula(formula, factor, outputs), PARAMETER, Settings())


def test_a_right_gradient_is_correct_and_falls_with_the_square_of_the_step() -> None:
    check = check_of(lambda t: torch.exp(3.0 * t))
    assert check.verdict == "correct"
    assert check.gradient_norm == pytest.approx(3.0, rel=1e-14)
    assert check.order == pytest.approx(2.0, abs=0.01)
    assert check.relative_deviation < 1e-9
    assert STEPS[0] > check.best_step > STEPS[-1]


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.99, 1.00001, math.nan])
def test_a_wrong_gradient_is_wrong_and_does_not_fall(factor: float) -> None:
    check = check_of(lambda t: torch.exp(3.0 * t), factor)
    assert check.verdict == "wrong"
    if abs(factor - 1.0) > 1e-3:
        assert min(check.deviations) > 0.5 * max(check.deviations)
        assert check.order is None


def test_the_gradient_made_wrong_on_purpose_is_off_by_its_percent() -> None:
    check = check_of(lambda t: torch.sin(t))
    assert min(check.planted_deviations) == pytest.approx(0.01, rel=1e-6)


def test_a_gradient_too_small_to_see_the_planted_error_is_no_proof() -> None:
    check = replace(check_of(lambda t: torch.exp(3.0 * t)), planted_deviations=(1e-12,) * len(STEPS))
    assert check.verdict == "blind"


def test_a_linear_function_has_rounding_alone_and_no_order() -> None:
    check = check_of(lambda t: 1.0 + 2.0 * t)
    assert check.verdict == "correct"
    assert check.order is None


def test_a_parameter_without_influence_is_said_to_have_none() -> None:
    assert check_of(lambda t: 1.0 + 0.0 * t).verdict == "no influence"


@pytest.mark.parametrize("cut", [lambda t: t.detach(), lambda t: t.detach() + 0.0 * t], ids=["whole", "part"])
def test_a_cut_graph_is_wrong_and_not_without_influence(cut: Callable[[Tensor], Tensor]) -> None:
    assert check_of(cut).verdict == "wrong"


def test_many_outputs_are_checked_through_sums_of_them() -> None:
    assert check_of(lambda t: torch.exp(3.0 * t), outputs=100).verdict == "correct"
    assert check_of(lambda t: torch.exp(3.0 * t), factor=1.001, outputs=100).verdict == "wrong"


def test_order_is_that_of_the_falling_part() -> None:
    steps = (1e-1, 1e-2, 1e-3, 1e-4)
    assert falling_order(steps, (1e-2, 1e-4, 1e-6, 1e-9)) == pytest.approx(2.0)
    assert falling_order(steps, (1e-2, 1e-3, 1e-4, 1e-9)) == pytest.approx(1.0)
    assert falling_order(steps, (1e-9, 1e-8, 1e-7, 1e-6)) is None


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 0.01, 1.0, math.nan])
def test_a_tolerance_that_would_pass_the_planted_error_is_refused(tolerance: float) -> None:
    with pytest.raises(InputError, match=r"tolerance must be above 0 and below 0\.01"):
        Settings(tolerance=tolerance)


# ---- of an experiment ---------------------------------------------------------------------------------------------


def scan(phi_start_rad: float = 0.0) -> Experiment:
    return Experiment(
        crystal=Crystal(
            cell_lengths_A=(36.0, 45.0, 52.0),
            cell_angles_rad=(1.4, 1.7, 1.8),
            N_cells=(4, 3, 5),
            mosaic_spread_rad=0.01,
            mosaic_domains=2,
        ),
        beam=Beam(wavelength_A=1.1),
        detector=Detector(8, 6, pixel_size_m=3e-3, distance_m=0.09),
        sampling=Sampling(oversample=1),
        spindle=Spindle(axis=(0.1, 0.2, 1.0), phi_start_rad=phi_start_rad, osc_rad=0.05, phi_steps=2),
        structure_factors=StructureFactors(default_F=100.0),
    )


ROI = (2, 3, 1, 2)


def test_all_gradients_of_an_experiment_are_correct() -> None:
    checks = list(check_gradients(Region(scan(), ROI)))
    assert {check.name: check.verdict for check in checks if check.verdict != "correct"} == {}
    assert len(checks) == 14
    assert all(check.record()["verdict"] == "correct" for check in checks)


def test_only_the_parameters_asked_for_are_checked() -> None:
    checks = list(check_gradients(Region(scan(), ROI), ["distance", "misset"]))
    assert [(check.name, check.n_directions) for check in checks] == [("distance", 1), ("misset", 3)]


@pytest.mark.parametrize("name", ["no_such", "orientation_matrix", ""])
def test_an_unknown_parameter_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(InputError, match="those that do are cell_lengths, "):
        list(check_gradients(Region(scan(), ROI), [name]))


def test_gradients_flow_through_the_carried_cell_in_c_parity_and_not_in_spec() -> None:
    carried = {check.name: check for check in check_carried_cell(Region(scan(), ROI))}
    corrected = {check.name: check for check in check_carried_cell(Region(scan(), ROI, "spec"))}
    assert {check.verdict for check in carried.values()} == {"correct"}
    assert carried["spindle_axis at phi = 0"].gradient_norm > 1e-3
    assert corrected["spindle_axis at phi = 0"].verdict == "no influence"
    assert corrected["phi_range at phi = 0"].verdict == "no influence"
    assert corrected["phi_start at phi = 0"].verdict == "correct"


def test_without_a_step_at_zero_no_cell_is_carried() -> None:
    assert list(check_carried_cell(Region(scan(phi_start_rad=0.1), ROI))) == []


def test_the_check_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    list(check_gradients(Region(scan(), ROI), ["fluence"]))
    assert torch.get_num_threads() == before
