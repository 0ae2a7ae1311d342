"""Where the source of a program writes a name, as its log says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from compare.judging.result import Pair, Side
from compare.reading.table import Table

PLACES = "AT"  # record of lines that say where a source writes a name: name=RECORD.name at=file line=n
MOST_PLACES = 100_000  # that are kept


@dataclass
class Places:
    """The first place that each log says for a name: ``file:line``."""

    found: dict[tuple[Side, str], str] = field(default_factory=dict)

    def note(self, side: Side, table: Table) -> bool:
        """Keep what a table says about places; whether it is such a table."""
        if table.record != PLACES or set(table.columns) != {"name", "at", "line"}:
            return False
        columns = (table.columns[name].tolist() for name in ("name", "at", "line"))
        for (name, *_), (file, *_), (line, *_) in zip(*columns, strict=True):
            if len(self.found) < MOST_PLACES:
                self.found.setdefault((side, str(name)), f"{file}:{line}")
        return True

    def with_sources(self, pairs: Sequence[Pair]) -> Sequence[Pair]:
        """The pairs, the differing ones with the places of their names in both sources."""
        return [self._with_sources(pair) for pair in pairs] if self.found else pairs

    def _with_sources(self, pair: Pair) -> Pair:
        name = f"{pair.key.record}.{pair.key.name}" if pair.key.record else pair.key.name
        source_a, source_b = (self.found.get((side, name), "") for side in Side)
        return replace(pair, source_a=source_a, source_b=source_b) if pair.differs and (source_a or source_b) else pair
