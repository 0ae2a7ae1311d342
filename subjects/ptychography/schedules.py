"""Learning rates by epoch. The training loop steps every one of them itself."""

from __future__ import annotations

import math
from typing import Any

import torch

from subjects.ptychography.execution import PyTorchExecutionConfig

EXPONENTIAL_FACTOR = 0.95
WARMUP_PART = 0.1


class Schedule:
    """What an epoch's loss and number do to the optimiser's rate."""

    def __init__(self, optimiser: torch.optim.Optimizer, execution: PyTorchExecutionConfig, epochs: int) -> None:
        self.optimiser, self.kind = optimiser, execution.scheduler
        self.scheduler: Any = _made(optimiser, execution, epochs)

    @property
    def rate(self) -> float:
        """The present learning rate."""
        return float(self.optimiser.param_groups[0]["lr"])

    def step(self, loss: float) -> None:
        """An epoch has ended with this validation (else training) loss."""
        if self.kind == "ReduceLROnPlateau":
            self.scheduler.step(loss)
        elif self.scheduler is not None:
            self.scheduler.step()

    def state(self) -> dict[str, float | int]:
        """Its numbers, for a checkpoint."""
        held = {} if self.scheduler is None else self.scheduler.state_dict()
        return {k: v for k, v in held.items() if isinstance(v, int | float) and not isinstance(v, bool)}

    def restore(self, state: dict[str, float | int], rate: float) -> None:
        """Go on from a checkpoint's numbers."""
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state)
        for group in self.optimiser.param_groups:
            group["lr"] = rate


def _made(optimiser: torch.optim.Optimizer, execution: PyTorchExecutionConfig, epochs: int) -> Any:
    by_epoch = torch.optim.lr_scheduler.LambdaLR
    warmup = max(1, round(WARMUP_PART * epochs))

    def cosine(epoch: int, start: int) -> float:
        part = min(max(epoch - start, 0) / max(epochs - start, 1), 1.0)
        return 0.5 * (1 + math.cos(math.pi * part))

    match execution.scheduler:
        case "Exponential":
            return torch.optim.lr_scheduler.ExponentialLR(optimiser, EXPONENTIAL_FACTOR)
        case "ReduceLROnPlateau":
            return torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimiser,
                factor=execution.plateau_factor,
                patience=execution.plateau_patience,
                min_lr=execution.plateau_min_lr,
                threshold=execution.plateau_threshold,
            )
        case "WarmupCosine":
            return by_epoch(optimiser, lambda e: (e + 1) / (warmup + 1) if e < warmup else cosine(e, warmup))
        case "CosineAnnealing":
            return by_epoch(optimiser, lambda e: cosine(e, 0))
        case _:
            return None
