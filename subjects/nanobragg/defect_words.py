"""``--mode`` and ``--defect NAME=on|off`` as words of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.case import Argv, Case
from harness.errors import WrongUse
from simulator.defects import Defects
from subjects.nanobragg.flag_roles import DEFECTS


def switched(case: Case, mode: str | None, switches: Sequence[str]) -> Case:
    """The case with the ``-defects`` words that are asked for, on its setup lines too; none for what it says already.

    Without a mode the switches change what the case's own ``-defects`` says, all being on otherwise.
    """
    own = _own(case)
    base = Defects.of_mode(mode) if mode else Defects.parse(own or "all")
    wanted = base.switched(dict(_switch(text) for text in switches))
    if str(wanted) == (own or "all"):
        return case
    bare = without(case)
    words = (DEFECTS, str(wanted))
    # Before the others: the reference looks at what is the last word, and how many follow.
    return replace(bare, argv=(*words, *bare.argv), setup=tuple((*words, *line) for line in bare.setup))


def _switch(text: str) -> tuple[str, bool]:
    name, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise WrongUse(f"--defect takes NAME=on or NAME=off; got {text!r}")
    return name, state == "on"


def defects_of(case: Case) -> Defects:
    """Which defects a case's command line leaves on."""
    return Defects.parse(_own(case) or "all")


def _own(case: Case) -> str | None:
    argv = case.argv
    at = [i for i, word in enumerate(argv[:-1]) if word == DEFECTS]
    return argv[at[-1] + 1] if at else None


def without(case: Case) -> Case:
    """The case with no ``-defects`` on its command lines."""
    return replace(case, argv=_without(case.argv), setup=tuple(_without(line) for line in case.setup))


def _without(argv: Sequence[str]) -> Argv:
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word == DEFECTS:
            next(words, None)
        else:
            kept.append(word)
    return tuple(kept)
