"""Set A: behaviours of the published implementation as named switches, the same in both programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.switches import Switches

NAMES: tuple[str, ...] = (
    "float32-fields",
    "stitch-epsilon",
    "central-count",
    "crop-stitch",
    "mean-centred-canvas",
    "truth-mirrored",
)

ALL = frozenset(NAMES)


@dataclass(frozen=True)
class Defects(Switches):
    """The set of behaviours that are on: all in ``c-parity``, none in ``spec``."""

    on: frozenset[str] = ALL

    NAMES: ClassVar = NAMES
    SETS: ClassVar = {"c-parity": ("all", ALL), "spec": ("none", frozenset())}


MODES: tuple[str, ...] = tuple(Defects.SETS)
