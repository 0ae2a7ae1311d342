"""Steps of the sum: the term of an evaluation, the running sum, and what the loops leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from simulator.pixel_sum import layer_added, photons
from simulator.scatter import Held, intensity_term, running_sum
from simulator.trace import stored
from subjects.nanobragg.replay.context import Context, step_rows
from subjects.nanobragg.replay.step import Arguments, Given, Input, Result, Step, copy_of, header_inputs
from subjects.nanobragg.replay.steps_header import THE_ROW
from subjects.nanobragg.replay.values import HEADER, Ints, SideValues

FACTORS = (("SUBPIXEL", "capture_fraction"), ("SOURCE", "polar"), ("SUBPIXEL", "omega_pixel_sr"))
"""In the order in which they multiply."""


def sum_steps(side: SideValues, context: Context) -> Iterator[Step | Given]:
    """The steps after the structure factor, in the order of their inputs."""
    rows = step_rows(side, "DOMAIN")
    if len(rows):
        yield from _term(rows, side, context)
        yield from _running(rows, side, context)
    yield from _closing(side, context)


def _oversampled(rows: Ints, side: SideValues, context: Context) -> tuple[Input, ...]:
    """The factors that are renewed at every evaluation, as they stand at these DOMAIN rows."""
    return tuple(
        Input(name, side.enclosing("DOMAIN", name[0])[rows])
        for name, on in zip(FACTORS, context.physics.oversampled, strict=True)
        if on
    )


def _term(rows: Ints, side: SideValues, context: Context) -> Iterator[Step]:
    physics = context.physics
    inputs = tuple(Input(("DOMAIN", name), rows) for name in ("F_cell", "F_latt"))
    factors = () if physics.compounding else _oversampled(rows, side, context)
    weight = _weights(rows, side, context)
    if weight is None:
        return

    def term(x: Arguments) -> Sequence[Result]:
        own = [torch.tensor(weight, dtype=torch.float64)[x.tic("source").long()]] if physics.weighted else []
        own += [x.number(factor.tag) for factor in factors]
        return [intensity_term(x.number("F_cell"), x.number("F_latt"), own)]

    yield Step("DOMAIN", ("I_term",), rows, (*inputs, *factors), term)


def _weights(rows: Ints, side: SideValues, context: Context) -> list[float] | None:
    """The weights of the sources; None where they count and only the case knows them."""
    if context.simulator is not None:
        return context.simulator.prepared.source_weights
    ignored = "source-weights-ignored" in context.defects
    return [1.0] if ignored or side.header("n_sources") == 1 else None


def _running(rows: Ints, side: SideValues, context: Context) -> Iterator[Step]:
    own, physics, table = "DOMAIN", context.physics, side.rows("DOMAIN")
    layers = table.tic("thick_tic")
    starts = rows == 0
    if physics.layer_by_layer:
        starts = starts | (np.diff(layers, prepend=-1) != 0)
    first, later = rows[starts], rows[~starts]
    term = Input((own, "I_term"), first)
    background = header_inputs("background_I") if physics.background_in_sum else ()

    def begins(x: Arguments) -> Sequence[Result]:
        sample = x.number("I_term")
        I_before = x.number("background_I") if "background_I" in x else torch.zeros_like(sample)
        return [running_sum(I_before, sample[None], [], None)[0][0]]

    if not physics.layer_by_layer or not background:
        yield Step(own, ("I_running",), first, (term, *background), begins)
    else:
        yield Step(own, ("I_running",), first[:1], (Input(term.name, first[:1]), *background), begins)
        yield Step(own, ("I_running",), first[1:], (Input(term.name, first[1:]),), begins)
    previous = Input((own, "I_running"), later - 1, carries=True)
    factors = _oversampled(later - 1, side, context) if physics.compounding else ()
    vanishes = (Input((own, "F_latt"), later - 1),) if factors and _can_skip(context) else ()

    def adds(x: Arguments) -> Sequence[Result]:
        terms = torch.stack([torch.zeros_like(x.number("I_term")), x.number("I_term")])
        executed = _executed(x)
        return [running_sum(x.number(previous.tag), terms, _rows_of(factors, x, 2), executed)[0][1]]

    yield Step(own, ("I_running",), later, (previous, Input(term.name, later), *factors, *vanishes), adds)


def _can_skip(context: Context) -> bool:
    return context.physics.lattice_can_vanish and not context.physics.with_water


def _executed(x: Arguments) -> Tensor | None:
    """(2, P) whether the evaluation before this one was executed (this one is, or adds nothing)."""
    if "F_latt" not in x:
        return None
    before = x.number("F_latt") != 0.0
    return torch.stack([before, torch.ones_like(before)])


def _rows_of(factors: tuple[Input, ...], x: Arguments, count: int) -> list[Tensor]:
    return [x.number(factor.tag).expand(count, -1) for factor in factors]


# ---- closing lines ----------------------------------------------------------------------------------------------


def _closing(side: SideValues, context: Context) -> Iterator[Step]:
    yield from _before_scaling(side, context)
    last = {record: len(side.rows(record)) - 1 for record in ("SUBPIXEL", "SOURCE")}
    copies = (
        ("capture_fraction", "SUBPIXEL", "capture_fraction"),
        ("polar", "SOURCE", "polar"),
        ("omega_pixel", "SUBPIXEL", "omega_pixel_sr"),
        ("cos_2theta", "SOURCE", "cos_2theta"),
    )
    for name, record, of in copies:
        if last[record] >= 0:
            source = Input((record, of), np.array([last[record]]))
            yield Step(HEADER, (name,), THE_ROW, (source,), copy_of(source.tag))
    yield from _final(side, context)


def _before_scaling(side: SideValues, context: Context) -> Iterator[Step]:
    physics, count = context.physics, len(side.rows("DOMAIN"))
    if not count:
        return
    if physics.layer_by_layer:
        yield _sum_of_layers(side)
        return
    last = np.array([count - 1])
    running = Input(("DOMAIN", "I_running"), last)
    factors = _oversampled(last, side, context) if physics.compounding else ()
    vanishes = (Input(("DOMAIN", "F_latt"), last),) if factors and _can_skip(context) else ()

    def left(x: Arguments) -> Sequence[Result]:
        nothing = torch.zeros_like(x.number("I_running"))[None]
        executed = _executed(x)
        kept = None if executed is None else executed[:1]
        return [running_sum(x.number("I_running"), nothing, _rows_of(factors, x, 1), kept)[1]]

    yield Step(HEADER, ("I_before_scaling",), THE_ROW, (running, *factors, *vanishes), left)


def _sum_of_layers(side: SideValues) -> Step:
    """Each layer's last running sum times the fraction that the layer captures."""
    table = side.rows("DOMAIN")
    layers = table.tic("thick_tic")
    lasts = np.flatnonzero(np.diff(layers, append=-1) != 0)
    at_capture = side.enclosing("DOMAIN", "SUBPIXEL")[lasts]
    sums = [Input(("DOMAIN", "I_running"), np.array([row]), label=f"sum {row}") for row in lasts]
    captured = [
        Input(("SUBPIXEL", "capture_fraction"), np.array([at]), label=f"captured {row}")
        for row, at in zip(lasts, at_capture, strict=True)
    ]

    def total(x: Arguments) -> Sequence[Result]:
        found = torch.zeros_like(x.number(sums[0].tag))
        for I, fraction in zip(sums, captured, strict=True):
            found = layer_added(found, x.number(I.tag), x.number(fraction.tag))
        return [found]

    return Step(HEADER, ("I_before_scaling",), THE_ROW, (*sums, *captured), total)


def _final(side: SideValues, context: Context) -> Iterator[Step]:
    physics = context.physics
    names = "I_before_scaling r_e_sqr fluence_photons_per_m2 steps capture_fraction polar omega_pixel"
    if not physics.background_in_sum:
        names += " background_I"

    def final(x: Arguments) -> Sequence[Result]:
        held = Held(x.number("omega_pixel"), x.number("capture_fraction"), x.number("polar"))
        scale = x.number("r_e_sqr") * x.number("fluence_photons_per_m2")
        constants = x.constants(intensity_scale=scale)
        captures = sum((x.number(one.tag) for one in layers[1:]), x.number(layers[0].tag)) if layers else None
        return [photons(x.number("I_before_scaling"), held, captures, constants, physics)]  # type: ignore[arg-type]

    layers = _captures_of_layers(side) if physics.layer_by_layer and not physics.background_in_sum else ()
    yield Step(HEADER, ("I_pixel_final",), THE_ROW, (*header_inputs(*names.split()), *layers), final)
    yield Step(
        HEADER,
        ("floatimage_accumulated",),
        THE_ROW,
        header_inputs("I_pixel_final"),
        _stored,
        decides=True,
        grain=2.0**-23,
    )


def _captures_of_layers(side: SideValues) -> tuple[Input, ...]:
    """The fraction that each layer captures, as its first subpixel holds it."""
    table = side.rows("SUBPIXEL")
    firsts = np.flatnonzero(np.diff(table.tic("thick_tic"), prepend=-1) != 0) if len(table) else ()
    return tuple(Input(("SUBPIXEL", "capture_fraction"), np.array([row]), label=f"captured {row}") for row in firsts)


def _stored(x: Arguments) -> Sequence[Result]:
    kept = [stored(value) for value in x.number("I_pixel_final").tolist()]
    return [torch.tensor(kept, dtype=torch.float64)]
