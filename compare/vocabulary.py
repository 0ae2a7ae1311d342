"""The vocabulary: names, kinds, units, scales, and the graph of steps, read from one data file.

Nothing in the package knows what a program calls its quantities: each subject brings its file (docs/vocabulary.md).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from compare import formulas, installed
from compare.errors import InputError
from compare.forms import Carries, parse_carries
from compare.formulas import Formula
from compare.references import Condition, Reference, parse_condition, parse_reference

FORMAT = 1
KINDS = ("int", "float", "word")
HEADER = ""  # the record of `name value` lines
PRESENT = "present"  # the name of the decision whether a record has a line, unless the vocabulary has another


@dataclass(frozen=True, slots=True)
class Decision:
    """A discrete choice: ``round`` of another quantity, ``zero`` (is it exactly 0?), or a ``jump`` between values."""

    kind: str
    of: str
    when: Condition | None = None  # it is one only where this holds


@dataclass(frozen=True, slots=True)
class Quantity:
    """What the vocabulary says about one name in one record."""

    name: str
    record: str = HEADER
    kind: str | None = None
    count: int | None = None  # how many values a vector has; None: not stated
    unit: str = ""
    status: str = "optional"  # required, optional, metadata, or a tier
    scale: tuple[str, int | None] | None = None  # (quantity, component or None for the product)
    inputs: tuple[Reference, ...] | None = None  # None: not stated; (): the program's arguments alone
    copy: bool = False
    decision: Decision | None = None
    digits: int | None = None  # significant digits that both programs print; None: as the log
    nan_equal: bool = False  # NaN on both sides is the same value
    carries: Carries | None = None  # what it makes of differences of its inputs
    words: frozenset[str] = frozenset()  # that may stand in the place of a number
    known: bool = True
    older: bool = False  # of builds before the format of today
    alias_of: tuple[str, str] | None = None  # record and name of the quantity of today; inputs are that one's

    @property
    def label(self) -> str:
        return f"{self.record}.{self.name}" if self.record else self.name


@dataclass(frozen=True, slots=True)
class Demanded:
    """Which required names must be there: absent from both logs they are a finding."""

    tier: str | None = None  # only where this tier holds; None: always
    spared: frozenset[str] = frozenset()  # records and labels that some runs do not print

    def wants(self, quantity: Quantity) -> bool:
        return not self.spared & {quantity.record, quantity.label}


@dataclass(frozen=True, slots=True)
class Presence:
    """What decides whether a record has a line: a step of its own."""

    record: str
    inputs: tuple[Reference, ...]
    name: str = PRESENT
    limit: tuple[tuple[str, ...], float] | None = None  # the product of these quantities, and where it flips

    @property
    def quantity(self) -> Quantity:
        """The decision as a step of the graph."""
        return Quantity(self.name, self.record, "word", inputs=self.inputs)


@dataclass(frozen=True, slots=True)
class Alias:
    """An older name, and how its value becomes that of the quantity of today."""

    name: str
    record: str
    of: Reference
    factor: float = 1.0
    power: float = 1.0
    divide_by: tuple[str, ...] = ()
    decided_by: str | None = None  # the step whose formula and own value tell by which of them
    component: int | None = None
    when: tuple[str, float] | None = None
    or_factor: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Defect:
    """A named defect of the program and the cause label that it shows as."""

    name: str
    label: str
    index: str | None = None  # the loop whose steps are mixed up
    quantity: str | None = None
    when: tuple[Reference, float] | None = None  # holds only where the reference has this value
    shows_in: tuple[str, ...] = ()  # labels whose repeated value in one log alone proves it
    spoils: tuple[str, ...] = ()  # labels of the steps that are wrong by it where a log prints one evaluation


@dataclass(frozen=True, slots=True)
class Grid:
    """A position on a grid: the labels of the axes it moves along, and of the length of a step."""

    along: tuple[str, ...]
    step: str


@dataclass(frozen=True)
class Causes:
    """What the words for causes and the shares of the blame need to know about a program's names."""

    half_step_of: tuple[str, ...] = ()  # an offset of half of one of these is a half-pixel offset
    grids: Mapping[str, Grid] = field(default_factory=dict)  # label of a position -> how another pixel shows there
    constants: Mapping[str, float] = field(default_factory=dict)
    given: frozenset[str] = frozenset()  # labels of what is read from arguments and files, not computed
    states_defects: str | None = None  # metadata that names the defects a program ran with: all, none, or a list
    same_inputs: tuple[str, ...] = ()  # metadata that, stated alike, shows that both runs had the same inputs
    gains: Mapping[str, float] = field(default_factory=dict)  # how much larger a relative difference a step can make
    formulas: Mapping[str, Formula] = field(default_factory=dict)  # label of a step -> its formula


@dataclass(frozen=True)
class Vocabulary:
    """All that is known about a program's names."""

    name: str
    unknown: str = "required"
    digits: int | None = None  # significant digits that the programs print; None: not stated
    digits_name: str | None = None  # a line by which a log states them itself
    nan_equal: bool = False  # for names that are not listed
    complete: bool = False  # the graph lists every input and every decision: a step that is none is continuous
    pixel: str | None = None
    format_name: str | None = None
    closing: str | None = None
    tiers: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)
    demanded: Demanded = Demanded()
    chatter_sides: frozenset[str] = frozenset()
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quantities: Mapping[tuple[str, str], Quantity] = field(default_factory=dict)
    presences: Mapping[str, Presence] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    defects: tuple[Defect, ...] = ()
    result: str | None = None  # label of what the program is run for
    causes: Causes = Causes()

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

    def record_of(self, reference: Reference, record: str) -> str:
        """The record that an input of a step in ``record`` lives in."""
        if reference.record is not None:
            return reference.record
        return record if (record, reference.name) in self.quantities else HEADER

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
QUANTITY_KEYS = {
    "kind", "count", "unit", "status", "scale", "inputs", "copy", "decision", "digits", "nan", "words",
    "carries",
}  # fmt: skip


def _build(data: Mapping[str, Any]) -> Vocabulary:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']} is not known, {FORMAT} was required")
    _only(data, TOP_LEVEL, "the file")
    section = data.get("section", {})
    _only(section, {"pixel", "format", "closing", "digits"}, "[section]")
    tiers = {name: tuple(map(parse_reference, texts)) for name, texts in data.get("tiers", {}).items()}
    quantities = {
        (record, name): _quantity(name, record, entry, tiers)
        for record, entries in _by_record(data).items()
        for name, entry in entries.items()
    }
    for name, entry in data.get("older", {}).items():
        quantities[HEADER, name] = replace(_quantity(name, HEADER, {"status": "optional", **entry}, tiers), older=True)
    unknown = data.get("unknown", "required")
    _one_of(unknown, ("required", "optional"), "unknown")
    _one_of(data.get("graph", "partial"), ("complete", "partial"), "graph")
    vocabulary = Vocabulary(
        name=str(data["name"]),
        unknown=unknown,
        digits=_digits(data, "the file"),
        digits_name=section.get("digits"),
        nan_equal=_nan_equal(data, "the file"),
        complete=data.get("graph") == "complete",
        pixel=section.get("pixel"),
        format_name=section.get("format"),
        closing=section.get("closing"),
        tiers=tiers,
        demanded=_demanded(data.get("demanded", {}), tiers),
        chatter_sides=frozenset(data.get("chatter", {}).get("sides", ())),
        records={name: tuple(keys) for name, keys in data.get("records", {}).items()},
        quantities=quantities,
        presences={record: _presence(record, entry) for record, entry in data.get("presence", {}).items()},
        aliases=tuple(_alias(entry) for entry in data.get("alias", ())),
        defects=tuple(_defect(entry) for entry in data.get("defect", ())),
        result=data.get("result"),
        causes=_causes(data.get("causes", {}), data.get("formulas", {})),
    )
    _check_graph(vocabulary)
    _check_labels(vocabulary)
    return vocabulary


def _demanded(entry: Mapping[str, Any], tiers: Mapping[str, object]) -> Demanded:
    _only(entry, {"when", "except"}, "[demanded]")
    if "when" in entry:
        _one_of(entry["when"], tuple(tiers), "[demanded]: when")
    return Demanded(entry.get("when"), frozenset(entry.get("except", ())))


def _by_record(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {HEADER if record == "header" else record: e for record, e in data.get("quantities", {}).items()}


def _quantity(name: str, record: str, entry: Mapping[str, Any], tiers: Mapping[str, tuple[Reference, ...]]) -> Quantity:
    where = f"{record or 'header'}.{name}"
    _only(entry, QUANTITY_KEYS, where)
    if entry.get("kind") is not None:
        _one_of(entry["kind"], KINDS, f"{where}: kind")
    status = entry.get("status", "required")
    _one_of(status, ("required", "optional", "metadata", *tiers), f"{where}: status")
    return Quantity(
        name,
        record,
        kind=entry.get("kind"),
        count=entry.get("count"),
        unit=entry.get("unit", ""),
        status=status,
        scale=parse_scale(entry["scale"]) if "scale" in entry else None,
        inputs=tuple(map(parse_reference, entry["inputs"])) if "inputs" in entry else None,
        copy=bool(entry.get("copy", False)),
        decision=_decision(name, where, entry["decision"]) if "decision" in entry else None,
        digits=_digits(entry, where),
        nan_equal=_nan_equal(entry, where),
        words=frozenset(entry.get("words", ())),
        carries=parse_carries(entry["carries"], where, parse_reference) if "carries" in entry else None,
    )


def _digits(entry: Mapping[str, Any], where: str) -> int | None:
    digits = entry.get("digits")
    if digits is not None and not (isinstance(digits, int) and 1 <= digits <= 17):
        raise ValueError(f"{where}: digits is {digits!r}; 1 to 17 were required")
    return digits


def _nan_equal(entry: Mapping[str, Any], where: str) -> bool:
    nan = entry.get("nan", "incomparable")
    _one_of(nan, ("equal", "incomparable"), f"{where}: nan")
    return bool(nan == "equal")


def _presence(record: str, entry: Mapping[str, Any]) -> Presence:
    _only(entry, {"inputs", "name", "limit"}, f"presence of {record}")
    limit = None
    if "limit" in entry:
        _only(entry["limit"], {"product", "at"}, f"presence of {record}: limit")
        limit = tuple(map(str, entry["limit"]["product"])), float(entry["limit"]["at"])
    return Presence(record, tuple(map(parse_reference, entry["inputs"])), str(entry.get("name", PRESENT)), limit)


def _decision(name: str, where: str, entry: Mapping[str, Any]) -> Decision:
    _only(entry, {"kind", "of", "when"}, f"{where}: decision")
    _one_of(entry["kind"], ("round", "zero", "jump"), f"{where}: decision kind")
    when = parse_condition(entry["when"]) if "when" in entry else None
    return Decision(entry["kind"], entry.get("of", name), when)


def parse_scale(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", text)
    if not found:
        raise ValueError(f"scale {text!r} is not of the form name or name[component]")
    return found[1], int(found[2]) if found[2] else None


def _alias(entry: Mapping[str, Any]) -> Alias:
    allowed = {"name", "of", "factor", "power", "divide_by", "decided_by", "component", "when", "or_factor"}
    _only(entry, allowed, f"alias {entry.get('name')}")
    record, _, name = entry["name"].rpartition(".")
    if record and not record.isupper():  # a sub-item such as centre_m.X is a header name
        record, name = HEADER, entry["name"]
    return Alias(
        name=name,
        record=record,
        of=parse_reference(entry["of"]),
        factor=float(entry.get("factor", 1.0)),
        power=float(entry.get("power", 1.0)),
        divide_by=tuple(entry.get("divide_by", ())),
        decided_by=entry.get("decided_by"),
        component=entry.get("component"),
        when=_condition(entry["when"]) if "when" in entry else None,
        or_factor=tuple((float(o["factor"]), str(o.get("unit", ""))) for o in entry.get("or_factor", ())),
    )


def _causes(entry: Mapping[str, Any], steps: Mapping[str, str]) -> Causes:
    lists = ("half_step_of", "same_inputs")
    _only(entry, {*lists, "states_defects", "constants", "given", "gains", "grids"}, "[causes]")
    grids = entry.get("grids", {})
    for label, grid in grids.items():
        _only(grid, {"along", "step"}, f"[causes.grids] {label}")
    return Causes(
        **{name: tuple(entry.get(name, ())) for name in lists},
        states_defects=entry.get("states_defects"),
        given=frozenset(entry.get("given", ())),
        grids={label: Grid(tuple(grid["along"]), grid["step"]) for label, grid in grids.items()},
        constants={name: float(value) for name, value in entry.get("constants", {}).items()},
        gains={label: float(value) for label, value in entry.get("gains", {}).items()},
        formulas={label: formulas.parse(text) for label, text in steps.items()},
    )


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


def _defect(entry: Mapping[str, Any]) -> Defect:
    allowed = {"name", "label", "index", "quantity", "when", "shows_in", "spoils"}
    _only(entry, allowed, f"defect {entry.get('name')}")
    when = None
    if "when" in entry:
        text, value = _condition(entry["when"])
        when = parse_reference(text), value
    return Defect(
        entry["name"], entry.get("label", entry["name"]), entry.get("index"), entry.get("quantity"), when,
        tuple(entry.get("shows_in", ())), tuple(entry.get("spoils", ())),
    )  # fmt: skip


def _condition(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name.strip(), float(value)


def _check_graph(vocabulary: Vocabulary) -> None:
    """Every input must be listed itself, else a misspelt one would silently never be found."""
    steps = [*vocabulary.quantities.values(), *(presence.quantity for presence in vocabulary.presences.values())]
    for quantity in steps:
        for reference in quantity.inputs or ():
            where = vocabulary.record_of(reference, quantity.record)
            if (where, reference.name) not in vocabulary.quantities:
                raise ValueError(f"{quantity.label} has the input {reference.name!r}, which is not listed")
            if reference.when is not None:
                _check_facts(vocabulary, quantity, reference.when)
    for alias in vocabulary.aliases:
        if vocabulary.target(alias) is None:
            raise ValueError(f"alias {alias.name!r} is of {alias.of.name!r}, which is not listed")


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


def _only(entry: Mapping[str, Any], allowed: set[str], where: str) -> None:
    extra = sorted(set(entry) - allowed)
    if extra:
        raise ValueError(f"{where} has the unknown key {extra[0]!r}; known are {', '.join(sorted(allowed))}")


def _one_of(value: object, choices: tuple[str, ...], where: str) -> None:
    if value not in choices:
        raise ValueError(f"{where} is {value!r}; one of {', '.join(choices)} was required")
