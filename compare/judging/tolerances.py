"""Tolerance files: how far apart two values of a step may be.

    format = 1
    source = "harness noise-floor --case long_rod"       # a word to people
    [measured_with]                                      # versions and settings, any strings
    [default]                                            # relative to the scale of a value
    tolerance = 1e-11                                    # T, the local tolerance
    envelope = 1e-11                                     # E, the end-to-end envelope
    [[step]]                                             # condition-aware: evaluated on the reference's values
    name = "CELL.flux"
    tolerance = 1e-14                                    # relative part
    envelope = 1e-12
    terms = [{ coefficient = 2e-16, envelope = 8e-16, powers = { start_K = 1, cells = 1 } }]
    [[floor]]                                            # measured for that very evaluation: absolute
    name = "CELL.flux"
    pixel = [685, 1039]                                  # short for section = { pixel = [685, 1039] }
    section = { epoch = 3 }                              # parts that are not named: every section
    index = { step = 3 }                                 # keys that are not named: every value
    tolerance = 1.2e-13
    envelope = 4e-12

A floor goes before a step, a step before the default. T and E of a step are relative x scale plus the sum of
coefficient x product of abs(quantity)^power; a vector counts as the product of its components, ``name[i]`` is
one component.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from compare.classes.measure import Floats
from compare.errors import InputError
from compare.judging.keys import NOWHERE, Section
from compare.reading.table import Ints
from compare.words.headings import section_lines, section_of

PACKAGED = Path(__file__).parent.parent / "data" / "tolerances.toml"
PACKAGED_SOURCE = "packaged default"
FORMAT = 1


@dataclass(frozen=True)
class Term:
    """coefficient x product of abs(quantity)^power."""

    coefficient: float
    powers: Mapping[str, float]
    envelope: float


@dataclass(frozen=True)
class Step:
    """Relative tolerance and envelope of one step, with terms in other traced quantities."""

    name: str
    tolerance: float
    envelope: float
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Floor:
    """Absolute tolerance and envelope of one evaluation (or of all that ``index`` and ``section`` leave open)."""

    name: str
    tolerance: float
    envelope: float
    section: Section = NOWHERE
    index: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        keys = [*(f"{k}={v}" for k, v in self.index.items())]
        keys += [str(self.section)] if self.section else []
        return f"{self.name}[{' '.join(keys)}]" if keys else self.name


ValuesOf = Callable[[str], Floats | None]  # (n,) values of a quantity at the rows in question


@dataclass
class Tolerances:
    """The tolerances of a comparison. ``strict``: entries that match nothing are a failure."""

    default: Step
    steps: Mapping[str, Step] = field(default_factory=dict)
    floors: Mapping[str, Sequence[Floor]] = field(default_factory=dict)
    source: str = ""  # what a file says of itself
    path: str = ""  # the file; "" for tolerances that come from none
    measured_with: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    _used: set[int] = field(default_factory=set)

    def evaluate(
        self,
        label: str,
        index_names: Sequence[str],
        index: Ints,
        scale: Floats,
        values_of: ValuesOf,
        sections: Iterable[Section] = (),
    ) -> tuple[Floats, Floats]:
        """T and E, absolute, for rows of one quantity; ``scale`` is (n,).

        ``index`` is (n, 1 + k): the number of the section among ``sections``, then the loop indices.
        """
        step = self.steps.get(label, self.default)
        self._used.add(id(step))
        tolerance, envelope = scale * step.tolerance, scale * step.envelope
        for term in step.terms:
            size = _product(term, values_of)
            if size is not None:
                tolerance, envelope = tolerance + term.coefficient * size, envelope + term.envelope * size
        for floor in self.floors.get(label, ()):
            rows = _rows_of(floor, index_names, index, sections)
            if rows.any():
                self._used.add(id(floor))
                tolerance[rows], envelope[rows] = floor.tolerance, floor.envelope
        return tolerance, np.maximum(tolerance, envelope)

    def origin(self, label: str) -> str:
        """Which entry of which file holds for a step."""
        if label in self.floors:
            entry = f"[[floor]] {label}"
        else:
            entry = f"[[step]] {label}" if label in self.steps else "[default]"
        return f"{entry} of {self.described}"

    @property
    def described(self) -> str:
        """The file, then what it says of itself: only the file that comes with the program is the default."""
        word = self.source.strip()
        if not self.path:
            return word or "tolerances without a source"
        return self.path if not word or word.casefold() == PACKAGED_SOURCE else f'{self.path}, which says "{word}"'

    def unused(self) -> list[str]:
        """Entries of a user's file that no quantity matched."""
        if not self.strict:
            return []
        entries: list[Step | Floor] = [*self.steps.values()]
        entries += [floor for floors in self.floors.values() for floor in floors]
        return [str(e) if isinstance(e, Floor) else e.name for e in entries if id(e) not in self._used]


def _product(term: Term, values_of: ValuesOf) -> Floats | None:
    """The product of a term; None when a quantity of it is not in the log (the term then adds nothing)."""
    product: Floats | None = None
    for name, power in term.powers.items():
        values = values_of(name)
        if values is None:
            return None
        factor = np.abs(values) ** power
        product = factor if product is None else product * factor
    return product


def _rows_of(floor: Floor, index_names: Sequence[str], index: Ints, sections: Iterable[Section]) -> np.ndarray:
    rows = np.ones(len(index), bool)
    if floor.section:
        rows &= np.isin(index[:, 0], [number for number, each in enumerate(sections) if each.has(floor.section)])
    for key, number in floor.index.items():
        if key not in index_names:
            return np.zeros(len(index), bool)
        rows &= index[:, 1 + index_names.index(key)] == number
    return rows


def packaged() -> Tolerances:
    return replace(load(PACKAGED, strict=False), source=PACKAGED_SOURCE, path="")


def load(path: Path | str, *, strict: bool = True) -> Tolerances:
    """Read a tolerance file. Raises InputError naming the file and the entry that is wrong."""
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read the tolerance file {path}: {error}") from error
    try:
        return _build(data, strict, str(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"missing key {error}" if isinstance(error, KeyError) else error
        raise InputError(f"tolerance file {path}: {detail}; see docs/tolerances.md") from error


def _build(data: Mapping[str, Any], strict: bool, path: str) -> Tolerances:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']} is not known, {FORMAT} was required")
    unknown = sorted(set(data) - {"format", "source", "measured_with", "default", "step", "floor"})
    if unknown:
        raise ValueError(f"unknown entry {unknown[0]!r}")
    base = data.get("default", {"tolerance": 1e-11})
    default = _step({"name": "default", **base}, base)
    floors: dict[str, list[Floor]] = {}
    for entry in data.get("floor", ()):
        floor = _floor(entry)
        floors.setdefault(floor.name, []).append(floor)
    return Tolerances(
        default=default,
        steps={entry["name"]: _step(entry, base) for entry in data.get("step", ())},
        floors=floors,
        source=str(data.get("source", "")),
        path=path,
        measured_with={str(k): str(v) for k, v in data.get("measured_with", {}).items()},
        strict=strict,
    )


def _step(entry: Mapping[str, Any], base: Mapping[str, Any]) -> Step:
    unknown = sorted(set(entry) - {"name", "tolerance", "envelope", "terms"})
    if unknown:
        raise ValueError(f"step {entry['name']}: unknown key {unknown[0]!r}")
    tolerance = _positive(entry.get("tolerance", base["tolerance"]), entry["name"])
    envelope = _positive(entry.get("envelope", base.get("envelope", tolerance)), entry["name"])
    terms = tuple(
        Term(
            _positive(term["coefficient"], entry["name"]),
            {str(name): float(power) for name, power in term["powers"].items()},
            _positive(term.get("envelope", term["coefficient"]), entry["name"]),
        )
        for term in entry.get("terms", ())
    )
    return Step(entry["name"], tolerance, envelope, terms)


def _floor(entry: Mapping[str, Any]) -> Floor:
    unknown = sorted(set(entry) - {"name", "tolerance", "envelope", "pixel", "section", "index"})
    if unknown:
        raise ValueError(f"floor {entry['name']}: unknown key {unknown[0]!r}")
    return Floor(
        entry["name"],
        _positive(entry["tolerance"], entry["name"]),
        _positive(entry.get("envelope", entry["tolerance"]), entry["name"]),
        section_of(entry, f"floor {entry['name']}"),
        {str(key): int(number) for key, number in entry.get("index", {}).items()},
    )


def _positive(value: float, name: str) -> float:
    if not 0.0 <= float(value) < float("inf"):
        raise ValueError(f"{name}: a tolerance must be finite and not negative, {value} was given")
    return float(value)


def dump(tolerances: Tolerances) -> str:
    """The text of a tolerance file; `load` reads it back to the same tolerances."""
    lines = [f"format = {FORMAT}", f"source = {_text(tolerances.source)}", ""]
    if tolerances.measured_with:
        lines += ["[measured_with]"]
        lines += [f"{_text(k)} = {_text(v)}" for k, v in tolerances.measured_with.items()] + [""]
    default = tolerances.default
    lines += ["[default]", f"tolerance = {default.tolerance!r}", f"envelope = {default.envelope!r}", ""]
    for step in tolerances.steps.values():
        lines += ["[[step]]", f"name = {_text(step.name)}"]
        lines += [f"tolerance = {step.tolerance!r}", f"envelope = {step.envelope!r}"]
        if step.terms:
            lines += [f"terms = [{', '.join(map(_term_text, step.terms))}]"]
        lines += [""]
    for floors in tolerances.floors.values():
        for floor in floors:
            lines += [*_floor_lines(floor), ""]
    return "\n".join(lines)


def _term_text(term: Term) -> str:
    powers = ", ".join(f"{_text(name)} = {power!r}" for name, power in term.powers.items())
    return f"{{ coefficient = {term.coefficient!r}, envelope = {term.envelope!r}, powers = {{ {powers} }} }}"


def _floor_lines(floor: Floor) -> list[str]:
    lines = ["[[floor]]", f"name = {_text(floor.name)}"]
    lines += section_lines(floor.section)
    if floor.index:
        lines += [f"index = {{ {', '.join(f'{k} = {v}' for k, v in floor.index.items())} }}"]
    return [*lines, f"tolerance = {floor.tolerance!r}", f"envelope = {floor.envelope!r}"]


def _text(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
