"""The iterative baseline, ePIE and rPIE: an arbiter that knows nothing of the network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography import steps as physics
from subjects.ptychography.contract import Scan
from subjects.ptychography.metrics import residual

log = logging.getLogger("ptychography.solve")

DARK = 1e-12
ALPHAS = {"epie": 1.0, "rpie": 0.1}


@dataclass(frozen=True)
class Solver:
    """How to iterate.

    Attributes:
        alpha: 1 is ePIE, 0.1 rPIE. beta: step of the probe. refine_from: first sweep (from 1) that refines the probe;
            None never does.
    """

    sweeps: int = 50
    alpha: float = 1.0
    beta: float = 1.0
    refine_from: int | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        if self.sweeps < 1 or not 0 < self.alpha <= 1 or not 0 < self.beta <= 2:
            raise InputError(f"sweeps >= 1, 0 < alpha <= 1 and 0 < beta <= 2 were required; got {self}")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed must lie between 0 and {2**32 - 1}; got {self.seed}")


@dataclass(frozen=True)
class Solved:
    """The object (rows, cols), the weights of its pixels, the probe, and R after each sweep.

    ``row0``, ``col0``: where its pixel (0, 0) lies.
    """

    object: np.ndarray
    den: np.ndarray
    probe: np.ndarray
    residuals: list[float]
    row0: int
    col0: int


class _State:
    """Object and probe while they are refined, on one device in one precision."""

    def __init__(self, scan: Scan, chosen: np.ndarray, device: str, dtype: torch.dtype) -> None:
        self.side, self.device = scan.patch_px, device
        x, y = (torch.from_numpy(p[chosen]) for p in (scan.x_px, scan.y_px))
        left, top = physics.corner(x, y, float(scan.centre_px), float(scan.centre_px))
        self.cell = physics.cell(left, top, "bilinear")
        weights = physics.weights(self.cell.frac_x, self.cell.frac_y)
        rows, cols = self._frame(scan)
        self.where = list(
            zip(
                (self.cell.row0 - self.row0).tolist(),
                (self.cell.col0 - self.col0).tolist(),
                weights.tolist(),
                strict=True,
            )
        )
        self.object = torch.ones((rows, cols), dtype=dtype, device=device)
        self.probe = torch.from_numpy(scan.probe).to(device, dtype)
        self.modulus = torch.sqrt(torch.from_numpy(scan.counts[chosen])).to(device, self.object.real.dtype)
        self.measured = _measured(scan, chosen, device)
        self.frequency = physics.frequency(torch.arange(self.side), self.side, self.side // 2).to(device)
        self.detector = torch.argsort(self.frequency)

    def _frame(self, scan: Scan) -> tuple[int, int]:
        """The object's own size where it is known, else the windows' box; a row and a column more for neighbours."""
        if scan.object is not None:
            self.row0 = self.col0 = 0
            rows, cols = scan.object.shape
        else:
            self.row0, self.col0 = int(self.cell.row0.min()), int(self.cell.col0.min())
            rows = int(self.cell.row0.max()) - self.row0 + self.side
            cols = int(self.cell.col0.max()) - self.col0 + self.side
        return rows + 1, cols + 1

    def patch(self, i: int) -> Tensor:
        """The object under window i."""
        row, col, weights = self.where[i]
        total = torch.zeros((self.side, self.side), dtype=self.object.dtype, device=self.device)
        for corner, weight in enumerate(weights):
            if weight != 0.0:
                total = total + weight * self._window(row, col, corner)
        return total

    def _window(self, row: int, col: int, corner: int) -> Tensor:
        r, c = row + corner // 2, col + corner % 2
        return self.object[r : r + self.side, c : c + self.side]

    def add(self, i: int, change: Tensor) -> None:
        """Spread a change of a patch over the object's pixels."""
        row, col, weights = self.where[i]
        for corner, weight in enumerate(weights):
            if weight != 0.0:
                self._window(row, col, corner).add_(change, alpha=weight)

    def corrected(self, i: int, exit_: Tensor) -> tuple[Tensor, Tensor]:
        """The exit wave's change that puts the measured moduli in, (modes, N, N), and this pattern's squared misfit."""
        field = torch.fft.fft2(exit_) / self.side
        modulus = self.modulus[i].index_select(0, self.detector).index_select(1, self.detector)
        measured = self.measured[i % len(self.measured)]
        measured = measured.index_select(0, self.detector).index_select(1, self.detector)
        total = torch.sqrt((field.real**2 + field.imag**2).sum(dim=0))
        bright = total >= DARK
        ratio = torch.where(bright, modulus / torch.where(bright, total, 1.0), 0.0)
        aimed = torch.where(bright, ratio * field, (modulus / len(field) ** 0.5).to(field.dtype))
        aimed = torch.where(measured, aimed, field)
        misfit = torch.where(measured, (total - modulus) ** 2, 0.0).sum()
        return self.side * torch.fft.ifft2(aimed) - exit_, misfit


def _measured(scan: Scan, chosen: np.ndarray, device: str) -> Tensor:
    if scan.mask is None:
        return torch.ones((1, scan.patch_px, scan.patch_px), dtype=torch.bool, device=device)
    mask = scan.mask if len(scan.mask) == 1 else scan.mask[chosen]
    return torch.from_numpy(mask).to(device)


def solve(
    scan: Scan,
    solver: Solver,
    *,
    chosen: np.ndarray | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.complex128,
    told: Callable[[int, float], None] | None = None,
) -> Solved:
    """Refine object (and probe) until the patterns agree; ``told`` hears each sweep and its R.

    R is of the sweep's own exit waves, each just before its correction.
    """
    chosen = np.arange(scan.n_positions) if chosen is None else chosen
    state = _State(scan, chosen, device, dtype)
    random = np.random.RandomState(solver.seed)
    counts = float((state.modulus.double() ** 2 * state.measured).sum())
    residuals = []
    for sweep in range(1, solver.sweeps + 1):
        refines = solver.refine_from is not None and sweep >= solver.refine_from
        misfit = torch.zeros((), dtype=torch.float64, device=device)
        for i in random.permutation(len(chosen)).tolist():
            misfit += _visit(state, i, solver, refines)
        residuals.append(float(torch.sqrt(misfit / counts)))
        log.debug("sweep %d R %.6g", sweep, residuals[-1])
        if told is not None:
            told(sweep, residuals[-1])
    den = _illumination(state, len(chosen))
    values, weights = state.object[:-1, :-1].cpu().numpy(), den[:-1, :-1].cpu().numpy()
    return Solved(values, weights, state.probe.cpu().numpy(), residuals, state.row0, state.col0)


def _visit(state: _State, i: int, solver: Solver, refines: bool) -> Tensor:
    """One position's update; its misfit."""
    patch, probe = state.patch(i), state.probe
    change, misfit = state.corrected(i, probe * patch)
    power = (probe.real**2 + probe.imag**2).sum(dim=0)
    bottom = (1 - solver.alpha) * power + solver.alpha * power.max()
    if refines:
        light = patch.real**2 + patch.imag**2
        below = (1 - solver.alpha) * light + solver.alpha * light.max()
        state.probe = probe + solver.beta * patch.conj() * change / below
    state.add(i, (probe.conj() * change).sum(dim=0) / bottom)
    return misfit.double()


def _illumination(state: _State, count: int) -> Tensor:
    """What stitching with the probe's weights would put under every pixel."""
    power = (state.probe.real**2 + state.probe.imag**2).sum(dim=0)
    state_object, state.object = state.object, torch.zeros_like(state.object)
    for i in range(count):
        state.add(i, (power / power.max()).to(state.object.dtype))
    den, state.object = state.object.real, state_object
    return den


def residual_of(scan: Scan, values: np.ndarray, row0: int = 0, col0: int = 0, probe: np.ndarray | None = None) -> float:
    """R of an object over all patterns, with the forward model applied to it."""
    from dataclasses import replace

    from subjects.ptychography.forward import make_setup

    moved = replace(scan, object=values, x_px=scan.x_px - col0, y_px=scan.y_px - row0)
    moved = moved if probe is None else replace(moved, probe=probe)
    setup = make_setup(moved, evaluation="fft", outside_zero=True)
    expected = setup.expected_counts(list(range(scan.n_positions)), 1.0).numpy()
    return residual(expected, scan.counts, scan.mask)
