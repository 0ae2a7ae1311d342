"""Learning rates by epoch. The training loop steps every one of them itself."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from subjects.ptychography.execution import PyTorchExecutionConfig

EXPONENTIAL_FACTOR = 0.95
WARMUP_PART = 0.1


class Schedule:
    """What an epoch's number and loss do to the optimiser's rate."""

    def __init__(self, optimiser: torch.optim.Optimizer, execution: PyTorchExecutionConfig, epochs: int) -> None:
        self.optimiser, self.base, self.ended = optimiser, execution.learning_rate, 0
        self.factor = _factor(execution.scheduler, epochs)
        self.plateau = _plateau(optimiser, execution) if execution.scheduler == "ReduceLROnPlateau" else None
        self._set(self.base * self.factor(0))

    @property
    def rate(self) -> float:
        """The present learning rate."""
        return float(self.optimiser.param_groups[0]["lr"])

    def _set(self, rate: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def step(self, loss: float) -> None:
        """An epoch has ended with this validation (else training) loss."""
        self.ended += 1
        if self.plateau is not None:
            self.plateau.step(loss)
        else:
            self._set(self.base * self.factor(self.ended))

    def state(self) -> dict[str, float]:
        """Its numbers, for a checkpoint."""
        held = {"ended": float(self.ended), "rate": self.rate}
        if self.plateau is not None:
            held |= {"best": float(self.plateau.best), "bad": float(self.plateau.num_bad_epochs)}
        return held

    def restore(self, state: dict[str, float]) -> None:
        """Go on from a checkpoint's numbers."""
        self.ended = int(state["ended"])
        self._set(state["rate"])
        if self.plateau is not None:
            self.plateau.best, self.plateau.num_bad_epochs = state["best"], int(state["bad"])


def _plateau(
    optimiser: torch.optim.Optimizer, execution: PyTorchExecutionConfig
) -> torch.optim.lr_scheduler.ReduceLROnPlateau:
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser,
        factor=execution.plateau_factor,
        patience=execution.plateau_patience,
        min_lr=execution.plateau_min_lr,
        threshold=execution.plateau_threshold,
    )


def _factor(kind: str, epochs: int) -> Callable[[int], float]:
    """The part of the base rate that the epoch after so many is trained with."""
    warmup = max(1, round(WARMUP_PART * epochs))

    def cosine(ended: int, start: int) -> float:
        part = min(max(ended - start, 0) / max(epochs - start, 1), 1.0)
        return 0.5 * (1 + math.cos(math.pi * part))

    match kind:
        case "Exponential":
            return lambda ended: EXPONENTIAL_FACTOR**ended
        case "WarmupCosine":
            return lambda ended: (ended + 1) / (warmup + 1) if ended < warmup else cosine(ended, warmup)
        case "CosineAnnealing":
            return lambda ended: cosine(ended, 0)
        case _:
            return lambda ended: 1.0
