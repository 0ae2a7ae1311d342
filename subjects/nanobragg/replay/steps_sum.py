"""Steps of the sum: the term of an evaluation, the running sum, and what the loops leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from simulator.evaluation.pixel_sum import layer_added, photons
from simulator.evaluation.trace import stored
from simulator.model.scatter import intensity_term, running_sum
from simulator.model.terms import Held
from subjects.nanobragg.replay.context import Context, step_rows
from subjects.nanobragg.replay.step import Arguments, Given, Input, Result, Step, copy_of, header_inputs, unread_inputs
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
        yield _sum_of_layers(side, context)
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


def _sum_of_layers(side: SideValues, context: Context) -> Step:
    """Each layer's last running sum, compounded once more where factors compound, times what the layer captures."""
    layers = side.rows("DOMAIN").tic("thick_tic")
    lasts = np.flatnonzero(np.diff(layers, append=-1) != 0)
    named: list[tuple[Input, ...]] = []
    for row in lasts:
        at = np.array([row])
        factors = _oversampled(at, side, context) if context.physics.compounding else ()
        vanishes = (Input(("DOMAIN", "F_latt"), at),) if factors and _can_skip(context) else ()
        captured = Input(("SUBPIXEL", "capture_fraction"), side.enclosing("DOMAIN", "SUBPIXEL")[at], label="captured")
        inputs = (Input(("DOMAIN", "I_running"), at), captured, *vanishes, *factors)
        named.append(tuple(replace(given, label=f"{given.tag} {row}") for given in inputs))

    def total(x: Arguments) -> Sequence[Result]:
        found = torch.zeros_like(x.number(named[0][0].tag))
        for running, captured, *rest in named:
            left = x.number(running.tag)
            if rest:
                left = _left(left, rest, x)
            found = layer_added(found, left, x.number(captured.tag))
        return [found]

    return Step(HEADER, ("I_before_scaling",), THE_ROW, tuple(given for each in named for given in each), total)


def _left(running: Tensor, rest: Sequence[Input], x: Arguments) -> Tensor:
    """What compounding leaves of a layer's running sum; ``rest``: factors, after F_latt where it can vanish."""
    factors = [given for given in rest if given.name[1] != "F_latt"]
    executed = next((x.number(given.tag)[None] != 0.0 for given in rest if given.name[1] == "F_latt"), None)
    rows = [x.number(factor.tag).expand(1, -1) for factor in factors]
    return running_sum(running, torch.zeros_like(running)[None], rows, executed)[1]


def _final(side: SideValues, context: Context) -> Iterator[Step]:
    physics = context.physics
    names = "I_before_scaling r_e_sqr fluence_photons_per_m2 steps"
    background = not physics.background_in_sum
    used = [last or background for last in physics.factors_last]
    used[0] = physics.factors_last[0] or (background and not physics.layer_by_layer)
    factors = ("capture_fraction", "polar", "omega_pixel")
    names += "".join(f" {name}" for name, on in zip(factors, used, strict=True) if on)
    unread = [name for name, on in zip(factors, used, strict=True) if not on]
    if background:
        names += " background_I"

    def final(x: Arguments) -> Sequence[Result]:
        held = Held(x.number("omega_pixel"), x.number("capture_fraction"), x.number("polar"))
        scale = x.number("r_e_sqr") * x.number("fluence_photons_per_m2")
        constants = x.constants(intensity_scale=scale)
        captures = sum((x.number(one.tag) for one in layers[1:]), x.number(layers[0].tag)) if layers else None
        return [photons(x.number("I_before_scaling"), held, captures, constants, physics)]  # type: ignore[arg-type]

    layers = _captures_of_layers(side) if physics.layer_by_layer and not physics.background_in_sum else ()
    inputs = (*header_inputs(*names.split()), *unread_inputs(*unread), *layers)
    yield Step(HEADER, ("I_pixel_final",), THE_ROW, inputs, final)
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
    """The fraction that each layer captures, as its last subpixel holds it."""
    table = side.rows("SUBPIXEL")
    lasts = np.flatnonzero(np.diff(table.tic("thick_tic"), append=-1) != 0) if len(table) else ()
    return tuple(Input(("SUBPIXEL", "capture_fraction"), np.array([row]), label=f"captured {row}") for row in lasts)


def _stored(x: Arguments) -> Sequence[Result]:
    kept = [stored(value) for value in x.number("I_pixel_final").tolist()]
    return [torch.tensor(kept, dtype=torch.float64)]
