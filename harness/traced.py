"""The outcome of tracing, whichever program did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.case import Pixel
from harness.processes import Finished


@dataclass(frozen=True)
class Traced:
    """The traces of some pixels and what made them."""

    traces: Mapping[Pixel, str]
    runs: Sequence[Finished] = ()
    """Programs that were run for it."""
    device: str | None = None
    requested: str | None = None
    reason: str | None = None
    dtype: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Where the time went, by phase."""

    @property
    def text(self) -> str:
        """All traces, pixel after pixel."""
        return "".join(self.traces.values())
