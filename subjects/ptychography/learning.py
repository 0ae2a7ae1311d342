"""What is learned: the network followed by the forward model, and the loss of the counts that they expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from simulator.errors import InputError
from subjects.ptychography.forward import Forward, make_forward
from subjects.ptychography.merging import merge_weights, merged
from subjects.ptychography.network import Architecture, PatchNetwork
from subjects.ptychography.steps import STEPS, Pair, Steps

BACKGROUND = 1e-3
"""Added to the expected count, so that the deviance of a dark pixel is finite."""

LOSS_MODES = ("poisson", "mae")


class Batch(NamedTuple):
    """Groups, everything that one step needs.

    Attributes:
        counts: k, (B, C, N, N). dx, dy: offsets from the group's centre, (B, C). mask: 1 where measured, like counts;
            None: everywhere.
    """

    counts: Tensor
    dx: Tensor
    dy: Tensor
    mask: Tensor | None = None

    def to(self, device: str) -> Batch:
        """Every tensor on the device."""
        mask = None if self.mask is None else self.mask.to(device)
        return Batch(self.counts.to(device), self.dx.to(device), self.dy.to(device), mask)


@dataclass(frozen=True)
class Scaling:
    """Figures of the training data that inference takes over unchanged.

    Attributes:
        input_scale: of the network's input sqrt(k). mean_count: of a pixel; the loss is relative to it.
    """

    input_scale: float
    mean_count: float


def scaling_of(counts: Tensor) -> Scaling:
    """From the training groups' counts (G, C, N, N): the input's squares sum to (N/2)^2 on average."""
    side = counts.shape[-1]
    per_pattern = float(counts.double().sum(dim=(2, 3)).mean())
    if not per_pattern > 0:
        raise InputError("the patterns hold no counts at all")
    return Scaling(((side / 2) ** 2 / per_pattern) ** 0.5, per_pattern / side**2)


class Model(nn.Module):
    """Patterns -> patches -> expected counts, through the same steps as images and traces.

    Args:
        probe: (modes, N, N), complex. q: margin of the groups' canvas.
    """

    def __init__(
        self, architecture: Architecture, probe: Tensor, scaling: Scaling, *, trainable: bool = False, q: int = 1,
        steps: Steps = STEPS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.probe_re: Tensor
        self.probe_im: Tensor
        self.frequencies: Tensor
        self.kernel_re: Tensor
        self.kernel_im: Tensor
        if probe.ndim != 3:
            raise InputError(f"the probe has the shape {tuple(probe.shape)}; (modes, N, N) was required")
        self.network = PatchNetwork(architecture)
        self.scaling, self.q, self.steps = scaling, q, steps
        made = make_forward(probe, steps=steps, evaluation="fft", dtype=torch.float32)
        for name, part in zip(("probe_re", "probe_im"), made.probe, strict=True):
            if trainable:
                self.register_parameter(name, nn.Parameter(part.clone()))
            else:
                self.register_buffer(name, part)
        self.register_buffer("frequencies", made.frequencies, persistent=False)
        self.register_buffer("kernel_re", made.kernel.re, persistent=False)
        self.register_buffer("kernel_im", made.kernel.im, persistent=False)

    @property
    def forward_model(self) -> Forward:
        """The forward model with the present probe, where the model is."""
        probe, kernel = Pair(self.probe_re, self.probe_im), Pair(self.kernel_re, self.kernel_im)
        return Forward(probe, kernel, self.frequencies, self.steps, "fft")

    def patches(self, counts: Tensor) -> Pair:
        """The network's patches, (B, C, N, N)."""
        found: Pair = self.network(self.scaling.input_scale * torch.sqrt(counts))
        return found

    def forward(self, batch: Batch) -> Tensor:
        """lambda of every pattern, (B, C, N, N)."""
        patches = self.patches(batch.counts)
        B, C, N, _ = patches.re.shape
        forward = self.forward_model
        if C > 1:
            patches = merged(patches, batch.dx, batch.dy, merge_weights(forward.probe).detach(), self.q)
        flat = Pair(patches.re.reshape(B * C, N, N), patches.im.reshape(B * C, N, N))
        return forward.intensities(flat).reshape(B, C, N, N) + BACKGROUND


@dataclass(frozen=True)
class Loss:
    """A weighted sum of the two losses, both 0 for perfect data and comparable between doses.

    Attributes:
        nll_weight: of the Poisson deviance over the mean count. mae_weight: of |sqrt(lambda) - sqrt(k)| over its root.
    """

    mean_count: float
    nll_weight: float = 1.0
    mae_weight: float = 0.0
    steps: Steps = STEPS

    def __post_init__(self) -> None:
        if min(self.nll_weight, self.mae_weight) < 0 or self.nll_weight + self.mae_weight <= 0:
            raise InputError(
                f"nll_weight {self.nll_weight} and mae_weight {self.mae_weight}: one must be above 0, none below"
            )

    def __call__(self, expected: Tensor, batch: Batch) -> Tensor:
        per_pixel = torch.zeros_like(expected)
        if self.nll_weight:
            deviance = self.steps.deviance(expected, batch.counts)
            per_pixel = per_pixel + self.nll_weight / self.mean_count * deviance
        if self.mae_weight:
            apart = (torch.sqrt(expected) - torch.sqrt(batch.counts)).abs()
            per_pixel = per_pixel + self.mae_weight / self.mean_count**0.5 * apart
        return (per_pixel if batch.mask is None else per_pixel * batch.mask).mean()


def loss_weights(mode: str, nll_weight: float, mae_weight: float) -> tuple[float, float]:
    """The weights of a loss mode: `poisson` takes them as given, `mae` the deviance only where it is asked for."""
    if mode not in LOSS_MODES:
        raise InputError(f"torch_loss_mode must be one of {', '.join(LOSS_MODES)}; got {mode!r}")
    if mode == "mae":
        return 0.0, mae_weight or 1.0
    return nll_weight, mae_weight
