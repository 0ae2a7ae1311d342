"""Steps of the header: what follows from the detector's frame and the cell, and what follows from arguments alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.algebra import Vec, dot
from simulator.crystal import reciprocal_edge
from simulator.detector import beam_spot_along, nearest_point_along
from simulator.experiment import RADIANS_TO_DEGREES
from simulator.scan import phi_at, rotated_edge
from subjects.nanobragg.replay.context import Context
from subjects.nanobragg.replay.step import Arguments, Given, Result, Step, header_inputs
from subjects.nanobragg.replay.values import HEADER, SideValues

THE_ROW = np.zeros(1, np.int64)


def header_steps(side: SideValues, context: Context) -> Iterator[Step | Given]:
    """The header's steps in the order of their inputs."""
    derived = list(_derived(side))
    known = {name for step in derived for name in step.names}
    if context.own is not None:
        for name, value in context.own.header.items():
            if name not in known:
                yield Given(HEADER, name, THE_ROW, [value])
    yield from derived


def _header(names: str, inputs: str, evaluate: object) -> Step:
    return Step(HEADER, tuple(names.split()), THE_ROW, header_inputs(*inputs.split()), evaluate)  # type: ignore[arg-type]


def _derived(side: SideValues) -> Iterator[Step]:
    yield _header("close_distance_meters", "pix0_vector_meters odet_vec", _close_distance)
    for axis, letter in (("fdet_vec", "F"), ("sdet_vec", "S")):
        yield _header(
            f"{letter}beam_meters",
            f"{axis} beam_vec distance_meters pix0_vector_meters",
            lambda x, axis=axis: [
                beam_spot_along(
                    x.vector(axis), x.vector("beam_vec"), x.number("distance_meters"), x.vector("pix0_vector_meters")
                )
            ],
        )
        yield _header(
            f"{letter}close_meters",
            f"{axis} pix0_vector_meters",
            lambda x, axis=axis: [nearest_point_along(x.vector(axis), x.vector("pix0_vector_meters"))],
        )
    for first, second, third in ("abc", "bca", "cab"):
        yield _header(
            f"{first}_star_A_inv",
            f"{second}0_angstroms {third}0_angstroms V_cell_A3",
            lambda x, second=second, third=third: [
                reciprocal_edge(
                    x.vector(f"{second}0_angstroms"), x.vector(f"{third}0_angstroms"), 1.0 / x.number("V_cell_A3")
                )
            ],
        )
    yield _header("subpixel_size_meters", "pixel_size_meters oversample", _subpixel_size)
    yield _header("steps", "n_sources n_mosaic_domains n_phi_steps oversample", _steps)
    yield from _carried(side)


def _close_distance(x: Arguments) -> list[Result]:
    return [dot(x.vector("pix0_vector_meters"), x.vector("odet_vec"))]


def _subpixel_size(x: Arguments) -> list[Result]:
    return [x.number("pixel_size_meters") / x.number("oversample")]


def _steps(x: Arguments) -> list[Result]:
    per_subpixel = x.number("n_sources") * x.number("n_mosaic_domains") * x.number("n_phi_steps")
    return [per_subpixel * x.number("oversample") * x.number("oversample")]


def _carried(side: SideValues) -> Iterator[Step]:
    """The cell that enters the pixel: rotated at the last phi step that is not 0, or not rotated at all."""
    came_from = side.header("carried_from")
    start, step, count = (side.header(name) for name in ("phi_start_deg", "phi_step_deg", "n_phi_steps"))
    if came_from is None or not all(isinstance(number, int | float) for number in (start, step, count)):
        return
    last = _last_rotated(start, step, count) if came_from != "none" else None  # type: ignore[arg-type]
    for edge in "abc":
        inputs = f"{edge}0_angstroms" + ("" if last is None else " spindle_axis phi_start_deg phi_step_deg")
        yield _header(
            f"carried_{edge}p_angstroms",
            inputs,
            lambda x, edge=edge: [_left_behind(x, x.vector(f"{edge}0_angstroms"), last)],
        )


def _last_rotated(start: float, step: float, count: int) -> int | None:
    rotated = [i for i in range(count) if phi_at(start / RADIANS_TO_DEGREES, step / RADIANS_TO_DEGREES, i) != 0.0]
    return rotated[-1] if rotated else None


def _left_behind(x: Arguments, edge: Vec, last: int | None) -> Vec:
    if last is None:
        return edge
    start, step = (x.number(name) / RADIANS_TO_DEGREES for name in ("phi_start_deg", "phi_step_deg"))
    return rotated_edge(edge, x.vector("spindle_axis"), phi_at(start, step, float(last)))
