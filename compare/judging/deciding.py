"""Which given tolerances decided: values that a tolerance file lets pass, or fails, and the defaults would not.

A tolerance that nobody reads can make any two programs the same, so each that mattered is said with its source, and
each that is wider than WIDE of its scale is said before anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from compare.classes.measure import DIVERGENT, INCOMPARABLE, Measured
from compare.judging.keys import Section
from compare.judging.result import Remark
from compare.judging.tolerances import Tolerances, ValuesOf, packaged
from compare.reading.table import Ints

WIDE = 1e-6  # of the scale


@dataclass
class Count:
    """How often a step's given tolerance decided, and how wide it was."""

    passed: int = 0
    failed: int = 0
    widest: float = 0.0  # relative to the scale


@dataclass
class Deciding:
    """Looks at each measured column beside what the packaged tolerances would have said."""

    given: Tolerances
    counts: dict[str, Count] = field(default_factory=dict)

    @cached_property
    def _usual(self) -> Tolerances:
        return packaged()

    def note(
        self,
        label: str,
        index_names: Sequence[str],
        index: Ints,
        measured: Measured,
        values_of: ValuesOf,
        sections: Iterable[Section],
    ) -> None:
        """Count the rows that the given tolerances decide, and keep the widest limit."""
        if not self.given.strict or not len(measured.code):
            return
        count = self.counts.setdefault(label, Count())
        scale = measured.scale
        limit = np.maximum(measured.tolerance, measured.envelope)
        relative = np.divide(limit, scale, out=np.zeros_like(limit), where=scale > 0)
        count.widest = max(count.widest, float(np.nanmax(relative, initial=0.0)))
        if not (measured.absolute > 0).any():
            return
        usual = self._usual.evaluate(label, index_names, index, scale, values_of, sections)[1]
        beyond = (measured.absolute > usual) & np.isfinite(measured.absolute)
        judged = (measured.code != INCOMPARABLE) & (measured.ulps > 1)
        count.passed += int((beyond & judged & (measured.code != DIVERGENT)).sum())
        count.failed += int((~beyond & judged & (measured.code == DIVERGENT)).sum())

    def remarks(self) -> Iterator[Remark]:
        """Wide tolerances first, then those that decided; each with its source."""
        for label, count in self.counts.items():
            if count.widest > WIDE:
                text = f"the tolerance of {label} is {count.widest:.2g} of its scale ({self.given.origin(label)})"
                yield Remark("wide-tolerance", text)
        for label, count in self.counts.items():
            source = self.given.origin(label)
            if count.passed:
                values = "1 value passes" if count.passed == 1 else f"{count.passed} values pass"
                text = (
                    f"{label}: {values} only by the tolerance given for it, {count.widest:.2g} of its scale ({source})"
                )
                yield Remark("deciding-tolerance", text)
            if count.failed:
                values = "1 value fails" if count.failed == 1 else f"{count.failed} values fail"
                yield Remark("deciding-tolerance", f"{label}: {values} only by the tolerance given for it ({source})")


__all__ = ["Deciding"]
