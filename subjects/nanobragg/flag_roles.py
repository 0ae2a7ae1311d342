"""What the words of a command line are for: files, counts, regions, defects."""

from __future__ import annotations

from harness.case import Argv
from harness.subject import CommandLine, Role, Word

INPUT_FLAGS = frozenset({"-hkl", "-mat", "-mask", "-img", "-sourcefile", "-stol", "-4stol", "-Q"})
OUTPUT_FLAGS = frozenset(
    f"-{kind}{noun}" for kind in ("float", "int", "pgm", "noise") for noun in ("file", "image")
) | {"-stolout", "-trace_file"}
COUNT_FLAGS = frozenset(
    f"-{name}"
    for name in (
        *("phisteps", "mosaic_domains", "oversample", "thicksteps", "detector_thicksteps"),
        *("hdivsteps", "vdivsteps", "divsteps", "dispsteps", "N", "Na", "Nb", "Nc"),
    )
)
"""Flags whose number is tried smaller."""
DUMP, DEFECTS, REGION = "-dump", "-defects", "-roi"


def command_line(argv: Argv) -> CommandLine:
    """Every word with its role; also for a command line that the programs refuse."""
    words, group = [], -1
    for position, text in enumerate(argv):
        before = argv[position - 1] if position else ""
        group += is_flag(text) or position == 0
        words.append(Word(text, Role.FLAG if is_flag(text) else _role(before, argv), group))
    return CommandLine(tuple(words))


def _role(flag: str, argv: Argv) -> Role:
    """Of the word after a flag."""
    if flag in INPUT_FLAGS:
        return Role.INPUT
    if flag == DUMP:  # written; read in place of a list of reflections where none is named
        return Role.OUTPUT if "-hkl" in argv else Role.MAYBE_INPUT
    if flag in OUTPUT_FLAGS:
        return Role.OUTPUT
    if flag in COUNT_FLAGS:
        return Role.COUNT
    return {DEFECTS: Role.SWITCH, REGION: Role.REGION}.get(flag, Role.VALUE)


def is_flag(word: str) -> bool:
    """True for a word that begins with ``-`` and is no number."""
    if not word.startswith("-"):
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False
