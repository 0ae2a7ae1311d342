"""What is trained and on what: immutable, complete before any data are read, and nothing reads a global."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

from simulator.errors import InputError
from subjects.ptychography.contract import Reading
from subjects.ptychography.groups import Grouping
from subjects.ptychography.learning import LOSS_MODES
from subjects.ptychography.stitching import WEIGHTINGS, Weighting

MODEL_TYPES = ("pinn", "supervised")
DEFAULT_GROUPS = 512


@dataclass(frozen=True)
class ModelConfig:
    """What the network is. ``N`` None: the data's."""

    model_type: str = "pinn"
    N: int | None = None
    gridsize: int = 1
    n_filters_scale: float = 1.0
    amp_activation: str = "sigmoid"
    object_support: str = "full"
    probe_trainable: bool = False

    def __post_init__(self) -> None:
        if self.model_type not in MODEL_TYPES:
            raise InputError(f"model_type must be one of {', '.join(MODEL_TYPES)}; got {self.model_type!r}")
        if self.gridsize < 1:
            raise InputError(f"gridsize must be at least 1; got {self.gridsize}")


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained. ``n_groups`` None: 512, at most the positions; ``subsample_seed`` None: the seed."""

    n_groups: int | None = None
    n_subsample: int | None = None
    subsample_seed: int | None = None
    seed: int = 42
    neighbor_count: int = 4
    enable_oversampling: bool = False
    sequential_sampling: bool = False
    batch_size: int = 16
    nepochs: int = 80
    torch_loss_mode: str = "poisson"
    nll_weight: float = 1.0
    mae_weight: float = 0.0
    val_fraction: float = 0.05
    weighting: Weighting = "probe"
    stitch_crop: int = 20
    do_stitching: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_size", "nepochs", "neighbor_count", "stitch_crop"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1; got {getattr(self, name)}")
        for name in ("n_groups", "n_subsample"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1; got {value}")
        if not 0 <= self.seed < 2**32 - 4:
            raise InputError(f"seed must lie between 0 and {2**32 - 5}; got {self.seed}")
        if self.subsample_seed is not None and not 0 <= self.subsample_seed < 2**32:
            raise InputError(f"subsample_seed must lie between 0 and {2**32 - 1}; got {self.subsample_seed}")
        if not 0 <= self.val_fraction < 1:
            raise InputError(f"val_fraction must be at least 0 and below 1; got {self.val_fraction}")
        if self.torch_loss_mode not in LOSS_MODES:
            raise InputError(f"torch_loss_mode must be one of {', '.join(LOSS_MODES)}; got {self.torch_loss_mode!r}")
        if self.weighting not in WEIGHTINGS:
            raise InputError(f"weighting must be one of {', '.join(WEIGHTINGS)}; got {self.weighting!r}")
        if not all(math.isfinite(w) and w >= 0 for w in (self.nll_weight, self.mae_weight)):
            raise InputError(
                f"nll_weight and mae_weight must not be negative; got {self.nll_weight}, {self.mae_weight}"
            )
        if self.torch_loss_mode == "poisson" and self.nll_weight + self.mae_weight == 0:
            raise InputError("nll_weight and mae_weight are both 0; nothing would be learned")

    def grouping(self, gridsize: int, positions: int) -> Grouping:
        """How groups are made of so many positions."""
        wanted = min(DEFAULT_GROUPS, positions) if self.n_groups is None else self.n_groups
        return Grouping(
            wanted, gridsize, self.neighbor_count, self.enable_oversampling, self.sequential_sampling, self.seed
        )


@dataclass(frozen=True)
class Configuration:
    """Everything but the execution."""

    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    reading: Reading = field(default_factory=Reading)

    def tables(self) -> dict[str, dict[str, object]]:
        """For the bundle and the log."""
        return {"model": asdict(self.model), "training": asdict(self.training), "data": asdict(self.reading)}
