"""What the reference takes without a word and nobody can have meant: said, or refused."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from simulator.errors import InputError


class IgnoredInput(UserWarning):
    """Something of a command line or a file was ignored or read otherwise than written, as the reference does it."""


@dataclass
class Remarks:
    """The remarks on one command line."""

    strict: bool = False
    """The first is an error (``--strict``, and the mode spec)."""
    forgiving: bool = False
    """Values that are refused pass: only which words are whose values is asked for."""
    said: list[str] = field(default_factory=list)

    def object(self, message: str) -> None:
        """Take note of a remark. Raises InputError when strict."""
        if self.strict:
            raise InputError(message)
        self.note(message)

    def note(self, message: str) -> None:
        """Take note of a remark that is no error in either case."""
        if message not in self.said:
            self.said.append(message)

    def warn(self) -> None:
        """Each remark as a warning."""
        for message in self.said:
            warnings.warn(message, IgnoredInput, stacklevel=4)
