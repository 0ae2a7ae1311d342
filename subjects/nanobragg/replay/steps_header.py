"""Steps of the header: what follows from the detector's frame and the cell, and what follows from arguments alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from simulator.experiment import RADIANS_TO_DEGREES
from simulator.model.algebra import Scalar, dot
from simulator.model.crystal import reciprocal_edge
from simulator.model.detector import nearest_point_along
from simulator.model.scan import rotated_edge
from subjects.nanobragg.replay.arguments import Own
from subjects.nanobragg.replay.context import Context
from subjects.nanobragg.replay.step import Arguments, Given, Input, Result, Step, header_inputs
from subjects.nanobragg.replay.values import HEADER, SideValues

THE_ROW = np.zeros(1, np.int64)
SAME = 1e-9
"""Relative: a number that both state as closely as this is the same argument."""
RESTATED = {
    "detector_pivot": ("detector_convention",),
    "beam_vec": ("detector_convention",),
    "fdet_vec": ("detector_convention",),
    "sdet_vec": ("detector_convention",),
    "odet_vec": ("detector_convention",),
    "polarization_axis": ("detector_convention",),
    "spindle_axis": ("detector_convention",),
    "n_mosaic_domains": ("mosaic_spread_deg",),
    "interpolate": ("N_cells", "hkl_ranges"),
    "attenuation_per_meter": ("n_thick_steps", "thick_step_meters"),
    "thick_step_meters": ("n_thick_steps",),
    "carried_from": ("dmin_angstroms",),
}
"""What follows from arguments alone, some of which have a line of their own."""


def header_steps(side: SideValues, context: Context) -> Iterator[Step | Given]:
    """The header's steps in the order of their inputs."""
    own = _own(side, context)
    made = [*_with_arguments(side, context, own), *_derived(side, own)]
    known = {name for step in made for name in step.names}
    if context.own is not None:
        for name, value in context.own.header.items():
            also = RESTATED.get(name, ())
            if name not in known and all(_as_the_port(side, context, other) for other in also):
                if name == "carried_from" and not _scans_as_the_port(side, context):
                    continue
                more = _scanned(side) if name == "carried_from" else ()
                yield Given(HEADER, name, THE_ROW, [value], (*header_inputs(*also), *more))
    yield from made


def _scanned(side: SideValues) -> tuple[Input, ...]:
    """What tells whether pixels before this one were scanned: the resolution limit, and what this pixel makes of it."""
    scanned = (("SOURCE", "stol_A_inv"), ("PHI", "phi_deg"))
    return tuple(Input(name, np.array([row])) for name in scanned for row in range(len(side.rows(name[0]))))


def _scans_as_the_port(side: SideValues, context: Context) -> bool:
    """Whether a side has the port's lines of sources and phi steps: else pixels before this one may differ too."""
    assert context.own is not None
    scanned = ("SOURCE", "PHI")
    own = {(record.name, *record.indices.values()) for record in context.own.records if record.name in scanned}
    return own == {(name, *row) for name in scanned for row in side.rows(name).index.tolist()}


def _as_the_port(side: SideValues, context: Context, name: str) -> bool:
    """Whether a side states an argument as the port has it: else nothing is known of what the port makes of it."""
    stated, own = side.header(name), context.given_header(name)
    if stated is None or own is None or stated == own:
        return True
    pairs = list(zip(_parts(stated), _parts(own), strict=False))
    numbers = all(isinstance(x, int | float) and isinstance(y, int | float) for x, y in pairs)
    close = numbers and all(math.isclose(x, y, rel_tol=SAME) for x, y in pairs)
    return bool(close and len(_parts(stated)) == len(_parts(own)))


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _header(
    names: str, inputs: str, evaluate: Callable[[Arguments], list[Result]], also: str = "", *, hidden: bool = False
) -> Step:
    return Step(
        HEADER,
        tuple(names.split()),
        THE_ROW,
        header_inputs(*inputs.split()),
        evaluate,
        also=header_inputs(*also.split()),
        hidden=hidden,
    )


# ---- steps that take the case's arguments too -------------------------------------------------------------------


def _own(side: SideValues, context: Context) -> Own | None:
    if context.simulator is None or context.own is None:
        return None
    return Own(context.simulator.prepared, context.own.header, side)


def _with_arguments(side: SideValues, context: Context, own: Own | None) -> Iterator[Step]:
    """What the port makes of the header's values and of arguments that no line states."""
    if own is None:
        return
    if not _as_the_port(side, context, "detector_convention") or not _as_the_port(side, context, "detector_pivot"):
        return
    convention = "detector_convention"
    for name in ("Xbeam_meters", "Ybeam_meters"):
        yield _header(name, "pixel_size_meters", own.moved(name, own.beam_centre(name)), convention, hidden=True)
    axes = "fdet_vec sdet_vec"
    if own.custom:
        yield _header("odet_vec", axes, own.moved("odet_vec", own.normal), convention, hidden=True)
    centre = "Xbeam_meters Ybeam_meters " if own.reads_centre else ""
    yield _header(
        "pix0_vector_meters",
        f"beam_vec {axes} odet_vec {centre}pixel_size_meters",
        own.moved("pix0_vector_meters", own.first_pixel),
        f"{convention} detector_pivot",
        hidden=True,
    )
    yield _header(
        "distance_meters",
        "close_distance_meters beam_vec odet_vec",
        own.moved("distance_meters", own.distance),
        hidden=True,
    )
    for axis, letter in (("fdet_vec", "F"), ("sdet_vec", "S")):
        yield _header(
            f"{letter}beam_meters",
            f"{axis} pix0_vector_meters beam_vec close_distance_meters odet_vec",
            own.moved(f"{letter}beam_meters", own.beam_spot(axis)),
            hidden=True,
        )
    yield from _cell_and_sampling(side, own)


def _cell_and_sampling(side: SideValues, own: Own) -> Iterator[Step]:
    first = Input(("SOURCE", "lambda_angstroms"), THE_ROW)
    wavelength = (first,) if len(side.rows("SOURCE")) else ()
    for name, inputs, formula in (
        *([("V_cell_A3", "", own.volume)] if wavelength else []),
        *((f"{edge}0_angstroms", "V_cell_A3", own.edge(f"{edge}0_angstroms")) for edge in "abc"),
    ):
        evaluate = own.moved(name, formula)
        yield Step(
            HEADER, (name,), THE_ROW, (*header_inputs(*inputs.split()), *wavelength), evaluate, hidden=True
        )  # fmt: skip
    sizes = header_inputs(
        *["N_cells", "a0_angstroms", "b0_angstroms", "c0_angstroms", "distance_meters", "pixel_size_meters"]
    )
    unrounded = "oversample_unrounded"
    evaluate = own.moved(unrounded, own.unrounded_oversample)
    yield Step(HEADER, (unrounded,), THE_ROW, (*sizes, *wavelength), evaluate, hidden=True)
    yield Step(HEADER, ("oversample",), THE_ROW, header_inputs(unrounded), own.oversample, decides=True)
    edges = "a0_angstroms b0_angstroms c0_angstroms"
    yield Step(HEADER, ("N_cells",), THE_ROW, header_inputs(*edges.split()), own.cell_counts, decides=True)
    yield _header("background_I", "r_e_sqr fluence_photons_per_m2", own.moved("background_I", own.water), hidden=True)


# ---- steps that the header alone determines ---------------------------------------------------------------------


def _derived(side: SideValues, own: Own | None) -> Iterator[Step]:
    yield _header("close_distance_meters", "pix0_vector_meters odet_vec", _close_distance)
    for axis, letter in (("fdet_vec", "F"), ("sdet_vec", "S")):
        yield _header(
            f"{letter}close_meters",
            f"{axis} pix0_vector_meters",
            partial(_nearest_point, axis),
        )
    for first, second, third in ("abc", "bca", "cab"):
        yield _header(
            f"{first}_star_A_inv",
            f"{second}0_angstroms {third}0_angstroms V_cell_A3",
            own.reciprocal_edge(f"{first}_star_A_inv", second, third)
            if own is not None
            else partial(_reciprocal_edge, second, third),
        )
    yield _header("subpixel_size_meters", "pixel_size_meters oversample", _subpixel_size)
    yield _header("steps", "n_sources n_mosaic_domains n_phi_steps oversample", _steps)
    yield from _carried(side)


def _nearest_point(axis: str, x: Arguments) -> list[Result]:
    return [nearest_point_along(x.vector(axis), x.vector("pix0_vector_meters"))]


def _reciprocal_edge(second: str, third: str, x: Arguments) -> list[Result]:
    b, c = (x.vector(f"{edge}0_angstroms") for edge in (second, third))
    return [reciprocal_edge(b, c, 1.0 / x.number("V_cell_A3"))]


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
    angles = tuple(Input(("PHI", "phi_deg"), np.array([row])) for row in range(len(side.rows("PHI"))))
    if came_from is None or (came_from != "none" and not angles):
        return
    last = None if came_from == "none" else _last_rotated(side)
    scan = header_inputs("phi_start_deg", "phi_step_deg", "n_phi_steps", "carried_from", "spindle_axis")
    for edge in "abc":
        read = header_inputs(f"{edge}0_angstroms")
        if last is not None:
            read = (*read, *header_inputs("spindle_axis"), last)
        yield Step(
            HEADER,
            (f"carried_{edge}p_angstroms",),
            THE_ROW,
            read,
            partial(_left_behind, edge, last),
            also=(*scan, *angles),
        )


def _last_rotated(side: SideValues) -> Input | None:
    """The angle of the last step of the first sweep that is not at 0."""
    rows, angles = side.rows("PHI"), side.rows("PHI").numbers("phi_deg")
    if angles is None:
        return None
    sweep = np.all(rows.index[:, :-1] == rows.index[0, :-1], axis=1)
    turned = np.flatnonzero(sweep & (angles[:, 0] != 0.0))
    return Input(("PHI", "phi_deg"), turned[-1:], label="angle") if len(turned) else None


def _left_behind(edge: str, last: Input | None, x: Arguments) -> list[Result]:
    unrotated = x.vector(f"{edge}0_angstroms")
    if last is None:
        return [unrotated]
    angle: Scalar = x.number(last.tag) / RADIANS_TO_DEGREES
    return [rotated_edge(unrotated, x.vector("spindle_axis"), angle)]
