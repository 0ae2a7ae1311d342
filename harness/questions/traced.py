"""A trace as a value, and what came of tracing, whichever program did it. Text is made and read at the edges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from compare.reading.source import Held
from compare.words.headings import SECTION
from harness.case import Section
from harness.running.processes import Finished

if TYPE_CHECKING:
    from compare.judging.keys import Section as Named

MARKED = re.compile(r"^(TRACE_[A-Za-z0-9]+)[:_ ]", re.MULTILINE)


@dataclass(frozen=True)
class Trace:
    """The trace of one section: the lines as printed, in the format of docs/vocabulary.md."""

    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the ``name value`` lines."""
        return tuple(self._values)

    def value(self, name: str) -> str | None:
        """The value of the last ``name value`` line of that name; None where there is none."""
        return self._values.get(name)

    def number(self, name: str) -> float | None:
        """The same as a float; None where there is none or it is no number."""
        try:
            return float(self._values[name])
        except (KeyError, ValueError):
            return None

    def records(self, kind: str) -> Iterator[dict[str, str]]:
        """The fields of each record of a kind, in order."""
        ending = f"_{kind}"
        for words in self._words:
            if words and words[0].rstrip(":").endswith(ending):
                yield dict(word.split("=", 1) for word in words[1:] if "=" in word)

    @property
    def lines(self) -> int:
        """How many there are."""
        return self.text.count("\n")

    def stating(self, section: Named) -> Trace:
        """The trace with a line that says which section it is of, for programs that print none.

        What has no marked line stays as it is: a single one would be taken for all that there is.
        """
        marked = MARKED.search(self.text)
        if not section or marked is None or self.states(section):
            return self
        return Trace(f"{marked[1]}_{SECTION} {_fields(section)}\n{self.text}")

    def states(self, section: Named) -> bool:
        """Whether it says every part of its section itself: in a line of that name, or in one that names a section."""
        named = {name for fields in self.records(SECTION) for name in fields}
        return all(name in named or self.value(name) is not None for name in section.parts)

    @cached_property
    def _words(self) -> list[list[str]]:
        return [line.split() for line in self.text.splitlines()]

    @cached_property
    def _values(self) -> dict[str, str]:
        found = {}
        for line in self.text.splitlines():
            name, value = _named(line)
            if name is not None:
                found[name] = value
        return found


def name_in(line: str) -> str | None:
    """The name of a ``name value`` line; None for any other."""
    return _named(line)[0]


def _named(line: str) -> tuple[str | None, str]:
    head, colon, rest = line.partition(":")
    if not colon or " " in head:
        return None, ""
    name, _, value = rest.strip().replace("=", " ", 1).partition(" ")
    return name, value.strip()


@dataclass(frozen=True)
class Traced:
    """The traces of some sections and what made them."""

    traces: Mapping[Section, Trace]
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
        """All traces, section after section."""
        return joined(self.traces)


def joined(traces: Mapping[Section, Trace]) -> str:
    """The text of several traces, section after section."""
    return "".join(trace.text for trace in traces.values())


def held(traces: Mapping[Section, Trace], name: str) -> Held:
    """Traces as one log of that name, for `compare`."""
    return Held(name, joined(traces))


def counted(sections: Sequence[Section], word: str) -> str:
    """``1 pixel``, ``3 pixels``."""
    return f"{len(sections)} {word}" + ("" if len(sections) == 1 else "s")


def _fields(section: Named) -> str:
    return " ".join(f"{name}={','.join(map(str, numbers))}" for name, numbers in section.parts.items())
