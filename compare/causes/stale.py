"""One side has the value of another step of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compare.causes.defects import applies
from compare.causes.scene import Scene
from compare.causes.values import SHARP, apart, numbers, same, telling
from compare.classes.store import Found
from compare.judging.result import Side


def stale_step(scene: Scene) -> str | None:
    """b has a's value of another step, or one side repeats its own where the other does not.

    Figures of few digits equal each other by chance, and are no evidence; neither is a value in another order, nor one
    that is repeated because all it is made from is.
    """
    if not any(scene.a) or not any(scene.b) or scene.whole:
        return None
    for index in reversed(scene.index_names):
        rows = [Row(n, numbers(other.a), numbers(other.b), other) for n, other in scene.siblings(index)]
        evidence = _in_loop(scene, index, rows)
        if evidence is not None:
            return evidence
    return None


class Row(NamedTuple):
    """The same quantity at another step of a loop."""

    number: int
    a: tuple[float, ...]
    b: tuple[float, ...]
    found: Found


def _in_loop(scene: Scene, index: str, rows: Sequence[Row]) -> str | None:
    """Staleness along one loop; a quantity that is the same at all its steps is not stale, it is constant."""
    at = dict(scene.pair.key.indices)[index]
    here = f"{index}={at}"
    varies = any(not same(scene.a, row.a, SHARP) for row in rows)
    telling_a, telling_b = telling(scene.a), telling(scene.b)
    for row in rows:
        there = f"{index}={row.number}"
        near_there = _much_nearer(scene, row.a, row.b)
        moved = telling_b and same(scene.b, row.a, SHARP) and not same(scene.a, row.a, SHARP)
        if moved and (_held(scene, row, near_there, Side.B) or _all_shifted(scene, rows, at, row.number, Side.B)):
            return f"b at {here} has a's value at {there}"
        moved = telling_a and same(scene.a, row.b, SHARP) and not same(scene.b, row.b, SHARP)
        moved = moved and not same(scene.a, row.a, SHARP)
        if moved and (_held(scene, row, near_there, Side.A) or _all_shifted(scene, rows, at, row.number, Side.A)):
            return f"a at {here} has b's value at {there}"
        if not near_there:
            continue
        repeats = telling_b and same(scene.b, row.b, 0.0) and not same(scene.a, row.a, 0.0)
        if repeats and not _inputs_repeat(scene, row, Side.B):
            return f"b at {here} repeats b's value at {there}, a does not"
        repeats = telling_a and same(scene.a, row.a, 0.0) and not same(scene.b, row.b, 0.0)
        repeats = repeats and (varies or _known_to_stall(scene, index))
        if repeats and not _inputs_repeat(scene, row, Side.A):
            return f"a at {here} repeats a's value at {there}, b does not"
    return None


def _held(scene: Scene, row: Row, near_there: bool, stale: Side) -> bool:
    """Whether the value was kept from a step where the sides agree, while what it is made from went on."""
    return near_there and not _inputs_repeat(scene, row, stale)


def _all_shifted(scene: Scene, rows: Sequence[Row], at: int, number: int, stale: Side) -> bool:
    """Whether every step of the loop has the other side's value as many steps away, and there are several."""
    a = {at: scene.a, **{row.number: row.a for row in rows}}
    b = {at: scene.b, **{row.number: row.b for row in rows}}
    if scene.store.alone(scene.pair.key.record, scene.here[0]):
        return False  # of other steps, or of other many
    own, other = (b, a) if stale is Side.B else (a, b)
    pairs = [(value, other[n + number - at]) for n, value in own.items() if n + number - at in other]
    return len(pairs) > 1 and all(same(value, source, SHARP) for value, source in pairs)


def _inputs_repeat(scene: Scene, row: Row, side: Side) -> bool:
    """Whether a side's step is made from the same values at both steps, of what its own record holds."""
    record = scene.pair.key.record
    here, there = scene.here, row.found.place
    repeated = []
    for reference in scene.quantity.inputs or ():
        name = (scene.vocabulary.record_of(reference, record), reference.name)
        if name[0] != record or reference.relation != "same" or reference.anchor is not None or reference.fixed:
            continue
        found = [scene.store.at(name, place) for place in (here, there)]
        if found[0] is not None and found[1] is not None:
            values = [each.a if side is Side.A else each.b for each in found if each is not None]
            repeated.append(values[0] == values[1])
    return bool(repeated) and all(repeated)


def _known_to_stall(scene: Scene, index: str) -> bool:
    """Whether the vocabulary has a defect of the reference that repeats a step of this loop, just here."""
    return any(
        defect.label == "stale-step" and defect.index == index and applies(defect, scene)
        for defect in scene.vocabulary.defects
    )


def _much_nearer(scene: Scene, a: Sequence[float], b: Sequence[float]) -> bool:
    """The two sides agree far better at the step that is repeated than here."""
    return apart(a, b) < 0.1 * apart(scene.a, scene.b)
