"""One side has the value of another step of a loop."""

from __future__ import annotations

from collections.abc import Sequence

from compare.causes.defects import applies
from compare.causes.scene import Scene
from compare.causes.values import SHARP, TELLING_DIGITS, apart, digits, numbers, same


def stale_step(scene: Scene) -> str | None:
    """b has a's value of another step, or one side repeats its own where the other does not.

    Figures of few digits equal each other by chance, and are no evidence.
    """
    if not any(scene.a) or not any(scene.b) or scene.whole:
        return None
    for index in reversed(scene.index_names):
        siblings = [(n, numbers(other.a), numbers(other.b)) for n, other in scene.siblings(index)]
        evidence = _in_loop(scene, index, siblings)
        if evidence is not None:
            return evidence
    return None


def _in_loop(
    scene: Scene, index: str, siblings: Sequence[tuple[int, tuple[float, ...], tuple[float, ...]]]
) -> str | None:
    """Staleness along one loop; a quantity that is the same at all its steps is not stale, it is constant."""
    here = f"{index}={dict(scene.pair.key.indices)[index]}"
    varies = any(not same(scene.a, a, SHARP) for _, a, _ in siblings)
    telling_a, telling_b = (digits(side) >= TELLING_DIGITS for side in (scene.a, scene.b))
    for number, a, b in siblings:
        there = f"{index}={number}"
        if telling_b and same(scene.b, a, SHARP) and not same(scene.a, a, SHARP):
            return f"b at {here} has a's value at {there}"
        if telling_a and same(scene.a, b, SHARP) and not same(scene.b, b, SHARP) and not same(scene.a, a, SHARP):
            return f"a at {here} has b's value at {there}"
        if not _much_nearer(scene, a, b):
            continue
        if telling_b and same(scene.b, b, 0.0) and not same(scene.a, a, 0.0):
            return f"b at {here} repeats b's value at {there}, a does not"
        stalls = varies or _known_to_stall(scene, index)
        if telling_a and same(scene.a, a, 0.0) and not same(scene.b, b, 0.0) and stalls:
            return f"a at {here} repeats a's value at {there}, b does not"
    return None


def _known_to_stall(scene: Scene, index: str) -> bool:
    """Whether the vocabulary has a defect of the reference that repeats a step of this loop, just here."""
    return any(
        defect.label == "stale-step" and defect.index == index and applies(defect, scene)
        for defect in scene.vocabulary.defects
    )


def _much_nearer(scene: Scene, a: Sequence[float], b: Sequence[float]) -> bool:
    """The two sides agree far better at the step that is repeated than here."""
    return apart(a, b) < 0.1 * apart(scene.a, scene.b)
