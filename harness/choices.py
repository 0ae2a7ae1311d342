"""Options that several commands share, and what they mean together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.case import DEFAULT_CASE, Argv, Case, Pixel, case_from_argv, load_case
from harness.errors import WrongUse

SUPERVISOR_PIXEL: Pixel = (685, 1039)


def chosen_case(name: str | None, argv: Sequence[str] | None) -> Case:
    """The case that ``--case`` names or ``-- ARGV`` spells out; ``supervisor`` when neither is given."""
    if argv and name:
        raise WrongUse("give either --case NAME or -- ARGV, not both")
    return case_from_argv(argv) if argv else load_case(name or DEFAULT_CASE)


def chosen_pixels(case: Case, given: Sequence[str] | None) -> tuple[Pixel, ...]:
    """The pixels asked for (each ``SLOW FAST``), else the case's first; WrongUse where there is none."""
    if given:
        return tuple(dict.fromkeys(_pixel(text) for text in given))
    if case.name == DEFAULT_CASE:
        return (SUPERVISOR_PIXEL,)
    if case.pixels:
        return case.pixels[:1]
    raise WrongUse(f"case {case.name!r} names no pixel to trace; give --pixel SLOW FAST")


def _pixel(text: str) -> Pixel:
    try:
        slow, fast = (int(number) for number in text.replace(",", " ").split())
    except ValueError:
        raise WrongUse(f"--pixel takes two integers, SLOW FAST (row, column); got {text!r}") from None
    return slow, fast


def chosen_defects(case: Case, mode: str | None, switches: Sequence[str]) -> Argv:
    """The ``-defects`` words that ``--mode`` and ``--defect NAME=on|off`` ask for; none for what is the default.

    Without ``--mode`` the switches change what the case's own ``-defects`` says, all being on otherwise.
    """
    from simulator.defects import Defects

    own = next((word for flag, word in zip(case.argv, case.argv[1:], strict=False) if flag == "-defects"), "all")
    base = Defects.of_mode(mode) if mode else Defects.parse(own)
    wanted = base.switched(dict(_switch(text) for text in switches))
    return () if str(wanted) == own else ("-defects", str(wanted))


def _switch(text: str) -> tuple[str, bool]:
    name, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise WrongUse(f"--defect takes NAME=on or NAME=off; got {text!r}")
    return name, state == "on"


def with_words(case: Case, words: Argv) -> Case:
    """The case with words added to its command line and, where they switch defects, to its setup lines."""
    return replace(case, argv=(*case.argv, *words), setup=tuple((*line, *words) for line in case.setup))


def reports_root(out_dir: Path | None) -> Path:
    """Where evidence folders go: ``--out-dir``, else HARNESS_REPORTS, else ``reports`` in the working folder."""
    import os

    return out_dir or Path(os.environ.get("HARNESS_REPORTS") or "reports")
