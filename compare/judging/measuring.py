"""How far apart two columns are: the limits, precision and rules that hold for a quantity, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from compare.alignment.aliases import AliasPair
from compare.alignment.lane import Unit
from compare.classes import measure
from compare.classes.measure import Limits, Measured, Rules
from compare.classes.precision import Digits
from compare.classes.store import Name, Store
from compare.judging.deciding import Deciding
from compare.judging.result import Side
from compare.judging.tolerances import Tolerances, ValuesOf
from compare.reading.log import Log
from compare.reading.numbers import DECIMAL
from compare.reading.table import Ints, Table, Values, side_by_side
from compare.words.entries import parse_scale
from compare.words.quantities import Quantity
from compare.words.vocabulary import Vocabulary


@dataclass
class Measuring:
    """Measures columns of one comparison; remembers which names are numbers and which tolerances decided."""

    vocabulary: Vocabulary
    tolerances: Tolerances
    store: Store
    logs: Mapping[Side, Log]
    numeric: set[Name] = field(default_factory=set)  # names that have numbers in any row
    plain_words: set[Name] = field(default_factory=set)  # names whose equal words were called identical

    def __post_init__(self) -> None:
        self.deciding = Deciding(self.tolerances)

    def note(self, table: Table) -> None:
        """Remember which names of a table are numbers, before any of its rows is measured."""
        for name, column in table.columns.items():
            if (table.record, name) not in self.numeric and _has_numbers(column):
                self.numeric.add((table.record, name))

    def unit(self, unit: Unit, quantity: Quantity, a: Values, b: Values) -> Measured:
        """One name of aligned rows."""
        scale = self._scale(quantity, unit.index, a)
        return self._measured(
            quantity, unit.index_names, unit.index, scale, (a, b), lambda name: self._sizes(unit, name)
        )

    def alias(self, found: AliasPair) -> Measured:
        """Two values that belong together by an alias."""
        a, b = (_column(candidate.value) for candidate in (found.a, found.b))
        index_names = tuple(name for name, _ in found.key.indices)
        index = np.array([self.store.sections.place_of(found.key)], np.int64)
        scale = self._scale(found.quantity, index, a)
        return self._measured(found.quantity, index_names, index, scale, (a, b), lambda _: None)

    def _measured(
        self, quantity: Quantity, index_names: tuple[str, ...], index: Ints, scale: measure.Floats,
        values: tuple[Values, Values], sizes: ValuesOf,
    ) -> Measured:  # fmt: skip
        sections = self.store.sections
        given = self.tolerances.evaluate(quantity.label, index_names, index, scale, sizes, sections)
        limits = Limits(scale, *given)
        measured = measure.measure(*values, limits, self._rules(quantity))
        if _has_words(values[0]) and (measured.code == measure.IDENTICAL).any():
            self.plain_words.add((quantity.record, quantity.name))
        self.deciding.note(quantity.label, index_names, index, measured, sizes, sections)
        return measured

    def _rules(self, quantity: Quantity) -> Rules:
        name = (quantity.record, quantity.name)
        declared = quantity.kind in ("int", "float") or (quantity.kind is None and name in self.numeric)
        return Rules(
            (self._digits(Side.A, quantity), self._digits(Side.B, quantity)),
            nan_equal=quantity.nan_equal, number=declared, whole=quantity.kind == "int", words=quantity.words,
        )  # fmt: skip

    def _digits(self, side: Side, quantity: Quantity) -> Digits:
        log = self.logs[side]
        if quantity.digits is not None and log.given_digits is None:
            return Digits(quantity.digits, stated=True)
        return log.digits

    def _scale(self, quantity: Quantity, index: Ints, a: Values) -> measure.Floats:
        own = measure.own_scale(a)
        if quantity.scale is None:
            return own
        stated = self.store.scale(quantity.scale, index)
        return own if stated is None else np.where(np.isfinite(stated), stated, own)

    def _sizes(self, unit: Unit, text: str) -> measure.Floats | None:
        """Sizes of a quantity of the same rows, or of the header, for the terms of a tolerance file."""
        name, component = parse_scale(text)
        if name in unit.names:
            column = unit.values(name)[0]
            if column.dtype == object:
                return None
            chosen = column if component is None else column[:, component : component + 1]
            sizes: np.ndarray = np.abs(chosen.astype(float)).prod(axis=1)
            return sizes
        return self.store.scale((name, component), unit.index)

    def late_numbers(self) -> list[Name]:
        """Names whose words were called identical before a number showed, in logs too long to be seen whole."""
        suspects = sorted(self.plain_words & self.numeric)
        return [name for name in suspects if self.vocabulary.quantity(*name).kind is None]


def _has_numbers(column: Values) -> bool:
    if column.dtype != object:
        return True
    return any(not isinstance(part, str) for row in column.tolist() for part in row)


def _has_words(column: Values) -> bool:
    """Words that are no numbers: digits beyond what a double holds stay texts too."""
    if column.dtype != object:
        return False
    return any(isinstance(part, str) and not DECIMAL.match(part) for row in column.tolist() for part in row)


def _column(value: tuple) -> Values:
    if any(isinstance(part, str) for part in value):
        column = np.empty((1, len(value)), object)
        column[0] = value
        return column
    return side_by_side([np.array([part]) for part in value])


__all__ = ["Measuring"]
