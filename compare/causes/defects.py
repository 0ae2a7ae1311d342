"""Named defects of a program, as the vocabulary lists them."""

from __future__ import annotations

from compare.causes.scene import Scene
from compare.judging.result import Cause
from compare.words.quantities import Defect


def named(label: str, evidence: str, scene: Scene) -> Cause:
    """A defect's name where the vocabulary has one that shows as this label, here; else the label itself."""
    for defect in scene.vocabulary.defects:
        in_loop = defect.index is None or f"{defect.index}=" in evidence
        of_step = defect.quantity is None or defect.quantity == ".".join(filter(None, scene.name))
        if defect.label == label and in_loop and of_step and applies(defect, scene):
            return Cause(defect.name, f"{label}: {evidence}")
    return Cause(label, evidence)


def applies(defect: Defect, scene: Scene) -> bool:
    """Whether the defect's condition holds in the reference at this evaluation."""
    if defect.when is None:
        return True
    reference, value = defect.when
    key = scene.pair.key
    found = scene.store.resolve(reference, key.record, dict(key.indices), scene.here[0], scene.pair.order)
    return bool(found) and found[0].a == (value,)
