"""The typed trace of a captured program: sites, and the values that each site stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = ("store", "initial", "written", "returned", "parameter")
OUTSIDE = -1  # the section of a value stored outside the selected loop


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the source where a named value is stored.

    Attributes:
        name: the variable without subscripts and dereferences, members joined by a point: ``run.polar``, ``ap``.
        components: names of the numbers that are stored together; one empty name for a single number.
        elements: how many subscripts the stored element has.
        type: ``float`` (binary64), ``float32``, ``int``, ``unsigned`` or ``complex`` (components in pairs).
        target: the variable as a node of the def-use graph (`capture.graph`).
        reads: the variables that the stored expression reads, as such nodes.
        loops: numbers of the loops around the site in its function, outermost first.
        variable: the name that is bound, where ``name`` is a part of its value.
    """

    number: int
    name: str
    function: str
    file: str
    line: int
    kind: str = "store"
    type: str = "float"
    components: tuple[str, ...] = ("",)
    elements: int = 0
    target: str = ""
    reads: tuple[str, ...] = ()
    loops: tuple[int, ...] = ()
    variable: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def tail(self) -> str:
        """The last part of the name: ``polar`` of ``run.polar``."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop: its counter's name (``""`` where no integer counts), its function, its line, and the loops around it."""

    number: int
    counter: str
    function: str
    line: int
    around: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What one site stored, in one context of loops.

    Attributes:
        names: the loop counters, outermost first.
        indices: their values, shape (n, len(names)).
        elements: subscripts of the stored element, shape (n, site.elements).
        values: shape (n, len(site.components)), float64 or int64.
        order: place in the run, shape (n,), increasing.
        section: number of the selected point, `OUTSIDE` outside the selected loop, shape (n,).
        calls: the call of a function in which it was stored (`CapturedTrace.calls`), shape (n,).
    """

    site: Site
    names: tuple[str, ...]
    indices: NDArray[np.int64]
    elements: NDArray[np.int64]
    values: NDArray[Any]
    order: NDArray[np.int64]
    section: NDArray[np.int64]
    calls: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.order)

    @property
    def variable(self) -> str:
        """The bound variable's name, without the part of its value that the column is."""
        return self.site.variable or self.site.name


@dataclass(frozen=True, slots=True)
class CapturedTrace:
    """All that one run stored.

    Attributes:
        program: its name in reports.
        section_names: the variables that the selecting expression compares, in its order.
        sections: their values, one tuple per time the expression held.
        columns: the values by site and loop context.
        remarks: what was left out, and why; shown to the user.
        dropped: values beyond the cap.
        flows: (node, nodes read) of the def-use graph that no site stands for: arguments that become parameters.
        calls: (function, number of the call that called it) of each call that stored something; 0 is the program.
        made: (order of a value, order of one that it was computed from), as an operations' log saw it; shape (n, 2).
        aliases: (site, name, site) where a column's very numbers got another name and were not kept again.
        facts: what the evidence folder keeps: counts, times, whether the outputs were identical.
    """

    program: str
    section_names: tuple[str, ...] = ()
    sections: tuple[tuple[int, ...], ...] = ()
    columns: tuple[Values, ...] = ()
    remarks: tuple[str, ...] = ()
    dropped: int = 0
    flows: tuple[tuple[str, tuple[str, ...]], ...] = ()
    aliases: tuple[tuple[int, str, Site], ...] = ()
    calls: tuple[tuple[str, int], ...] = (("", -1),)
    made: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    facts: Mapping[str, Any] = field(default_factory=dict)

    def sites(self) -> tuple[Site, ...]:
        return tuple(dict.fromkeys(column.site for column in self.columns))

    def named(self, name: str) -> Iterator[Values]:
        """The columns whose variable is, or ends in, this name."""
        return (c for c in self.columns if name in (c.site.name, c.site.tail))

    def __len__(self) -> int:
        return sum(len(column) for column in self.columns)


class Calls:
    """Numbers for calls, in the order in which they store something first."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int]] = [("", -1)]

    def add(self, function: str, caller: int) -> int:
        """The number of a new call."""
        self.found.append((function, caller))
        return len(self.found) - 1


def unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Loop counters of one name told apart: ``i``, ``i_2``."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(result)
