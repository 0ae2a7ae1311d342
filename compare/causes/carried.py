"""Named defects that one log proves by itself, or that the two logs state differently."""

from __future__ import annotations

from collections.abc import Sequence

from compare.causes.logs import InLogs
from compare.causes.values import TELLING_DIGITS, digits, numbers
from compare.judging.keys import Value
from compare.judging.result import Cause, Side
from compare.words.quantities import Defect

CONTINUES = 0.2  # of the difference: how near b must be to where a's other steps lead


def named_defect(place: InLogs) -> Cause | None:
    """The single evaluation of a step that a defect spoils, where the reference's log shows that defect elsewhere."""
    for defect in place.logs.vocabulary.defects:
        spoilt = place.label in (*defect.spoils, *defect.shows_in)
        if not spoilt or defect.index is None or defect.index in dict(place.pair.key.indices):
            continue
        for label in defect.shows_in:
            evidence = _repeats(place, defect, label)
            if evidence:
                return Cause(defect.name, evidence)
    return None


def stated_defect(place: InLogs) -> Cause | None:
    """The two programs state that they ran with different defects, and one of these alone spoils the step."""
    name = place.logs.vocabulary.causes.states_defects
    stated = place.logs.stated.get(name) if name else None
    if stated is None:
        return None
    a, b = (_listed(value, place.logs.vocabulary.defects) for value in stated)
    if a is None or b is None or place.differing_inputs:
        return None
    found = [d for d in place.logs.vocabulary.defects if place.label in d.spoils and (d.name in a) != (d.name in b)]
    if len(found) != 1:
        return None
    has, lacks = ("a", "b") if found[0].name in a else ("b", "a")
    return Cause(found[0].name, f"{has} ran with it, {lacks} without it")


def _listed(value: Value | None, defects: Sequence[Defect]) -> set[str] | None:
    """Names of defects that a program states; None where it states none of them in a way that is known."""
    words = [word for part in (value if isinstance(value, tuple) else (value,)) for word in str(part).split(",")]
    known = {defect.name for defect in defects}
    if words == ["all"]:
        return known
    return set() if words == ["none"] else set(words) if set(words) <= known else None


def _repeats(place: InLogs, defect: Defect, label: str) -> str | None:
    """a's first step of the loop repeats its last one; b's value lies where a's steps between them lead."""
    rows_a, rows_b = (_along(place, side, label, defect.index or "") for side in Side)
    if len(rows_a) < 4 or digits(rows_a[0]) < TELLING_DIGITS:
        return None
    first, second, third, last = rows_a[0], rows_a[1], rows_a[2], rows_a[-1]
    if first != last or first in rows_a[1:-1]:
        return None
    own = rows_b[0] if rows_b else _flat(place, label, len(first))
    if own is None or len(own) != len(first) or (len(rows_b) > 1 and own == rows_b[-1]):
        return None
    expected = [2 * x - y for x, y in zip(second, third, strict=True)]
    away = max(abs(x - y) for x, y in zip(first, own, strict=True))
    if away == 0 or max(abs(x - y) for x, y in zip(expected, own, strict=True)) > CONTINUES * away:
        return None
    return f"stale-step: a's {label} at the first {defect.index} repeats the last one, b's does not"


def _along(place: InLogs, side: Side, label: str, index: str) -> list[tuple[float, ...]]:
    """One side's values along a loop, the other indices those of the first row."""
    found: dict[int, tuple[float, ...]] = {}
    others: object = None
    for key, value in place.logs.rows(side, label):
        indices = dict(key.indices)
        number = indices.pop(index, None)
        others = indices if others is None else others
        if number is not None and indices == others:
            found.setdefault(number, value)
    return [found[number] for number in sorted(found)]


def _flat(place: InLogs, label: str, count: int) -> tuple[float, ...] | None:
    """b's value of the same step where it prints a single evaluation: the step's own, or the vector it is part of."""
    vocabulary = place.logs.vocabulary
    record, _, name = label.rpartition(".")
    for alias in (a for a in vocabulary.aliases if (a.record, a.name) == (record, name)):
        source = f"{alias.of.record}.{alias.of.name}" if alias.of.record else alias.of.name
        node = place.logs.network.nodes.get(source)
        values = numbers(node.pairs[0].b) if node else ()
        if alias.component is not None and alias.component < len(values):
            values = values[alias.component : alias.component + 1]
        if len(values) == count:
            return values
    return None
