"""What a detector sees: one differing pair with what surrounds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from compare.causes.differing import Differing
from compare.causes.values import numbers
from compare.classes.store import Found, Name, Store
from compare.judging.sections import Place
from compare.words.quantities import Quantity
from compare.words.vocabulary import Vocabulary

MOST_ROWS = 2000  # evaluations of one name that are searched for a value


@dataclass(frozen=True)
class Scene(Differing):
    """A differing pair, the compared values around it, and the vocabulary."""

    store: Store
    vocabulary: Vocabulary

    @property
    def name(self) -> Name:
        return self.pair.key.record, self.pair.key.name

    @cached_property
    def here(self) -> Place:
        return self.store.sections.place_of(self.pair.key)

    @cached_property
    def quantity(self) -> Quantity:
        return self.vocabulary.quantity(*self.name)

    @property
    def index_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.pair.key.indices)

    def inputs(self) -> Iterator[tuple[str, Found]]:
        """What the step is made from, by label, as this evaluation sees it; a condition is not asked."""
        key = self.pair.key
        indices, section = dict(key.indices), self.here[0]
        for reference in self.quantity.inputs or ():
            label = self.vocabulary.label_of(reference, key.record)
            for found in self.store.resolve(reference, key.record, indices, section, self.pair.order)[:1]:
                yield label, found

    @cached_property
    def scalar_inputs(self) -> dict[str, float]:
        """Those of one number."""
        found = ((label, numbers(each.a)) for label, each in self.inputs())
        return {label: values[0] for label, values in found if len(values) == 1 and math.isfinite(values[0])}

    @cached_property
    def factors(self) -> frozenset[str]:
        """Labels of what the vocabulary says is multiplied, or divided by, in the step."""
        return self.vocabulary.factors_of(self.quantity)

    @cached_property
    def later(self) -> frozenset[str]:
        """Labels of the steps that are made from this one, by whatever way."""
        return self.vocabulary.later_than(self.quantity.label)

    def siblings(self, index: str) -> Iterator[tuple[int, Found]]:
        """The same quantity at other steps of one loop, all other indices equal."""
        at, here = 1 + self.index_names.index(index), self.here
        for count, found in enumerate(self.store.rows(self.name)):
            if count >= MOST_ROWS:
                return
            there = found.place
            if there != here and there[:at] == here[:at] and there[at + 1 :] == here[at + 1 :]:
                yield there[at], found


Detector = Callable[[Scene], str | None]
