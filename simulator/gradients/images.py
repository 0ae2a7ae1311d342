"""An image as a function of one of its parameters, ready to be checked against finite differences.

What is discrete (which phi steps count as 0, the oversampling, the cell counts) is decided once, at t = 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from simulator.errors import InputError
from simulator.evaluation.execution import ExecutionConfig
from simulator.evaluation.pixel_sum import SubpixelTics
from simulator.evaluation.simulator import Simulator
from simulator.experiment import Experiment
from simulator.gradients.parameters import Parameter
from simulator.model.algebra import value_of
from simulator.model.samples import Tile
from simulator.model.terms import Scatter

Roi = tuple[int, int, int, int]
"""fast min, fast max, slow min, slow max; both ends inclusive."""


@dataclass(frozen=True)
class Region:
    """The pixels that a check looks at, and how they are computed.

    Attributes:
        experiment: what is simulated.
        roi: the pixels; only they are computed, so the first of them is the first of the run.
        mode: c-parity or spec.
        defects: single defects switched on top of that.
        device: where to compute, in float64.
    """

    experiment: Experiment
    roi: Roi
    mode: str = "c-parity"
    defects: Mapping[str, bool] | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        fast_min, fast_max, slow_min, slow_max = self.roi
        detector = self.experiment.detector
        inside = 0 <= fast_min <= fast_max < detector.pixels_fast and 0 <= slow_min <= slow_max < detector.pixels_slow
        if not inside:
            raise InputError(
                f"the region {' '.join(map(str, self.roi))} (fast min, fast max, slow min, slow max) must lie on the "
                f"detector of {detector.pixels_slow} x {detector.pixels_fast} pixels (slow x fast)"
            )

    @cached_property
    def zero_phi_steps(self) -> tuple[bool, ...]:
        """Which phi steps count as 0: decided by the experiment's own values."""
        return tuple(value_of(step.phi_rad) == 0.0 for step in self._base.prepared.scan.steps)

    @cached_property
    def frozen(self) -> Experiment:
        """The experiment with its region, oversampling and cell counts fixed."""
        prepared = self._base.prepared
        crystal = replace(self.experiment.crystal, N_cells=prepared.cell.N_cells, size_m=(0.0, 0.0, 0.0))
        sampling = replace(self.experiment.sampling, oversample=prepared.oversample, roi=self.roi)
        return replace(self.experiment, crystal=crystal, sampling=sampling)

    @cached_property
    def normalisation(self) -> float:
        """The brightest pixel of the region; InputError where all are dark: there is no gradient to check."""
        with torch.no_grad():
            brightest = max((abs(value) for value in self.pixels_of(self.frozen).tolist()), default=0.0)
        if not brightest > 0.0:
            raise InputError(
                "every pixel of the region is 0 or masked: there is no gradient to check; choose another region"
            )
        return brightest

    @cached_property
    def last_pixel(self) -> tuple[int, int]:
        """slow, fast of the last unmasked one; InputError where all are masked."""
        active = self.simulator(self.frozen, self.zero_phi_steps).region
        if not active.n_active:
            raise InputError("every pixel of the region is masked; choose another")
        return active.pixel_at(active.n_active - 1)

    @cached_property
    def _base(self) -> Simulator:
        return self.simulator(self.experiment, zero_phi_steps=None)

    def simulator(self, experiment: Experiment, zero_phi_steps: tuple[bool, ...] | None) -> Simulator:
        """The simulator of a variant of the experiment."""
        execution = ExecutionConfig(device=self.device, dtype=torch.float64, compile="never")
        return Simulator(
            experiment, mode=self.mode, defects=self.defects, execution=execution, zero_phi_steps=zero_phi_steps
        )

    def pixels_of(self, experiment: Experiment) -> Tensor:
        """(P,) photons in the region's unmasked pixels, in raster order."""
        return self.simulator(experiment, self.zero_phi_steps).values()


@dataclass(frozen=True)
class ScaledImage:
    """The region's pixels over the brightest one, as a function of t: what ``gradcheck`` is called with.

    Attributes:
        region: the pixels.
        parameter: what is varied.
        directions: (k, n), what each component of t moves; None: each component of the parameter by itself.
    """

    region: Region
    parameter: Parameter
    directions: Tensor | None = None

    @property
    def n_directions(self) -> int:
        """k: how many components t has."""
        return len(self.parameter.value) if self.directions is None else len(self.directions)

    def origin(self, *, requires_grad: bool = False) -> Tensor:
        """(k,) t = 0."""
        return torch.zeros(self.n_directions, dtype=torch.float64, device="cpu", requires_grad=requires_grad)

    def __call__(self, t: Tensor) -> Tensor:
        """(P,) normalised pixels at t, (k,)."""
        moved = t if self.directions is None else t @ self.directions
        experiment = self.parameter.replaced(self.region.frozen, self.parameter.at(moved))
        return self.region.pixels_of(experiment) / self.region.normalisation


def directions_of(region: Region, parameter: Parameter, *, most: int, seed: int) -> Tensor | None:
    """Directions in which to check a parameter; None: each component by itself, where they are no more than ``most``.

    An array is checked along half as many single entries (those with the largest gradients) and along seeded random
    directions that move every entry at once.

    Returns:
        (most, n) or None.
    """
    n = len(parameter.value)
    if n <= most:
        return None
    t = torch.zeros(n, dtype=torch.float64, device="cpu", requires_grad=True)
    ScaledImage(region, parameter)(t).sum().backward()
    assert t.grad is not None
    strongest = t.grad.abs().topk(most // 2).indices
    generator = torch.Generator(device="cpu").manual_seed(seed)
    random = torch.randn(most - len(strongest), n, dtype=torch.float64, device="cpu", generator=generator)
    return torch.cat([torch.nn.functional.one_hot(strongest, n).to(torch.float64), random])


def intensity_of_phi_steps(simulator: Simulator, slow: int, fast: int, chosen: tuple[bool, ...]) -> Tensor:
    """Sum of the terms that the chosen phi steps add to a pixel, a 0-d tensor with its graph.

    Raises:
        InputError: the pixel is not computed, or ``chosen`` has another length than the scan.
    """
    scan, domains = simulator.prepared.scan, len(simulator.prepared.umats)
    if len(chosen) != len(scan.steps):
        raise InputError(f"the scan has {len(scan.steps)} phi steps; {len(chosen)} were marked")
    parts: list[Tensor] = []

    def visit(tics: SubpixelTics, tile: Tile, evaluated: Scatter) -> None:
        for row, term in enumerate(evaluated.I_term):
            if chosen[(tile.start + row) // domains % len(chosen)]:
                parts.append(term[0])

    simulator.visit(slow, fast, visit)
    return torch.stack(parts).sum()
