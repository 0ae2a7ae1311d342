"""Training data: the groups of a scan as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography.configuration import Configuration
from subjects.ptychography.contract import Scan
from subjects.ptychography.groups import make_groups, offsets, subsample
from subjects.ptychography.learning import Batch
from subjects.ptychography.merging import margin


@dataclass(frozen=True)
class Dataset:
    """Counts by position and the groups of them.

    Attributes:
        counts: k of the used positions, float32 (M, N, N). groups: numbers into them, (G, C).
        dx, dy: offsets from the groups' centres, (G, C). mask: (1 or M, N, N) or None.
        positions: the numbers of the used positions in the file, (M,).
    """

    counts: Tensor
    groups: Tensor
    dx: Tensor
    dy: Tensor
    mask: Tensor | None
    positions: np.ndarray

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def margin_px(self) -> int:
        """q of the groups' canvas."""
        return margin(self.dx.numpy(), self.dy.numpy()) if self.groups.shape[1] > 1 else 1

    def batch(self, chosen: np.ndarray | list[int]) -> Batch:
        """These groups with their patterns, each member's own."""
        index = torch.as_tensor(np.asarray(chosen), dtype=torch.long)
        members = self.groups[index]
        mask = None
        if self.mask is not None:
            mask = self.mask[members % len(self.mask)].to(self.counts.dtype)
        return Batch(self.counts[members], self.dx[index], self.dy[index], mask)

    def all_counts(self, chosen: np.ndarray) -> Tensor:
        """Counts of these groups, (G, C, N, N)."""
        return self.counts[self.groups[torch.as_tensor(chosen, dtype=torch.long)]]


def make_dataset(
    scan: Scan, config: Configuration, n_groups: int | None = None, *, sequential: bool = False
) -> Dataset:
    """The groups that a configuration makes of a scan; ``n_groups`` None takes the configuration's.

    Raises:
        InputError: the scan cannot give them, or has another side than the model.
    """
    require_side(scan, config.model.N)
    training = config.training
    seed = training.seed if training.subsample_seed is None else training.subsample_seed
    used = subsample(scan.n_positions, training.n_subsample, seed)
    x, y = scan.x_px[used], scan.y_px[used]
    grouping = training.grouping(config.model.gridsize, len(used))
    if n_groups is not None or sequential:
        from dataclasses import replace

        grouping = replace(grouping, n_groups=n_groups if n_groups is not None else len(used))
    groups = make_groups(x, y, grouping)
    dx, dy = offsets(x, y, groups)
    mask = None
    if scan.mask is not None:
        mask = torch.from_numpy(scan.mask if len(scan.mask) == 1 else scan.mask[used])
    return Dataset(
        torch.from_numpy(scan.counts[used]).float(), torch.from_numpy(groups), torch.from_numpy(dx).float(),
        torch.from_numpy(dy).float(), mask, used,
    )  # fmt: skip


def require_side(scan: Scan, wanted: int | None) -> None:
    """InputError when the data's side is not the one that was asked for."""
    if wanted is not None and wanted != scan.patch_px:
        raise InputError(f"N is {wanted} here, the patterns of {scan.name} have {scan.patch_px}; they must agree")
