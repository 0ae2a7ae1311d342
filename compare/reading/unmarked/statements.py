"""One message of a log to names and the texts of their values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from compare.reading.numbers import NUMBER, is_number
from compare.reading.phrases import PartlyPrinted, Reader
from compare.reading.tokens import UNIT, Unreadable, tokens_of
from compare.reading.unmarked.prefixes import TIME

Fields = list[tuple[str, tuple[str, ...]]]
Counters = tuple[tuple[str, int], ...]
COUNTERS = {
    "step", "iter", "iteration", "it", "epoch", "batch", "cycle", "frame", "timestep", "time step", "sweep", "pass",
    "block", "generation", "round", "loop", "istep", "nstep", "itime", "scf", "sample", "rank", "stage", "n_iter",
}  # fmt: skip
GLUED = re.compile(r"(?<![^\s,;|({\[])([A-Za-z_][\w.\-/^|]*)=(?=[^\s=])")
HEADING = re.compile(
    r"(?:[-=*#~+<\[(>]+\s*)?(?P<name>[A-Za-z_][\w-]*(?: [A-Za-z_]\w*)?)\s*[:=#.]?\s*(?P<number>\d{1,18})"
    r"(?:\s*(?:/|of)\s*\d+)?\s*[:.]?(?:\s*[-=*#~+>\])<]+)?$"
)
LEADING = re.compile(
    r"(?P<name>[A-Za-z_][\w-]*(?: step)?)(?:\s*[=:#]\s*|\s+)(?P<number>\d{1,18})(?P<rest>\s*[,;:|-]?\s+\S.*)$"
)
MAKER = re.compile(r"(?P<name>[A-Za-z_][\w.:]*)?\s*(?P<open>[({])(?P<inside>.*)(?P<close>[)}])[;,]?$", re.S)
DATED = re.compile(rf"['\"]?{TIME}['\"]?$")
ABOUT_THE_RUN = re.compile(
    r"(?:host(?:name)?|node|user(?:name)?|pid|ppid|tid|date|timestamp|ts|asctime|started|finished|level|logger|thread|"
    r"cwd|(?:\w+[ _])*(?:elapsed|wall|cpu)(?:[ _]?(?:clock|time|seconds|s))*|elapsed|duration|runtime|"
    r"(?:total|run|execution)[ _]time|memory|msg|message)$",
    re.I,
)
UNIT_BEHIND = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]$")
INDEXED = re.compile(r"((?:\[[\d\s,+-]{1,100}\])+)$")
THOUSANDS = re.compile(r"(?<![\d.,])[+-]?\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?")
PAIR_IN_BRACKETS = re.compile(rf"\(\s*({NUMBER})\s*,\s*({NUMBER})\s*\)")
CLAUSE = re.compile(r"[,;|]\s+|\s+\|\s+")
CLAUSE_VALUE = re.compile(
    rf"(?P<name>[A-Za-z_][^=:,;]*?)\s*(?:=|:|->|=>|\s)\s*(?P<value>{NUMBER})\s*(?P<unit>\S+)?$", re.A
)
LONGEST_PHRASE = 4000
"""Characters of a message that is looked at in every way; longer ones are arrays or documents."""
MOST_WORDS = 40  # between the value of an item and the next item
SIGNED = re.compile(r"[:=]|->")
PLAIN_PAIR = re.compile(r"[^\s\d]\S*\s+[+-]?[\[(.\dniNI]")
HAS_NUMBER = re.compile(r"(?<![A-Za-z_\d])[+-]?\.?\d")


@dataclass(frozen=True, slots=True)
class Statement:
    """What one message states: fields under the loop counters that it begins with; ``rest`` is what was not read."""

    fields: Fields
    counters: Counters = ()
    rest: str = ""


def heading_counter(text: str) -> tuple[str, int] | None:
    """``--- step 3 ---``, ``Iteration 12:``, ``epoch: 3``: a heading that counts; else None."""
    found = HEADING.match(text)
    if found is None:
        return None
    name = found["name"].lower()
    decorated = not text[0].isalnum() or text.rstrip()[-1] in ":-=*#~>])<"
    signed = any(sign in text[found.start("name") : found.start("number")] for sign in ":=")
    if name in COUNTERS or (decorated and not signed):
        return name, int(found["number"])
    return None


def statement_of(text: str) -> Statement | None:
    """Names and values of a message; None where it states none, or none that can be told."""
    forms = (_structure, _counted, _glued, _phrase, _clauses) if len(text) <= LONGEST_PHRASE else (_structure, _phrase)
    for form in forms:
        found = form(text)
        if found is not None and (found.fields or found.counters):
            return Statement(_named(found.fields), found.counters, found.rest)
    return None


def has_number(text: str) -> bool:
    return HAS_NUMBER.search(text) is not None


def split_counters(fields: Fields) -> tuple[Counters, Fields]:
    """The loop counters among the first fields, and the others."""
    counters: list[tuple[str, int]] = []
    for name, texts in fields:
        if name.lower() not in COUNTERS or len(texts) != 1 or not re.fullmatch(r"\d{1,18}", texts[0]):
            break
        counters.append((name.lower(), int(texts[0])))
    return tuple(counters), fields[len(counters) :]


# ------------------------------------------------------------------------------------------ forms


def _structure(text: str) -> Statement | None:
    """A line of JSON, a printed dictionary, ``State(x=1.0)``, ``State { x: 1.0 }``."""
    if text[0] in "{[":
        fields = _json(text)
        if fields is not None:
            return Statement(*reversed(split_counters(fields)))  # type: ignore[arg-type]
    found = MAKER.match(text)
    if found is None or (found["open"], found["close"]) not in (("(", ")"), ("{", "}")):
        return None
    if found["open"] == "(" and (not found["name"] or "=" not in found["inside"]):
        return None
    fields = _items(found["inside"].strip().rstrip(",")) or []
    counters, rest = split_counters(fields)
    name = found["name"]
    return (
        Statement([(f"{name}.{n}" if name and not counters else n, t) for n, t in rest], counters) if fields else None
    )


def _json(text: str) -> Fields | None:
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return list(_flat("", value)) if isinstance(value, dict) else None


def _flat(name: str, value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Fields of a document: keys joined by dots, lists of numbers written out."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), part)
    elif isinstance(value, list):
        flat = list(_leaves(value))
        if flat and all(isinstance(part, str) for part in flat):
            yield name, tuple(str(part) for part in flat)
        else:
            for at, part in enumerate(value):
                yield from _flat(f"{name}.{at}", part)
    elif value is not None:
        yield name, (str(value),)


def _leaves(value: list) -> Iterator[object]:
    for part in value:
        if isinstance(part, list):
            yield from _leaves(part)
        else:
            yield part


def _counted(text: str) -> Statement | None:
    """``step 3 force = 1.0``: counters, then what they count."""
    counters: list[tuple[str, int]] = []
    while (found := LEADING.match(text)) is not None and found["name"].lower() in COUNTERS:
        counters.append((found["name"].lower(), int(found["number"])))
        text = found["rest"].lstrip(" \t,;:|-") if not re.match(r"\s+-[\d.]", found["rest"]) else found["rest"].strip()
    if not counters:
        return None
    rest = statement_of(text) if text else None
    if rest is None:
        return None
    return Statement(rest.fields, (*counters, *rest.counters), rest.rest)


def _glued(text: str) -> Statement | None:
    """``name=value`` among other words."""
    found = [match for match in GLUED.finditer(text) if not _inside_a_value(text[: match.start()])]
    if not found:
        return None
    fields: Fields = []
    rest = [text[: found[0].start()]]
    for match, following in zip(found, [*found[1:], None], strict=True):
        part = text[match.start() : following.start() if following else len(text)].rstrip(" ,;|")
        if DATED.match(part[match.end() - match.start() :]):
            continue
        more, behind = _first_item(part) or ([], part)
        fields += more
        rest.append(behind)
    counters, fields = split_counters([field for field in fields if not ABOUT_THE_RUN.match(field[0])])
    return Statement(fields, counters, " ".join(rest).strip(" ,;|()[]"))


def _inside_a_value(before: str) -> bool:
    """Whether a bracket is open in the value of another name: what stands there is part of that value."""
    opening = sum(map(before.count, "([{")) - sum(map(before.count, ")]}"))
    return opening > 0 and SIGNED.search(before) is not None


def _first_item(part: str) -> tuple[Fields, str] | None:
    """The item that a text begins with, and what stands behind it."""
    fields = _items(part)
    if fields is not None:
        return fields, ""
    words = part.split(" ")
    for end in range(min(len(words) - 1, MOST_WORDS), 0, -1):
        fields = _items(" ".join(words[:end]).rstrip(",;)"))
        if fields is not None:
            return fields, " ".join(words[end:])
    return None


def _phrase(text: str) -> Statement | None:
    """What the grammar of trace lines reads, where a sign or numbers make a statement of it."""
    signed = SIGNED.search(text) is not None
    fields = _items(text) if signed or PLAIN_PAIR.match(text) else None  # by far most lines are neither
    if fields is None:
        return None
    numeric = all(is_number(value) for _, texts in fields for value in texts)
    if not numeric and (not signed or any(" " in value.strip() for _, texts in fields for value in texts)):
        return None
    return Statement(fields)


def _clauses(text: str) -> Statement | None:
    """``Solving for U, initial residual = 0.1, 3 iterations``: clauses of words with a number each."""
    fields: Fields = []
    about: list[str] = []
    rest: list[str] = []
    for clause in CLAUSE.split(text):
        found = CLAUSE_VALUE.match(clause.strip())
        unit = found["unit"] if found else None
        if found and not has_number(found["name"]) and (unit is None or UNIT.match(unit) or not has_number(unit)):
            fields.append((".".join([*about, found["name"].strip()]), (found["value"],)))
        elif has_number(clause):
            rest.append(clause)
        else:
            about.append(" ".join(clause.split()).rstrip(":"))
    if not fields or len({name for name, _ in fields}) < len(fields):
        return None
    return Statement(fields, (), ", ".join(rest))


# ------------------------------------------------------------------------------------------ both


def _items(text: str) -> Fields | None:
    """By the grammar of trace lines; None where it does not read the whole. Raises PartlyPrinted."""
    text = THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    text = PAIR_IN_BRACKETS.sub(r"[\1, \2]", text)
    tokens = tokens_of(text)
    if not tokens:
        return None
    try:
        items = Reader(text, tokens, units=True).items()
    except Unreadable:
        return None
    fields = [(name, tuple(piece.text for piece in pieces)) for name, pieces in items]
    return fields if all(name and texts for name, texts in fields) else None


def _named(fields: Fields) -> Fields:
    """Names without the units and signs around them; what is said of the run alone is left out."""
    found: Fields = []
    for name, texts in fields:
        bare = UNIT_BEHIND.sub(lambda m: "" if UNIT.match(m[1].strip() or "1") else m.group(), name.strip("`*\"' "))
        if bare and not ABOUT_THE_RUN.match(bare) and not DATED.match(" ".join(texts)):
            found.append((bare, texts))
    return found


__all__ = ["PartlyPrinted", "Statement", "has_number", "heading_counter", "split_counters", "statement_of"]
