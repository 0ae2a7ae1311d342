"""What the words of a command line are for: files, counts, regions, defects; as the programs read it, by fragments."""

from __future__ import annotations

from harness.case import Argv
from harness.subject import CommandLine, Role, Word
from simulator.commandline.reading import Act, acts, defects_of
from simulator.defects import Defects
from simulator.errors import InputError
from simulator.remarks import Remarks

DEFECTS, REGION, STRICT = "-defects", "-roi", "--strict"

ROLES = {
    "": Role.VALUE,
    "input": Role.INPUT,
    "output": Role.OUTPUT,
    "count": Role.COUNT,
    "region": Role.REGION,
    "switch": Role.SWITCH,
}


def command_line(argv: Argv) -> CommandLine:
    """Every word with its role; also for a command line that the programs refuse.

    A word that is no flag and no flag's value is a group by itself.
    """
    acting = list(acts(argv, _defects(argv), Remarks(forgiving=True)))
    listed = any("hkl_file" in act.fills for act in acting)
    roles: dict[int, Role] = {act.at: Role.FLAG for act in acting}
    belongs: dict[int, int] = {}
    for act in acting:
        for at in range(act.at + 1, act.at + 1 + act.taken):
            if roles.get(at) is not Role.FLAG:  # a flag that another swallows acts all the same
                belongs[at], roles[at] = act.at, _role(act, listed=listed)
    return CommandLine(
        tuple(
            Word(text, roles.get(at, Role.FLAG if text.startswith("-") else Role.VALUE), belongs.get(at, at))
            for at, text in enumerate(argv)
        )
    )


def _role(act: Act, *, listed: bool) -> Role:
    """Of a flag's values. A dump is written, and read in place of a list of reflections where none is named."""
    if "dump_file" in act.fills and not listed:
        return Role.MAYBE_INPUT
    return ROLES[act.flag.role]


def _defects(argv: Argv) -> Defects:
    try:
        return defects_of(argv)
    except InputError:
        return Defects()
