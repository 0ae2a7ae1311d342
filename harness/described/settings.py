"""``parity.toml`` as data: read, checked, every mistake named with its key (docs/parity_toml.md)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from compare.judging.keys import Section as Named
from compare.words.headings import headings_of
from harness.case import NAME_PATTERN, Case, Section, case_of_table
from harness.errors import WrongUse

STDOUT, CAPTURED = "stdout", "captured"
PLACES = ("scratch", "here")
KEY = re.compile(r"[A-Za-z_]\w*")
TOP = {"name", "keys", "result", "reference", "port", "cases", "names", "tolerance", "vocabulary", "capture", "counts"}
SIDE = {"build", "run", "trace", "folder", "inputs", "outputs", "env", "title", "devices", "dtypes"}


@dataclass(frozen=True)
class Side:
    """How one program is built and run.

    Attributes:
        run: words; ``{argv}`` is the case's command line, ``{KEY}`` an integer of the section, ``{device}`` and
            ``{dtype}`` what the port computes with, ``{python}`` the Python that runs this.
        build: a shell command, run in the folder of the file before the first case.
        trace: ``stdout``, the name of a file that the run writes, or ``captured``.
        folder: ``scratch``: an empty folder with the inputs; ``here``: the folder of the file.
        inputs: files that it opens by name, copied into the scratch folder.
        outputs: files that it writes and that both programs must write alike, byte for byte.
    """

    run: str
    title: str
    build: str = ""
    trace: str = STDOUT
    folder: str = "scratch"
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ("cpu",)
    dtypes: tuple[str, ...] = ("float64",)

    def takes(self, name: str) -> bool:
        """Whether its command line has a place for this."""
        return f"{{{name}}}" in self.run


@dataclass(frozen=True)
class Settings:
    """All of the file.

    Attributes:
        names: the port's name -> the reference's.
        vocabulary: a table as in a vocabulary file.
    """

    path: Path
    name: str
    reference: Side
    port: Side
    cases: Mapping[str, Case]
    keys: tuple[str, ...] = ()
    result: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    tolerance: float | None = None
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    capture: Mapping[str, Any] = field(default_factory=dict)
    """Read by the package ``capture``."""
    counts: tuple[str, ...] = ()
    """Flags whose number can be tried smaller."""

    @property
    def folder(self) -> Path:
        """Where the file lies."""
        return self.path.parent

    def unheaded(self, section: Section) -> Named:
        """What a section has beyond the lines by which, as the vocabulary says, the programs state it themselves."""
        headings = headings_of(self.vocabulary.get("section", {}))
        headed = {label for labels in headings.keys.values() for label in labels}
        numbers = zip(self.keys, section, strict=True)
        return Named.of({key: (number,) for key, number in numbers if key not in headed})


def read(path: Path) -> Settings:
    """The settings of a file. Raises WrongUse naming the file and the key that is wrong."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise WrongUse(f"{path}: not TOML: {error}") from error
    try:
        return _settings(path.resolve(), table)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        detail = f"needs {error}" if isinstance(error, KeyError) else str(error)
        raise WrongUse(f"{path}: {detail}; `harness docs parity_toml` says what goes where") from error


def _settings(path: Path, table: Mapping[str, Any]) -> Settings:
    _only(table, TOP, "the file")
    name = _text(table, "name")
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"name must be letters, digits, '_', '-' or '.'; got {name!r}")
    keys = _words(table, "keys")
    if wrong := [key for key in keys if not KEY.fullmatch(key)]:
        raise ValueError(f"keys must be names of integers; got {wrong[0]!r}")
    reference, port = (_side(table, word) for word in ("reference", "port"))
    for word, side in (("reference", reference), ("port", port)):
        if missing := [key for key in keys if not side.takes(key) and side.trace != CAPTURED]:
            raise ValueError(f"[{word}] run must have a place {{{missing[0]}}} for the key {missing[0]!r}")
    tolerance = table.get("tolerance")
    if tolerance is not None and not (isinstance(tolerance, int | float) and 0 <= tolerance < 1):
        raise ValueError(f"tolerance must be a relative difference from 0 to 1; got {tolerance!r}")
    return Settings(
        path=path,
        name=name,
        reference=reference,
        port=port,
        cases=_cases(table.get("cases", {}), keys),
        keys=keys,
        result=_text(table, "result", ""),
        names={str(a): str(b) for a, b in _table(table, "names").items()},
        tolerance=None if tolerance is None else float(tolerance),
        vocabulary=_table(table, "vocabulary"),
        capture=_table(table, "capture"),
        counts=_words(table, "counts"),
    )


def _side(table: Mapping[str, Any], word: str) -> Side:
    entry = _table(table, word)
    if not entry:
        raise ValueError(f'needs a table [{word}] with run = "..."')
    _only(entry, SIDE, f"[{word}]")
    folder = _text(entry, "folder", "scratch")
    if folder not in PLACES:
        raise ValueError(f"[{word}] folder must be one of {', '.join(PLACES)}; got {folder!r}")
    return Side(
        run=_text(entry, "run"),
        title=_text(entry, "title", f"the {word}"),
        build=_text(entry, "build", ""),
        trace=_text(entry, "trace", STDOUT),
        folder=folder,
        inputs=_words(entry, "inputs"),
        outputs=_words(entry, "outputs"),
        env={str(name): str(value) for name, value in _table(entry, "env").items()},
        devices=_words(entry, "devices") or ("cpu",),
        dtypes=_words(entry, "dtypes") or ("float64",),
    )


def _cases(table: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Case]:
    """The cases by name; without any one that adds no word."""
    if not table:
        return {"default": Case("default", (), ((0,) * len(keys),) if not keys else ())}
    cases = {}
    for name, entry in table.items():
        case = case_of_table({"name": name, "argv": (), **entry})
        if wrong := [section for section in case.sections if len(section) != len(keys)]:
            raise ValueError(
                f"[cases.{name}] sections must give {len(keys)} integers each ({', '.join(keys)}); got {list(wrong[0])}"
            )
        cases[name] = case
    return cases


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            close = get_close_matches(key, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(sorted(known))}"
            raise ValueError(f"unknown key {key!r} in {where}; {hint}")


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if value is None:
        raise ValueError(f'needs {key} = "..."')
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text in quotes; got {value!r}")
    return value


def _words(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{key} must be a list of texts; got {value!r}")
    return tuple(value)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be a table; got {value!r}")
    return value
