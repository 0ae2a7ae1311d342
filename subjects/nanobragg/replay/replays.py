"""From two aligned traces to the replays that ``compare`` reads: q, T and E of every evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from compare.classes.origins import Replay
from compare.judging.keys import Key, Pixel, Value
from compare.judging.result import Comparison
from harness.errors import WrongUse
from simulator import Simulator
from subjects.nanobragg.replay.context import Context, context_of_case, context_of_traces, variants
from subjects.nanobragg.replay.machine import Figures, Machine, Replayed
from subjects.nanobragg.replay.preparation import Spreads, preparation_spreads
from subjects.nanobragg.replay.step import Given, Step, header_inputs
from subjects.nanobragg.replay.steps_header import header_steps
from subjects.nanobragg.replay.steps_sample import sample_steps
from subjects.nanobragg.replay.steps_sum import sum_steps
from subjects.nanobragg.replay.values import HEADER, Name, SideValues, key_of, sides_of

REPRODUCED = 1e-9
"""Relative: a variant of the formulas whose values agree this well is the one in use."""


def all_steps(side: SideValues, context: Context) -> Iterator[Step | Given]:
    """Every step that can be evaluated on a side, in the order of their inputs, by the side's own switches."""
    context = context.as_stated(side)
    for step in chain(header_steps(side, context), sample_steps(side, context), sum_steps(side, context)):
        names = step.names if isinstance(step, Step) else (step.name,)
        switches = dict.fromkeys(switch for name in names for switch in CHOSEN_BY.get((step.record, name), ()))
        yield replace(step, also=(*step.also, *header_inputs(*switches)))


_FACTORS = ("oversample_thick", "oversample_polar", "oversample_omega")
CHOSEN_BY: dict[Name, tuple[str, ...]] = {
    ("SUBPIXEL", "pixel_pos_meters"): ("curved_detector",),
    ("SUBPIXEL", "omega_pixel_sr"): ("point_pixel", "oversample_omega"),
    ("SUBPIXEL", "capture_fraction"): ("oversample_thick",),
    ("SOURCE", "polar"): ("oversample_polar", "unpolarized"),
    ("DOMAIN", "I_term"): _FACTORS,
    ("DOMAIN", "I_running"): _FACTORS,
    (HEADER, "I_before_scaling"): _FACTORS,
    (HEADER, "I_pixel_final"): _FACTORS,
}
"""Header lines that choose the formula of a step."""


@dataclass(frozen=True)
class Replaying:
    """Both sides of one pixel, replayed."""

    a: SideValues
    b: SideValues
    on_a: Replayed
    on_b: Replayed
    context: Context


def replay_pixel(
    comparison: Comparison, pixel: Pixel | None, simulator: Simulator | None, known: Pixel | None = None
) -> Replaying:
    """Evaluate the port's steps on both sides' inputs for one pixel of a comparison.

    Args:
        comparison: the values, aligned.
        pixel: the key under which it is stated; None: by neither log.
        simulator: the port on the case; None replays from the traces alone.
        known: which pixel it is where no log says so.

    Raises:
        WrongUse: a case, and nobody says which pixel it is.
    """
    a, b = sides_of(comparison, pixel, known)
    spreads = Spreads({})
    if simulator is not None:
        if a.pixel is None:
            raise WrongUse("neither trace says which pixel it is of; give --pixel SLOW FAST")
        pixel_of_case = a.pixel
        context = context_of_case(simulator, pixel_of_case)
        assert context.own is not None
        arguments: dict[str, Any] = {name: v for name, v in context.own.header.items() if name not in DERIVED}
        a, b = a.with_header(arguments), b.with_header(arguments)
        spreads = preparation_spreads(simulator, pixel_of_case)
    else:
        stated = {name: column[0] for name, column in b.rows(HEADER).columns.items() if column[0] is not None}
        arguments = {name: value for name, value in stated.items() if name in ARGUMENTS}
        a = a.with_header(arguments)
        context = infer(context_of_traces(a, b), a, b)
    on_a = Machine(a, measure=True, prepared=spreads.of(a), other=b).run(all_steps(a, context))
    on_b = Machine(b, measure=True, envelopes=False, prepared=spreads.of(b), other=a).run(all_steps(b, context))
    return Replaying(a, b, on_a, on_b, context)


ARGUMENTS = frozenset(
    (
        *("pixel_size_meters", "subpixel_size_meters", "thick_step_meters", "attenuation_per_meter"),
        *("polarization_factor", "crystal_shape", "fudge", "phi_start_deg", "phi_step_deg", "mosaic_spread_deg"),
        *("dmin_angstroms", "default_F", "hkl_ranges"),
    )
)
"""Header lines that older logs lack and that state the program's arguments: the other side's word is taken."""


DERIVED = frozenset(("oversample_unrounded", *(f"carried_{edge}p_angstroms" for edge in "abc")))
"""Header lines that the steps make where a log lacks them."""


def infer(context: Context, a: SideValues, b: SideValues) -> Context:
    """Choose the flags that no trace states by which formula makes the values that the traces show."""
    for names, choices in variants(context.defects):
        contexts = [replace(context, physics=replace(context.physics, **flags)) for flags in choices]
        scores = [_reproduced(names, candidate, a, b) for candidate in contexts]
        context = contexts[int(np.argmax(scores))]
    return context


def _reproduced(names: Sequence[Name], context: Context, a: SideValues, b: SideValues) -> int:
    """How many values of both sides the formulas reproduce."""
    count = 0
    for side in (a, b):
        steps = [step for step in all_steps(side, context) if any(_makes(step, name) for name in names)]
        figures = Machine(side, measure=False).run(steps).figures
        for name in names:
            stated = side.rows(name[0]).numbers(name[1])
            if name not in figures or stated is None:
                continue
            for q, value, known in zip(figures[name].q, stated, figures[name].known, strict=True):
                count += bool(known and np.allclose(q, value, rtol=REPRODUCED, atol=0.0))
    return count


def _makes(step: Step | Given, name: Name) -> bool:
    made = step.names if isinstance(step, Step) else (step.name,)
    return step.record == name[0] and name[1] in made


def replays_of(replaying: Replaying, pixel: Pixel | None) -> dict[Key, Replay]:
    """The replays of one pixel, by the key of the reference's value."""
    found: dict[Key, Replay] = {}
    for name, figures in replaying.on_a.figures.items():
        rows = replaying.a.rows(name[0])
        for row in np.flatnonzero(figures.known & rows.has(name[1])).tolist():
            key = key_of(name[0], name[1], rows, row, pixel)
            replay = _replay(replaying, name, figures, row)
            if replay is not None:
                found[key] = replay
    return found


def _replay(replaying: Replaying, name: Name, figures: Figures, row: int) -> Replay | None:
    """None where neither program takes the port's step: nothing is known of theirs."""
    q, tolerance = figures.q[row], float(figures.tolerance[row])
    envelope = float(np.fmax(figures.envelope[row], tolerance))
    other = replaying.b.rows(name[0])
    at = other.row_of(replaying.a.rows(name[0]).index[row].tolist())
    stated = replaying.b.rows(name[0]).columns.get(name[1])
    c = replaying.a.rows(name[0]).columns[name[1]][row]
    own = replaying.on_b.figures.get(name)
    p = stated[at] if at >= 0 and stated is not None else None
    if p is not None and own is not None and own.known[at]:
        moved = own_step(q, p, own.q[at], tolerance, float(own.tolerance[at]))
        if moved is not q:  # b does not take the port's step here
            if not _agree(c, q, tolerance):
                return None
            q = q if _agree(c, p, tolerance) else moved
    return Replay(_like(q, c), tolerance, envelope)


def _agree(c: Any, p: Any, tolerance: float) -> bool:
    """Both sides state the same: what b's inputs say then only shows that they were not printed as they were used."""
    pairs = list(zip(_tuple(c), _tuple(p), strict=False))
    if len(_tuple(c)) != len(_tuple(p)) or any(isinstance(x, str) or isinstance(y, str) for x, y in pairs):
        return bool(c == p)
    return all(abs(x - y) <= tolerance for x, y in pairs)


def own_step(q: Any, p: Any, again: Any, tolerance: float, tolerance_there: float) -> Any:
    """q for a program b that may not be the port: the port's step on a's inputs, plus what b's own step adds to it.

    ``again`` is the port's step on b's inputs. Where b is the port the two are the same and q stays.
    """
    if any(isinstance(part, str) for value in (q, p, again) for part in _tuple(value)):
        return q if p == again else p
    qs, ps, agains = (np.array(_tuple(value), np.float64) for value in (q, p, again))
    if not qs.shape == ps.shape == agains.shape:
        return p
    added = ps - agains
    added[(ps == agains) | (np.isnan(ps) & np.isnan(agains))] = 0.0
    if np.abs(added).max(initial=0.0) <= max(tolerance, tolerance_there):
        return q
    moved = tuple((qs + added).tolist())
    return moved if len(moved) > 1 else moved[0]


def _like(q: Any, c: Value | None) -> Value:
    """q as the reference's kind of number: integers where it has integers."""
    whole = all(isinstance(part, int) for part in _tuple(c)) and not any(isinstance(p, str) for p in _tuple(q))
    if whole and all(float(part).is_integer() for part in _tuple(q)):
        parts = tuple(int(part) for part in _tuple(q))
        return parts if isinstance(c, tuple) else parts[0]
    return q


def _tuple(value: Any) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def replays_for(
    comparison: Comparison, simulator: Simulator | None, known: Pixel | None = None
) -> tuple[dict[Key, Replay], list[Replaying]]:
    """The replays of every pixel of a comparison."""
    pixels = list(dict.fromkeys(pair.key.pixel for pair in comparison.pairs))
    replays: dict[Key, Replay] = {}
    made = []
    for pixel in pixels:
        replaying = replay_pixel(comparison, pixel, simulator, known)
        replays.update(replays_of(replaying, pixel))
        made.append(replaying)
    return replays, made
