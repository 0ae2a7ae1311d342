"""A case: one command line of the reference program, the pixels to trace, and what runs before it."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.errors import WrongUse

DEFAULT_CASE = "supervisor"
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
MODES = ("c-parity", "spec")

Argv = tuple[str, ...]
Pixel = tuple[int, int]


@dataclass(frozen=True)
class Golden:
    """Figures of the reference program to test against, where there are any."""

    image: Path | None = None
    """npz with ``image`` and, for some, ``noise``, ``int``, ``pgm``."""
    crop: tuple[int, int, int, int] | None = None
    """Slow start, slow end, fast start, fast end of what the file holds; None: the whole image."""
    traces: Mapping[Pixel, Path] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """What both programs are run on.

    Attributes:
        argv: words after the program's name.
        pixels: (slow, fast) of the pixels to trace.
        setup: command lines that run before, in the same folder.
        modes: ``c-parity``, ``spec`` or both: the modes in which the two programs are compared.
        covers: named defects that matter for this case.
        fails: both programs are expected to refuse it.
        inputs: files it needs besides those its flags name.
        origin: the folder of the file that defines it; input files beside it are found.
    """

    name: str
    argv: Argv
    pixels: tuple[Pixel, ...] = ()
    setup: tuple[Argv, ...] = ()
    description: str = ""
    modes: tuple[str, ...] = ("c-parity",)
    covers: tuple[str, ...] = ()
    fails: bool = False
    inputs: tuple[str, ...] = ()
    golden: Golden | None = None
    origin: Path | None = None


def packaged_case_names() -> tuple[str, ...]:
    """Names of the cases that travel in the package, ``supervisor`` first."""
    stems = {entry.name.removesuffix(".toml") for entry in _packaged().iterdir() if entry.name.endswith(".toml")}
    return tuple(sorted(stems, key=lambda stem: (stem != DEFAULT_CASE, stem)))


def load_case(name: str) -> Case:
    """The packaged case of that name, or the one in a TOML file when ``name`` is a path to one."""
    if name.endswith(".toml"):
        return read_case_file(Path(name))
    if name not in packaged_case_names():
        raise WrongUse(f"no case {name!r}; {_nearest(name)}see `harness cases list`, or name a .toml file")
    return case_from_toml((_packaged() / f"{name}.toml").read_text("utf-8"), f"{name}.toml")


def read_case_file(path: Path) -> Case:
    """A user's own case file."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"case file {path} cannot be read: {error}") from error
    case = case_from_toml(text, str(path))
    return Case(**{**case.__dict__, "origin": path.resolve().parent})


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
    known = {"name", "argv", "pixels", "setup", "description", "modes", "covers", "fails", "inputs"}
    if unknown := sorted(set(table) - known):
        raise WrongUse(f"{where}: unknown key {unknown[0]!r} in [case]; the keys are {', '.join(sorted(known))}")
    for key in ("name", "argv"):
        if key not in table:
            raise WrongUse(f"{where}: [case] needs {key!r}")
    try:
        return _case_of_table(table)
    except (TypeError, ValueError) as error:
        raise WrongUse(f"{where}: {error}") from error


def _case_of_table(table: Mapping[str, Any]) -> Case:
    name = str(table["name"])
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"name must be letters, digits, '_', '-' or '.'; got {name!r}")
    modes = tuple(table.get("modes", ("c-parity",)))
    if not modes or set(modes) - set(MODES):
        raise ValueError(f"modes must be some of {', '.join(MODES)}; got {list(modes)}")
    return Case(
        name=name,
        argv=words(table["argv"]),
        pixels=tuple(_pixel(pixel) for pixel in table.get("pixels", ())),
        setup=tuple(words(line) for line in table.get("setup", ())),
        description=str(table.get("description", "")),
        modes=modes,
        covers=tuple(table.get("covers", ())),
        fails=bool(table.get("fails", False)),
        inputs=tuple(table.get("inputs", ())),
    )


def words(argv: str | Sequence[object]) -> Argv:
    """A command line as words: a list of them, or one string split as a shell splits it."""
    if isinstance(argv, str):
        return tuple(shlex.split(argv))
    if not all(isinstance(word, str | int | float) and not isinstance(word, bool) for word in argv):
        raise ValueError(f"argv must be a string or a list of words; got {argv!r}")
    return tuple(str(word) for word in argv)


def _pixel(pair: Sequence[object]) -> Pixel:
    match pair:
        case [int(slow), int(fast)]:
            return slow, fast
    raise ValueError(f"a pixel is a pair of integers [slow, fast]; got {pair!r}")


def golden_cases(folder: Path) -> tuple[Case, ...]:
    """The cases of a folder of golden figures (``index.json`` in it or in its ``public`` folder)."""
    index = next((path for path in (folder / "index.json", folder / "public" / "index.json") if path.is_file()), None)
    if index is None:
        raise WrongUse(f"no index.json in {folder} nor in {folder / 'public'}; --golden takes a folder that has one")
    try:
        entries = json.loads(index.read_text("utf-8"))
        return tuple(_golden_case(name, entry, index.parent) for name, entry in entries.items())
    except (ValueError, KeyError, TypeError) as error:
        raise WrongUse(f"{index}: not an index of golden cases: {error!r}") from error


def _golden_case(name: str, entry: Mapping[str, Any], folder: Path) -> Case:
    traces = {(item["slow"], item["fast"]): folder / item["file"] for item in entry.get("traces", ())}
    image = folder / f"{name}.npz"
    crop = entry.get("crop_slow0_slow1_fast0_fast1")
    golden = Golden(
        image=image if image.is_file() else None,
        crop=tuple(crop) if crop else None,
        traces=traces,
        stats=entry.get("stats", {}),
    )
    return Case(
        name=name,
        argv=tuple(entry["argv"]),
        pixels=tuple(traces),
        setup=tuple(tuple(line) for line in entry.get("setup") or ()),
        description="golden figures of the reference program",
        fails=entry.get("exit", 0) != 0,
        golden=golden,
        origin=next((path for path in (folder.parent / "inputs", folder / "inputs") if path.is_dir()), folder),
    )


def _packaged() -> Any:
    return files("subjects.nanobragg") / "cases"


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, packaged_case_names(), 1)
    return f"did you mean {close[0]!r}? " if close else ""
