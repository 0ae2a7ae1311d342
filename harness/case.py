"""A case: one command line of both programs, the sections to trace, and what runs before it."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from harness.errors import WrongUse

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
MOST_LISTED = 8  # names of cases in an error

Argv = tuple[str, ...]
Section = tuple[int, ...]
"""What selects a part of a run that is traced: the integers that the subject's keys name."""


@dataclass(frozen=True)
class Golden:
    """Figures of the reference program to test against, where there are any."""

    image: Path | None = None
    """npz with ``image`` and, for some, ``noise``, ``int``, ``pgm``."""
    crop: tuple[int, int, int, int] | None = None
    """Slow start, slow end, fast start, fast end of what the file holds; None: the whole image."""
    traces: Mapping[Section, Path] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """What both programs are run on.

    Attributes:
        argv: words after the program's name.
        sections: what to trace, each the integers of the subject's keys.
        setup: command lines that run before, in the same folder.
        modes: those of the subject's modes in which the two programs are compared; none: the default one.
        covers: named defects that matter for this case.
        fails: both programs are expected to refuse it, for the same stated reason.
        reason: words that both refusals must hold; needed where the reason is that a file is not there.
        inputs: files it needs besides those its flags name.
        origin: the folder of the file that defines it; input files beside it are found.
        confined: the case comes from a file, which may name plain files of its folder and of --data, none outside.
    """

    name: str
    argv: Argv
    sections: tuple[Section, ...] = ()
    setup: tuple[Argv, ...] = ()
    description: str = ""
    modes: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    fails: bool = False
    reason: str = ""
    inputs: tuple[str, ...] = ()
    golden: Golden | None = None
    origin: Path | None = None
    confined: bool = False


def read_case_file(path: Path) -> Case:
    """A user's own case file."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"case file {path} cannot be read: {error}") from error
    case = case_from_toml(text, str(path))
    return replace(case, origin=path.resolve().parent, confined=True)


def section_text(section: Section) -> str:
    """``685 1039``."""
    return " ".join(map(str, section))


def case_from_argv(argv: Sequence[str]) -> Case:
    """A case made of a bare command line; its input files are looked for in the working folder too."""
    return Case(name="none", argv=tuple(argv), description="command line given by hand", origin=Path.cwd())


def case_from_toml(text: str, where: str) -> Case:
    """A case from the text of its file; WrongUse names the file and the key that is wrong."""
    try:
        table = tomllib.loads(text)["case"]
    except tomllib.TOMLDecodeError as error:
        raise WrongUse(f"{where}: not TOML: {error}") from error
    except KeyError as error:
        raise WrongUse(f"{where}: needs a [case] table with name and argv") from error
    known = {
        "name",
        "argv",
        "sections",
        "pixels",
        "setup",
        "description",
        "modes",
        "covers",
        "fails",
        "reason",
        "inputs",
    }
    if unknown := sorted(set(table) - known):
        raise WrongUse(f"{where}: unknown key {unknown[0]!r} in [case]; the keys are {', '.join(sorted(known))}")
    for key in ("name", "argv"):
        if key not in table:
            raise WrongUse(f"{where}: [case] needs {key!r}")
    try:
        return case_of_table(table)
    except (TypeError, ValueError) as error:
        raise WrongUse(f"{where}: {error}") from error


def case_of_table(table: Mapping[str, Any]) -> Case:
    """A case of its table's entries. Raises ValueError for one that is wrong."""
    name = str(table["name"])
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"name must be letters, digits, '_', '-' or '.'; got {name!r}")
    if "sections" in table and "pixels" in table:
        raise ValueError("sections and pixels are two words for one thing; give one of them")
    return Case(
        name=name,
        argv=words(table["argv"]),
        sections=tuple(_section(item) for item in table.get("sections", table.get("pixels", ()))),
        setup=tuple(words(line) for line in table.get("setup", ())),
        description=str(table.get("description", "")),
        modes=tuple(map(str, table.get("modes", ()))),
        covers=tuple(table.get("covers", ())),
        fails=bool(table.get("fails", False)),
        reason=str(table.get("reason", "")),
        inputs=tuple(table.get("inputs", ())),
    )


def words(argv: str | Sequence[object]) -> Argv:
    """A command line as words: a list of them, or one string split as a shell splits it."""
    if isinstance(argv, str):
        return tuple(shlex.split(argv))
    if not all(isinstance(word, str | int | float) and not isinstance(word, bool) for word in argv):
        raise ValueError(f"argv must be a string or a list of words; got {argv!r}")
    return tuple(str(word) for word in argv)


def _section(item: object) -> Section:
    """An integer, or a list of them."""
    numbers = item if isinstance(item, list) else [item]
    if not numbers or not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise ValueError(f"a section is a list of integers; got {item!r}")
    return tuple(numbers)


class CaseFolder:
    """Cases that travel in a package: a folder of TOML files, one of which is the default."""

    def __init__(self, folder: Traversable, default: str) -> None:
        self.folder = folder
        self.default = default

    def names(self) -> tuple[str, ...]:
        """Their names, the default one first."""
        stems = {entry.name.removesuffix(".toml") for entry in self.folder.iterdir() if entry.name.endswith(".toml")}
        return tuple(sorted(stems, key=lambda stem: (stem != self.default, stem)))

    def load(self, name: str) -> Case:
        """The case of that name. Raises WrongUse for a name that is none."""
        require_name(name, self.names())
        return case_from_toml((self.folder / f"{name}.toml").read_text("utf-8"), f"{name}.toml")


def require_name(name: str, names: Sequence[str]) -> None:
    """Refuse a name that no case has, with the nearest one that does."""
    from difflib import get_close_matches

    if name not in names:
        close = get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        few = f"there are {', '.join(names)}; " if names and not close and len(names) <= MOST_LISTED else ""
        raise WrongUse(f"no case {name!r}; {hint}{few}see `harness cases list`, or name a .toml file")
