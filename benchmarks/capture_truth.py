"""The hand-made traces of the packaged cases, and which captured groups hold the quantities that they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.capture_edges import Edges, compared_edges
from capture.groups import Group
from capture.pairing import pair_traces
from capture.pairs import Pair
from capture.trace import CapturedTrace

ROOT = Path(__file__).resolve().parent.parent
METADATA = {"trace_format", "program", "version", "mode", "defects", "device", "dtype", "case", "pixel"}
FIELD = re.compile(r"TRACE_FIELD\((\w+), (\w+), (INT|DOUBLE), (\d+)\)")
Component = tuple[str, str, int]  # record ("" for lines without one), name, place in a vector
Truth = dict[Component, list[float]]
Spectra = tuple[bytes, ...]  # what a quantity's values are in each case; b"" where it has none


@dataclass(frozen=True)
class Traced:
    """A case: the hand-made trace, its header's words, and both captured traces."""

    truth: Truth
    header: Mapping[str, str]
    reference: CapturedTrace
    port: CapturedTrace

    @classmethod
    def read(cls, log: str, reference: CapturedTrace, port: CapturedTrace) -> Traced:
        lines = re.findall(r"^TRACE_C: (\w+) (.*)$", log, re.MULTILINE)
        return cls(truth_of(log), dict(lines), reference, port)


@dataclass(frozen=True)
class Judged:
    """Pairs and edges of a group of cases, counted. ``wrong`` and ``lost`` say which.

    Attributes:
        pairs: accepted pairs that are right, of those of which a side has a traced quantity's values or both sides
            have names of traced quantities: the values, or the names, are of one quantity.
        recalled: quantities with every component in an accepted pair, of all.
        edges: of the hand-made graph, and how many the automatic one has; of the automatic one, and how many are right.
    """

    pairs: tuple[int, int]
    recalled: tuple[int, int]
    edges: Edges
    wrong: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def __add__(self, other: Judged) -> Judged:
        def plus(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
            return a[0] + b[0], a[1] + b[1]

        return Judged(
            plus(self.pairs, other.pairs),
            plus(self.recalled, other.recalled),
            self.edges + other.edges,
            self.wrong + other.wrong,
            self.lost + other.lost,
        )

    def __str__(self) -> str:
        lost = ", ".join(f"{n} x {name}" for name, n in sorted(Counter(self.lost).items()))
        rows = [
            f"pairs right {_ratio(self.pairs)}; recall {_ratio(self.recalled)}",
            f"  not paired: {lost}",
            *(f"  wrong: {line}" for line in self.wrong[:30]),
            str(self.edges),
        ]
        return "\n".join(rows)


def _ratio(counts: tuple[int, int]) -> str:
    return f"{counts[0]} of {counts[1]} ({counts[0] / max(counts[1], 1):.1%})"


@cache
def fields() -> dict[tuple[str, str], int]:
    """The numeric quantities of the list of traced fields: how many components each has."""
    text = (ROOT / "reference_c" / "trace_fields.def").read_text()
    return {(r, n): int(count) for r, n, _, count in FIELD.findall(text) if n not in METADATA}


def truth_of(text: str) -> Truth:
    """The hand-made trace: all values of each component of each numeric quantity."""
    found: Truth = {}
    known = fields()
    for line in text.splitlines():
        if match := re.match(r"TRACE_C_(\w+) (.*)", line):
            words = (word.partition("=") for word in match[2].split())
            entries = [(match[1], name, value.split(",")) for name, _, value in words]
        elif match := re.match(r"TRACE_C: (\w+) (.*)", line):
            entries = [("", match[1], match[2].split())]
        else:
            continue
        for record, name, parts in entries:
            if (record or "HEADER", name) not in known and (record or "CLOSING", name) not in known:
                continue
            for component, part in enumerate(parts):
                try:
                    found.setdefault((record, name, component), []).append(float(part))
                except ValueError:
                    continue
    return found


def spectrum(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Distinct magnitudes relative to the largest, without the power of ten."""
    distinct = np.unique(np.abs(np.asarray(values, dtype=np.float64)))
    largest = distinct[-1] if len(distinct) else 0.0
    if not np.isfinite(largest) or largest == 0.0:
        return distinct
    power = np.floor(np.log10(largest))
    with np.errstate(all="ignore"):
        return np.unique(np.round(distinct / 10.0**power, 10))


def missing(truth: Truth, groups: Sequence[Group]) -> list[str]:
    """The quantities of a trace of which some component is in no group."""
    index = {spectrum(one.vector).tobytes() for one in groups}
    lost = {(r, n): None for (r, n, _), values in truth.items() if spectrum(values).tobytes() not in index}
    return [f"{record}.{name}" if record else name for record, name in lost]


def quantities(truth: Truth) -> set[tuple[str, str]]:
    return {(record, name) for record, name, _ in truth}


def components(truths: Sequence[Truth]) -> dict[Component, Spectra]:
    """The spectra of each component of the traced quantities, in all cases that have it."""
    keys = {key for truth in truths for key in truth}
    return {k: tuple(spectrum(t[k]).tobytes() if k in t else b"" for t in truths) for k in keys}


def spectra(one: Group, cases: int) -> set[Spectra]:
    """The spectra of a group's members by case."""
    found = set()
    for member in one.members:
        by_case: list[list[float]] = [[] for _ in range(cases)]
        for (case, _), block in member.blocks.items():
            by_case[case] += block.values.reshape(-1).tolist()
        found.add(tuple(spectrum(values).tobytes() if values else b"" for values in by_case))
    return found


def fitting(found: Iterable[Spectra], known: Iterable[Spectra]) -> set[Spectra]:
    """The traced components that a group's values are, in the cases where it and the trace have any."""
    known = set(known)
    return {
        truth
        for truth in known
        for own in found
        if any(x and x == y for x, y in zip(truth, own, strict=True))
        and all(not x or not y or x == y for x, y in zip(truth, own, strict=True))
    }


def called(one: Group, wanted: Mapping[Component, Spectra]) -> set[str]:
    """The names of traced quantities that a group goes by, components left out."""
    heads = {name.partition(".")[0] for name in one.names}
    return {name for _, name, _ in wanted if name in heads}


# ---- pairs ----


def judge(cases: Sequence[Traced]) -> Judged:
    """Pair some cases, and hold the pairs and their graph against what people wrote down."""
    pairing = pair_traces([one.reference for one in cases], [one.port for one in cases])
    truths = [one.truth for one in cases]
    wanted = components(truths)
    accepted: set[Spectra] = set()
    right = total = 0
    wrong = []
    owners: list[tuple[Pair, frozenset[str]]] = []
    for pair in pairing.accepted():
        a, b = (fitting(spectra(side, len(truths)), wanted.values()) for side in (pair.a, pair.b))
        names_a, names_b = called(pair.a, wanted), called(pair.b, wanted)
        accepted |= a & b
        if a or b or (names_a and names_b):
            total += 1
            right += bool(a & b or names_a & names_b)
            if not a & b and not names_a & names_b:
                wrong.append(f"{_said(pair)}: {pair.evidence}")
        held = {name for (_, name, _), s in wanted.items() if s in a & b}
        named = held & (names_a | names_b)
        if named or len(held) == 1:
            owners.append((pair, frozenset(named or held)))
    lost = {(r, n) for (r, n, _), s in wanted.items() if s not in accepted}
    every = {(r, n) for r, n, _ in wanted}
    return Judged(
        (right, total),
        (len(every) - len(lost), len(every)),
        compared_edges(owners, [(one.header, one.reference, one.port) for one in cases]),
        tuple(wrong),
        tuple(f"{r}.{n}" for r, n in lost),
    )


def _said(pair: Pair) -> str:
    a, b = pair.a.first, pair.b.first
    return f"{a.name} {a.site.place} = {b.name} {b.site.place}"
