"""Steps of one evaluation in a mosaic domain: Miller indices, lattice factor, structure factor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from simulator.model.algebra import scale
from simulator.model.lattice import SHAPES, Miller, product_of_axes
from simulator.model.samples import domain_edge
from simulator.model.scatter import fractional_indices, interpolates, nearest_indices
from simulator.model.structure_factors import nearest, through_block, tricubic
from simulator.model.terms import Samples
from subjects.nanobragg.replay.context import Context, step_rows
from subjects.nanobragg.replay.step import Arguments, Input, Result, Step, header_inputs
from subjects.nanobragg.replay.values import NOWHERE, Ints, SideValues

ANGSTROMS_TO_METRES = 1e-10
PER_ANGSTROM_TO_PER_METRE = 1e10


def some_samples(**fields: object) -> Samples:
    """Samples of which only some fields are known; a function that reads another one fails."""
    return Samples._make({**dict.fromkeys(Samples._fields), **fields}.values())


def domain_steps(side: SideValues, context: Context) -> Iterator[Step]:
    """Steps of the DOMAIN and TRICUBIC records, in the order of their inputs."""
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
    samples = some_samples(a_m=edges[0], b_m=edges[1], c_m=edges[2])
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
        seen = (of(hkl, chosen), block, *coords, of(F_latt, chosen))
        yield Step(own, ("F_cell",), chosen, seen, _seen(_through, physics), also=setting)
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
    starts = [x.components(f"{axis}_coords")[0] for axis in "hkl"]
    return through_block(x.components("block"), x.miller("hkl_frac"), starts)


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
