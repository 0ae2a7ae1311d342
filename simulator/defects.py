"""The reference's known defects as named switches, and the two modes made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.errors import InputError

NAMES: tuple[str, ...] = (
    "phi-carryover",
    "oversample-compounds",
    "last-layer-capture",
    "interpolation-latch",
    "source-weights-ignored",
    "background-scaling",
    "skewed-default-cell",
    "random-misset-radians",
    "curved-axes",
    "stale-dump",
    "dump-whitespace",
    "flag-substrings",
    "header-substrings",
    "curved-det-last-word",
)

UPSTREAM_FIXES = frozenset({"phi-carryover", "oversample-compounds", "curved-det-last-word"})
"""Corrections that are proposed to the reference: the mode ``upstream-fixes`` turns exactly these off."""

MODES: tuple[str, ...] = ("c-parity", "spec", "upstream-fixes")


@dataclass(frozen=True)
class Defects:
    """The set of defects that are on. ``"phi-carryover" in defects`` asks for one."""

    on: frozenset[str] = frozenset(NAMES)

    def __post_init__(self) -> None:
        for name in self.on:
            _require_known(name)

    def __contains__(self, name: str) -> bool:
        _require_known(name)
        return name in self.on

    @classmethod
    def of_mode(cls, mode: str) -> Defects:
        """All defects for ``c-parity``, none for ``spec``, those not yet mended for ``upstream-fixes``.

        Raises:
            InputError: any other word.
        """
        if mode not in MODES:
            raise InputError(f"mode must be one of {', '.join(MODES)}; got {mode!r}")
        return cls.parse({"c-parity": "all", "spec": "none"}.get(mode, mode))

    @classmethod
    def parse(cls, text: str) -> Defects:
        """``all``, ``none``, ``upstream-fixes`` or the comma-separated names of those that are on."""
        if text == "upstream-fixes":
            return cls(frozenset(NAMES) - UPSTREAM_FIXES)
        if text in ("all", "none"):
            return cls() if text == "all" else cls(frozenset())
        names = text.split(",")
        if unknown := [name for name in names if name not in NAMES]:
            choices = f"all, none, upstream-fixes or some of {', '.join(NAMES)}"
            raise InputError(f"-defects has no '{unknown[0]}'; give {choices}")
        return cls(frozenset(names))

    def switched(self, switches: Mapping[str, bool]) -> Defects:
        """These defects with each named one turned on (True) or off (False)."""
        names: Iterable[str] = (_require_known(name) for name in switches)
        on = {name for name in names if switches[name]}
        return Defects((self.on - frozenset(switches)) | on)

    @property
    def mode(self) -> str:
        """``c-parity`` when all are on, ``spec`` when none is, ``upstream-fixes``, else ``custom``."""
        if self.on == frozenset(NAMES) - UPSTREAM_FIXES:
            return "upstream-fixes"
        return "c-parity" if len(self.on) == len(NAMES) else "custom" if self.on else "spec"

    def __str__(self) -> str:
        """The text that ``parse`` reads back; names in the order of ``NAMES``."""
        if self.mode == "upstream-fixes":
            return self.mode
        if self.mode != "custom":
            return "all" if self.on else "none"
        return ",".join(name for name in NAMES if name in self.on)


def _require_known(name: str) -> str:
    if name not in NAMES:
        raise InputError(f"unknown defect {name!r}; the defects are {', '.join(NAMES)}")
    return name
