"""The reference's known defects as named switches, and the modes made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.switches import Switches

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

ALL = frozenset(NAMES)


@dataclass(frozen=True)
class Defects(Switches):
    """Those that are on: all in ``c-parity``, none in ``spec``, what is not yet mended in ``upstream-fixes``."""

    on: frozenset[str] = ALL

    NAMES: ClassVar = NAMES
    SETS: ClassVar = {
        "c-parity": ("all", ALL),
        "spec": ("none", frozenset()),
        "upstream-fixes": ("upstream-fixes", ALL - UPSTREAM_FIXES),
    }

    @classmethod
    def unknown_word(cls, name: str) -> str:
        """As the C program says it."""
        words = ", ".join(word for word, _ in cls.SETS.values())
        return f"-defects has no '{name}'; give {words} or some of {', '.join(NAMES)}"
