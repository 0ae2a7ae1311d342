"""What would remain of the final error if one step alone were right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compare.judging.keys import Value
from compare.judging.result import Comparison, Origin
from subjects.nanobragg.replay.machine import Figures, Machine
from subjects.nanobragg.replay.replays import Replaying, all_steps
from subjects.nanobragg.replay.step import Given, Step
from subjects.nanobragg.replay.values import HEADER, NOWHERE, Floats, Ints, Name

FINAL: Name = (HEADER, "I_pixel_final")
ALL = "values at all these steps"
MOST = 12
"""Steps at fault for which the question is answered."""


@dataclass(frozen=True)
class Counterfactual:
    """The reference's values put in at one step (all its evaluations): the final value of b then.

    Attributes:
        share: how much of the final error goes away, 1 for all of it; None where there is no error.
    """

    step: str
    reference: float
    port: float
    instead: float

    @property
    def share(self) -> float | None:
        error = self.port - self.reference
        return 1.0 - abs(self.instead - self.reference) / abs(error) if error else None


class _Forward(Machine):
    """Runs b's steps on from b's own values, with the reference's at one step."""

    def __init__(self, replaying: Replaying, at: Sequence[Name]) -> None:
        super().__init__(replaying.b, measure=False)
        self._replaying, self._at = replaying, at

    def _store(self, figures: Figures, rows: Ints, usable: np.ndarray, q: Floats, tolerance: Floats) -> None:
        """Nothing is kept but the columns."""

    def _fill(self, name: Name, rows: Ints, q: Floats) -> None:
        """The new value: the reference's at the step in question; else the replayed one, with what b's step adds."""
        column = self._column(name)
        if column is None:
            column = np.full((len(self._side.rows(name[0])), q.shape[1]), np.nan)
        column[rows] = q + self._added(name, rows, q)
        if name in self._at:
            self._overwrite(name, column)
        self._columns[name] = column

    def _added(self, name: Name, rows: Ints, q: Floats) -> Floats | float:
        """What the program b adds to the port's step, where b is not the port."""
        figures, stated = self._replaying.on_b.figures.get(name), self._side.rows(name[0]).numbers(name[1])
        if figures is None or stated is None or stated.shape[1] != q.shape[1]:
            return 0.0
        again = np.array([_numbers(figures.q[row], q.shape[1]) for row in rows.tolist()])
        return np.nan_to_num(stated[rows] - again)

    def _overwrite(self, name: Name, column: Floats) -> None:
        rows, other = self._side.rows(name[0]), self._replaying.a.rows(name[0])
        reference = other.numbers(name[1])
        if reference is None or reference.shape[1] != column.shape[1]:
            return
        for row, index in enumerate(rows.index.tolist()):
            at = other.row_of(index)
            if at != NOWHERE and np.isfinite(reference[at]).all():
                column[row] = reference[at]

    def _give(self, step: Given) -> None:
        name = (step.record, step.name)
        column = self._column(name) if name in self._at else None
        if column is not None:
            column = column.copy()
            self._overwrite(name, column)
            self._columns[name] = column

    def _evaluate(self, step: Step) -> None:
        if any(given.carries for given in step.inputs):  # each row goes on from the one before
            for row in range(len(step.rows)):
                self._evaluate_rows(step, slice(row, row + 1))
        else:
            super()._evaluate(step)

    def final(self) -> float | None:
        """b's final value; None where it could not be computed."""
        column = self._columns.get(FINAL)
        return None if column is None else float(column[0, 0])


def _numbers(value: object, width: int) -> Sequence[float]:
    parts = value if isinstance(value, tuple) else (value,)
    numbers = [float(part) if isinstance(part, int | float) else float("nan") for part in parts]
    return numbers if len(numbers) == width else [float("nan")] * width


def counterfactuals(comparison: Comparison, replayings: Sequence[Replaying]) -> list[Counterfactual]:
    """For each pixel one for each step at fault, in the order in which they are first at fault, and one for all."""
    at_fault = [pair for pair in comparison.pairs if pair.origin in (Origin.ORIGIN, Origin.MIXED)]
    found: list[Counterfactual] = []
    for replaying in replayings:
        here = [pair.key for pair in at_fault if pair.key.pixel in (None, replaying.a.pixel)]
        names = list(dict.fromkeys((key.record, key.name) for key in here))
        several = [names] if len(names) > 1 else []
        for chosen in [*([name] for name in names[:MOST]), *several]:
            one = _counterfactual(replaying, chosen)
            found += [one] if one is not None else []
    return found


def _counterfactual(replaying: Replaying, names: Sequence[Name]) -> Counterfactual | None:
    values: list[Value | None] = [side.header(FINAL[1]) for side in (replaying.a, replaying.b)]
    if not all(isinstance(value, int | float) for value in values):
        return None
    forward = _Forward(replaying, names)
    forward.run(all_steps(replaying.b, replaying.context))
    instead = forward.final()
    if instead is None or not np.isfinite(instead):
        return None
    reference, port = (float(value) for value in values)  # type: ignore[arg-type]
    steps = [".".join(filter(None, name)) for name in names]
    return Counterfactual(steps[0] if len(steps) == 1 else ALL, reference, port, instead)
