"""One differing pair by itself, as every detector sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from compare.causes.values import CLOSE, numbers, parts
from compare.judging.result import Pair


@dataclass(frozen=True)
class Differing:
    """A pair, its values as numbers, and what the two sides are to each other."""

    pair: Pair

    @cached_property
    def a(self) -> tuple[float, ...]:
        return numbers(self.pair.a)

    @cached_property
    def b(self) -> tuple[float, ...]:
        return numbers(self.pair.b)

    @cached_property
    def whole(self) -> bool:
        """All values are integers."""
        return all(isinstance(value, int) for value in (*parts(self.pair.a), *parts(self.pair.b)))

    @cached_property
    def ratio(self) -> float | None:
        """b/a, where it is one number other than 0 for all components that are not 0."""
        if len(self.a) != len(self.b) or not any(self.a):
            return None
        largest = max(range(len(self.a)), key=lambda i: abs(self.a[i]))
        ratio = self.b[largest] / self.a[largest]
        scale = abs(self.b[largest])
        if ratio == 0 or not math.isfinite(ratio):
            return None
        fits = all(abs(y - ratio * x) <= CLOSE * scale for x, y in zip(self.a, self.b, strict=True))
        return ratio if fits else None
