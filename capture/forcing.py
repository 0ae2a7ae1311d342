"""Which step is to blame, without replay code: the reference's values are put into the running port.

In one run every paired step of the port is forced to the reference's value, and what it would have computed itself is
recorded: that is the step on the reference's inputs, q. With c the reference and p the port left alone,

    p - c = (q - c) + (p - q) = local + inherited

A step whose q is not c is at fault, whatever arrives from above. Then each such step alone is forced in a run of its
own: the part of the final difference that goes away is its share.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.groups import allowed
from capture.noise import FLOORS, SMALLEST
from capture.pairs import Pair, Pairing, Verdict, aligned
from capture.rounding import terms_of
from capture.series import CALL, END, ITEM, SEQUENCE, Block, Series, key_of, ranks, series_of
from capture.trace import CapturedTrace, Values

MOST_SUSPECTS, MOST_SHARES = 40, 24  # runs that force all suspects but one, and one alone
COMPONENT = re.compile(r"(?:\.\w{1,2}|\[\d+\])\Z")
MENDED = 1e-6  # of a difference, that may be left where the reference's value mends it: less by chance is no mending
LEAST_SHARE = 0.05  # of the final difference, that a step whose pair is a guess must account for
Place = tuple[int, int]  # case and section
Key = tuple[object, ...]
Run = Callable[[Sequence[Mapping[str, Any]]], list[CapturedTrace | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A paired step of the port in one case, and what became of it.

    Attributes:
        reference, port: c and p over the port's axes.
        on_reference: q; None where the step was not reached or cannot be forced.
        tolerance: what rounding may do, absolute.
        share: of the final difference, that goes away when this step alone is forced; None: not measured.
    """

    pair: Pair
    place: Place
    reference: NDArray[np.float64]
    port: NDArray[np.float64]
    on_reference: NDArray[np.float64] | None
    tolerance: float
    share: float | None = None

    @property
    def difference(self) -> float:
        return _largest(self.port - self.reference)

    @property
    def local(self) -> float | None:
        return None if self.on_reference is None else _largest(self.on_reference - self.reference)

    @property
    def differs(self) -> bool:
        return self.difference > self.tolerance

    @property
    def at_fault(self) -> bool:
        return self.local is not None and self.local > self.tolerance

    @property
    def is_guess(self) -> bool:
        """Whether only names or neighbours say that both are the same."""
        return self.pair.verdict is Verdict.PROPOSED

    @property
    def is_doubtful(self) -> bool:
        """Whether the pair has no name in common, and putting the reference's value in does not mend the result."""
        return self.is_guess and not self.pair.shared and (self.share is None or self.share < LEAST_SHARE)

    @property
    def origin(self) -> str:
        """``origin``, ``propagated``, ``mixed``, ``unknown``, or ``none`` where nothing differs."""
        if self.local is None:
            return "unknown" if self.differs else "none"
        assert self.on_reference is not None
        inherited = _largest(self.port - self.on_reference) > self.tolerance
        if self.at_fault and self.is_doubtful:
            return "unknown"
        if self.at_fault:
            return "mixed" if inherited else "origin"
        return "propagated" if self.differs else "none"


def _largest(values: NDArray[np.float64]) -> float:
    found = np.abs(values)
    return float("inf") if np.isnan(found).any() else float(found.max(initial=0.0))


@dataclass(frozen=True, slots=True)
class Target:
    """Where the port binds a paired quantity: its series, the columns behind it, the reference over its axes."""

    pair: Pair
    place: Place
    series: Series
    block: Block
    reference: NDArray[np.float64]
    terms: int = 0  # of the longest sum that it is


def targets(pairing: Pairing, case: int, terms: Mapping[int, int]) -> list[Target]:
    """The paired quantities of one case that can be forced, in the order in which the port binds them."""
    found: list[Target] = []
    for number, pair in enumerate(pairing.pairs):
        if not pair.usable:
            continue
        series = _bound(pair.b.members)
        if series is None:
            continue
        for place, block in series.blocks.items():
            reference = aligned(pair, place, block) if place[0] == case else None
            if reference is not None and (
                pair.stated or pair.verdict is Verdict.PROPOSED or _agrees(pair, reference, block)
            ):
                found.append(Target(pair, place, series, block, reference, terms.get(number, 0)))
    return sorted(found, key=lambda target: target.series.order)


def _agrees(pair: Pair, reference: NDArray[np.float64], block: Block) -> bool:
    """Whether a pair that was accepted by its values agrees over these axes: else it cannot be placed, nor forced."""
    held = ~np.isnan(reference)
    scale = float(np.abs(reference[held]).max(initial=0.0))
    return _largest((block.values - reference)[held]) <= 10.0 * allowed(pair.a, pair.b) * scale


def _bound(members: Sequence[Series]) -> Series | None:
    """The first binding of a quantity that can be given another value."""
    able = [m for m in members if not ITEM.search(m.name) and m.site.kind != "parameter"]
    able = [m for m in able if all(_can_be_forced(block) for block in m.blocks.values())]
    able = [m for m in able if END not in m.key]
    return min(able, key=lambda member: member.order, default=None)


def _can_be_forced(block: Block) -> bool:
    """Whether each place is reached once: a helper's values belong to several steps."""
    return not block.repeats


# ---- the file that the recorder reads ----


def write_forces(chosen: Sequence[Target], trace: CapturedTrace, path: Path) -> None:
    """The values of the chosen steps, call by call, as `capture.python.forced.Forced` reads them."""
    columns: dict[object, list[Values]] = {}
    for column in trace.columns:
        for component in range(len(column.site.components)):
            columns.setdefault(key_of(column, component), []).append(column)
    head: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for target in chosen:
        for column in columns.get(target.series.key, ()):
            for entry, values in _calls(target, column):
                arrays[f"{len(head)}_values"] = values
                head.append(entry)
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _calls(target: Target, column: Values) -> Iterator[tuple[dict[str, Any], NDArray[np.float64]]]:
    """Each time the site was reached: where, and the reference's values in the order of the array's elements."""
    chosen = column.section == target.place[1]
    rows_of = _rows_of_each_store(column, chosen)
    calls = np.zeros(len(column), dtype=np.int64)
    seen: dict[tuple[int, ...], int] = {}
    nth: list[int] = []
    for rows in rows_of:
        where = tuple(column.indices[rows[0]].tolist())
        seen[where] = seen.get(where, 0) + 1
        calls[rows] = seen[where] - 1
        nth.append(seen[where])
    flat, positions = target.reference.reshape(-1), _positions(target.block, column, chosen, calls)
    for rows, number in zip(rows_of, nth, strict=True):
        entry = {
            "site": column.site.number,
            "part": part_of(column),
            "section": int(column.section[rows[0]]),
            "where": column.indices[rows[0]].tolist(),
            "nth": number,
        }
        yield entry, flat[positions[rows]]


def _rows_of_each_store(column: Values, chosen: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """The chosen rows that one store left, store by store: an array leaves several."""
    rows = np.flatnonzero(chosen)
    starts = np.flatnonzero(np.diff(column.order[rows])) + 1
    return np.split(rows, starts) if len(rows) else []


def part_of(column: Values) -> str:
    """The part of the bound value that a column is: what its name has beyond the variable's."""
    return column.site.name[len(column.variable) :]


def _positions(block: Block, column: Values, chosen: NDArray[np.bool_], calls: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row of a column, where its value stands in the block; meaningless for rows that are not chosen."""
    table = {name: column.indices[:, at] for at, name in enumerate(column.names)}
    table |= {f"#{number}": column.elements[:, number] for number in range(column.elements.shape[1])}
    table[CALL] = calls
    if any(axis.name == SEQUENCE for axis in block.axes):
        table[SEQUENCE] = ranks(column, chosen)
    position = np.zeros(len(column), dtype=np.int64)
    for axis in block.axes:
        position = position * len(axis) + np.searchsorted(np.array(axis.indices), table[axis.name])
    return position


# ---- the runs ----


def explain(
    pairing: Pairing,
    trace: CapturedTrace,
    case: int,
    run: Run,
    work: Path,
    *,
    result: str = "",
    floors: Mapping[Key, float] | None = None,
    reference: CapturedTrace | None = None,
) -> list[Step]:
    """The paired steps of one case, judged; those at fault have their shares.

    Args:
        trace: of the port in this case.
        run: runs the port with tasks (`capture.python.capture.CapturePython.traces`).
        result: the quantity whose difference is shared out; empty: the last that both sides store.
        floors: noise floors by series (`capture.noise`).
        reference: the reference's trace in this case; with it the lengths of its sums are allowed for.
    """
    terms = terms_of(pairing.pairs, reference) if reference is not None else {}
    found = targets(pairing, case, terms)
    if not found:
        return []
    runner = _Runner(found, trace, run, work)
    steps = _judged(runner, floors or {})
    if strangers := _strangers(steps, runner):
        runner = replace(runner, found=[target for at, target in enumerate(found) if at not in strangers])
        steps = _judged(runner, floors or {})
    if not any(step.differs for step in steps):  # forcing what is equal already changes nothing: nobody is at fault
        return [replace(step, on_reference=step.port) for step in steps]
    _clear(steps, runner)
    return _with_shares(steps, runner, final(steps, result))


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs the port with some of the steps forced."""

    found: Sequence[Target]
    trace: CapturedTrace
    run: Run
    work: Path

    def bound_at_once(self, numbers: Iterable[int]) -> list[list[int]]:
        """Steps by binding: the components of a vector are forced together."""
        found: dict[object, list[int]] = {}
        for number in numbers:
            target = self.found[number]
            site = target.series.site
            name = COMPONENT.sub("", target.series.name)
            found.setdefault((site.file, site.line, site.function, site.kind, name, target.place), []).append(number)
        return list(found.values())

    def runs(self, sets: Sequence[Sequence[int]]) -> list[dict[Key, Series]]:
        """What each step computes, for each set of forced steps; nothing for a run that failed."""
        tasks = []
        for number, chosen in enumerate(sets):
            path = self.work / f"force_{number}.npz"
            write_forces([self.found[at] for at in chosen], self.trace, path)
            tasks.append({"force": str(path)})
        return [{s.key: s for s in series_of([t])} if t is not None else {} for t in self.run(tasks)] if tasks else []


def _judged(runner: _Runner, floors: Mapping[Key, float]) -> list[Step]:
    """The steps with what each computes where all others have the reference's values."""
    (computed,) = runner.runs([range(len(runner.found))])
    return [_step(target, computed, floors) for target in runner.found]


def _strangers(steps: Sequence[Step], runner: _Runner) -> set[int]:
    """Proposed pairs that are other quantities: the reference's value there breaks what agreed, and mends nothing."""
    guesses = runner.bound_at_once(at for at, step in enumerate(steps) if step.at_fault and step.is_guess)
    guesses = guesses[:MOST_SUSPECTS]
    found: set[int] = set()
    for places, computed in zip(guesses, runner.runs(guesses), strict=True):
        after = [_step(target, computed, {}) for target in runner.found]
        broken = mended = 0
        for number, (step, then) in enumerate(zip(steps, after, strict=True)):
            if number not in places and then.local is not None:
                broken += not step.differs and then.local > step.tolerance
                mended += step.differs and then.local <= max(step.tolerance, MENDED * step.difference)
        if broken and not mended:
            found.update(places)
    return found


def _clear(steps: list[Step], runner: _Runner) -> None:
    """Acquit a step that computes the reference's value as soon as the other suspects are forced.

    An unpaired value between two steps keeps what the port made of it; a step that reads such a value seems to be at
    fault although its inputs were forced.
    """
    suspects = [at for at, step in enumerate(steps) if step.at_fault][:MOST_SUSPECTS]
    bound = runner.bound_at_once(suspects)
    if len(bound) < 2:
        return
    sets = [[other for other in suspects if other not in places] for places in bound]
    for places, computed in zip(bound, runner.runs(sets), strict=True):
        for at in places:
            own = _step(runner.found[at], computed, {})
            if own.on_reference is not None:
                steps[at] = replace(steps[at], on_reference=own.on_reference)


def _step(target: Target, computed: Mapping[tuple[object, ...], Series], floors: Mapping[Key, float]) -> Step:
    series = computed.get(target.series.key)
    block = series.blocks.get((0, target.place[1])) if series is not None else None
    fits = block is not None and block.values.size == target.block.values.size
    held = ~np.isnan(target.reference)  # the reference's loops may have left out some of the port's places
    reference, port = _at(held, target.reference), _at(held, target.block.values)
    on_reference = _at(held, block.values.reshape(held.shape)) if fits and block is not None else None
    scale = float(np.abs(reference).max(initial=0.0))
    tolerance = max(SMALLEST * float(np.spacing(scale)), FLOORS * floors.get(target.series.key, 0.0))
    if target.series.site.type == "float32" or target.pair.a.is_single:
        tolerance = max(tolerance, SMALLEST * float(np.spacing(np.float32(scale))))
    tolerance *= max(1.0, target.terms / SMALLEST)
    return Step(target.pair, target.place, reference, port, on_reference, tolerance)


def _at(held: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values if held.all() else values[held]


def final(steps: Sequence[Step], result: str = "") -> Step | None:
    """The step that the program is run for: the named one, else the last that both sides store.

    Of several unnamed ones, one that differs comes before those that agree, and a number before a counter.
    """
    named = [step for step in steps if result and result in (step.pair.a.names | step.pair.b.names)]
    if named:
        return named[-1]
    return max(steps, key=_finality, default=None)


def _finality(step: Step) -> tuple[bool, bool, int, int]:
    sites = (step.pair.a.first.site, step.pair.b.first.site)
    is_count = any(site.type in ("int", "unsigned") and site.target in site.reads for site in sites)
    return step.differs, not is_count, step.pair.a.ended, step.pair.b.ended


def _with_shares(steps: list[Step], runner: _Runner, last: Step | None) -> list[Step]:
    """Force what is bound at fault alone, and see what is left of the final difference.

    The component of a vector that differs most has the vector's share.
    """
    guilty = runner.bound_at_once(at for at, step in enumerate(steps) if step.at_fault)[:MOST_SHARES]
    if last is None or not last.differs or not guilty:
        return steps
    goal = next(t for t, s in zip(runner.found, steps, strict=True) if s.pair is last.pair and s.place == last.place)
    for places, computed in zip(guilty, runner.runs(guilty), strict=True):
        most = max(places, key=lambda at: steps[at].local or 0.0)
        steps[most] = replace(steps[most], share=_share(steps[most], last, goal, computed))
    return steps


def _share(step: Step, last: Step, goal: Target, computed: Mapping[Key, Series]) -> float | None:
    """The part of the final difference that is gone; None where the result was not reached."""
    if step.pair is last.pair:  # forcing the result itself leaves nothing: its own local part is its share
        return min(1.0, (step.local or 0.0) / last.difference)
    series = computed.get(goal.series.key)
    block = series.blocks.get((0, goal.place[1])) if series is not None else None
    if block is None or block.values.size != last.reference.size:
        return step.share
    before = last.port - last.reference
    after = block.values.reshape(last.reference.shape) - last.reference
    weight = float(np.sum(before * before))
    return 1.0 - float(np.sum(after * before)) / weight if weight else None
