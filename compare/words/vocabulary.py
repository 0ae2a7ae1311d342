"""The vocabulary: names, kinds, units, scales, and the graph of steps, read from one data file.

Nothing in the package knows what a program calls its quantities: each subject brings its file (docs/vocabulary.md).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from compare import installed
from compare.errors import InputError
from compare.words.entries import (
    alias_of_entry,
    by_record,
    causes_of,
    defect_of,
    demanded_of,
    digits_of,
    nan_equal_of,
    presence_of,
    quantity_of,
    require_one_of,
    require_only,
)
from compare.words.headings import Headings, headings_of
from compare.words.quantities import HEADER, Alias, Causes, Defect, Demanded, Presence, Quantity
from compare.words.references import Condition, Reference, parse_reference

FORMAT = 1


@dataclass(frozen=True)
class Vocabulary:
    """All that is known about a program's names."""

    name: str
    unknown: str = "required"
    digits: int | None = None  # significant digits that the programs print; None: not stated
    digits_name: str | None = None  # a line by which a log states them itself
    nan_equal: bool = False  # for names that are not listed
    complete: bool = False  # the graph lists every input and every decision: a step that is none is continuous
    headings: Headings = field(default_factory=Headings)  # lines that open a section
    format_name: str | None = None
    closing: str | None = None
    tiers: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)
    demanded: Demanded = field(default_factory=Demanded)
    chatter_sides: frozenset[str] = frozenset()
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quantities: Mapping[tuple[str, str], Quantity] = field(default_factory=dict)
    presences: Mapping[str, Presence] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    defects: tuple[Defect, ...] = ()
    result: str | None = None  # label of what the program is run for
    causes: Causes = field(default_factory=Causes)

    def quantity(self, record: str, name: str) -> Quantity:
        """The entry for a name; an alias shares its target's; unlisted names get the file's default."""
        found = self.quantities.get((record, name))
        if found is not None:
            return found
        presence = self.presences.get(record)
        if presence is not None and presence.name == name:
            return presence.quantity
        alias = self.aliased.get((record, name))
        if alias is not None:
            target = self.target(alias)
            return _as_alias(target, alias) if target else Quantity(name, record)
        return Quantity(name, record, status=self.unknown, nan_equal=self.nan_equal, known=False)

    @cached_property
    def words(self) -> frozenset[str]:
        """Names of lines without a record whose values are words, whatever they look like."""
        return frozenset(name for (record, name), q in self.quantities.items() if not record and q.kind == "word")

    @cached_property
    def aliased(self) -> dict[tuple[str, str], Alias]:
        """The first alias of each older name."""
        return {(alias.record, alias.name): alias for alias in reversed(self.aliases)}

    def target(self, alias: Alias) -> Quantity | None:
        return self.quantities.get((alias.of.record or HEADER, alias.of.name))

    def steps(self) -> dict[str, tuple[str, ...]]:
        """The graph: label of each step -> labels of its inputs."""
        return {
            quantity.label: tuple(dict.fromkeys(self.label_of(r, quantity.record) for r in quantity.inputs or ()))
            for quantity in (*self.quantities.values(), *(p.quantity for p in self.presences.values()))
            if quantity.status != "metadata"
        }

    def later_than(self, label: str) -> frozenset[str]:
        """Labels of the steps that are made from one, by whatever way."""
        steps, found, new = self.steps(), set[str](), {label}
        while new:
            new = {step for step, inputs in steps.items() if new & set(inputs)} - found
            found |= new
        return frozenset(found)

    def factors_of(self, quantity: Quantity) -> frozenset[str]:
        """Labels of what a step is a product of, as its formula or what it carries say."""
        formula = self.causes.formulas.get(quantity.label)
        product = quantity.carries.product if quantity.carries is not None else ()
        named = (self.label_of(reference, quantity.record) for reference, _ in product)
        return frozenset((*named, *(formula.names if formula else ())))

    def record_of(self, reference: Reference, record: str) -> str:
        """The record that an input of a step in ``record`` lives in."""
        if reference.record is not None:
            return reference.record
        return record if (record, reference.name) in self.quantities else HEADER

    def around(self, record: str) -> list[str]:
        """A record and those whose loops are around its own."""
        keys = self.records.get(record, ())
        return [record, *(r for r, outer in self.records.items() if r != record and outer == keys[: len(outer)])]

    def label_of(self, reference: Reference, record: str) -> str:
        where = self.record_of(reference, record)
        return f"{where}.{reference.name}" if where else reference.name


def _as_alias(target: Quantity, alias: Alias) -> Quantity:
    """An alias is compared like its target; its absence alone is never a failure."""
    count = target.count if alias.component is None else 1
    known = replace(target, count=count, status="optional", alias_of=(target.record, target.name))
    return replace(known, name=alias.name, record=alias.record)


@cache
def packaged() -> Vocabulary:
    """That of the subject that holds where nothing is said; without any no name is known and every one required."""
    subject = installed.default_subject()
    path = installed.vocabulary_file(subject) if subject else None
    return load(path) if path else Vocabulary(name="none")


@cache
def of_installed(name: str) -> Vocabulary:
    """That of an installed subject. Raises InputError where there is none of that name."""
    subject = installed.subjects().get(name)
    path = installed.vocabulary_file(subject) if subject else None
    if path is None:
        raise InputError(f"no installed subject {name!r} with a vocabulary; there is {', '.join(installed.subjects())}")
    return load(path)


def load(path: Path | str) -> Vocabulary:
    """Read a vocabulary file. Raises InputError naming the file and the entry that is wrong."""
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read the vocabulary {path}: {error}") from error
    return of_table(data, str(path))


def of_table(data: Mapping[str, Any], where: str) -> Vocabulary:
    """The vocabulary that a table of TOML describes. Raises InputError naming ``where`` and the entry that is wrong."""
    try:
        return _build(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"missing key {error}" if isinstance(error, KeyError) else error
        raise InputError(f"vocabulary {where}: {detail}; see docs/vocabulary.md") from error


TOP_LEVEL = {
    "format", "name", "unknown", "digits", "nan", "graph", "section", "tiers", "demanded", "chatter", "records",
    "presence", "quantities", "alias", "defect", "causes", "result", "formulas", "older",
}  # fmt: skip


def _build(data: Mapping[str, Any]) -> Vocabulary:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']} is not known, {FORMAT} was required")
    require_only(data, TOP_LEVEL, "the file")
    section = data.get("section", {})
    require_only(section, {"keys", "pixel", "format", "closing", "digits"}, "[section]")
    tiers = {name: tuple(map(parse_reference, texts)) for name, texts in data.get("tiers", {}).items()}
    quantities = {
        (record, name): quantity_of(name, record, entry, tiers)
        for record, entries in by_record(data).items()
        for name, entry in entries.items()
    }
    for name, entry in data.get("older", {}).items():
        quantities[HEADER, name] = replace(
            quantity_of(name, HEADER, {"status": "optional", **entry}, tiers), older=True
        )
    unknown = data.get("unknown", "required")
    require_one_of(unknown, ("required", "optional"), "unknown")
    require_one_of(data.get("graph", "partial"), ("complete", "partial"), "graph")
    vocabulary = Vocabulary(
        name=str(data["name"]),
        unknown=unknown,
        digits=digits_of(data, "the file"),
        digits_name=section.get("digits"),
        nan_equal=nan_equal_of(data, "the file"),
        complete=data.get("graph") == "complete",
        headings=headings_of(section),
        format_name=section.get("format"),
        closing=section.get("closing"),
        tiers=tiers,
        demanded=demanded_of(data.get("demanded", {}), tiers),
        chatter_sides=frozenset(data.get("chatter", {}).get("sides", ())),
        records={name: tuple(keys) for name, keys in data.get("records", {}).items()},
        quantities=quantities,
        presences={record: presence_of(record, entry) for record, entry in data.get("presence", {}).items()},
        aliases=tuple(alias_of_entry(entry) for entry in data.get("alias", ())),
        defects=tuple(defect_of(entry) for entry in data.get("defect", ())),
        result=data.get("result"),
        causes=causes_of(data.get("causes", {}), data.get("formulas", {})),
    )
    _check_graph(vocabulary)
    _check_labels(vocabulary)
    return vocabulary


def _check_labels(vocabulary: Vocabulary) -> None:
    """A misspelt label would silently mean nothing."""
    listed = {quantity.label for quantity in vocabulary.quantities.values()}
    named = {
        "result": [vocabulary.result] if vocabulary.result else [],
        "decided_by of an alias": [a.decided_by for a in vocabulary.aliases if a.decided_by],
        "[causes] given": vocabulary.causes.given,
        "[causes.gains]": vocabulary.causes.gains,
        "[causes.grids]": [x for at, g in vocabulary.causes.grids.items() for x in (at, g.step, *g.along)],
        "[formulas]": vocabulary.causes.formulas,
        **{f"defect {d.name}": (*d.shows_in, *d.spoils) for d in vocabulary.defects},
        **{f"the formula of {step}": f.names for step, f in vocabulary.causes.formulas.items()},
    }
    for where, labels in named.items():
        for label in labels:
            if label not in listed:
                raise ValueError(f"{where} names {label!r}, which is not listed")


def _check_graph(vocabulary: Vocabulary) -> None:
    """Every input must be listed itself, else a misspelt one would silently never be found."""
    steps = [*vocabulary.quantities.values(), *(presence.quantity for presence in vocabulary.presences.values())]
    for quantity in steps:
        for reference in quantity.inputs or ():
            where = vocabulary.record_of(reference, quantity.record)
            if (where, reference.name) not in vocabulary.quantities:
                raise ValueError(f"{quantity.label} has the input {reference.name!r}, which is not listed")
            _check_indices(vocabulary, quantity, reference)
            if reference.when is not None:
                _check_facts(vocabulary, quantity, reference.when)
    for alias in vocabulary.aliases:
        if vocabulary.target(alias) is None:
            raise ValueError(f"alias {alias.name!r} is of {alias.of.name!r}, which is not listed")


def _check_indices(vocabulary: Vocabulary, quantity: Quantity, reference: Reference) -> None:
    """A misspelt loop would silently be found nowhere."""
    known = {*vocabulary.records.get(vocabulary.record_of(reference, quantity.record), ())}
    known |= {*vocabulary.records.get(quantity.record, ())}
    named = (*(key for key, _ in (*reference.fixed, *reference.shifted)), *reference.every)
    for key in named:
        if known and key not in known:
            raise ValueError(
                f"{quantity.label} has the input {reference.name!r} at {key!r}, which is no loop of either; "
                f"those are {', '.join(sorted(known))}"
            )


def _check_facts(vocabulary: Vocabulary, quantity: Quantity, condition: Condition) -> None:
    """A misspelt fact would silently never be known."""
    keys = vocabulary.records.get(quantity.record, ())
    for fact in condition.facts():
        known = {
            "value": (quantity.record, fact.name) in vocabulary.quantities
            or (HEADER, fact.name) in vocabulary.quantities
            or fact.name in keys,
            "first": not fact.name or fact.name in keys,
            "record": fact.name in vocabulary.records,
        }
        if not known[fact.kind]:
            raise ValueError(f"{quantity.label} has an input when {fact.name!r}, which is not listed")
