"""What a campaign runs: a TOML file, read into jobs.

[campaign]
name = "grid"
cases = ["short", "my_case.toml"]   # cases of the subject, or files
modes = ["default"]                      # those that each case names, if none are given
devices = ["cpu"]
dtypes = ["float64"]
seeds = [1, 2, 3]                        # every {seed} in a command line

[cells]                                  # cases made from axes, instead of or beside the others
common = "-steps 40 -seed {seed}"        # words of all of them
sections = [[20, 20]]
cover = "pairs"                          # all | pairs (a pairwise covering array) | random
number = 100                             # cells at most for all; filled up with random ones for pairs
seed = 1

[axes.slope]                       # level = words of the command line
none = ""
steep = "-slope 7"
"""

from __future__ import annotations

import hashlib
import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from harness.campaign.covering import Cell, covering_array, filled_up
from harness.case import NAME_PATTERN, Case, Section
from harness.choices import modes_of, named_case
from harness.errors import WrongUse
from harness.subject import Subject

COVERS = ("all", "pairs", "random")
MOST_JOBS = 1_000_000
SEED = "{seed}"


@dataclass(frozen=True)
class Job:
    """One case in one mode on one device in one dtype with one seed."""

    label: str
    case: Case
    mode: str
    device: str
    dtype: str
    place: Mapping[str, str]
    """Where it stands: level by axis; ``case``, ``mode``, ``device``, ``dtype`` and ``seed`` are axes too."""

    @property
    def key(self) -> str:
        """A name for what is run, the same in every process."""
        said = [self.label, self.case.argv, self.case.setup, self.case.sections, self.mode, self.device, self.dtype]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Specification:
    """A campaign's file as it was read."""

    name: str
    cases: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    dtypes: tuple[str, ...] = ("float64",)
    seeds: tuple[int, ...] = ()
    common: str = ""
    sections: tuple[Section, ...] = ()
    cover: str = "all"
    number: int | None = None
    seed: int = 1
    axes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    folder: Path = Path()
    """Where the file lies: cases and their inputs beside it are found."""
    sha256: str = ""

    def cells(self) -> list[Cell]:
        """The combinations of levels that are run."""
        if not self.axes:
            return []
        levels = {axis: tuple(words) for axis, words in self.axes.items()}
        if self.cover == "pairs":
            return filled_up(covering_array(levels, self.seed), levels, self.number or 0, self.seed)
        if self.cover == "random":
            return filled_up([], levels, self.number or 0, self.seed)
        combinations = (dict(zip(levels, chosen, strict=True)) for chosen in product(*levels.values()))
        return [cell for _, cell in zip(range(self.number or MOST_JOBS), combinations, strict=False)]


def read_specification(path: Path) -> Specification:
    """Read a campaign's file.

    Raises:
        WrongUse: it cannot be read, or a key or value in it is wrong.
    """
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongUse(f"{path}: cannot be read as a campaign: {error}") from error
    _only(table, {"campaign", "cells", "axes"}, str(path))
    try:
        found = _specification(table)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise WrongUse(f"{path}: {error}") from error
    return replace(found, folder=path.resolve().parent, sha256=hashlib.sha256(content).hexdigest())


def _specification(table: Mapping[str, Any]) -> Specification:
    head, cells, axes = (table.get(part, {}) for part in ("campaign", "cells", "axes"))
    _only(head, {"name", "cases", "modes", "devices", "dtypes", "seeds"}, "[campaign]")
    _only(cells, {"common", "sections", "cover", "number", "seed"}, "[cells]")
    if not NAME_PATTERN.fullmatch(str(head.get("name", ""))):
        raise ValueError("[campaign] needs a name of letters, digits, '_', '-' or '.'")
    if not axes and not head.get("cases"):
        raise ValueError("nothing to run: give cases in [campaign], or [axes]")
    cover = cells.get("cover", "all")
    if cover not in COVERS:
        raise ValueError(f"cover must be one of {', '.join(COVERS)}; got {cover!r}")
    if cover == "random" and not cells.get("number"):
        raise ValueError('cover = "random" needs a number of cells')
    for axis, levels in axes.items():
        if not levels or not all(isinstance(words, str) for words in levels.values()):
            raise ValueError(f"[axes.{axis}] needs levels, each with its words as a string")
    for name in ("devices", "dtypes"):
        if not head.get(name, [""]):
            raise ValueError(f"{name} is an empty list")
    return Specification(
        name=str(head["name"]),
        cases=tuple(map(str, head.get("cases", ()))),
        modes=tuple(map(str, head.get("modes", ()))),
        devices=tuple(map(str, head.get("devices", ("cpu",)))),
        dtypes=tuple(map(str, head.get("dtypes", ("float64",)))),
        seeds=tuple(map(int, head.get("seeds", ()))),
        common=str(cells.get("common", "")),
        sections=tuple(tuple(map(int, section)) for section in cells.get("sections", ())),
        cover=cover,
        number=int(cells["number"]) if "number" in cells else None,
        seed=int(cells.get("seed", 1)),
        axes={str(axis): dict(levels) for axis, levels in axes.items()},
    )


def jobs_of(specification: Specification, subject: Subject) -> list[Job]:
    """Everything that is run, in order.

    Raises:
        WrongUse: an unknown case or mode; more jobs than anybody can mean.
    """
    jobs = []
    for name, case, place in _cases(specification, subject):
        modes = specification.modes or modes_of(subject, case)
        modes_of(subject, replace(case, modes=tuple(modes)))
        variants = product(modes, specification.devices, specification.dtypes, specification.seeds or (None,))
        for mode, device, dtype, seed in variants:
            jobs.append(_job(specification, name, case, place, (mode, device, dtype, seed)))
            if len(jobs) > MOST_JOBS:
                raise WrongUse(f"campaign {specification.name!r} has more than {MOST_JOBS} jobs")
    return jobs


def _cases(specification: Specification, subject: Subject) -> Iterator[tuple[str, Case, dict[str, str]]]:
    for name in specification.cases:
        path = specification.folder / name
        case = named_case(subject, str(path) if name.endswith(".toml") else name)
        yield case.name, case, {"case": case.name}
    cells = specification.cells()
    for number, cell in enumerate(cells):
        name = f"cell_{number:0{len(str(max(0, len(cells) - 1)))}d}"
        line = " ".join([specification.common, *(specification.axes[axis][level] for axis, level in cell.items())])
        case = Case(name, tuple(shlex.split(line)), specification.sections, origin=specification.folder)
        case = case if case.sections else replace(case, sections=subject.default_sections(case))
        yield name, case, cell


def _job(
    specification: Specification,
    name: str,
    case: Case,
    place: dict[str, str],
    variant: tuple[str, str, str, int | None],
) -> Job:
    mode, device, dtype, seed = variant
    where = dict(place)
    label = name
    for axis, level, of in (
        ("mode", mode, specification.modes or case.modes),
        ("device", device, specification.devices),
        ("dtype", dtype, specification.dtypes),
        ("seed", seed, specification.seeds),
    ):
        if len(of) > 1:
            where[axis], label = str(level), f"{label}_{axis[0]}{level}" if axis == "seed" else f"{label}_{level}"
    if seed is not None:
        words = tuple(word.replace(SEED, str(seed)) for word in case.argv)
        case = replace(case, argv=words, setup=tuple(tuple(w.replace(SEED, str(seed)) for w in s) for s in case.setup))
    label = "".join(c if c.isalnum() or c in "_.-" else "-" for c in label)
    return Job(label, replace(case, name=name), mode, device, dtype, where)


def shard_of(jobs: Sequence[Job], text: str) -> list[Job]:
    """Part ``i/n`` (i from 1) of the jobs, taken in turns.

    Raises:
        WrongUse: not of that form, or i outside 1..n.
    """
    first, slash, last = text.partition("/")
    if not slash or not first.isdecimal() or not last.isdecimal() or not 1 <= int(first) <= int(last):
        raise WrongUse(f"--shard takes i/n with 1 <= i <= n, as in 2/8; got {text!r}")
    return list(jobs[int(first) - 1 :: int(last)])


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        raise WrongUse(f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(sorted(known))}")
