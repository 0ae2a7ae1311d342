"""Evaluating steps on a side's values: the replayed value, what rounding may do to it, and how far that travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from subjects.nanobragg.replay.rounding import Perturbed, Recorded, first_order_bound, perturbed
from subjects.nanobragg.replay.step import Arguments, Given, Input, Step, components
from subjects.nanobragg.replay.values import HEADER, NOWHERE, Floats, Ints, Name, SideValues

RUNS = 32
"""Perturbed evaluations of each step."""
FACTOR = 4.0
"""By which a measured spread is enlarged."""
SEED = 20240229
EXACT_DIGITS = 16
ROWS_AT_A_TIME = 4096
WIDEST_LEAF = 9
ROUNDING = 1e-11
"""Relative: what a value that no step explains may be off without being more than rounding."""


@dataclass
class Figures:
    """What a replay knows of the rows of one quantity; q is NaN, or None for words, where it knows nothing."""

    q: list[Any]
    tolerance: Floats
    """T."""
    spread: Floats
    """Largest end-to-end spread; NaN where none was measured."""
    known: np.ndarray
    decides: bool = False

    @property
    def envelope(self) -> Floats:
        """E = max(T, 4 x spread)."""
        return np.fmax(self.tolerance, FACTOR * self.spread)


@dataclass
class Replayed:
    """Figures of all quantities that could be replayed on one side."""

    figures: dict[Name, Figures] = field(default_factory=dict)
    deviations: dict[Name, Floats] = field(default_factory=dict)
    """(RUNS, rows, width) how far each end-to-end run has moved."""


class Machine:
    """Evaluates steps on the values of one side.

    Args:
        side: the values.
        measure: also measure noise floors and end-to-end spreads (the bound is always there).
        envelopes: without, no end-to-end spreads are measured, and floors and bounds only of steps that do not make
            the side's own values to the last bit.
        other: the other side, whose rounding differences tell how far unexplained values may be off.
        prepared: spreads of what follows from arguments alone, (RUNS, rows, width).
    """

    def __init__(
        self,
        side: SideValues,
        *,
        measure: bool,
        envelopes: bool = True,
        prepared: Mapping[Name, Any] | None = None,
        other: SideValues | None = None,
    ) -> None:
        self._side, self._measure, self._other = side, measure, other
        self._envelopes = measure and envelopes
        self._generator = torch.Generator().manual_seed(SEED)
        self._prepared = prepared or {}
        self._replayed = Replayed()
        self._columns: dict[Name, Floats | None] = {}
        self._filled: set[Name] = {(HEADER, name) for name in side.filled}

    def run(self, steps: Iterable[Step | Given]) -> Replayed:
        """Evaluate steps that come in the order of their inputs."""
        self._leaves()
        for step in steps:
            if isinstance(step, Given):
                self._give(step)
            else:
                self._evaluate(step)
        return self._replayed

    # ---- values -------------------------------------------------------------------------------------------------

    def _column(self, name: Name) -> Floats | None:
        if name not in self._columns:
            self._columns[name] = self._side.rows(name[0]).numbers(name[1])
        return self._columns[name]

    def _gathered(self, given: Input, rows: Ints) -> Floats | None:
        """(n, width) an input's values; None where the log lacks it altogether."""
        column = self._column(given.name)
        if column is None:
            return None
        at = np.zeros(len(rows), np.int64) if given.at is None else given.at
        values = column[at]
        return np.where((at == NOWHERE)[:, None], np.nan, values)

    def _deviation(self, given: Input, rows: Ints) -> Floats | float:
        found = self._replayed.deviations.get(given.name)
        if found is None or given.carries:
            return 0.0
        at = np.zeros(len(rows), np.int64) if given.at is None else given.at
        gathered: Floats = found[:, at]
        return gathered

    def _figures(self, name: Name, *, decides: bool = False) -> Figures:
        """The record of a quantity, made empty when first asked for."""
        count = len(self._side.rows(name[0]))
        nan = np.full(count, np.nan)
        empty = Figures([None] * count, nan.copy(), nan.copy(), np.zeros(count, bool), decides)
        return self._replayed.figures.setdefault(name, empty)

    def _leaves(self) -> None:
        """Values that no step explains move by an ulp or two, or by what the other side's rounding differs."""
        if not self._envelopes:
            return
        for record, table in self._side.records.items():
            for name in table.columns:
                values = self._column((record, name))
                if values is None or values.shape[1] > WIDEST_LEAF or (values == np.round(values)).all():
                    continue
                moved = self._prepared.get((record, name))
                if moved is None:
                    reach = np.maximum(2.0 * np.spacing(np.abs(values)), self._apart((record, name), values))
                    xi = 2.0 * torch.rand((RUNS, *values.shape), generator=self._generator, dtype=torch.float64) - 1.0
                    moved = xi.numpy() * np.nan_to_num(reach)
                self._replayed.deviations[record, name] = np.asarray(moved).reshape(RUNS, len(table), -1)

    def _apart(self, name: Name, values: Floats) -> Floats | float:
        """How far the other side is off, where that is no more than rounding."""
        if self._other is None:
            return 0.0
        rows, other = self._side.rows(name[0]), self._other.rows(name[0])
        found = other.numbers(name[1])
        if found is None or found.shape[1] != values.shape[1]:
            return 0.0
        at = np.array([other.row_of(row) for row in rows.index.tolist()], np.int64)
        apart = np.where((at == NOWHERE)[:, None], 0.0, np.abs(found[at] - values))
        scale = np.abs(values).max(axis=1, keepdims=True)
        small: Floats = np.where(apart <= ROUNDING * scale, apart, 0.0)
        return small

    # ---- steps --------------------------------------------------------------------------------------------------

    def _give(self, step: Given) -> None:
        """What the arguments alone make: the spread of the preparation bounds it."""
        name = (step.record, step.name)
        moved = self._prepared.get(name)
        figures = self._figures(name)
        for row, value in zip(step.rows.tolist(), step.values, strict=True):
            parts = value if isinstance(value, tuple) else (value,)
            figures.q[row], figures.known[row] = value, True
            if any(isinstance(part, str) for part in parts):
                figures.tolerance[row] = figures.spread[row] = 0.0
                continue
            spread = 0.0 if moved is None else float(np.abs(moved[:, row]).max(initial=0.0))
            largest = max((abs(part) for part in parts), default=0.0)
            # Both sides compute this from the same arguments, so both may have moved.
            figures.tolerance[row] = max(float(np.spacing(largest)), FACTOR * spread) + self._cut(parts)
            figures.spread[row] = spread
        if moved is not None and step.record != HEADER:
            self._replayed.deviations[name] = np.asarray(moved)

    def _cut(self, parts: tuple[float, ...]) -> float:
        """What printing loses of a value that is no step's result."""
        digits = self._side.digits
        return float(half_unit(np.array(parts, float), digits).max(initial=0.0)) if digits < EXACT_DIGITS else 0.0

    def _evaluate(self, step: Step) -> None:
        for start in range(0, len(step.rows), ROWS_AT_A_TIME):
            self._evaluate_rows(step, slice(start, start + ROWS_AT_A_TIME))

    def _evaluate_rows(self, step: Step, part: slice) -> None:
        rows = step.rows[part]
        inputs = [replace(i, at=None if i.at is None else i.at[part]) for i in step.inputs]
        values = [self._gathered(given, rows) for given in inputs]
        if any(value is None for value in values):
            return
        clean = [value for value in values if value is not None]
        usable = np.all([_stated(v) for v in clean], axis=0) if clean else np.ones(len(rows), bool)
        if not usable.any():
            return
        tics = self._tics(step.record, rows)
        if self._measure and not self._envelopes and self._reproduced(step, inputs, clean, tics, rows):
            return
        outputs, bounds, slopes = self._clean(step, inputs, clean, tics)
        noise: list[Floats | None] = [None] * len(outputs)
        moved: list[Floats | None] = [None] * len(outputs)
        if self._measure and not step.decides:
            noise, moved = self._noisy(step, inputs, clean, tics, outputs, rows)
        for number, name in enumerate(step.names):
            figures = self._figures((step.record, name), decides=step.decides)
            q = outputs[number]
            floor = noise[number]
            budget = bounds[number] if floor is None else np.fmin(FACTOR * floor, bounds[number])
            tolerance = np.maximum(np.spacing(np.abs(q)), budget).max(axis=1)
            prepared = self._prepared.get((step.record, name)) if step.hidden else None
            if prepared is not None:
                tolerance = np.maximum(tolerance, FACTOR * np.abs(prepared[:, rows]).max(axis=(0, 2)))
            tolerance = tolerance + self._printing(q, inputs, clean, slopes[number])
            tolerance = tolerance + self._inherited(inputs, rows, slopes[number])
            self._store(figures, rows, usable, q, tolerance)
            self._fill((step.record, name), rows[usable], q[usable])
            deviation = moved[number]
            if prepared is not None:
                self._replayed.deviations[step.record, name] = np.asarray(prepared)
                figures.spread[rows[usable]] = np.abs(prepared[:, rows]).max(axis=(0, 2))[usable]
            elif deviation is not None:
                deviation = self._carried(step, inputs, rows, deviation, slopes[number], (step.record, name))
                figures.spread[rows[usable]] = np.abs(deviation).max(axis=(0, 2))[usable]
            elif self._measure:
                figures.spread[rows[usable]] = step.grain * np.abs(q[usable]).max(axis=1) / FACTOR

    def _reproduced(
        self, step: Step, inputs: Sequence[Input], values: Sequence[Floats], tics: Mapping[str, Tensor], rows: Ints
    ) -> bool:
        """Note the step's results where they are the side's own to the last bit: there is no more to know of them."""
        stated = [self._column((step.record, name)) for name in step.names]
        arguments = {i.tag: list(torch.from_numpy(v.T.copy()).unbind(0)) for i, v in zip(inputs, values, strict=True)}
        with torch.no_grad():
            made = [_columns(components(x), len(rows)) for x in step.evaluate(Arguments(arguments, tics))]
        if not all(own is not None and np.array_equal(own[rows], q) for own, q in zip(stated, made, strict=True)):
            return False
        everywhere = np.ones(len(rows), bool)
        for name, q in zip(step.names, made, strict=True):
            figures = self._figures((step.record, name), decides=step.decides)
            self._store(figures, rows, everywhere, q, np.spacing(np.abs(q)).max(axis=1))
        return True

    def _store(self, figures: Figures, rows: Ints, usable: np.ndarray, q: Floats, tolerance: Floats) -> None:
        for row, value in zip(rows[usable].tolist(), q[usable].tolist(), strict=True):
            figures.q[row] = value[0] if len(value) == 1 else tuple(value)
        figures.known[rows[usable]] = True
        figures.tolerance[rows[usable]] = tolerance[usable]

    def _fill(self, name: Name, rows: Ints, q: Floats) -> None:
        """Put replayed values where the log states none, so that later steps have their inputs."""
        lacking = ~self._side.rows(name[0]).has(name[1])[rows]
        if not lacking.any():
            return
        column = self._column(name)
        if column is None:
            column = np.full((len(self._side.rows(name[0])), q.shape[1]), np.nan)
        column[rows[lacking]] = q[lacking]
        self._columns[name] = column
        self._filled.add(name)

    def _inherited(self, inputs: Sequence[Input], rows: Ints, slopes: Sequence[Tensor]) -> Floats | float:
        """What the tolerances of inputs that no log states add to that of the step."""
        total: Floats | float = 0.0
        start = 0
        for given in inputs:
            width = self._width(given)
            figures = self._replayed.figures.get(given.name)
            if given.name in self._filled and figures is not None and width:
                at = np.zeros(len(rows), np.int64) if given.at is None else given.at
                slope = torch.stack(list(slopes[start : start + width])).sum(dim=(0)).amax(dim=0).numpy()
                total = total + slope * np.nan_to_num(figures.tolerance[at])
            start += width
        return total

    def _tics(self, record: str, rows: Ints) -> dict[str, Tensor]:
        table = self._side.rows(record)
        return {name: torch.from_numpy(table.tic(name)[rows].astype(np.float64)) for name in table.index_names}

    def _clean(
        self, step: Step, inputs: Sequence[Input], values: Sequence[Floats], tics: Mapping[str, Tensor]
    ) -> tuple[list[Floats], list[Floats], list[list[Tensor]]]:
        """The replayed values, their first-order bounds, each (n, width), and slopes by input component."""
        leaves = [[torch.from_numpy(c.copy()).requires_grad_() for c in value.T] for value in values]
        arguments = Arguments({i.tag: parts for i, parts in zip(inputs, leaves, strict=True)}, tics)
        with torch.enable_grad(), Recorded() as recorded:
            results = [components(result) for result in step.evaluate(arguments)]
        flat = [leaf for parts in leaves for leaf in parts]
        outputs, bounds, slopes = [], [], []
        count = len(next(iter(values))) if len(values) else 0
        for result in results:
            found = [first_order_bound(part, flat, recorded) for part in result]
            outputs.append(_columns(result, count))
            bounds.append(_columns([bound for bound, _ in found], count))
            slopes.append([torch.stack(by_input) for by_input in zip(*(s for _, s in found), strict=True)])
        return outputs, bounds, slopes

    def _noisy(
        self,
        step: Step,
        inputs: Sequence[Input],
        values: Sequence[Floats],
        tics: Mapping[str, Tensor],
        outputs: Sequence[Floats],
        rows: Ints,
    ) -> tuple[list[Any], list[Any]]:
        """Noise floors (n, width), and end-to-end deviations (RUNS, n, width); None where those are not asked for."""
        count, times = len(rows), 2 if self._envelopes else 1
        arguments = {}
        for given, value in zip(inputs, values, strict=True):
            still = torch.from_numpy(np.tile(value, (RUNS, 1, 1)))
            runs_of = [perturbed(still, self._generator)]
            if self._envelopes:
                runs_of.append(still + torch.as_tensor(self._deviation(given, rows)))
            arguments[given.tag] = list(torch.cat(runs_of).reshape(times * RUNS * count, -1).unbind(1))
        tiled = {name: tic.repeat(times * RUNS) for name, tic in tics.items()}
        with torch.no_grad(), Perturbed(self._generator):
            results = [components(result) for result in step.evaluate(Arguments(arguments, tiled))]
        noise: list[Any] = []
        moved: list[Any] = []
        for result, q in zip(results, outputs, strict=True):
            runs = _columns(result, times * RUNS * count).reshape(times * RUNS, count, -1) - q
            noise.append(np.abs(runs[:RUNS]).max(axis=0))
            moved.append(runs[RUNS:] if self._envelopes else None)
        return noise, moved

    def _carried(
        self, step: Step, inputs: Sequence[Input], rows: Ints, own: Floats, slopes: Sequence[Tensor], name: Name
    ) -> Floats:
        """Deviations with those of earlier rows that a row goes on from; kept for the steps that come."""
        count = len(self._side.rows(step.record))
        kept = self._replayed.deviations.setdefault(name, np.zeros((RUNS, count, own.shape[2])))
        if kept.shape[2] != own.shape[2]:
            kept = self._replayed.deviations[name] = np.zeros((RUNS, count, own.shape[2]))
        at = next((i for i in inputs if i.carries), None)
        if at is None or at.at is None:
            kept[:, rows] = own
            return own
        first = sum(self._width(i) for i in inputs[: inputs.index(at)])
        width = self._width(at)
        gain = torch.stack([slopes[first + part][part] for part in range(width)], dim=1).numpy()
        for position, (row, source) in enumerate(zip(rows.tolist(), at.at.tolist(), strict=True)):
            kept[:, row] = own[:, position] + gain[position] * kept[:, source]
        carried: Floats = kept[:, rows]
        return carried

    def _width(self, given: Input) -> int:
        column = self._column(given.name)
        return 0 if column is None else column.shape[1]

    def _printing(
        self, q: Floats, inputs: Sequence[Input], values: Sequence[Floats], slopes: Sequence[Tensor]
    ) -> Floats:
        """Q: half a unit in the last printed digit of the value and of each input, carried through."""
        digits = self._side.digits
        if digits >= EXACT_DIGITS:
            return np.zeros(len(q))
        lost = half_unit(q, digits)
        columns = [column for value in values for column in value.T]
        for column, slope in zip(columns, slopes, strict=True):
            lost = lost + slope.numpy().T * half_unit(column, digits)[:, None]
        total: Floats = lost.max(axis=1)
        return total


def half_unit(values: Floats, digits: int) -> Floats:
    """Half a unit in the last of ``digits`` significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
    loss = 0.5 * 10.0 ** (exponent - digits + 1)
    return np.where(np.isfinite(loss) & (values != 0.0), loss, 0.0)


def _stated(values: Floats) -> npt.NDArray[np.bool_]:
    stated: npt.NDArray[np.bool_] = np.logical_not(np.isnan(values).any(axis=1))
    return stated


def _columns(result: Sequence[Tensor], count: int) -> Floats:
    """(n, width) components side by side."""
    parts = [part.detach().expand(count) if part.dim() == 0 else part.detach() for part in result]
    stacked: Floats = torch.stack(parts, dim=1).to(torch.float64).numpy()
    return stacked
