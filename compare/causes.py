"""Labels for what went wrong: detectors tried in order, "unknown" if none fits.

A detector looks at both values of one pair, and through `Scene` at other values of the logs. It answers with the
evidence in words, or None. A new label is one more entry in DETECTORS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compare.classes.origins import place_of
from compare.classes.store import Found, Name, Store
from compare.result import Cause, Pair, Value
from compare.vocabulary import Defect, Vocabulary

CLOSE = 1e-9  # relative: the figures agree up to rounding that a few steps accumulate
SHARP = 1e-12  # relative: the very same figure
UNKNOWN = Cause("unknown")
MOST_ROWS = 2000  # evaluations of one name that are searched for a value


@dataclass(frozen=True)
class Scene:
    """One differing pair with what surrounds it."""

    pair: Pair
    store: Store
    vocabulary: Vocabulary

    @cached_property
    def a(self) -> tuple[float, ...]:
        return _numbers(self.pair.a)

    @cached_property
    def b(self) -> tuple[float, ...]:
        return _numbers(self.pair.b)

    @property
    def name(self) -> Name:
        return self.pair.key.record, self.pair.key.name

    @property
    def index_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.pair.key.indices)

    def ratio(self) -> float | None:
        """b/a, where it is the same for all components that are not 0."""
        if len(self.a) != len(self.b) or not any(self.a):
            return None
        largest = max(range(len(self.a)), key=lambda i: abs(self.a[i]))
        ratio = self.b[largest] / self.a[largest]
        scale = abs(self.b[largest])
        if ratio == 0 or not math.isfinite(ratio):
            return None
        fits = all(abs(y - ratio * x) <= CLOSE * scale for x, y in zip(self.a, self.b, strict=True))
        return ratio if fits else None

    def siblings(self, index: str) -> Iterator[tuple[int, Found]]:
        """The same quantity at other steps of one loop, all other indices equal."""
        at = 2 + self.index_names.index(index)
        here = place_of(self.pair.key)
        for count, found in enumerate(self.store.rows(self.name)):
            if count >= MOST_ROWS:
                return
            there = found.place
            if there != here and there[:at] == here[:at] and there[at + 1 :] == here[at + 1 :]:
                yield there[at], found


Detector = Callable[[Scene], str | None]


def not_a_number(scene: Scene) -> str | None:
    """One side is NaN."""
    nan_a, nan_b = (any(map(math.isnan, side)) for side in (scene.a, scene.b))
    return f"only {'a' if nan_a else 'b'} is nan" if nan_a != nan_b else None


def sign(scene: Scene) -> str | None:
    """b = -a."""
    ratio = scene.ratio()
    return "b = -a" if ratio is not None and _near(ratio, -1.0) else None


UNIT_RATIOS = {
    "degrees for radians": 180.0 / math.pi,
    "radians for degrees": math.pi / 180.0,
    "twice": 2.0,
    "half": 0.5,
    **{f"10^{power}": 10.0**power for power in (*range(-12, 0), *range(1, 13))},
}


def unit(scene: Scene) -> str | None:
    """b/a is a power of ten, pi/180, 2 or their inverses."""
    ratio = scene.ratio()
    if ratio is None:
        return None
    return next((f"b = a x {ratio:.9g} ({n})" for n, r in UNIT_RATIOS.items() if _near(ratio, r)), None)


def transposed_components(scene: Scene) -> str | None:
    """A square matrix, rows for columns."""
    side = math.isqrt(len(scene.a))
    if side < 2 or side * side != len(scene.a) or len(scene.a) != len(scene.b):
        return None
    transposed = [scene.a[column * side + row] for row in range(side) for column in range(side)]
    return "b is a transposed" if _same(scene.b, transposed) else None


def shifted_components(scene: Scene) -> str | None:
    """Components moved along by a constant number of places."""
    count = len(scene.a)
    if count < 3 or count != len(scene.b):
        return None
    for shift in range(1, count):
        if _same(scene.b, scene.a[-shift:] + scene.a[:-shift]):
            return f"b has a's components {shift} places further"
    return None


def swapped_components(scene: Scene) -> str | None:
    """Two components exchanged."""
    if len(scene.a) < 2 or len(scene.a) != len(scene.b):
        return None
    differing = [i for i, (x, y) in enumerate(zip(scene.a, scene.b, strict=True)) if not _same([x], [y])]
    if len(differing) != 2:
        return None
    i, j = differing
    swapped = _same([scene.a[i], scene.a[j]], [scene.b[j], scene.b[i]])
    return f"components {i} and {j} are exchanged" if swapped else None


def half_pixel(scene: Scene) -> str | None:
    """The difference is half of a step that the vocabulary names, along one or two axes."""
    if len(scene.a) != len(scene.b):
        return None
    length = math.hypot(*(y - x for x, y in zip(scene.a, scene.b, strict=True)))
    for name in scene.vocabulary.half_step_of:
        step = scene.store.scale((name, None), np.array([place_of(scene.pair.key)[:2]]))
        size = float(step[0]) if step is not None else 0.0
        for count, factor in ((1, 0.5), (2, math.sqrt(0.5))):
            if size > 0 and abs(length / (size * factor) - 1) < 1e-6:
                return f"off by half of {name} along {count} axis" + ("" if count == 1 else "es")
    return None


def off_by_one(scene: Scene) -> str | None:
    """An integer that differs by one."""
    values = (*_tuple(scene.pair.a), *_tuple(scene.pair.b))
    if not all(isinstance(value, int) for value in values) or len(scene.a) != len(scene.b):
        return None
    steps = [y - x for x, y in zip(scene.a, scene.b, strict=True)]
    return "b - a is 1 or -1" if all(abs(step) <= 1 for step in steps) else None


def stale_step(scene: Scene) -> str | None:
    """One side has the value of another step of a loop."""
    if not any(scene.a) or not any(scene.b) or any(isinstance(v, int) for v in _tuple(scene.pair.a)):
        return None
    for index in reversed(scene.index_names):
        siblings = [(n, _numbers(other.a), _numbers(other.b)) for n, other in scene.siblings(index)]
        evidence = _stale_in(scene, index, siblings)
        if evidence is not None:
            return evidence
    return None


def _stale_in(
    scene: Scene, index: str, siblings: Sequence[tuple[int, tuple[float, ...], tuple[float, ...]]]
) -> str | None:
    """Staleness along one loop; a quantity that is the same at all its steps is not stale, it is constant."""
    here = f"{index}={dict(scene.pair.key.indices)[index]}"
    varies = any(not _same(scene.a, a, SHARP) for _, a, _ in siblings)
    for number, a, b in siblings:
        there = f"{index}={number}"
        if _same(scene.b, a, SHARP) and not _same(scene.a, a, SHARP):
            return f"b at {here} has a's value at {there}"
        if not _much_nearer(scene, a, b):
            continue
        if _same(scene.b, b, 0.0) and not _same(scene.a, a, 0.0):
            return f"b at {here} repeats b's value at {there}, a does not"
        if _same(scene.a, a, 0.0) and not _same(scene.b, b, 0.0) and (varies or _known_to_stall(scene, index)):
            return f"a at {here} repeats a's value at {there}, b does not"
    return None


def _known_to_stall(scene: Scene, index: str) -> bool:
    """Whether the vocabulary has a defect of the reference that repeats a step of this loop, just here."""
    return any(
        defect.label == "stale-step" and defect.index == index and _applies(defect, scene)
        for defect in scene.vocabulary.defects
    )


def _much_nearer(scene: Scene, a: Sequence[float], b: Sequence[float]) -> bool:
    """The two sides agree far better at the step that is repeated than here."""
    return _apart(a, b) < 0.1 * _apart(scene.a, scene.b)


def float32_rounding(scene: Scene) -> str | None:
    """One side is the other rounded to 32 bits."""
    with np.errstate(over="ignore"):
        rounded_a = tuple(np.array(scene.a, np.float32).astype(float).tolist())
        rounded_b = tuple(np.array(scene.b, np.float32).astype(float).tolist())
    if rounded_a == scene.b:
        return "b is a rounded to 32 bits"
    return "a is b rounded to 32 bits" if rounded_b == scene.a else None


def truncated_constant(scene: Scene) -> str | None:
    """One side has few decimal digits of the other's value, or their ratio is that of a shortened constant."""
    if len(scene.a) == len(scene.b) == 1:
        for short, long, side in ((scene.b[0], scene.a[0], "b"), (scene.a[0], scene.b[0], "a")):
            digits = _shortened(short, long)
            if digits:
                return f"{side} has {digits} digits of the other's value"
    ratio = scene.ratio()
    if ratio is None:
        return None
    for name, value in scene.vocabulary.constants.items():
        for digits in range(3, 12):
            for cut in {float(f"{value:.{digits - 1}e}"), _cut(value, digits)}:
                for power in (1, -1, 2, -2):
                    if cut != value and abs(ratio / (cut / value) ** power - 1) < SHARP:
                        return f"b/a is that of {name} with {digits} digits"
    return None


def _shortened(short: float, long: float) -> int:
    """To how many digits (2 to 12) ``long`` was rounded or cut to give ``short``; 0 if to none."""
    if short == long or not math.isfinite(long) or not math.isfinite(short) or long == 0:
        return 0
    return next((n for n in range(2, 13) if short in (float(f"{long:.{n - 1}e}"), _cut(long, n))), 0)


def _cut(value: float, digits: int) -> float:
    mantissa, _, exponent = f"{value:.17e}".partition("e")
    return float(f"{mantissa[: digits + 1 + mantissa.startswith('-')]}e{exponent}")


def missing_factor(scene: Scene) -> str | None:
    """The ratio is another traced scalar of the pixel, or its inverse."""
    ratio = scene.ratio()
    if ratio is None:
        return None
    for name, value in _scalars(scene):
        if abs(value) in (0.0, 1.0):
            continue
        if _near(ratio, value):
            return f"b = a x {name}"
        if _near(ratio, 1.0 / value):
            return f"b = a / {name}"
    return None


def _scalars(scene: Scene) -> Iterator[tuple[str, float]]:
    """Traced scalars that one evaluation can see: header lines and records of the enclosing loops."""
    indices = dict(scene.pair.key.indices)
    pixel = place_of(scene.pair.key)[:2]
    for record, name in list(scene.store.names()):
        keys = scene.store.index_names((record, name)) or ()
        if (record, name) == scene.name or any(key not in indices for key in keys):
            continue
        found = scene.store.at((record, name), (*pixel, *(indices[key] for key in keys)))
        if found is not None and len(found.a) == 1 and isinstance(found.a[0], int | float):
            yield (f"{record}.{name}" if record else name), float(found.a[0])


DETECTORS: tuple[tuple[str, Detector], ...] = (
    ("not-a-number", not_a_number),
    ("sign", sign),
    ("unit", unit),
    ("transposed-components", transposed_components),
    ("swapped-components", swapped_components),
    ("shifted-components", shifted_components),
    ("half-pixel", half_pixel),
    ("off-by-one", off_by_one),
    ("stale-step", stale_step),
    ("float32-rounding", float32_rounding),
    ("truncated-constant", truncated_constant),
    ("missing-factor", missing_factor),
)


def cause_of(pair: Pair, store: Store, vocabulary: Vocabulary) -> Cause:
    """The first label whose detector finds evidence; a defect's name where the vocabulary has one for it."""
    scene = Scene(pair, store, vocabulary)
    if any(isinstance(value, str) for value in (*_tuple(pair.a), *_tuple(pair.b))):
        return UNKNOWN
    for label, detector in DETECTORS:
        evidence = detector(scene)
        if evidence is not None:
            return _named(label, evidence, scene)
    return UNKNOWN


def _named(label: str, evidence: str, scene: Scene) -> Cause:
    for defect in scene.vocabulary.defects:
        in_loop = defect.index is None or f"{defect.index}=" in evidence
        of_step = defect.quantity is None or defect.quantity == ".".join(filter(None, scene.name))
        if defect.label == label and in_loop and of_step and _applies(defect, scene):
            return Cause(defect.name, f"{label}: {evidence}")
    return Cause(label, evidence)


def _applies(defect: Defect, scene: Scene) -> bool:
    """Whether the defect's condition holds in the reference at this evaluation."""
    if defect.when is None:
        return True
    reference, value = defect.when
    key = scene.pair.key
    found = scene.store.resolve(reference, key.record, dict(key.indices), place_of(key)[:2], scene.pair.order)
    return bool(found) and found[0].a == (value,)


def _near(x: float, y: float) -> bool:
    return abs(x - y) <= CLOSE * abs(y)


def _same(x: Sequence[float], y: Sequence[float], relative: float = CLOSE) -> bool:
    scale = max(map(abs, (*x, *y)), default=0.0)
    return len(x) == len(y) and all(abs(p - q) <= relative * scale for p, q in zip(x, y, strict=True))


def _apart(x: Sequence[float], y: Sequence[float]) -> float:
    return max((abs(p - q) for p, q in zip(x, y, strict=False)), default=0.0)


def _tuple(value: Value) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def _numbers(value: Value | tuple) -> tuple[float, ...]:
    return tuple(float(part) if not isinstance(part, str) else float("nan") for part in _tuple(value))
