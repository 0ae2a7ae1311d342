"""Named switches of a program, and words for the sets of them that have a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from simulator.errors import InputError


@dataclass(frozen=True)
class Switches:
    """The set of switches that are on; ``"name" in switches`` asks for one. A program derives its own from it.

    Attributes:
        NAMES: all, in the order in which they are written.
        SETS: mode -> the word for it on a command line, and what is on in it.
    """

    on: frozenset[str]

    NAMES: ClassVar[tuple[str, ...]]
    SETS: ClassVar[Mapping[str, tuple[str, frozenset[str]]]]

    def __post_init__(self) -> None:
        for name in self.on:
            self._require_known(name)

    def __contains__(self, name: str) -> bool:
        return self._require_known(name) in self.on

    @classmethod
    def of_mode(cls, mode: str) -> Self:
        """The set of a mode. Raises InputError for a word that is none."""
        if mode not in cls.SETS:
            raise InputError(f"mode must be one of {', '.join(cls.SETS)}; got {mode!r}")
        return cls(cls.SETS[mode][1])

    @classmethod
    def parse(cls, text: str) -> Self:
        """The word of a set, or the comma-separated names of those that are on. Raises InputError for another name."""
        for word, on in cls.SETS.values():
            if text == word:
                return cls(on)
        names = text.split(",")
        if unknown := [name for name in names if name not in cls.NAMES]:
            raise InputError(cls.unknown_word(unknown[0]))
        return cls(frozenset(names))

    @classmethod
    def unknown_word(cls, name: str) -> str:
        """What is said of a name on a command line that is none."""
        return f"unknown defect {name!r}; the defects are {', '.join(cls.NAMES)}"

    def switched(self, switches: Mapping[str, bool]) -> Self:
        """These with each named one turned on (True) or off (False)."""
        names: Iterable[str] = (self._require_known(name) for name in switches)
        on = {name for name in names if switches[name]}
        return type(self)((self.on - frozenset(switches)) | on)

    @property
    def mode(self) -> str:
        """The mode with this set, else ``custom``."""
        return next((mode for mode, (_, on) in self.SETS.items() if on == self.on), "custom")

    def __str__(self) -> str:
        """The text that ``parse`` reads back; names in the order of ``NAMES``."""
        if self.mode != "custom":
            return self.SETS[self.mode][0]
        return ",".join(name for name in self.NAMES if name in self.on)

    @classmethod
    def _require_known(cls, name: str) -> str:
        if name not in cls.NAMES:
            raise InputError(f"unknown defect {name!r}; the defects are {', '.join(cls.NAMES)}")
        return name
