"""Stitching: patches averaged on one canvas with the weights of their pixels, in the object's own frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography.contract import Scan
from subjects.ptychography.defects import Defects
from subjects.ptychography.forward import Place, Setup
from subjects.ptychography.steps import Pair

Weighting = Literal["probe", "uniform", "central", "crop"]
WEIGHTINGS: tuple[Weighting, ...] = ("probe", "uniform", "central", "crop")
PUBLISHED_CROP = 20
COVERED = 1e-6
"""A canvas pixel is covered where its weight is above this part of the largest."""
MOST_PIXELS = 100_000


class Frame(NamedTuple):
    """The canvas: its size, where its pixel (0, 0) lies, and what a window's left and top are counted from."""

    rows: int
    cols: int
    row0: int
    col0: int
    origin_x_px: float
    origin_y_px: float


class PixelWeights(NamedTuple):
    """Of the pixels of a patch in the numerator and in the denominator, (N, N)."""

    pixel: Tensor
    counted: Tensor


@dataclass(frozen=True)
class Job:
    """Which positions are stitched, and how.

    Attributes:
        chosen: their numbers, in order.
        groups: the number of each one's group, (len(chosen),).
        patches: (M, N, N) by position; None cuts them from the scan's object.
    """

    setup: Setup
    chosen: list[int]
    groups: Tensor
    weighting: Weighting = "probe"
    crop: int = PUBLISHED_CROP
    patches: Pair | None = None

    @property
    def weighting_used(self) -> Weighting:
        return "crop" if "crop-stitch" in self.setup.defects else self.weighting

    @property
    def epsilon(self) -> float:
        """What is added to the denominator: nothing, unless the published behaviour is on."""
        if "stitch-epsilon" not in self.setup.defects:
            return 0.0
        return 1e-9 if self.weighting_used == "crop" else 0.001


class Canvas(NamedTuple):
    """The running sums, (rows, cols)."""

    num: Pair
    den: Tensor


class Touched(NamedTuple):
    """One corner of one patch, right after it was added: what a watcher of a canvas pixel is shown."""

    position: int
    place: Place
    corner: int
    row: int
    col: int
    weights: PixelWeights
    patch: Pair
    canvas: Canvas


@dataclass(frozen=True)
class Stitched:
    """The canvas divided by its weights.

    Attributes:
        values: (rows, cols), 0 where not covered. covered: bool. den: weights, without epsilon.
    """

    frame: Frame
    values: Pair
    covered: Tensor
    den: Tensor
    den_max: float


def whole_job(setup: Setup, patches: Pair | None = None, weighting: Weighting = "probe", crop: int = 20) -> Job:
    """All positions, each a group of its own."""
    count = setup.scan.n_positions
    return Job(setup, list(range(count)), torch.arange(count), weighting, crop, patches)


# ------------------------------------------------------------------------------------------------------ frame, weights


def frame_of(job: Job) -> Frame:
    """The object's own frame; without an object, the bounding box of all windows and of their neighbours.

    Raises:
        InputError: the canvas would be absurdly large.
    """
    setup, h = job.setup, float(job.setup.scan.centre_px)
    x, y = setup.x_px[job.chosen], setup.y_px[job.chosen]
    if "mean-centred-canvas" in setup.defects:
        frame = _frame_about_mean(x, y, setup.scan.patch_px)
    elif setup.object is not None:
        object_rows, object_cols = setup.object.re.shape
        frame = Frame(object_rows, object_cols, 0, 0, h, h)
    else:
        where = setup.placed(x, y, x - h, y - h).cell
        row0, col0 = int(where.row0.min()), int(where.col0.min())
        rows, cols = (int(first.max()) + setup.scan.patch_px + 1 for first in (where.row0, where.col0))
        frame = Frame(rows - row0, cols - col0, row0, col0, h, h)
    if max(frame.rows, frame.cols) > MOST_PIXELS:
        raise InputError(f"the canvas would have {frame.rows} x {frame.cols} pixels; positions are in object pixels")
    return frame


def _mean(values: Tensor) -> float:
    return float(torch.cumsum(values, dim=0)[-1]) / len(values)


def _frame_about_mean(x: Tensor, y: Tensor, side: int) -> Frame:
    """The published frame: positions minus their mean, an even padding that holds the largest offset."""
    mean_x, mean_y = _mean(x), _mean(y)
    largest = float(torch.maximum((x - mean_x).abs().max(), (y - mean_y).abs().max()))
    padding = 2 * math.ceil(largest / 2)
    return Frame(side + 2 * padding, side + 2 * padding, 0, 0, mean_x - padding, mean_y - padding)


def pixel_weights(probe: Pair, weighting: Weighting, crop: int, defects: Defects) -> PixelWeights:
    """The weights of a patch's pixels; the largest is 1."""
    side = probe.re.shape[-1]
    steps = torch.arange(side, device=probe.re.device)
    central = _square(steps, side // 4, side // 2)
    if "crop-stitch" in defects:
        weighting, crop = "crop", PUBLISHED_CROP
    if weighting == "probe":
        power = torch.zeros_like(probe.re[0])
        for mode in range(len(probe.re)):
            power = power + (probe.re[mode] * probe.re[mode] + probe.im[mode] * probe.im[mode])
        weight = power / power.max()
    elif weighting == "uniform":
        weight = torch.ones_like(probe.re[0])
    else:
        window = central if weighting == "central" else _square(steps, side // 2 - crop // 2, crop)
        weight = window.to(probe.re.dtype)
    return PixelWeights(weight, torch.where(central, weight, 0.0) if "central-count" in defects else weight)


def _square(steps: Tensor, start: int, size: int) -> Tensor:
    inside = (steps >= start) & (steps < start + size)
    return inside[:, None] & inside


# ---------------------------------------------------------------------------------------------------------------- sums


def group_centres(job: Job) -> tuple[Tensor, Tensor]:
    """The mean position of each chosen position's group, summed in order."""
    x, y = job.setup.x_px[job.chosen], job.setup.y_px[job.chosen]
    centre_x, centre_y = x.clone(), y.clone()
    if len(job.groups.unique()) == len(job.groups):
        return centre_x, centre_y
    for group in job.groups.unique():
        members = job.groups == group
        centre_x[members], centre_y[members] = _mean(x[members]), _mean(y[members])
    return centre_x, centre_y


def placed_patches(job: Job) -> Pair:
    """The patches of the chosen positions: given, or cut from the object (mirrored in their group: published)."""
    setup = job.setup
    if job.patches is not None:
        return job.patches.at(job.chosen)
    x, y = setup.x_px[job.chosen], setup.y_px[job.chosen]
    if "truth-mirrored" in setup.defects:
        centre_x, centre_y = group_centres(job)
        alone = torch.bincount(job.groups)[job.groups] == 1
        x, y = torch.where(alone, x, 2.0 * centre_x - x), torch.where(alone, y, 2.0 * centre_y - y)
    x, y = setup.steps.truth_position(x, y)
    h = float(setup.scan.centre_px)
    return setup.patches(setup.placed(x, y, x - h, y - h))


def stitch(job: Job, watch: Callable[[Touched], None] | None = None) -> Stitched:
    """Add all patches, positions ascending; every canvas pixel is summed rows first, then columns, then corners.

    Raises:
        InputError: a patch does not fit the canvas.
    """
    setup, frame = job.setup, frame_of(job)
    weights = pixel_weights(_as_read(setup), job.weighting, job.crop, setup.defects)
    patches = setup.steps.merged(placed_patches(job), job.groups)
    x, y = setup.x_px[job.chosen], setup.y_px[job.chosen]
    left, top = setup.steps.placed_corner(x, y, *group_centres(job), frame.origin_x_px, frame.origin_y_px)
    places = setup.placed(x, y, left, top)
    zeros = torch.zeros((frame.rows, frame.cols), dtype=patches.re.dtype, device=patches.re.device)
    canvas = Canvas(Pair(zeros, zeros.clone()), zeros.clone())
    rows, cols = (places.cell.row0 - frame.row0).tolist(), (places.cell.col0 - frame.col0).tolist()
    for i, corner_weights in enumerate(places.weights.tolist()):
        if not _is_placed(job, rows[i], cols[i], corner_weights, frame):
            continue
        _add_patch(canvas, rows[i], cols[i], corner_weights, patches.at(i), weights, _watcher(job, i, places, watch))
    return divided(canvas, frame, job.epsilon, setup.steps.stored)


def _as_read(setup: Setup) -> Pair:
    """The probe as it is in the scan; weights are not rounded with the fields."""
    probe = setup.steps.probe_of(setup.scan)
    like = setup.forward.probe.re
    return Pair(probe.real.to(like.device, like.dtype), probe.imag.to(like.device, like.dtype))


def _is_placed(job: Job, row: int, col: int, corner_weights: list[float], frame: Frame) -> bool:
    """False for a patch that is left out (a planted fault); InputError for one that does not fit."""
    side = job.setup.scan.patch_px
    last_row = row + side - 1 + (corner_weights[2] > 0 or corner_weights[3] > 0)
    last_col = col + side - 1 + (corner_weights[1] > 0 or corner_weights[3] > 0)
    if not job.setup.steps.is_placed((row, last_row), (col, last_col), (frame.rows, frame.cols)):
        return False
    if row < 0 or col < 0 or last_row >= frame.rows or last_col >= frame.cols:
        raise InputError(
            f"a patch over rows {row} to {last_row} and columns {col} to {last_col} does not fit the canvas of "
            f"{frame.rows} x {frame.cols}"
        )
    return True


def _add_patch(
    canvas: Canvas,
    row: int,
    col: int,
    corner_weights: list[float],
    patch: Pair,
    weights: PixelWeights,
    watch: Callable[[int, PixelWeights, Pair, Canvas], None] | None,
) -> None:
    """Corners backwards: at one canvas pixel that is rows ascending, then columns. Weight exactly 0 touches nothing."""
    side = patch.re.shape[-1]
    for corner in (3, 2, 1, 0):
        weight = corner_weights[corner]
        if weight == 0.0:
            continue
        r, c = row + corner // 2, col + corner % 2
        at = slice(r, r + side), slice(c, c + side)
        scaled = weight * weights.pixel
        canvas.num.re[at] += scaled * patch.re
        canvas.num.im[at] += scaled * patch.im
        canvas.den[at] += weight * weights.counted
        if watch is not None:
            watch(corner, weights, patch, canvas)


def _watcher(
    job: Job, i: int, places: Place, watch: Callable[[Touched], None] | None
) -> Callable[[int, PixelWeights, Pair, Canvas], None] | None:
    if watch is None:
        return None
    place = places.at(i)
    row0, col0 = int(place.cell.row0), int(place.cell.col0)

    def shown(corner: int, weights: PixelWeights, patch: Pair, canvas: Canvas) -> None:
        watch(Touched(job.chosen[i], place, corner, row0 + corner // 2, col0 + corner % 2, weights, patch, canvas))

    return shown


def divided(canvas: Canvas, frame: Frame, epsilon: float, stored: Callable[[Tensor], Tensor]) -> Stitched:
    """num/den where den > 1e-6 of the largest, else 0."""
    den = canvas.den + epsilon
    den_max = float(den.max())
    covered = den > COVERED * den_max
    safe = torch.where(covered, den, 1.0)
    values = Pair(*(torch.where(covered, stored(part / safe), 0.0) for part in canvas.num))
    return Stitched(frame, values, covered, canvas.den, den_max)


def scan_weights(scan: Scan, weighting: Weighting, crop: int, device: str = "cpu") -> Tensor:
    """The pixel weights of a scan's probe without any published behaviour, (N, N)."""
    probe = torch.from_numpy(scan.probe).to(device)
    return pixel_weights(Pair(probe.real, probe.imag), weighting, crop, Defects(frozenset())).pixel
