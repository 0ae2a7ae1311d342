"""A comparison as JSON (``docs/schemas/comparison-1.json``), and back.

JSON has no NaN or infinity: such a float is ``{"float": "nan"}``. Fields of a pair that have their default (null,
false, empty) are left out, save those that every pair has.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from compare.judging.coverage import Coverage, Metadatum, SideInfo
from compare.judging.keys import NOWHERE, PIXEL, Key, Section, Value
from compare.judging.result import (
    SCHEMA_VERSION,
    Account,
    Ambiguity,
    Cause,
    Comparison,
    Decision,
    DifferenceClass,
    Leftover,
    Origin,
    Pair,
    Problem,
    ProblemKind,
    Remark,
    Share,
    Side,
    Status,
    Waived,
)

SCHEMA = "trace-parity/comparison"
ALWAYS = ("key", "a", "b", "order", "difference", "origin", "status", "ulps", "absolute", "relative")


def render(result: Comparison) -> str:
    """The whole comparison as one JSON object."""
    text = json.dumps(as_document(result), indent=1, allow_nan=False) + "\n"
    return text.replace("##[", "\\u0023#[")  # the same string; a runner that reads the output would take a command


def as_document(result: Comparison) -> dict[str, Any]:
    """The same as plain dictionaries and lists."""
    places = {id(pair): place for place, pair in enumerate(result.pairs)}
    marked = {"first_origin": result.first_origin, "first_divergence": result.first_divergence}
    marked |= {"worst": result.worst, "dominant": result.dominant, "result": result.result_pair}
    return {
        "schema": SCHEMA,
        "schema_version": result.schema_version,
        "verdict": result.verdict.value,
        "exit_code": result.exit_code,
        **{name: None if pair is None else places[id(pair)] for name, pair in marked.items()},
        "cause": _encode(result.cause),
        "account": _encode(result.account),
        "counts": _encode(result.counts),
        "omitted": _encode(result.omitted),
        "coverage": {**_encode(result.coverage), "fraction": result.coverage.fraction},
        "waived": len(result.waived) + sum(problem.waived is not None for problem in result.problems),
        "replayed": result.replayed,
        "tolerance_source": result.tolerance_source,
        "sides": {"a": _encode(result.sides[0]), "b": _encode(result.sides[1])},
        "metadata": _encode(result.metadata),
        "pairs": [_encode_pair(pair) for pair in result.pairs],
        "leftovers": _encode(result.leftovers),
        "ambiguities": _encode(result.ambiguities),
        "problems": _encode(result.problems),
        "warnings": _encode(result.warnings),
        "steps": _encode(result.steps),
    }


def read(text: str) -> Comparison:
    """What :func:`render` wrote. Raises ``ValueError`` for anything else, or where verdict and data disagree."""
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA or document["schema_version"] != SCHEMA_VERSION:
            found = f"{document['schema']} {document['schema_version']}"
            raise ValueError(f"a comparison of version {SCHEMA_VERSION} is required; this is {found}")
        result = _comparison(document)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"this is no comparison as `compare traces --json` writes it: {error!r}") from error
    if result.verdict.value != document["verdict"]:
        stated = document["verdict"]
        raise ValueError(f"the document states {stated!r}, its data say {result.verdict.value!r}: was it edited?")
    return result


# ---------------------------------------------------------------- writing


def _encode(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, str):  # enumerations among them; a lone surrogate is no Unicode text
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, Key):
        return {**_encode_fields(value), "indices": _by_name(value.indices), PIXEL: _encode(value.pixel)}
    if isinstance(value, Metadatum):
        return {**_encode_fields(value), PIXEL: _encode(value.section.pixel)}
    if isinstance(value, SideInfo):
        pixels = [_encode(section.pixel) for section in value.sections if section.pixel]
        return {**_encode_fields(value), "pixels": pixels}
    if isinstance(value, Section):
        return _by_name(zip(value.names, value.numbers, strict=True))
    if is_dataclass(value):
        return _encode_fields(value)
    if isinstance(value, Mapping):
        return {_encode(name): _encode(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_encode(inner) for inner in value]
    return value


def _by_name(indices: Iterable[tuple[str, int]]) -> dict[str, int | list[int]]:
    """By name; those of a name that stands there several times in a list."""
    found: dict[str, list[int]] = {}
    for name, number in indices:
        found.setdefault(_encode(name), []).append(number)
    return {name: numbers[0] if len(numbers) == 1 else numbers for name, numbers in found.items()}


def _encode_fields(value: Any) -> dict[str, Any]:
    return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}


def _encode_pair(pair: Pair) -> dict[str, Any]:
    told = [field for field in fields(pair) if field.name in ALWAYS or getattr(pair, field.name) != field.default]
    return {field.name: _encode(getattr(pair, field.name)) for field in told}


# ---------------------------------------------------------------- reading


def _comparison(document: Mapping[str, Any]) -> Comparison:
    coverage = {name: value for name, value in document["coverage"].items() if name != "fraction"}
    sides = document["sides"]
    return Comparison(
        sides=(_side(sides["a"]), _side(sides["b"])),
        pairs=tuple(_pair(pair) for pair in document["pairs"]),
        counts=_counts(document["counts"]),
        coverage=Coverage(**coverage),
        leftovers=tuple(_leftover(each) for each in document["leftovers"]),
        ambiguities=tuple(Ambiguity(_key(each["key"]), each["message"]) for each in document["ambiguities"]),
        problems=tuple(_problem(each) for each in document["problems"]),
        warnings=tuple(
            Remark(each["kind"], each["message"], _optional_key(each["key"])) for each in document["warnings"]
        ),
        metadata=tuple(_metadatum(each) for each in document["metadata"]),
        omitted=_counts(document["omitted"]),
        steps={name: tuple(inputs) for name, inputs in document["steps"].items()},
        tolerance_source=document["tolerance_source"],
        replayed=document["replayed"],
        schema_version=document["schema_version"],
        account=_account(document["account"]),
        cause=None if document["cause"] is None else Cause(**document["cause"]),
    )


def _account(account: Mapping[str, Any]) -> Account:
    shares = tuple(Share(**{**share, "fraction": _value(share["fraction"])}) for share in account["shares"])
    return Account(**{**account, "shares": shares, "notes": tuple(account["notes"])})


def _pair(pair: Mapping[str, Any]) -> Pair:
    given = dict(pair)
    given |= {name: _value(given[name]) for name in ("a", "b")}
    given |= {"key": _key(given["key"]), "difference": DifferenceClass(given["difference"])}
    given |= {"origin": Origin(given["origin"]), "status": Status(given["status"])}
    for name, kind in (("cause", Cause), ("decision", Decision), ("waived", Waived)):
        if given.get(name) is not None:
            given[name] = kind(**{inner: _value(value) for inner, value in given[name].items()})
    for name in ("ulps", "absolute", "relative", "scale", "tolerance", "envelope", "local", "propagated"):
        given[name] = _value(given.get(name))
    return Pair(**given)


def _key(key: Mapping[str, Any]) -> Key:
    indices = _flat(key["indices"])
    return Key(key["name"], key["record"], tuple(indices), _section(key), key["occurrence"])


def _section(entry: Mapping[str, Any]) -> Section:
    """Of an entry; earlier documents have a pixel alone."""
    if "section" not in entry:
        return NOWHERE if entry[PIXEL] is None else Section.of({PIXEL: entry[PIXEL]})
    names, numbers = zip(*_flat(entry["section"]), strict=True) if entry["section"] else ((), ())
    return Section(tuple(names), tuple(numbers))


def _flat(by_name: Mapping[str, int | list[int]]) -> Iterator[tuple[str, int]]:
    """What :func:`_by_name` made."""
    return ((name, n) for name, at in by_name.items() for n in (at if isinstance(at, list) else [at]))


def _optional_key(key: Mapping[str, Any] | None) -> Key | None:
    return None if key is None else _key(key)


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return float(value["float"])
    return tuple(_value(inner) for inner in value) if isinstance(value, list) else value


def _side(side: Mapping[str, Any]) -> SideInfo:
    given = {name: value for name, value in side.items() if name != "pixels"}
    stated = [{"section": each} for each in side["sections"]] if "sections" in side else []
    stated = stated or [{PIXEL: pixel} for pixel in side["pixels"]]
    return SideInfo(**{**given, "paths": tuple(side["paths"]), "sections": tuple(map(_section, stated))})


def _leftover(each: Mapping[str, Any]) -> Leftover:
    value: Value = _value(each["value"])
    side, status = Side(each["side"]), Status(each["status"])
    return Leftover(_key(each["key"]), side, value, status, each["order"], each["line"])


def _problem(each: Mapping[str, Any]) -> Problem:
    waived = None if each["waived"] is None else Waived(**each["waived"])
    side = None if each["side"] is None else Side(each["side"])
    return Problem(ProblemKind(each["kind"]), each["message"], side, _optional_key(each["key"]), waived)


def _metadatum(each: Mapping[str, Any]) -> Metadatum:
    return Metadatum(each["name"], _value(each["a"]), _value(each["b"]), _section(each))


def _counts(counts: Mapping[str, int]) -> dict[DifferenceClass, int]:
    return {DifferenceClass(name): number for name, number in counts.items()}
