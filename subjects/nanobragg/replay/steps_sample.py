"""Steps of one evaluation: position, scattering vector, cell, indices, lattice factor, structure factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from simulator.algebra import Vec, scale
from simulator.algebra import unit as _of_unit_length
from simulator.experiment import RADIANS_TO_DEGREES
from simulator.lattice import SHAPES, Miller, product_of_axes
from simulator.prepare import handedness
from simulator.samples import domain_edge
from simulator.scan import phi_at, rotated_edge
from simulator.scatter import (
    PER_METRE_TO_PER_ANGSTROM,
    Located,
    Pixels,
    Samples,
    captured_fraction,
    cos_2theta,
    direction,
    fractional_indices,
    interpolates,
    nearest_indices,
    pixel_position,
    polarization,
    sample_distance,
    scattering_vector_per_m,
    sin_theta_over_lambda,
    solid_angle,
)
from simulator.structure_factors import nearest, through_block, tricubic
from subjects.nanobragg.replay.arguments import Own
from subjects.nanobragg.replay.context import Context, step_rows
from subjects.nanobragg.replay.step import Arguments, Given, Input, Result, Step, copy_of, header_inputs, unread_inputs
from subjects.nanobragg.replay.values import NOWHERE, Ints, SideValues

ANGSTROMS_TO_METRES = 1e-10
PER_ANGSTROM_TO_PER_METRE = 1e10
UNIT_LENGTH = 1e-9
"""A direction that is further from unit length was not normalised."""


def sample_steps(side: SideValues, context: Context) -> Iterator[Step | Given]:
    """All steps between the header and the running sum, in the order of their inputs."""
    yield from _given_records(side, context)
    yield from _subpixel(side, context)
    yield from _source(side, context)
    yield from _phi(side, context)
    yield from _domain(side, context)


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


def _samples(**fields: object) -> Samples:
    return Samples._make({**dict.fromkeys(Samples._fields), **fields}.values())


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
    samples = _samples(incident=x.vector("incident_vec"), wavelength_m=wavelength_m)
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


# ---- DOMAIN -----------------------------------------------------------------------------------------------------


def _domain(side: SideValues, context: Context) -> Iterator[Step]:
    own, rows = "DOMAIN", step_rows(side, "DOMAIN")
    if not len(rows):
        return
    at_phi, at_source = side.enclosing(own, "PHI"), side.enclosing(own, "SOURCE")
    edges = tuple(Input(("PHI", f"{edge}p_angstroms"), at_phi) for edge in "abc")
    umat = (Input(("UMAT", "umat"), side.enclosing(own, "UMAT")),) if len(side.rows("UMAT")) else ()
    scattering = Input(("SOURCE", "scattering_vec_A_inv"), at_source)
    yield Step(own, ("hkl_frac",), rows, (*edges, *umat, scattering), _hkl)
    hkl, hkl0 = Input((own, "hkl_frac"), rows), Input((own, "hkl_rounded"), rows)
    yield Step(own, ("hkl_rounded",), rows, (hkl,), lambda x: [nearest_indices(x.miller("hkl_frac"))], decides=True)
    yield from _lattice(rows, hkl, hkl0, side, context)
    yield from _tricubic(side, context)
    yield from _factor(rows, hkl, hkl0, side, context)


def _hkl(x: Arguments) -> Sequence[Result]:
    edges = [scale(x.vector(f"{edge}p_angstroms"), ANGSTROMS_TO_METRES) for edge in "abc"]
    if "umat" in x:
        edges = [domain_edge(edge, x.rotation("umat")) for edge in edges]
    samples = _samples(a_m=edges[0], b_m=edges[1], c_m=edges[2])
    return [fractional_indices(scale(x.vector("scattering_vec_A_inv"), PER_ANGSTROM_TO_PER_METRE), samples)]


def _lattice(rows: Ints, hkl: Input, hkl0: Input, side: SideValues, context: Context) -> Iterator[Step]:
    own, physics = "DOMAIN", context.physics
    axes = ("F_latt_a", "F_latt_b", "F_latt_c")
    shape = physics.lattice
    counts = header_inputs("N_cells")
    if not physics.lattice_can_vanish:

        def factors(x: Arguments) -> Sequence[Result]:
            found = shape(x.miller("hkl_frac"), x.miller("hkl_rounded"), x.lattice_constants(), physics.axes)
            return list(found[:3])

        unread = replace(hkl0, idle=True)
        yield Step(own, axes, rows, (hkl, unread, *counts), factors, also=header_inputs("crystal_shape"))
        if side.rows(own).has("F_latt_a").all():
            along = tuple(Input((own, name), rows) for name in axes)
            product = lambda x: [product_of_axes(*(x.number(name) for name in axes))]  # noqa: E731
            yield Step(own, ("F_latt",), rows, along, product, also=header_inputs("crystal_shape"))
            return
    more = () if shape is SHAPES["square"] else header_inputs("fudge")
    if shape in (SHAPES["gauss"], SHAPES["tophat"]):
        more = header_inputs("fudge", "a_star_A_inv", "b_star_A_inv", "c_star_A_inv")

    def whole(x: Arguments) -> Sequence[Result]:
        found = shape(x.miller("hkl_frac"), x.miller("hkl_rounded"), x.lattice_constants(), physics.axes)
        return [found.F_latt]

    shaped = header_inputs("crystal_shape")
    yield Step(own, ("F_latt",), rows, (hkl, hkl0, *counts, *more), whole, also=shaped)
    if physics.lattice_can_vanish:
        ones = lambda x: [torch.ones_like(x.miller("hkl_frac").h)]  # noqa: E731
        for name in axes:
            yield Step(own, (name,), rows, (replace(hkl, idle=True),), ones, also=shaped)


def _tricubic(side: SideValues, context: Context) -> Iterator[Step]:
    own, rows = "TRICUBIC", step_rows(side, "TRICUBIC")
    if context.simulator is None or not len(rows):
        return
    table = context.simulator.constants.factors
    hkl = Input(("DOMAIN", "hkl_frac"), side.enclosing(own, "DOMAIN"))

    def coordinates(x: Arguments) -> Sequence[Result]:
        return list(tricubic(table, x.miller("hkl_frac"))[2:])

    def block(x: Arguments) -> Sequence[Result]:
        h, k, l = (x.components(f"{axis}_coords") for axis in "hkl")
        return [[nearest(table, Miller(i, j, m)) for i in h for j in k for m in l]]

    names = ("h_coords", "k_coords", "l_coords")
    yield Step(own, names, rows, (hkl,), coordinates, decides=True)
    at = tuple(Input((own, name), rows) for name in names)
    yield Step(own, ("block",), rows, at, block, decides=True, also=header_inputs("hkl_ranges", "default_F"))


def _factor(rows: Ints, hkl: Input, hkl0: Input, side: SideValues, context: Context) -> Iterator[Step]:
    """F_cell: interpolated rows from their block, the others from the list or default_F."""
    own, physics = "DOMAIN", context.physics
    vanishes = physics.lattice_can_vanish and not physics.with_water
    interpolated, block_at = _interpolated(rows, side, context), _blocks(side)

    def of(given: Input, chosen: Ints) -> Input:
        return Input(given.name, chosen, idle=given.idle)

    F_latt = Input((own, "F_latt"), rows, idle=not vanishes)
    chosen, setting = rows[interpolated & (block_at != NOWHERE)], header_inputs("interpolate")
    if len(chosen):
        block = Input(("TRICUBIC", "block"), block_at[chosen])
        coords = tuple(Input(("TRICUBIC", f"{axis}_coords"), block_at[chosen]) for axis in "hkl")
        seen = (of(hkl, chosen), block, of(F_latt, chosen))
        yield Step(own, ("F_cell",), chosen, seen, _seen(_through, physics), also=(*coords, *setting))
    without_block = rows[interpolated & (block_at == NOWHERE)]
    if len(without_block) and context.simulator is not None:
        table = context.simulator.constants.factors
        cubic = _seen(lambda x: tricubic(table, x.miller("hkl_frac")).F_cell, physics)
        inputs = (of(hkl, without_block), of(F_latt, without_block))
        yield Step(own, ("F_cell",), without_block, inputs, cubic, also=setting)
    chosen = rows[~interpolated]
    listed = header_inputs("hkl_ranges")
    if not physics.listed:
        alike = (of(F_latt, chosen), *header_inputs("default_F"))
        also = (*setting, *listed, of(hkl0, chosen))
        yield Step(own, ("F_cell",), chosen, alike, _seen(lambda x: x.number("default_F"), physics), also=also)
    elif context.simulator is not None:
        table = context.simulator.constants.factors
        inputs = (of(hkl0, chosen), of(F_latt, chosen))
        lookup = _seen(lambda x: nearest(table, x.miller("hkl_rounded")), physics)
        also = (*setting, *listed, *header_inputs("default_F"))
        yield Step(own, ("F_cell",), chosen, inputs, lookup, also=also)


def _through(x: Arguments) -> Tensor:
    return through_block(x.components("block"), x.miller("hkl_frac"))


def _seen(value: Any, physics: Any) -> Any:
    """F_cell as the loops see it: 0 where the lattice factor vanishes and there is no water."""

    def evaluate(x: Arguments) -> Sequence[Result]:
        found = value(x)
        if physics.lattice_can_vanish and not physics.with_water:
            found = torch.where(x.number("F_latt") == 0.0, 0.0, found)
        return [found]

    return evaluate


def _blocks(side: SideValues) -> Ints:
    """(n of DOMAIN,) the row of the evaluation's TRICUBIC record."""
    return (
        side.enclosing("DOMAIN", "TRICUBIC")
        if len(side.rows("TRICUBIC"))
        else np.full(len(side.rows("DOMAIN")), NOWHERE)
    )


def _interpolated(rows: Ints, side: SideValues, context: Context) -> np.ndarray:
    """Which evaluations take the tricubic value, by the side's own word: where it has a block.

    Whether it should have one is a step of its own. A side whose format has no blocks is taken to decide as the port.
    """
    if side.header("interpolate") == 0 or not context.physics.listed:
        return np.zeros(len(rows), bool)
    if "trace_format" in side.metadata or len(side.rows("TRICUBIC")):
        return _blocks(side) != NOWHERE
    hkl = side.rows("DOMAIN").numbers("hkl_frac")
    if context.simulator is None or hkl is None or not context.physics.interpolate:
        return np.zeros(len(rows), bool)
    before = torch.full((len(rows),), context.interpolates_before(side.pixel or (0, 0)), dtype=torch.float64)
    numbers = torch.from_numpy(evaluation_numbers(side).astype(np.float64))
    indices = Miller(*torch.from_numpy(hkl).unbind(1))
    taken: np.ndarray = interpolates(indices, numbers, before, context.simulator.constants.factors).numpy()
    return taken


def evaluation_numbers(side: SideValues) -> Ints:
    """(n of DOMAIN,) the number of each evaluation within the pixel, those skipped by -dmin included."""
    table = side.rows("DOMAIN")
    counts = {
        "thick_tic": side.header("n_thick_steps"),
        "sub_s": side.header("oversample"),
        "sub_f": side.header("oversample"),
        "source": side.header("n_sources"),
        "phi_tic": side.header("n_phi_steps"),
        "mos_tic": side.header("n_mosaic_domains"),
    }
    number = np.zeros(len(table), np.int64)
    for name in table.index_names:
        number = number * int(cast(int, counts[name])) + table.tic(name)
    return number
