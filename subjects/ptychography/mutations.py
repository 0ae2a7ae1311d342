"""Set B: mistakes that real ports made, each one other function in the place of a step. Off unless asked for by name.

They are for teaching, for the tests of the comparison, and as candidates when a port diverges. Those whose fault lies
outside the forward model and stitching (the network's input, the metrics) are applied where that is made.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography import steps as physics
from subjects.ptychography.contract import Scan
from subjects.ptychography.steps import STEPS, Cell, Interpolation, Pair, Steps

BATCH_OF_PROBES = 4
PROBE_SCALE = 4.0
FEWER_OFFSETS = 4

OUTSIDE_THE_STEPS: tuple[str, ...] = ("half-band-scale", "repeated-channel", "illuminated-truth")
"""Faults of the network's input (the first two) and of the metrics, which no trace of the forward model shows."""


def require_known(name: str) -> str:
    """The name; InputError for one that no mutation has."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.0)[0]
        raise InputError(f"unknown mutation {name!r}; the nearest is {near}, all are {', '.join(NAMES)}")
    return name


def mutated(*names: str) -> Steps:
    """The steps with these mistakes in them; those outside the steps change nothing here.

    Raises:
        InputError: two of them are mistakes of the same step, so that one would undo the other.
    """
    made: dict[str, Any] = {}
    by_step: dict[str, str] = {}
    for name in names:
        for step, function in REPLACED.get(require_known(name), {}).items():
            if by_step.setdefault(step, name) != name:
                raise InputError(f"mutations {by_step[step]} and {name} both replace the step {step}; switch on one")
            made[step] = function
    return replace(STEPS, **made)


# ---------------------------------------------------------------------------------------------------------- far field


def _unnormalised(field: Pair, side: int) -> Tensor:
    return field.re * field.re + field.im * field.im


def _halved(field: Pair, side: int) -> Tensor:
    return (field.re * field.re + field.im * field.im) / float(side)


def _shifted_forward(index: Tensor, side: int, centre: int) -> Tensor:
    return (index + centre) % side


def _unshifted(index: Tensor, side: int, centre: int) -> Tensor:
    return index


def _coherent(modes: Tensor, fields: Pair, side: int) -> Tensor:
    return physics.mode_intensity(Pair(fields.re.sum(dim=1), fields.im.sum(dim=1)), side)


def _batch_as_modes(modes: Tensor, fields: Pair, side: int) -> Tensor:
    return physics.intensity(modes, fields, side) * BATCH_OF_PROBES**2


# ---------------------------------------------------------------------------------------------------------- positions


def _corner_from_half(x: Tensor, y: Tensor, origin_x: float, origin_y: float) -> tuple[Tensor, Tensor]:
    """(N - 1)/2 for N // 2 of an even N."""
    return x - (origin_x - 0.5), y - (origin_y - 0.5)


def _corner_late(x: Tensor, y: Tensor, origin_x: float, origin_y: float) -> tuple[Tensor, Tensor]:
    return x - origin_x + 1.0, y - origin_y + 1.0


def _always_nearest(left: Tensor, top: Tensor, interpolation: Interpolation) -> Cell:
    return physics.cell(left, top, "nearest")


def _swapped(scan: Scan) -> tuple[Tensor, Tensor]:
    x, y = physics.positions(scan)
    return y, x


def _mirrored_scan(scan: Scan) -> tuple[Tensor, Tensor]:
    x, y = physics.positions(scan)
    return 2 * x.mean() - x, 2 * y.mean() - y


def _recycled(scan: Scan) -> tuple[Tensor, Tensor]:
    index = torch.arange(scan.n_positions) % FEWER_OFFSETS
    x, y = physics.positions(scan)
    return x[index], y[index]


# ---------------------------------------------------------------------------------------------- patch, probe, measured


def _edge_clipped(image: Pair, where: Cell, corner_weights: Tensor, side: int) -> Pair:
    """The neighbour of the window's last row and column is clamped before its weight is made: both become 0."""
    patch = physics.bilinear_patch(image, where, corner_weights, side)
    keep = torch.ones((side, side), dtype=patch.re.dtype)
    keep[-1, :], keep[:, -1] = 0.0, 0.0
    return Pair(patch.re * keep, patch.im * keep)


def _polar_as_rectangular(scan: Scan) -> Tensor:
    values = physics.object_of(scan)
    return torch.complex(values.abs(), values.angle())


def _probe_scaled_twice(scan: Scan) -> Tensor:
    return physics.probe_of(scan) / PROBE_SCALE


def _overflowed(scan: Scan, j: int, slow: int, fast: int) -> float:
    """Squared in the type of 16 bits that it was stored in."""
    amplitude = round(math.sqrt(scan.counts[j, slow, fast]))
    return float(np.array([amplitude], np.uint16)[0].astype(np.int64) ** 2 % 65536) * scan.scale**2


def _squared_deviance(expected: Tensor, measured: Tensor, log: Any = torch.log) -> Tensor:
    return physics.deviance(expected * expected, measured, log)


# ---------------------------------------------------------------------------------------------------------- stitching


def _placed_mirrored(
    x: Tensor, y: Tensor, group_x: Tensor, group_y: Tensor, origin_x: float, origin_y: float
) -> tuple[Tensor, Tensor]:
    return (2.0 * group_x - x) - origin_x, (2.0 * group_y - y) - origin_y


def _placed_at_group(
    x: Tensor, y: Tensor, group_x: Tensor, group_y: Tensor, origin_x: float, origin_y: float
) -> tuple[Tensor, Tensor]:
    return group_x - origin_x, group_y - origin_y


def _group_mean(patches: Pair, groups: Tensor) -> Pair:
    re, im = patches.re.clone(), patches.im.clone()
    for group in groups.unique():
        members = groups == group
        re[members], im[members] = re[members].mean(dim=0), im[members].mean(dim=0)
    return Pair(re, im)


def _not_at_the_margin(rows: tuple[int, int], cols: tuple[int, int], shape: tuple[int, int]) -> bool:
    return rows[0] >= 1 and cols[0] >= 1 and rows[1] + 1 < shape[0] and cols[1] + 1 < shape[1]


def _half_a_pixel_off(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x - 0.5, y - 0.5


REPLACED: dict[str, dict[str, Any]] = {
    "fft-unnormalised": {"mode_intensity": _unnormalised},
    "fft-halved": {"mode_intensity": _halved},
    "shift-forward": {"frequency": _shifted_forward},
    "no-shift": {"frequency": _unshifted},
    "centre-half": {"corner": _corner_from_half},
    "centre-one": {"corner": _corner_late},
    "nearest-position": {"cell": _always_nearest},
    "swapped-xy": {"positions": _swapped},
    "mirrored-offsets": {"placed_corner": _placed_mirrored},
    "mirrored-scan": {"positions": _mirrored_scan},
    "recycled-offsets": {"positions": _recycled},
    "group-mean": {"placed_corner": _placed_at_group, "merged": _group_mean},
    "edge-clip": {"bilinear_patch": _edge_clipped},
    "margin-drop": {"is_placed": _not_at_the_margin},
    "odd-padding": {"truth_position": _half_a_pixel_off},
    "coherent-modes": {"intensity": _coherent},
    "batch-as-modes": {"intensity": _batch_as_modes},
    "probe-scale-twice": {"probe_of": _probe_scaled_twice},
    "polar-as-rectangular": {"object_of": _polar_as_rectangular},
    "intensity-squared-loss": {"deviance": _squared_deviance},
    "count-overflow": {"measured_count": _overflowed},
    "norm-missing": {"mode_intensity": _halved},
}

NAMES: tuple[str, ...] = (*REPLACED, *OUTSIDE_THE_STEPS)
