"""The phi steps of a sweep, and the cell that the crystal has at each (model, section 8; known defects).

A step at phi = 0 is not rotated by the reference: it keeps the cell of the last rotation that was executed
(phi-carryover). No memory of past pixels is needed for that: every sweep leaves the same cell behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from simulator.defects import Defects
from simulator.experiment import Spindle
from simulator.model.algebra import Scalar, Vec, is_zero, rotate_axis, value_of
from simulator.model.crystal import Cell


class PhiStep(NamedTuple):
    """One step of the scan and the cell that it computes with, metres."""

    phi_rad: Scalar
    ap_m: Vec
    bp_m: Vec
    cp_m: Vec


@dataclass(frozen=True)
class Scan:
    """What a sweep over the phi steps computes with."""

    steps: tuple[PhiStep, ...]
    """Of every sweep but the first one that a thread executes."""
    first_steps: tuple[PhiStep, ...]
    """Of that first one: no rotation was executed before it."""
    left_behind: PhiStep | None
    """The last rotated step; None where no step is rotated or nothing is carried over."""
    first_differs: bool
    """Whether the sweep begins at phi = 0 with another sweep's cell."""
    step_rad: Scalar


def scan_steps(
    spindle: Spindle, axis: Vec, cell: Cell, defects: Defects, zero_phi_steps: tuple[bool, ...] | None = None
) -> Scan:
    """The scan's cells. Which steps count as 0 is decided by their values unless ``zero_phi_steps`` says so."""
    step_rad = spindle.osc_rad / spindle.phi_steps if spindle.phi_step_rad is None else spindle.phi_step_rad
    phis = [phi_at(spindle.phi_start_rad, step_rad, i) for i in range(spindle.phi_steps)]
    zero = zero_phi_steps or tuple(value_of(phi) == 0.0 for phi in phis)
    rotated = [_rotated(cell, axis, phi) for phi in phis]
    left_behind = None
    if "phi-carryover" in defects:
        executed = [step for step, is_0 in zip(rotated, zero, strict=True) if not is_0]
        left_behind = executed[-1] if executed else None
    if left_behind is None:
        return Scan(tuple(rotated), tuple(rotated), None, first_differs=False, step_rad=step_rad)
    return Scan(
        steps=_sweep(rotated, zero, entering=left_behind),
        first_steps=_sweep(rotated, zero, entering=None),
        left_behind=left_behind,
        first_differs=zero[0],
        step_rad=step_rad,
    )


def phi_at(start_rad: Scalar, step_rad: Scalar, number: Scalar) -> Scalar:
    """The spindle angle of a step, radians."""
    return start_rad + step_rad * number


def rotated_edge(edge: Vec, axis: Vec, phi_rad: Scalar) -> Vec:
    """A cell edge turned about the spindle by an angle that is not 0."""
    return rotate_axis(edge, axis, phi_rad)


def _sweep(rotated: list[PhiStep], zero: tuple[bool, ...], *, entering: PhiStep | None) -> tuple[PhiStep, ...]:
    """The steps with the stale cell where phi is 0; ``entering`` was rotated last before the sweep."""
    steps, stale = [], entering
    for step, is_0 in zip(rotated, zero, strict=True):
        if is_0 and stale is not None:
            steps.append(stale._replace(phi_rad=step.phi_rad))
        else:
            steps.append(step)
        if not is_0:
            stale = step
    return tuple(steps)


def _rotated(cell: Cell, axis: Vec, phi: Scalar) -> PhiStep:
    """The cell at phi; where phi is 0 and no gradient is wanted, a0, b0, c0 themselves."""
    edges = (cell.a0_m, cell.b0_m, cell.c0_m)
    if is_zero(phi):
        return PhiStep(phi, *edges)
    return PhiStep(phi, *(rotated_edge(edge, axis, phi) for edge in edges))
