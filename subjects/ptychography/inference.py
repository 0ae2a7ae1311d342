"""Inference: a trained model's patches of a scan, stitched to an object."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from subjects.ptychography.bundle import Bundle
from subjects.ptychography.contract import Scan
from subjects.ptychography.dataset import Dataset
from subjects.ptychography.forward import make_setup
from subjects.ptychography.iterative import residual_of
from subjects.ptychography.learning import Model
from subjects.ptychography.metrics import Metrics, compare_objects, is_collapsed, mask_of
from subjects.ptychography.phases import removed_mean_phase, synchronised
from subjects.ptychography.steps import Pair
from subjects.ptychography.stitching import Job, Weighting

log = logging.getLogger("ptychography.infer")

POWER_FACTOR = 2.0
"""A network input whose power is further from the training's than this factor is told."""


@dataclass(frozen=True)
class Reconstruction:
    """A stitched object.

    Attributes:
        object: (rows, cols) complex128, 0 where not covered. den: weights. row0, col0: where its pixel (0, 0) lies.
        positions: numbers in the file.
    """

    object: np.ndarray
    covered: np.ndarray
    den: np.ndarray
    row0: int
    col0: int
    positions: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """Where it is to be trusted."""
        return mask_of(self.den)


@torch.no_grad()
def patches_of(model: Model, data: Dataset, batch_size: int, device: str) -> Tensor:
    """The network's patches of every group, complex64 (G, C, N, N) on the CPU. Moves the model to the device."""
    model.to(device).eval()
    log.info("PyTorch model moved to device: %s", device)
    parts = []
    for start in range(0, len(data), batch_size):
        batch = data.batch(list(range(start, min(start + batch_size, len(data))))).to(device)
        check_input(batch.counts, model.scaling.input_scale)
        parts.append(model.patches(batch.counts).complex().cpu())
    return torch.cat(parts)


def check_input(counts: Tensor, input_scale: float) -> list[str]:
    """What is suspicious about the network's input, each also logged as a warning."""
    side = counts.shape[-1]
    power = float(counts.sum(dim=(2, 3)).mean()) * input_scale**2 / (side / 2) ** 2
    found = []
    if not 1 / POWER_FACTOR < power < POWER_FACTOR:
        found.append(f"the network's input has {power:.3g} times the power that it was trained with")
    if counts.shape[1] > 1 and bool((counts == counts[:, :1]).all()):
        found.append("all channels of a group show the same pattern; a group needs its neighbours' patterns")
    for text in found:
        log.warning("%s", text)
    return found


def stitched_patches(
    scan: Scan, data: Dataset, patches: Tensor, weighting: Weighting, crop: int, sweeps: int
) -> Reconstruction:
    """Every channel at its own position, positions ascending; phases synchronised first."""
    members = data.groups.reshape(-1).numpy()
    order = np.argsort(members, kind="stable")
    used = data.positions[members[order]]
    N = scan.patch_px
    placed = replace(
        scan,
        x_px=scan.x_px[used],
        y_px=scan.y_px[used],
        counts=np.broadcast_to(np.zeros(()), (len(used), N, N)),
        mask=None,
        labels=None,
    )
    flat = patches.reshape(-1, N, N)[torch.from_numpy(order)].to(torch.complex128)
    setup = make_setup(placed, outside_zero=True)
    chosen = list(range(len(used)))
    job = Job(setup, chosen, torch.arange(len(used)), weighting, crop, Pair(flat.real, flat.imag))
    stitched = synchronised(job, sweeps)
    values = removed_mean_phase(stitched).complex().numpy()
    frame = stitched.frame
    return Reconstruction(
        values, stitched.covered.numpy(), stitched.den.numpy(), frame.row0, frame.col0, np.unique(used)
    )


def reconstruct(
    bundle: Bundle, scan: Scan, data: Dataset, *, batch_size: int, device: str, weighting: Weighting, crop: int,
    sweeps: int,
) -> Reconstruction:  # fmt: skip
    """The object that a trained model sees in a scan."""
    patches = patches_of(bundle.model(), data, batch_size, device)
    scan = replace(scan, probe=bundle.probe)
    return stitched_patches(scan, data, patches, weighting, crop, sweeps)


def warn_if_collapsed(found: Reconstruction) -> bool:
    """Say it when the object is flat, as a network makes it that has learned nothing."""
    collapsed = is_collapsed(found.object, found.mask)
    if collapsed:
        log.warning("the stitched amplitude is flat: the network has collapsed; try another --seed, or a higher dose")
    return collapsed


def metrics_of(found: Reconstruction, scan: Scan) -> tuple[Metrics | None, dict[str, float | int | None]]:
    """Errors against the scan's object, where it has one, and R of the patterns."""
    figures: dict[str, float | int | None] = {"R": residual_of(scan, found.object, found.row0, found.col0)}
    if scan.object is None:
        return None, figures
    metrics = compare_objects(found.object, scan.object, found.mask)
    figures["R_at_truth"] = residual_of(scan, scan.object)
    return metrics, metrics.as_dict() | figures
