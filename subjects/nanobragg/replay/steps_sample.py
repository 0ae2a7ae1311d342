"""Steps of one evaluation: position, scattering vector, cell; then those of its mosaic domains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulator.experiment import RADIANS_TO_DEGREES
from simulator.model.algebra import Vec, scale
from simulator.model.algebra import unit as _of_unit_length
from simulator.model.prepare import handedness
from simulator.model.scan import phi_at, rotated_edge
from simulator.model.scatter import (
    PER_METRE_TO_PER_ANGSTROM,
    captured_fraction,
    cos_2theta,
    direction,
    pixel_position,
    polarization,
    sample_distance,
    scattering_vector_per_m,
    sin_theta_over_lambda,
    solid_angle,
)
from simulator.model.terms import Located, Pixels
from subjects.nanobragg.replay.arguments import Own
from subjects.nanobragg.replay.context import Context, step_rows
from subjects.nanobragg.replay.step import Arguments, Given, Input, Result, Step, copy_of, header_inputs, unread_inputs
from subjects.nanobragg.replay.steps_domain import ANGSTROMS_TO_METRES, domain_steps, some_samples
from subjects.nanobragg.replay.values import NOWHERE, Ints, SideValues

UNIT_LENGTH = 1e-9
"""A direction that is further from unit length was not normalised."""


def sample_steps(side: SideValues, context: Context) -> Iterator[Step | Given]:
    """All steps between the header and the running sum, in the order of their inputs."""
    yield from _given_records(side, context)
    yield from _subpixel(side, context)
    yield from _source(side, context)
    yield from _phi(side, context)
    yield from domain_steps(side, context)


def _given_records(side: SideValues, context: Context) -> Iterator[Given]:
    """Mosaic rotations and wavelengths of the sources: arguments alone."""
    if context.own is None:
        return
    wanted = {"UMAT": ("umat",), "SOURCE": ("lambda_angstroms",)}
    for record, names in wanted.items():
        rows = side.rows(record)
        own: dict[tuple[int, ...], Any] = {}
        for item in (*context.own.umats, *context.own.records):
            if item.name == record:
                own[tuple(item.indices[name] for name in rows.index_names)] = item.values
        found = [number for number, row in enumerate(rows.index.tolist()) if tuple(row) in own]
        for name in names:
            values = [own[tuple(rows.index[number].tolist())][name] for number in found]
            spread = header_inputs("mosaic_spread_deg") if record == "UMAT" else ()
            if not spread or side.header("mosaic_spread_deg") == context.given_header("mosaic_spread_deg"):
                yield Given(record, name, np.array(found, np.int64), values, spread)


def _located(position: Vec | None, R: Tensor | None, diffracted: Vec | None) -> Located:
    return Located(position, R, diffracted)  # type: ignore[arg-type]


# ---- SUBPIXEL ---------------------------------------------------------------------------------------------------


def _subpixel(side: SideValues, context: Context) -> Iterator[Step]:
    rows, physics = step_rows(side, "SUBPIXEL"), context.physics
    own = "SUBPIXEL"
    if not len(rows):
        return
    slow, fast = (float(number) for number in side.pixel or (float("nan"), float("nan")))
    names = "subpixel_size_meters oversample fdet_vec sdet_vec"
    flat = " thick_step_meters odet_vec pix0_vector_meters"
    bent = " beam_vec distance_meters" if physics.curved else ""
    in_plane = " Fbeam_meters Sbeam_meters" if physics.curved else ""
    unread = flat if physics.curved and not physics.curved_along_laboratory_axes else in_plane
    read = in_plane if unread == flat else flat

    def position(x: Arguments) -> Sequence[Result]:
        like = x.number("subpixel_size_meters")
        more = {"curvature_sign": _curvature_sign(x)} if physics.curved else {}
        pixels = Pixels(torch.full_like(like, slow), torch.full_like(like, fast))
        return [pixel_position(pixels, x.subpixel(), x.constants(**more), physics)]

    if side.pixel is not None:
        inputs = (*header_inputs(*(names + read + bent).split()), *unread_inputs(*unread.split()))
        yield Step(
            own,
            ("pixel_pos_meters",),
            rows,
            inputs,
            position,
            also=header_inputs("pixel_size_meters", "curved_detector"),
        )
    at_position, at_R = Input((own, "pixel_pos_meters"), rows), Input((own, "R_distance_meters"), rows)
    yield Step(
        own, ("R_distance_meters",), rows, (at_position,), lambda x: [sample_distance(x.vector("pixel_pos_meters"))]
    )
    yield Step(
        own,
        ("diffracted_vec",),
        rows,
        (at_position, at_R),
        lambda x: [direction(x.vector("pixel_pos_meters"), x.number("R_distance_meters"))],
    )
    tics = side.rows(own)
    first = rows == 0
    renewed = first | physics.oversampled[2]
    area = () if physics.point_pixel else ("pixel_size_meters", "close_distance_meters")
    yield Step(
        own,
        ("omega_pixel_sr",),
        rows[renewed],
        (Input((own, "R_distance_meters"), rows[renewed]), *header_inputs(*area)),
        lambda x: [solid_angle(_located(None, x.number("R_distance_meters"), None), x.constants(), physics)],
    )
    yield _kept(own, "omega_pixel_sr", rows[~renewed])
    renewed = (tics.tic("sub_s") == 0) & (tics.tic("sub_f") == 0) | physics.oversampled[0]
    yield Step(own, ("capture_fraction",), rows[renewed], *_capture(rows[renewed], context))
    yield _kept(own, "capture_fraction", rows[~renewed])


def _curvature_sign(x: Arguments) -> Tensor:
    """1 or -1, by the frame's handedness."""
    handed = handedness(*(x.vector(name) for name in ("fdet_vec", "sdet_vec", "beam_vec")))
    return torch.where(handed >= 0.0, 1.0, -1.0).to(torch.float64)


def _capture(rows: Ints, context: Context) -> tuple[tuple[Input, ...], Any]:
    diffracted = Input(("SUBPIXEL", "diffracted_vec"), rows)
    sensor = header_inputs("odet_vec", "thick_step_meters", "attenuation_per_meter")

    def evaluate(x: Arguments) -> Sequence[Result]:
        direction_there = x.vector("diffracted_vec")
        located = _located(None, direction_there.x, direction_there)  # of the distance only the shape is read
        return [captured_fraction(located, x.subpixel(), x.constants(), context.physics)]

    return (diffracted, *sensor), evaluate


def _kept(record: str, name: str, rows: Ints) -> Step:
    """Rows that hold what the row before them held."""
    previous = Input((record, name), rows - 1, carries=True)
    return Step(record, (name,), rows, (previous,), copy_of(previous.tag))


# ---- SOURCE -----------------------------------------------------------------------------------------------------


def _source(side: SideValues, context: Context) -> Iterator[Step | Given]:
    own, rows, physics = "SOURCE", step_rows(side, "SOURCE"), context.physics
    diffracted = Input(("SUBPIXEL", "diffracted_vec"), side.enclosing(own, "SUBPIXEL"))
    incident, lam = Input((own, "incident_vec"), rows), Input((own, "lambda_angstroms"), rows)
    if not len(rows):
        return
    if context.simulator is not None and context.own is not None:
        known = rows[side.rows(own).tic("source") < len(context.simulator.prepared.sources)]
        beam = header_inputs("beam_vec", "polarization_axis")
        made = Own(context.simulator.prepared, context.own.header, side).incident
        yield Step(own, ("incident_vec",), known, beam, made, hidden=True)
    renewed = (rows == 0) & physics.polarized | physics.oversampled[1]
    at_unit = _again_of_unit_length(side, rows, renewed)

    for chosen, direction_of in ((rows[~at_unit.later], _as_it_is), (rows[at_unit.later], _of_unit_length)):
        inputs = tuple(Input(i.name, i.at[chosen]) for i in (diffracted, incident, lam) if i.at is not None)
        yield Step(own, ("scattering_vec_A_inv",), chosen, inputs, partial(_scattering, direction_of))
    yield Step(
        own,
        ("stol_A_inv",),
        rows,
        (Input((own, "scattering_vec_A_inv"), rows),),
        lambda x: [sin_theta_over_lambda(x.vector("scattering_vec_A_inv"))],
    )
    for chosen, direction_of in ((rows[~at_unit.now], _as_it_is), (rows[at_unit.now], _of_unit_length)):
        inputs = tuple(Input(i.name, i.at[chosen]) for i in (diffracted, incident) if i.at is not None)
        yield Step(
            own,
            ("cos_2theta",),
            chosen,
            inputs,
            partial(_cosine, direction_of),
        )
    if not physics.polarized and not physics.oversampled[1]:
        yield Given(own, "polar", rows, [1.0] * len(rows))
        return
    plane = ("polarization_axis", "polarization_factor") if physics.preferred_plane else ()
    factor = () if physics.preferred_plane else header_inputs("polarization_factor")

    def polar(x: Arguments) -> Sequence[Result]:
        located = _located(None, None, x.vector("diffracted_vec"))
        return [polarization(located, x.vector("incident_vec"), x.constants(), physics)]

    of_these = tuple(Input(i.name, i.at[renewed]) for i in (diffracted, incident) if i.at is not None)
    yield Step(own, ("polar",), rows[renewed], (*of_these, *header_inputs(*plane)), polar, also=factor)
    yield _kept(own, "polar", rows[~renewed])


def _scattering(direction_of: Callable[[Vec], Vec], x: Arguments) -> Sequence[Result]:
    wavelength_m = x.number("lambda_angstroms") * ANGSTROMS_TO_METRES
    samples = some_samples(incident=x.vector("incident_vec"), wavelength_m=wavelength_m)
    per_m = scattering_vector_per_m(_located(None, None, direction_of(x.vector("diffracted_vec"))), samples)
    return [scale(per_m, PER_METRE_TO_PER_ANGSTROM)]


def _cosine(direction_of: Callable[[Vec], Vec], x: Arguments) -> Sequence[Result]:
    return [cos_2theta(x.vector("incident_vec"), direction_of(x.vector("diffracted_vec")))]


def _as_it_is(direction_there: Vec) -> Vec:
    return direction_there


class _AtUnitLength(NamedTuple):
    """Rows of SOURCE for which a program has made the direction's length 1 once more, before or within the row."""

    now: np.ndarray
    later: np.ndarray


def _again_of_unit_length(side: SideValues, rows: Ints, renewed: np.ndarray) -> _AtUnitLength:
    """Where the reference's polarization factor has normalised the direction that it was given, for later use too.

    That is seen only where the direction was not of unit length, and only in a side's own cosine.
    """
    none = np.zeros(len(rows), bool)
    at = side.enclosing("SOURCE", "SUBPIXEL")
    directions, incidents, cosines = (
        side.rows(record).numbers(name)
        for record, name in (
            ("SUBPIXEL", "diffracted_vec"),
            ("SOURCE", "incident_vec"),
            ("SOURCE", "cos_2theta"),
        )
    )
    if directions is None or incidents is None or cosines is None or (at == NOWHERE).any():
        return _AtUnitLength(none, none)
    d = directions[at]
    length = np.linalg.norm(d, axis=1)
    raw = (d * incidents).sum(axis=1)
    seen = (np.abs(length - 1.0) > UNIT_LENGTH) & (np.abs(raw / length - cosines[:, 0]) < np.abs(raw - cosines[:, 0]))
    now = np.array([bool((renewed & (at == place))[: row + 1].any()) for row, place in enumerate(at.tolist())])
    before = np.array([bool((renewed & (at == place))[:row].any()) for row, place in enumerate(at.tolist())])
    return _AtUnitLength(now & seen, before & seen)


# ---- PHI --------------------------------------------------------------------------------------------------------


def _phi(side: SideValues, context: Context) -> Iterator[Step]:
    own, rows, table = "PHI", step_rows(side, "PHI"), side.rows("PHI")
    if not len(rows):
        return
    yield Step(own, ("phi_deg",), rows, header_inputs("phi_start_deg", "phi_step_deg"), _phi_deg)
    angles = table.numbers("phi_deg")
    if angles is not None:
        zero = angles[:, 0] == 0.0
        for edge in "abc":
            yield from _cell_edge(edge, rows, zero, context)
    of_domain = [NOWHERE] * len(rows)
    domains = side.rows("DOMAIN")
    if domains.index_names == (*table.index_names, "mos_tic"):
        of_domain = [domains.row_of((*row, 0)) for row in table.index.tolist()]
    at = np.array(of_domain, np.int64)
    for name, of, part in (("k_frac", "hkl_frac", 1), ("F_latt_b", "F_latt_b", 0), ("F_latt", "F_latt", 0)):
        source = Input(("DOMAIN", of), at)
        yield Step(own, (name,), rows, (source,), copy_of(source.tag, part))


def _phi_deg(x: Arguments) -> Sequence[Result]:
    start, step = (x.number(name) / RADIANS_TO_DEGREES for name in ("phi_start_deg", "phi_step_deg"))
    return [phi_at(start, step, x.tic("phi_tic")) * RADIANS_TO_DEGREES]


def _cell_edge(edge: str, rows: Ints, zero: np.ndarray, context: Context) -> Iterator[Step]:
    """The cell at each phi step; at phi = 0 it is the one left behind, or a0, b0, c0 with the defect off."""
    name, at_zero = f"{edge}p_angstroms", f"{edge}0_angstroms"

    def rotated(x: Arguments) -> Sequence[Result]:
        angle = x.number("phi_deg") / RADIANS_TO_DEGREES
        return [rotated_edge(x.vector(at_zero), x.vector("spindle_axis"), angle)]

    turned = rows[~zero]
    inputs = (Input(("PHI", "phi_deg"), turned), *header_inputs(at_zero, "spindle_axis"))
    yield Step("PHI", (name,), turned, inputs, rotated)
    still = rows[zero]
    if "phi-carryover" not in context.defects:
        step = Step("PHI", (name,), still, header_inputs(at_zero), copy_of(at_zero))
        yield replace(step, also=(Input(("PHI", "phi_deg"), still),))
        return
    entering = f"carried_{name}"
    first, later = still[still == 0], still[still > 0]
    step = Step("PHI", (name,), first, header_inputs(entering), copy_of(entering))
    yield replace(step, also=(Input(("PHI", "phi_deg"), first),))
    yield replace(_kept("PHI", name, later), also=(Input(("PHI", "phi_deg"), later),))
