"""Autograd against central differences, parameter by parameter, over a range of step sizes.

The deviation of a correct gradient falls with the square of the step until rounding takes over; that of a wrong one
stays where it is. Each check is repeated on a gradient made wrong on purpose, which must fail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Protocol

import torch
from torch import Tensor

from simulator.errors import InputError
from simulator.gradients.images import Region, ScaledImage, directions_of, intensity_of_phi_steps
from simulator.gradients.parameters import Parameter, parameters_of
from simulator.model.algebra import value_of

STEPS = tuple(10.0**-exponent for exponent in range(2, 9))
"""Of the dimensionless t."""

TOLERANCE = 1e-6
"""Largest deviation over the largest gradient, at the best step."""

NO_INFLUENCE = 1e-8
"""Below this the normalised pixels do not depend on a parameter as far as differences can tell."""

DIFFERENCE_NOISE = 1e-10
"""What rounding may leave of a difference quotient of values up to 1 at the best step."""

PLANTED_ERROR = 0.01
"""By how much of itself the gradient is wrong that is wrong on purpose."""

MOST_OUTPUTS = 16
"""More pixels than this are checked through as many seeded random sums of them."""

MOST_DIRECTIONS = 9
"""A parameter with more components is checked along as many directions."""


class Function(Protocol):
    """t (k,) -> outputs (P,) of the order of 1, with a graph."""

    @property
    def n_directions(self) -> int: ...

    def origin(self, *, requires_grad: bool = False) -> Tensor: ...

    def __call__(self, t: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class GradientCheck:
    """How one gradient compares with central differences."""

    name: str
    unit: str
    values: tuple[float, ...]
    """The parameter's components, the first few of an array."""
    n_components: int
    n_directions: int
    zero_scale: float
    """By how much components that are 0 move per unit of t."""
    gradient_norm: float
    """Frobenius norm of d(outputs)/dt."""
    gradient_largest: float
    steps: tuple[float, ...]
    deviations: tuple[float, ...]
    """Largest difference between both gradients, at each step."""
    planted_deviations: tuple[float, ...]
    """The same for the gradient that is wrong on purpose."""
    tolerance: float

    @property
    def verdict(self) -> str:
        """correct, wrong, no influence, or blind: the gradient made wrong on purpose was not seen."""
        if self.gradient_largest < NO_INFLUENCE and min(self.deviations) < NO_INFLUENCE:
            return "no influence"
        if not self._within(min(self.deviations)):
            return "wrong"
        return "blind" if self._within(min(self.planted_deviations)) else "correct"

    @property
    def relative_deviation(self) -> float:
        """The deviation at the best step over the largest gradient (or over the smallest that counts as one)."""
        return min(self.deviations) / max(self.gradient_largest, NO_INFLUENCE)

    @property
    def best_step(self) -> float:
        """The step at which both agree best."""
        return self.steps[self.deviations.index(min(self.deviations))]

    @property
    def order(self) -> float | None:
        """The power of the step with which the deviation falls; None where it is rounding alone from the start."""
        return falling_order(self.steps, self.deviations)

    def _within(self, deviation: float) -> bool:
        return deviation <= self.tolerance * self.gradient_largest + DIFFERENCE_NOISE

    def record(self) -> dict[str, Any]:
        """For a JSON file."""
        figures = {name: getattr(self, name) for name in ("verdict", "relative_deviation", "best_step", "order")}
        return {**asdict(self), **figures}


def falling_order(steps: Sequence[float], deviations: Sequence[float]) -> float | None:
    """The median power between neighbouring steps where the deviation falls and is well above its smallest value."""
    floor = 30.0 * min(deviations)
    slopes = [
        math.log(deviations[i] / deviations[i + 1]) / math.log(steps[i] / steps[i + 1])
        for i in range(deviations.index(min(deviations)))
        if floor < deviations[i + 1] < deviations[i] < math.inf
    ]
    falling = [slope for slope in slopes if slope > 0.5]  # steps beyond the width of a peak saturate
    return median(falling) if falling else None


@dataclass(frozen=True)
class CarriedIntensity:
    """What the phi steps at 0 add to a pixel, relative to its value at t = 0, as a function of t.

    In c-parity those steps use the cell that another step's rotation left, and depend on that rotation.
    """

    region: Region
    parameter: Parameter
    pixel: tuple[int, int]
    """slow, fast."""

    @property
    def n_directions(self) -> int:
        return len(self.parameter.value)

    def origin(self, *, requires_grad: bool = False) -> Tensor:
        return torch.zeros(self.n_directions, dtype=torch.float64, device="cpu", requires_grad=requires_grad)

    def __call__(self, t: Tensor) -> Tensor:
        return self._intensity(t) / self._intensity(self.origin()).detach()

    def _intensity(self, t: Tensor) -> Tensor:
        """(1,)"""
        experiment = self.parameter.replaced(self.region.frozen, self.parameter.at(t))
        simulator = self.region.simulator(experiment, self.region.zero_phi_steps)
        return intensity_of_phi_steps(simulator, *self.pixel, self.region.zero_phi_steps).reshape(1)


@dataclass(frozen=True)
class Settings:
    """How gradients are checked."""

    tolerance: float = TOLERANCE
    seed: int = 1
    steps: tuple[float, ...] = field(default=STEPS)

    def __post_init__(self) -> None:
        if not 0.0 < self.tolerance < PLANTED_ERROR:
            raise InputError(
                f"the tolerance must be above 0 and below {PLANTED_ERROR:g}, or the gradient made wrong on purpose "
                f"would pass; got {self.tolerance:g}"
            )


def check_gradients(
    region: Region, names: Sequence[str] = (), settings: Settings | None = None
) -> Iterator[GradientCheck]:
    """Check a region's gradients one by one.

    Args:
        region: the pixels.
        names: parameters; all that count in the experiment if none.
        settings: how to check.

    Raises:
        InputError: a parameter is unknown or without meaning here; every pixel is dark.
    """
    settings = settings or Settings()
    known = parameters_of(region.experiment)
    for name in names:
        if name not in known:
            raise InputError(f"no parameter {name!r} counts in this experiment; those that do are {', '.join(known)}")
    for parameter in [known[name] for name in names or known]:
        directions = directions_of(region, parameter, most=MOST_DIRECTIONS, seed=settings.seed)
        yield check_gradient(parameter.name, ScaledImage(region, parameter, directions), parameter, settings)


def check_carried_cell(region: Region, settings: Settings | None = None) -> Iterator[GradientCheck]:
    """Check the gradients of what the phi steps at 0 add to the region's last pixel; none where they add nothing."""
    zero = region.zero_phi_steps
    if not any(zero) or all(zero):
        return
    slow, fast = region.last_pixel
    known = parameters_of(region.experiment)
    with torch.no_grad():
        simulator = region.simulator(region.frozen, zero)
        if not value_of(intensity_of_phi_steps(simulator, slow, fast, zero)) > 0.0:
            return
    for name in ("phi_start", "phi_range", "spindle_axis"):
        function = CarriedIntensity(region, known[name], (slow, fast))
        yield check_gradient(f"{name} at phi = 0", function, known[name], settings or Settings())


def check_gradient(name: str, function: Function, parameter: Parameter, settings: Settings) -> GradientCheck:
    """Compare autograd with central differences at t = 0."""
    with _single_threaded():
        with torch.no_grad():
            outputs = function(function.origin())
        sums = _sums_of(len(outputs), settings.seed).to(outputs.device)
        gradient, planted = jacobian(function, sums), jacobian(function, sums, planted_error=PLANTED_ERROR)
        differences = [central_differences(function, sums, step) for step in settings.steps]
    return GradientCheck(
        name=name,
        unit=parameter.unit,
        values=tuple(parameter.value[:MOST_DIRECTIONS].tolist()),
        n_components=len(parameter.value),
        n_directions=function.n_directions,
        zero_scale=parameter.zero_scale,
        gradient_norm=float(gradient.norm()),
        gradient_largest=float(gradient.abs().max()),
        steps=settings.steps,
        deviations=tuple(_largest(gradient - difference) for difference in differences),
        planted_deviations=tuple(_largest(planted - difference) for difference in differences),
        tolerance=settings.tolerance,
    )


def jacobian(function: Function, sums: Tensor, planted_error: float = 0.0) -> Tensor:
    """(r, k) gradients of sums (r, P) of the outputs at t = 0 by autograd, wrong by ``planted_error`` of themselves."""
    t = function.origin(requires_grad=True)
    passed_on = t.clone()
    if planted_error:
        passed_on.register_hook(lambda gradient: (1.0 + planted_error) * gradient)
    outputs = sums @ function(passed_on)
    if not outputs.requires_grad:  # a graph that was cut has no gradient
        return torch.zeros(len(outputs), len(t), dtype=t.dtype, device=t.device)
    return torch.stack([_gradient(output, t) for output in outputs])


def _gradient(output: Tensor, t: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(output, t, retain_graph=True, materialize_grads=True)
    return gradient


def central_differences(function: Function, sums: Tensor, step: float) -> Tensor:
    """(r, k) gradients of sums (r, P) of the outputs at t = 0 from two evaluations along each direction."""

    def outputs_at(direction: int, step: float) -> Tensor:
        t = function.origin()
        t[direction] = step
        # What wants gradients is not rounded to 32 bits as the reference does: the function is the same one here.
        return function(t.requires_grad_()).detach()

    columns = [
        sums @ (outputs_at(direction, step) - outputs_at(direction, -step)) / (2.0 * step)
        for direction in range(function.n_directions)
    ]
    return torch.stack(columns, dim=1).cpu()


@contextmanager
def _single_threaded() -> Iterator[None]:
    """For a few pixels, sharing every operation among threads costs ten times what it gains."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _sums_of(outputs: int, seed: int) -> Tensor:
    """(r, P): the outputs themselves where they are few, else seeded random sums."""
    if outputs <= MOST_OUTPUTS:
        return torch.eye(outputs, dtype=torch.float64, device="cpu")
    generator = torch.Generator(device="cpu").manual_seed(seed)
    weights = torch.randn(MOST_OUTPUTS, outputs, dtype=torch.float64, device="cpu", generator=generator)
    return weights / math.sqrt(outputs)


def _largest(x: Tensor) -> float:
    """inf where it is no number, so that it never passes."""
    return float(torch.nan_to_num(x.abs(), nan=math.inf).max())
