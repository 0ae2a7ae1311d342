"""The continuous parameters of an experiment by name: their values, and the experiment with another value.

A parameter p is varied as p0 (1 + t) with a dimensionless t; a component that is 0 as ``zero_scale`` x t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.experiment import Array, Experiment, Scalar, Vector
from simulator.model.algebra import value_of
from simulator.model.detector import AXES, beam_centre

Replacement = Callable[[Experiment, Tensor], Experiment]
"""(experiment, the parameter's components (n,)) -> the experiment with that parameter."""


@dataclass(frozen=True)
class Parameter:
    """A continuous parameter of an experiment."""

    name: str
    unit: str
    value: Tensor
    """(n,), float64: its components at t = 0."""
    zero_scale: float
    """By how much a component that is 0 moves per unit of t."""
    replaced: Replacement

    def at(self, t: Tensor) -> Tensor:
        """(n,) components at t, (n,): p0 (1 + t), or ``zero_scale`` t where p0 is 0."""
        return torch.where(self.value == 0.0, self.zero_scale * t, self.value * (1.0 + t))


def parameters_of(experiment: Experiment) -> dict[str, Parameter]:
    """The continuous parameters that count in an experiment, by name.

    What another value overrides is left out: the cell's angles beside a matrix, the misset of a random orientation,
    the structure factors where there is no list.
    """
    found = [*_crystal_parameters(experiment), *_scan_parameters(experiment), *_beam_parameters(experiment)]
    found += [*_detector_parameters(experiment), *_factor_parameters(experiment)]
    return {parameter.name: parameter for parameter in found}


def _parameter(name: str, unit: str, value: Scalar | Vector | Array, scale: float, replaced: Replacement) -> Parameter:
    """A parameter whose components of 0 move on the scale of the others, or on ``scale`` where all are 0."""
    components = _components(value)
    largest = float(components.abs().max()) if components.numel() else 0.0
    return Parameter(name, unit, components, largest or scale, replaced)


def _components(value: Scalar | Vector | Array) -> Tensor:
    """A scalar, a sequence or a tensor as a flat float64 tensor without a graph."""
    if isinstance(value, list | tuple):
        value = [value_of(component) for component in value]
    return torch.as_tensor(value, dtype=torch.float64, device="cpu").detach().reshape(-1)


def _crystal_parameters(experiment: Experiment) -> list[Parameter]:
    crystal = experiment.crystal
    found = []
    if crystal.cell_lengths_A is not None:
        found.append(_parameter("cell_lengths", "A", crystal.cell_lengths_A, 1.0, _crystal("cell_lengths_A")))
    if crystal.orientation_matrix is not None:
        matrix = _crystal("orientation_matrix")
        found.append(_parameter("orientation_matrix", "lambda/A", crystal.orientation_matrix, 1.0, matrix))
    else:
        found.append(_parameter("cell_angles", "rad", crystal.cell_angles_rad, 1.0, _crystal("cell_angles_rad")))
    if crystal.random_misset_seed is None:
        angles = crystal.misset_rad if crystal.misset_rad is not None else (0.0, 0.0, 0.0)
        found.append(_parameter("misset", "rad", angles, 0.1, _crystal("misset_rad")))
    if crystal.mosaic_domains > 1:
        spread = _crystal("mosaic_spread_rad", scalar=True)
        found.append(_parameter("mosaic_spread", "rad", crystal.mosaic_spread_rad, 0.01, spread))
    return found


def _crystal(field: str, *, scalar: bool = False) -> Replacement:
    def replaced(experiment: Experiment, p: Tensor) -> Experiment:
        changes: dict[str, Any] = {field: p[0] if scalar else p}
        return replace(experiment, crystal=replace(experiment.crystal, **changes))

    return replaced


def _scan_parameters(experiment: Experiment) -> list[Parameter]:
    spindle = experiment.spindle
    axis = spindle.axis if spindle.axis is not None else AXES[experiment.detector.convention].spindle
    return [
        _parameter("spindle_axis", "1", tuple(axis), 1.0, _with_spindle_axis),
        _parameter("phi_start", "rad", spindle.phi_start_rad, 0.1, _with_phi_start),
        _parameter("phi_range", "rad", spindle.osc_rad, 0.1, _with_phi_range),
    ]


def _with_spindle_axis(experiment: Experiment, p: Tensor) -> Experiment:
    return replace(experiment, spindle=replace(experiment.spindle, axis=p))


def _with_phi_start(experiment: Experiment, p: Tensor) -> Experiment:
    return replace(experiment, spindle=replace(experiment.spindle, phi_start_rad=p[0]))


def _with_phi_range(experiment: Experiment, p: Tensor) -> Experiment:
    """The range and, in proportion, the step where it was given by itself."""
    spindle = experiment.spindle
    osc, step = value_of(spindle.osc_rad), spindle.phi_step_rad
    proportion = 1.0 / spindle.phi_steps if step is None or osc == 0.0 else value_of(step) / osc
    return replace(experiment, spindle=replace(spindle, osc_rad=p[0], phi_step_rad=p[0] * proportion))


def _beam_parameters(experiment: Experiment) -> list[Parameter]:
    beam = experiment.beam
    return [
        _parameter("wavelength", "A", beam.wavelength_A, 1.0, _beam("wavelength_A")),
        _parameter("fluence", "photons/m^2", beam.fluence_photons_per_m2, 1.0, _beam("fluence_photons_per_m2")),
    ]


def _beam(field: str) -> Replacement:
    def replaced(experiment: Experiment, p: Tensor) -> Experiment:
        changes: dict[str, Any] = {field: p[0]}
        return replace(experiment, beam=replace(experiment.beam, **changes))

    return replaced


def _detector_parameters(experiment: Experiment) -> list[Parameter]:
    detector = experiment.detector
    distance = "distance_m" if detector.close_distance_m is None else "close_distance_m"
    # XDS and DIALS swing about the sample and never look at Xbeam and Ybeam.
    by_normal = detector.convention in ("XDS", "DIALS")
    centre_fields = ("Fclose_m", "Sclose_m") if by_normal else ("Xbeam_m", "Ybeam_m")
    centre = beam_centre(detector)._asdict()
    rotations = ("rotx_rad", "roty_rad", "rotz_rad")
    return [
        _parameter("distance", "m", getattr(detector, distance), 0.1, _detector(distance)),
        _parameter("beam_centre", "m", [centre[field] for field in centre_fields], 1e-3, _detector(*centre_fields)),
        _parameter("detector_rotations", "rad", [getattr(detector, a) for a in rotations], 0.1, _detector(*rotations)),
        _parameter("twotheta", "rad", detector.twotheta_rad, 0.1, _detector("twotheta_rad")),
    ]


def _detector(*fields: str) -> Replacement:
    def replaced(experiment: Experiment, p: Tensor) -> Experiment:
        changes: dict[str, Any] = dict(zip(fields, p.unbind(), strict=True))
        return replace(experiment, detector=replace(experiment.detector, **changes))

    return replaced


def _factor_parameters(experiment: Experiment) -> list[Parameter]:
    factors = experiment.structure_factors
    found = [_parameter("default_F", "electrons", factors.default_F, 1.0, _with_default_F)]
    if factors.values is not None:
        found.append(_parameter("structure_factors", "electrons", factors.values, 1.0, _with_factors))
    return found


def _with_default_F(experiment: Experiment, p: Tensor) -> Experiment:
    return replace(experiment, structure_factors=replace(experiment.structure_factors, default_F=p[0]))


def _with_factors(experiment: Experiment, p: Tensor) -> Experiment:
    factors = experiment.structure_factors
    assert factors.values is not None
    return replace(experiment, structure_factors=replace(factors, values=p.reshape(tuple(factors.values.shape))))
