"""Quantities that are evaluated along a loop (phi steps, sources, domains ...), picked for plotting."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compare.judging.keys import Value
from compare.judging.result import Comparison, Pair

MOST_SWEEPS = 8
Fixed = tuple[object, ...]


@dataclass(frozen=True)
class Sweep:
    """One scalar, on both sides, along one loop index with everything else fixed."""

    name: str
    record: str
    index: str  # the loop index that varies
    fixed: str  # what does not: section and the other indices
    component: int | None  # of a vector
    unit: str
    steps: tuple[int, ...]
    pairs: tuple[Pair, ...]

    @property
    def title(self) -> str:
        return self.name if self.component is None else f"{self.name}[{self.component}]"

    def values(self, side: str) -> list[float]:
        """The scalar at each step; ``side`` is "a" or "b"."""
        return [number(getattr(pair, side), self.component) for pair in self.pairs]


def sweeps(result: Comparison) -> list[Sweep]:
    """The most telling ones: those that fail, then those that differ, then in execution order."""
    found = [
        sweep
        for group in _groups(result.pairs).values()
        for sweep in [_sweep(group)]
        if sweep is not None and _varies(sweep)
    ]
    return sorted(found, key=_rank)[:MOST_SWEEPS]


def number(value: Value, component: int | None) -> float:
    """A scalar of a value; NaN for what is none."""
    if isinstance(value, tuple):
        value = value[component] if component is not None and component < len(value) else math.nan
    return math.nan if isinstance(value, str) else float(value)


def _groups(pairs: Iterable[Pair]) -> dict[tuple[str, str], list[Pair]]:
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.key.indices and not isinstance(pair.a, str):
            groups[pair.key.record, pair.key.name].append(pair)
    return groups


def _sweep(group: Sequence[Pair]) -> Sweep | None:
    index = _swept_index(group)
    if index is None:
        return None
    worst = max(group, key=_badness)
    fixed = _fixed(worst, index)
    along = {dict(pair.key.indices).get(index, 0): pair for pair in group if _fixed(pair, index) == fixed}
    if len(along) < 2:
        return None
    steps = tuple(sorted(along))
    key = worst.key
    place = [str(key.section)] if key.section else []
    place += [f"{name}={at}" for name, at in key.indices if name != index]
    component = (worst.component or 0) if isinstance(worst.a, tuple) else None
    pairs = tuple(along[step] for step in steps)
    return Sweep(key.name, key.record, index, ", ".join(place), component, worst.unit, steps, pairs)


def _swept_index(group: Sequence[Pair]) -> str | None:
    """The loop of a rotation (phi) where there is one, else the longest loop."""
    seen: dict[str, set[int]] = defaultdict(set)
    for pair in group:
        for name, at in pair.key.indices:
            seen[name].add(at)
    loops = {name: len(numbers) for name, numbers in seen.items() if len(numbers) > 1}
    return max(loops, key=lambda name: (name.startswith("phi"), loops[name]), default=None)


def _fixed(pair: Pair, index: str) -> Fixed:
    others = tuple(item for item in pair.key.indices if item[0] != index)
    return pair.key.section, pair.key.occurrence, others


def _badness(pair: Pair) -> tuple[bool, bool, float]:
    return pair.fails, pair.differs, pair.ulps or 0.0


def _varies(sweep: Sweep) -> bool:
    values = [value for side in ("a", "b") for value in sweep.values(side) if math.isfinite(value)]
    return len(set(values)) > 1


def _rank(sweep: Sweep) -> tuple[bool, bool, bool, int]:
    fails = any(pair.fails for pair in sweep.pairs)
    differs = any(pair.differs for pair in sweep.pairs)
    return not fails, not differs, sweep.component is not None, sweep.pairs[0].order
