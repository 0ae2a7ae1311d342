"""The numbers that probes carry: what is known of each site, loop and function before the program runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from capture.c.types import Group, groups
from capture.c.variables import Variable
from capture.trace import Loop, Site

Reads = tuple[str, ...]
NONE: Mapping[str, Reads] = MappingProxyType({})


@dataclass(slots=True)
class Probes:
    """All sites, loops and functions of the program, numbered from 1.

    ``flows`` are (node, nodes read) of the def-use graph that no site stands for: arguments that become parameters.
    """

    sites: list[Site] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    flows: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def function(self, name: str) -> int:
        self.functions.append(name)
        return len(self.functions)

    def loop(self, counter: str, function: str, line: int, around: Sequence[int]) -> int:
        self.loops.append(Loop(len(self.loops) + 1, counter, function, line, tuple(around)))
        return len(self.loops)

    def statements(
        self, variable: Variable, type_: Any, *, members: Mapping[str, Reads] = NONE, **place: Any
    ) -> list[str]:
        """One probe for each quantity that a variable of this type holds, as C statements.

        Args:
            members: what members of the variable read, where that is known of each.
        """
        return [self._probe(variable, group, members, place) for group in groups(type_)]

    def _probe(self, variable: Variable, group: Group, members: Mapping[str, Reads], place: dict[str, Any]) -> str:
        number = len(self.sites) + 1
        subscripts = [text for text in variable.subscripts if text]
        site = Site(
            number=number,
            name=variable.name + group.path,
            type=group.type,
            components=group.components,
            elements=len(subscripts),
            target=group.key or variable.key,
            **{**place, "reads": members.get(group.path.split(".")[1] if group.path else "", place.get("reads", ()))},
        )
        self.sites.append(site)
        steps = [f"parity_begin({number});"]
        steps += [f"parity_element((parity_int)({text}));" for text in subscripts]
        steps += [call.replace("{}", variable.text) for call in group.calls]
        return " ".join([*steps, "parity_end();"])
