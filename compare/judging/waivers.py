"""Accepted differences: a TOML file that says which, why, who accepts them, and until when.

    [[waiver]]
    name = "rate_K_per_s"            # the canonical name, or as either log spells it
    why = "older build does not normalise"
    who = "M. Maintainer"
    until = 2031-01-31               # the last day on which it holds
    record = "STEP"                  # optional, as are the next ones: what is not named matches all
    indices = { step = 0 }
    pixel = [685, 1039]              # short for section = { pixel = [685, 1039] }
    section = { epoch = 3 }
    relative = 1e-6                  # accepts no difference larger than this

A waiver turns what it matches into *waived* in every output. One that has expired accepts nothing, and one that
matches nothing any more is out of date: both are findings, and never parity.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from compare.errors import InputError
from compare.judging.keys import NOWHERE, Key, Section
from compare.judging.result import Comparison, Pair, Problem, ProblemKind, Waived
from compare.words.headings import section_of

REQUIRED = ("name", "why", "who", "until")
KINDS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "why": str,
    "who": str,
    "until": date,
    "record": str,
    "indices": dict,
    "pixel": list,
    "section": dict,
    "relative": (int, float),
}
# Findings about one quantity; the others are about a log or a file as a whole and cannot be waived.
WAIVABLE = frozenset(
    {ProblemKind.REQUIRED_MISSING, ProblemKind.ONE_SIDED_NAN, ProblemKind.AMBIGUITY, ProblemKind.DUPLICATE_CONFLICT}
)


@dataclass(frozen=True)
class Waiver:
    """One accepted difference."""

    name: str
    why: str
    who: str
    until: date
    record: str | None = None
    indices: tuple[tuple[str, int], ...] = ()
    section: Section = NOWHERE
    relative: float | None = None

    def __str__(self) -> str:
        place = [f"record {self.record}"] if self.record is not None else []
        place += [f"{index}={number}" for index, number in self.indices]
        place += [str(self.section)] if self.section else []
        place += [f"relative up to {self.relative:g}"] if self.relative is not None else []
        return f"{self.name} ({', '.join(place)})" if place else self.name

    @property
    def waived(self) -> Waived:
        return Waived(self.why, self.who, self.until.isoformat())

    def matches(self, key: Key, *spellings: str) -> bool:
        """Whether name, record and every index and part of the section that the waiver names are those of ``key``."""
        numbers = dict(key.indices)
        return (
            self.name in (key.name, *spellings)
            and self.record in (None, key.record)
            and key.section.has(self.section)
            and all(numbers.get(index) == number for index, number in self.indices)
        )

    def accepts(self, pair: Pair) -> bool:
        """Whether it matches a pair that fails, and the difference is no larger than it allows."""
        if not (pair.fails and self.matches(pair.key, pair.name_a, pair.name_b)):
            return False
        return self.relative is None or (pair.relative is not None and pair.relative <= self.relative)


def load(path: Path) -> tuple[Waiver, ...]:
    """Read a waiver file. Raises :class:`InputError`, with the file and the entry, for whatever is not as above."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not valid TOML: {error}") from error
    entries = document.pop("waiver", None)
    if document:
        raise InputError(f"{path}: only [[waiver]] entries are expected; it has {', '.join(map(repr, document))}")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path}: at least one [[waiver]] entry is required")
    return tuple(_waiver(entry, f"{path}: waiver {number}") for number, entry in enumerate(entries, 1))


def apply(result: Comparison, waivers: Sequence[Waiver], today: date | None = None) -> Comparison:
    """The comparison with what ``waivers`` accept marked, and a finding for each that is expired or unmatched.

    ``today`` is the date in UTC unless given.
    """
    today = today or datetime.now(UTC).date()
    used: set[int] = set()
    valid = [(place, waiver) for place, waiver in enumerate(waivers) if waiver.until >= today]

    def accepted_pair(pair: Pair) -> Pair:
        matching = [(place, waiver) for place, waiver in valid if waiver.accepts(pair)]
        used.update(place for place, _ in matching)
        return replace(pair, waived=matching[0][1].waived) if matching else pair

    def accepted_problem(problem: Problem) -> Problem:
        if problem.key is None or problem.kind not in WAIVABLE or problem.waived is not None:
            return problem
        # A bound cannot hold for a value that is not there.
        matching = [item for item in valid if item[1].relative is None and item[1].matches(problem.key)]
        used.update(place for place, _ in matching)
        return replace(problem, waived=matching[0][1].waived) if matching else problem

    pairs = tuple(accepted_pair(pair) for pair in result.pairs)
    problems = [accepted_problem(problem) for problem in result.problems]
    found = [_stale(waiver, today) for place, waiver in enumerate(waivers) if waiver.until < today or place not in used]
    coverage = replace(result.coverage, problems=result.coverage.problems + len(found))
    return replace(result, pairs=pairs, problems=(*problems, *found), coverage=coverage)


def _stale(waiver: Waiver, today: date) -> Problem:
    key = Key(waiver.name, waiver.record or "", waiver.indices, waiver.section)
    if waiver.until < today:
        message = f"the waiver of {waiver} by {waiver.who} ended on {waiver.until}: renew it or mend the difference"
        return Problem(ProblemKind.WAIVER_EXPIRED, message, key=key)
    message = f"the waiver of {waiver} by {waiver.who} matches no failing quantity: remove it"
    return Problem(ProblemKind.WAIVER_UNMATCHED, message, key=key)


def _waiver(entry: Mapping[str, Any], where: str) -> Waiver:
    for name in entry:
        if name not in KINDS:
            near = get_close_matches(name, KINDS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(KINDS)}"
            raise InputError(f"{where}: unknown key {name!r}{hint}")
    for name in REQUIRED:
        if name not in entry:
            raise InputError(f"{where}: {name!r} is missing; {', '.join(REQUIRED)} are required")
    for name, value in entry.items():
        if not isinstance(value, KINDS[name]) or isinstance(value, bool | datetime):
            raise InputError(f"{where}: {name} = {value!r}: {_expected(name)} is required")
        if isinstance(value, str) and name != "record" and not value.strip():
            raise InputError(f"{where}: {name} is empty; a waiver must say it")
    return Waiver(
        **{name: entry[name] for name in REQUIRED},
        record=entry.get("record"),
        indices=_indices(entry.get("indices", {}), where),
        section=_section(entry, where),
        relative=_relative(entry.get("relative"), where),
    )


def _expected(name: str) -> str:
    words = {"until": "a date such as 2031-01-31 (no quotes)", "indices": "a table such as { step = 0 }"}
    words["section"] = "a table such as { epoch = 3, pixel = [5, 6] }"
    return words.get(name, {"pixel": "[slow, fast]", "relative": "a number"}.get(name, "a text"))


def _indices(indices: Mapping[str, Any], where: str) -> tuple[tuple[str, int], ...]:
    for index, number in indices.items():
        if type(number) is not int:
            raise InputError(f"{where}: indices: {index} = {number!r}: an integer is required")
    return tuple(indices.items())


def _section(entry: Mapping[str, Any], where: str) -> Section:
    try:
        return section_of(entry, where)
    except ValueError as error:
        raise InputError(str(error)) from error


def _relative(relative: float | None, where: str) -> float | None:
    if relative is not None and not 0 < relative < float("inf"):
        raise InputError(f"{where}: relative = {relative}: a positive finite number is required")
    return None if relative is None else float(relative)
