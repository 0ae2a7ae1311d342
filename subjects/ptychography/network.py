"""The network: patterns in, patches of the object out. Convolutions alone, no skip connections."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from simulator.errors import InputError
from subjects.ptychography.steps import Pair

SIDES = (32, 64, 128, 256)
BOTTLENECK_PX = 8
FIRST_WIDTH = 32
LEAST_WIDTH = 16

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softplus": nn.functional.softplus,
    "silu": nn.functional.silu,
}
OBJECT_SUPPORTS = ("full", "central")


@dataclass(frozen=True)
class Architecture:
    """What makes a network: side of a pattern, channels, width, amplitude's activation, support of the object."""

    side: int
    channels: int = 1
    n_filters_scale: float = 1
    amp_activation: str = "sigmoid"
    object_support: str = "full"

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise InputError(f"N must be one of {', '.join(map(str, SIDES))}; the data have {self.side}")
        if self.amp_activation not in ACTIVATIONS:
            raise InputError(f"amp_activation must be one of {', '.join(ACTIVATIONS)}; got {self.amp_activation!r}")
        if self.object_support not in OBJECT_SUPPORTS:
            raise InputError(f"object_support must be one of {', '.join(OBJECT_SUPPORTS)}; got {self.object_support!r}")
        if not (math.isfinite(self.n_filters_scale) and int(FIRST_WIDTH * self.n_filters_scale) >= 1):
            raise InputError(f"n_filters_scale must be positive; got {self.n_filters_scale}")

    @property
    def widths(self) -> list[int]:
        """Filters of each stage of the encoder."""
        stages = int(math.log2(self.side // BOTTLENECK_PX))
        return [int(FIRST_WIDTH * self.n_filters_scale) * 2**i for i in range(stages)]


class Doubled(nn.Module):
    """Nearest upsampling by two, by copying: its gradient is a plain sum on every device."""

    def forward(self, x: Tensor) -> Tensor:
        B, C, rows, cols = x.shape
        wide = x[:, :, :, None, :, None].expand(B, C, rows, 2, cols, 2)
        return wide.reshape(B, C, 2 * rows, 2 * cols)


def _pair_of_convolutions(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.Conv2d(after, after, 3, padding=1), nn.ReLU()]


def _encoder(channels: int, widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip([channels, *widths], widths, strict=False):
        layers += [*_pair_of_convolutions(before, after), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


def _decoder(channels: int, widths: list[int], upsamplings: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = widths[-1]
    for number, width in enumerate(reversed(widths)):
        after = max(width // 2, LEAST_WIDTH)
        layers += _pair_of_convolutions(before, after)
        layers += [Doubled()] if number < upsamplings else []
        before = after
    return nn.Sequential(*layers, nn.Conv2d(before, channels, 3, padding=1))


class PatchNetwork(nn.Module):
    """(B, C, N, N) scaled amplitudes -> patches o = amplitude exp(i phase), (B, C, N, N) as a pair."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        widths = architecture.widths
        upsamplings = len(widths) - (architecture.object_support == "central")
        self.encoder = _encoder(architecture.channels, widths)
        self.amplitude = _decoder(architecture.channels, widths, upsamplings)
        self.phase = _decoder(architecture.channels, widths, upsamplings)

    def forward(self, amplitudes: Tensor) -> Pair:
        code = self.encoder(amplitudes)
        modulus = ACTIVATIONS[self.architecture.amp_activation](self.amplitude(code).float())
        phase = math.pi * torch.tanh(self.phase(code).float())
        patch = Pair(modulus * torch.cos(phase), modulus * torch.sin(phase))
        if self.architecture.object_support == "full":
            return patch
        quarter = self.architecture.side // 4
        return Pair(*(nn.functional.pad(part, (quarter,) * 4) for part in patch))


def count_parameters(network: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(p.numel() for p in network.parameters())
