"""Where a selecting expression can be tested: the first place of a scope at which all its variables are set."""

from __future__ import annotations

import re
from dataclasses import dataclass

from capture.errors import CaptureError

NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:(?:\.|->)\w+)*")
ALLOWED = re.compile(r"[\w\s.()+*/%<>=!&|-]*\Z")
MOST_KEYS = 16


@dataclass(frozen=True, slots=True)
class Selection:
    """An expression over variables of the program, C's operators.

    Raises:
        CaptureError: it names no variable, or holds what is no expression over numbers.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.text:
            return
        assigns = re.search(r"(?<![=!<>])=(?!=)|\+\+|--", self.text)
        if not ALLOWED.match(self.text) or assigns or not self.names or len(self.names) > MOST_KEYS:
            raise CaptureError(
                "select takes an expression over variables of the program, such as "
                f"'row == 3 && column == 5'; got {self.text!r}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, in the order in which the expression names them first."""
        return tuple(dict.fromkeys(NAME.findall(self.text)))

    def begins(self, known: frozenset[str]) -> bool:
        """Whether the expression can be tested where these variables are set."""
        return bool(self.text) and set(self.names) <= known

    def test(self, number: int) -> str:
        """The statement that tests it, until the end of the block."""
        keys = ", ".join(f"(parity_int)({name})" for name in self.names)
        attribute = "__attribute__((cleanup(parity_unselect), unused))"
        return f"int parity_s{number} {attribute} = parity_select(({self.text}) ? 1 : 0, {len(self.names)}, {keys});"
