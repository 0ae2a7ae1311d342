"""Reading the entries of a vocabulary file, each held against what is known of its kind.

Every function raises ValueError, KeyError or TypeError for an entry that is wrong, naming it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compare.words import formulas
from compare.words.forms import parse_carries
from compare.words.quantities import (
    HEADER,
    PRESENT,
    Alias,
    Causes,
    Decision,
    Defect,
    Demanded,
    Grid,
    Presence,
    Quantity,
)
from compare.words.references import Reference, parse_condition, parse_reference

KINDS = ("int", "float", "word")
QUANTITY_KEYS = {
    "kind", "count", "unit", "status", "scale", "inputs", "copy", "decision", "digits", "nan", "words",
    "carries",
}  # fmt: skip


def demanded_of(entry: Mapping[str, Any], tiers: Mapping[str, object]) -> Demanded:
    """Of the table ``[demanded]``."""
    require_only(entry, {"when", "except"}, "[demanded]")
    if "when" in entry:
        require_one_of(entry["when"], tuple(tiers), "[demanded]: when")
    return Demanded(entry.get("when"), frozenset(entry.get("except", ())))


def by_record(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The entries of ``[quantities]``, by record."""
    return {HEADER if record == "header" else record: e for record, e in data.get("quantities", {}).items()}


def quantity_of(
    name: str, record: str, entry: Mapping[str, Any], tiers: Mapping[str, tuple[Reference, ...]]
) -> Quantity:
    """Of one entry of ``[quantities.RECORD]``."""
    where = f"{record or 'header'}.{name}"
    require_only(entry, QUANTITY_KEYS, where)
    if entry.get("kind") is not None:
        require_one_of(entry["kind"], KINDS, f"{where}: kind")
    status = entry.get("status", "required")
    require_one_of(status, ("required", "optional", "metadata", *tiers), f"{where}: status")
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
        decision=decision_of(name, where, entry["decision"]) if "decision" in entry else None,
        digits=digits_of(entry, where),
        nan_equal=nan_equal_of(entry, where),
        words=frozenset(entry.get("words", ())),
        carries=parse_carries(entry["carries"], where, parse_reference) if "carries" in entry else None,
    )


def digits_of(entry: Mapping[str, Any], where: str) -> int | None:
    """How many significant digits are printed, where the entry says it."""
    digits = entry.get("digits")
    if digits is not None and not (isinstance(digits, int) and 1 <= digits <= 17):
        raise ValueError(f"{where}: digits is {digits!r}; 1 to 17 were required")
    return digits


def nan_equal_of(entry: Mapping[str, Any], where: str) -> bool:
    """Whether NaN on both sides is the same value."""
    nan = entry.get("nan", "incomparable")
    require_one_of(nan, ("equal", "incomparable"), f"{where}: nan")
    return bool(nan == "equal")


def presence_of(record: str, entry: Mapping[str, Any]) -> Presence:
    """Of one entry of ``[presence]``."""
    require_only(entry, {"inputs", "name", "limit"}, f"presence of {record}")
    limit = None
    if "limit" in entry:
        require_only(entry["limit"], {"product", "at"}, f"presence of {record}: limit")
        limit = tuple(map(str, entry["limit"]["product"])), float(entry["limit"]["at"])
    return Presence(record, tuple(map(parse_reference, entry["inputs"])), str(entry.get("name", PRESENT)), limit)


def decision_of(name: str, where: str, entry: Mapping[str, Any]) -> Decision:
    """Of the table ``decision`` of a quantity."""
    require_only(entry, {"kind", "of", "when"}, f"{where}: decision")
    require_one_of(entry["kind"], ("round", "ceil", "zero", "jump"), f"{where}: decision kind")
    when = parse_condition(entry["when"]) if "when" in entry else None
    return Decision(entry["kind"], entry.get("of", name), when)


def parse_scale(text: str) -> tuple[str, int | None]:
    """``name`` or ``name[component]``."""
    found = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", text)
    if not found:
        raise ValueError(f"scale {text!r} is not of the form name or name[component]")
    return found[1], int(found[2]) if found[2] else None


def alias_of_entry(entry: Mapping[str, Any]) -> Alias:
    """Of one ``[[alias]]``."""
    allowed = {"name", "of", "factor", "power", "divide_by", "decided_by", "component", "when", "or_factor"}
    require_only(entry, allowed, f"alias {entry.get('name')}")
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
        when=stated_value(entry["when"]) if "when" in entry else None,
        or_factor=tuple((float(o["factor"]), str(o.get("unit", ""))) for o in entry.get("or_factor", ())),
    )


def causes_of(entry: Mapping[str, Any], steps: Mapping[str, str]) -> Causes:
    """Of the tables ``[causes]`` and ``[formulas]``."""
    lists = ("half_step_of", "same_inputs")
    require_only(entry, {*lists, "states_defects", "constants", "given", "gains", "grids"}, "[causes]")
    grids = entry.get("grids", {})
    for label, grid in grids.items():
        require_only(grid, {"along", "step"}, f"[causes.grids] {label}")
    return Causes(
        **{name: tuple(entry.get(name, ())) for name in lists},
        states_defects=entry.get("states_defects"),
        given=frozenset(entry.get("given", ())),
        grids={label: Grid(tuple(grid["along"]), grid["step"]) for label, grid in grids.items()},
        constants={name: float(value) for name, value in entry.get("constants", {}).items()},
        gains={label: float(value) for label, value in entry.get("gains", {}).items()},
        formulas={label: formulas.parse(text) for label, text in steps.items()},
    )


def defect_of(entry: Mapping[str, Any]) -> Defect:
    """Of one ``[[defect]]``."""
    allowed = {"name", "label", "index", "quantity", "when", "shows_in", "spoils"}
    require_only(entry, allowed, f"defect {entry.get('name')}")
    when = None
    if "when" in entry:
        text, value = stated_value(entry["when"])
        when = parse_reference(text), value
    return Defect(
        entry["name"], entry.get("label", entry["name"]), entry.get("index"), entry.get("quantity"), when,
        tuple(entry.get("shows_in", ())), tuple(entry.get("spoils", ())),
    )  # fmt: skip


def stated_value(text: str) -> tuple[str, float]:
    """``name = number`` as its two sides."""
    name, _, value = text.partition("=")
    return name.strip(), float(value)


def require_only(entry: Mapping[str, Any], allowed: set[str], where: str) -> None:
    """Raises ValueError for a key that is not known: a misspelt one would silently mean nothing."""
    extra = sorted(set(entry) - allowed)
    if extra:
        raise ValueError(f"{where} has the unknown key {extra[0]!r}; known are {', '.join(sorted(allowed))}")


def require_one_of(value: object, choices: tuple[str, ...], where: str) -> None:
    """Raises ValueError for another value."""
    if value not in choices:
        raise ValueError(f"{where} is {value!r}; one of {', '.join(choices)} was required")
