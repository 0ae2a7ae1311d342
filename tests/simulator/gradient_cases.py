"""Experiments of which gradients are taken, and how they are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from simulator import (
    Beam,
    Crystal,
    Detector,
    Experiment,
    Sampling,
    Spindle,
    StructureFactors,
    degrees,
)
from simulator.evaluation.execution import ExecutionConfig
from simulator.gradients.images import Region, ScaledImage, directions_of
from simulator.gradients.parameters import parameters_of

ROI = (2, 3, 1, 2)
"""Four pixels."""


EAGER = ExecutionConfig(device="cpu", compile="never")

OBLIQUE = Crystal(
    cell_lengths_A=(36.0, 45.0, 52.0),
    cell_angles_rad=(degrees(81.0), degrees(99.0), degrees(104.0)),
    misset_rad=(0.1, 0.0, -0.2),
    N_cells=(4, 3, 5),
    mosaic_spread_rad=0.01,
    mosaic_domains=3,
)


def factors(default_F: float = 70.0) -> StructureFactors:
    """|F| of -6 .. 6 along each axis, without any symmetry."""
    h, k, l = torch.meshgrid(*(torch.arange(-6.0, 7.0, dtype=torch.float64, device="cpu"),) * 3, indexing="ij")
    values = 100.0 + 40.0 * torch.cos(h + 2.0 * k) + 30.0 * torch.sin(l - k + 0.5 * h)
    return StructureFactors(default_F=default_F, values=values, minima=(-6, -6, -6), n_listed=values.numel())


def scan_experiment(**changes: Any) -> Experiment:
    """A scan whose first step is at phi = 0, on a small detector that is swung and tilted."""
    experiment = Experiment(
        crystal=OBLIQUE,
        beam=Beam(wavelength_A=1.1, polarization_factor=0.8),
        detector=Detector(
            pixels_fast=8, pixels_slow=6, pixel_size_m=3e-3, distance_m=0.09, roty_rad=0.05, Xbeam_m=0.011, Ybeam_m=0.01
        ),
        sampling=Sampling(oversample=1),
        spindle=Spindle(axis=(0.1, 0.0, 1.0), phi_start_rad=0.0, osc_rad=0.05, phi_steps=3),
        structure_factors=StructureFactors(default_F=100.0),
    )
    return replace(experiment, **changes)


def checked(function: Callable[[Tensor], Tensor], t: Tensor) -> bool:
    return torch.autograd.gradcheck(function, (t,), eps=1e-6, atol=1e-6, rtol=1e-4, raise_exception=False)


def image_along(experiment: Experiment, name: str, mode: str = "c-parity", **settings: Any) -> ScaledImage:
    region = Region(experiment, ROI, mode, **settings)
    parameter = parameters_of(experiment)[name]
    return ScaledImage(region, parameter, directions_of(region, parameter, most=8, seed=1))


ALL_NAMES = (
    "cell_lengths",
    "cell_angles",
    "misset",
    "mosaic_spread",
    "spindle_axis",
    "phi_start",
    "phi_range",
    "wavelength",
    "fluence",
    "distance",
    "beam_centre",
    "detector_rotations",
    "twotheta",
    "default_F",
)
