"""Set A: behaviours of the published implementation as named switches, the same in both programs."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.errors import InputError

NAMES: tuple[str, ...] = (
    "float32-fields",
    "stitch-epsilon",
    "central-count",
    "crop-stitch",
    "mean-centred-canvas",
    "truth-mirrored",
)

MODES: tuple[str, ...] = ("c-parity", "spec")


@dataclass(frozen=True)
class Defects:
    """The set of behaviours that are on. ``"crop-stitch" in defects`` asks for one."""

    on: frozenset[str] = frozenset(NAMES)

    def __post_init__(self) -> None:
        for name in self.on:
            _require_known(name)

    def __contains__(self, name: str) -> bool:
        _require_known(name)
        return name in self.on

    @classmethod
    def of_mode(cls, mode: str) -> Defects:
        """All for ``c-parity``, none for ``spec``; InputError for any other word."""
        if mode not in MODES:
            raise InputError(f"mode must be one of {', '.join(MODES)}; got {mode!r}")
        return cls() if mode == "c-parity" else cls(frozenset())

    @classmethod
    def parse(cls, text: str) -> Defects:
        """``all``, ``none`` or the comma-separated names of those that are on."""
        if text in ("all", "none"):
            return cls() if text == "all" else cls(frozenset())
        return cls(frozenset(text.split(",")))

    @property
    def mode(self) -> str:
        """``c-parity`` when all are on, ``spec`` when none is, else ``custom``."""
        return "c-parity" if len(self.on) == len(NAMES) else "custom" if self.on else "spec"

    def __str__(self) -> str:
        """The text that ``parse`` reads back; names in the order of ``NAMES``."""
        if self.mode != "custom":
            return "all" if self.on else "none"
        return ",".join(name for name in NAMES if name in self.on)


def _require_known(name: str) -> None:
    if name not in NAMES:
        raise InputError(f"unknown defect {name!r}; the defects are {', '.join(NAMES)}")
