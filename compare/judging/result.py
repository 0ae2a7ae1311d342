"""The outcome of a comparison: one frozen object that every renderer reads and none recomputes.

``a`` is the reference side and ``b`` the program under test. Differences are ``b - a``.
Everything that a verdict rests on is stored; the verdict itself is derived, so that a transformation of
the result (a waiver, a filter) cannot leave a stale verdict behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from compare.judging.coverage import Coverage, Metadatum, SideInfo
from compare.judging.keys import Key, Value

if TYPE_CHECKING:
    import pandas as pd


SCHEMA_VERSION = 1


class Side(StrEnum):
    A = "a"
    B = "b"


class DifferenceClass(StrEnum):
    """How far apart two values are; d = b - a, T the local tolerance, E the end-to-end envelope."""

    IDENTICAL = "identical"  # same bits, or same printed text
    ROUNDING = "rounding"  # abs d <= T
    DRIFT = "drift"  # T < abs d <= E
    DIVERGENT = "divergent"  # abs d > E; a differing integer, word or shape; NaN on one side
    INCOMPARABLE = "incomparable"  # NaN, stars or a word on both sides where numbers are to be expected


class Origin(StrEnum):
    """Where a difference comes from; b - a = local + propagated."""

    NONE = "none"  # nothing to explain: identical, or within the local tolerance
    ORIGIN = "origin"  # abs local > T: this step is at fault
    PROPAGATED = "propagated"  # abs local <= T < abs propagated: inherited
    MIXED = "mixed"  # both above T
    SUSPECT = "suspect"  # its inputs differ by rounding alone, and nobody measured what that can do
    UNKNOWN = "unknown"  # an input is not in the logs, or differs and no replay was run


class Status(StrEnum):
    """What the vocabulary says about a name."""

    METADATA = "metadata"  # shown, never compared
    OPTIONAL = "optional"  # absence lowers the coverage figure only
    REQUIRED = "required"  # absence on one side only is never parity


class Verdict(StrEnum):
    PARITY = "parity"
    DIVERGENCE = "divergence"
    UNRESOLVED = "unresolved"  # divergent, but no origin could be established
    INCOMPLETE = "incomplete"  # nothing divergent among the pairs, but the logs do not support parity
    NOTHING_COMPARED = "nothing compared"


class ProblemKind(StrEnum):
    """Findings that are never parity, each reported with its own message."""

    NO_COMMON_KEYS = "no-common-keys"
    TRUNCATED_LOG = "truncated-log"
    MALFORMED_LINE = "malformed-line"
    DUPLICATE_CONFLICT = "duplicate-conflict"
    REPEATED_RECORD = "repeated-record"
    REQUIRED_MISSING = "required-missing"
    SECTION_MISSING = "section-missing"
    ONE_SIDED_NAN = "one-sided-nan"
    NOT_COMPARABLE = "not-comparable"
    UNREAD_NUMBERS = "unread-numbers"
    UNUSED_TOLERANCE = "unused-tolerance"
    AMBIGUITY = "ambiguity"
    WAIVER_EXPIRED = "waiver-expired"
    WAIVER_UNMATCHED = "waiver-unmatched"


EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.PARITY: 0,
    Verdict.DIVERGENCE: 1,
    Verdict.UNRESOLVED: 1,
    Verdict.INCOMPLETE: 1,
    Verdict.NOTHING_COMPARED: 3,
}


@dataclass(frozen=True, slots=True)
class Waived:
    """An accepted difference: why, by whom, until when (ISO date)."""

    why: str
    who: str
    until: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A label for what went wrong (``sign``, ``unit``, ``stale-step``, ...) with its evidence."""

    label: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A discrete choice (rounding to an index, phi == 0) and the reference's margin to the other branch."""

    margin: float | None  # None: what the margin is made of is not in the logs
    tolerance: float
    benign: bool  # a flip that the margin explains


@dataclass(frozen=True, slots=True)
class Pair:
    """One quantity that both sides have."""

    key: Key
    a: Value
    b: Value
    order: int  # execution order: the position in the reference log
    difference: DifferenceClass
    origin: Origin = Origin.NONE
    unit: str = ""
    status: Status = Status.OPTIONAL
    ulps: float | None = None  # units in the last place between worst components; None for words, nan
    absolute: float | None = None  # abs(b - a) of the worst component
    relative: float | None = None  # absolute / scale
    scale: float | None = None  # what the difference is relative to: |a|, largest component, cell count
    component: int | None = None  # which component of a vector is worst
    tolerance: float | None = None  # T, in the unit of the value
    envelope: float | None = None  # E
    local: float | None = None  # replayed b on a's inputs, minus a; None without a replay
    propagated: float | None = None
    cause: Cause | None = None
    decision: Decision | None = None
    forked: bool = False  # comes after a flipped decision
    excused: bool = False  # forked, and every flip before it is benign
    waived: Waived | None = None
    name_a: str = ""  # the name as each log spells it, where it is an alias
    name_b: str = ""
    line_a: int = 0  # 1-based line numbers; 0 where unknown
    line_b: int = 0
    source_a: str = ""  # ``file:line`` of each program, where its log says it
    source_b: str = ""
    note: str = ""  # unit conversion, which alias was chosen
    why: str = ""  # why the origin is not known
    rank: int = 0  # position in the graph: a step comes after those that it is made from

    @property
    def differs(self) -> bool:
        """Beyond rounding."""
        return self.difference in (DifferenceClass.DRIFT, DifferenceClass.DIVERGENT)

    @property
    def incomparable(self) -> bool:
        """Neither the same nor different: no number on either side."""
        return self.difference is DifferenceClass.INCOMPARABLE

    @property
    def fails(self) -> bool:
        """Would make the verdict something else than parity, and nobody has accepted it."""
        at_fault = self.origin in (Origin.ORIGIN, Origin.MIXED)
        excused = self.excused or (self.decision is not None and self.decision.benign)
        divergent = self.difference is DifferenceClass.DIVERGENT and not excused
        return (at_fault or divergent) and self.waived is None


def _graph_order(pair: Pair) -> tuple[bool, int]:
    """Pairs that the graph has ranked come first, in its order; the rest stay as they are."""
    return not pair.rank, pair.rank


@dataclass(frozen=True, slots=True)
class Leftover:
    """A quantity that only one side has."""

    key: Key
    side: Side
    value: Value
    status: Status
    order: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A quantity that was not paired because more than one pairing is possible."""

    key: Key
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding that can never end as parity."""

    kind: ProblemKind
    message: str
    side: Side | None = None
    key: Key | None = None
    waived: Waived | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Worth saying, not a failure: a unit change, an alias choice, a dump of unknown names."""

    kind: str
    message: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One step's part in the difference of the result. ``at`` is its place in ``Comparison.pairs``."""

    at: int
    fraction: float  # signed: negative where it works against the difference that is seen
    how: str = "size"  # replay | formula | graph | size: what the share was found from


@dataclass(frozen=True, slots=True)
class Account:
    """What makes the result differ. ``result`` is the place in ``Comparison.pairs`` of what the program is run for."""

    result: int | None = None
    shares: tuple[Share, ...] = ()  # the largest first
    causes: int = 0  # steps that differ on their own
    downstream: int = 0  # differing values that come from them
    unexplained: int = 0  # differing values that come from none of them
    notes: tuple[str, ...] = ()  # printed values that the program cannot have used


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two logs compared.

    ``pairs`` are in execution order. For very large logs only the telling ones are kept (every class is
    represented by its earliest and its worst) and ``omitted`` counts the rest; ``counts`` always covers all.
    """

    sides: tuple[SideInfo, SideInfo]
    pairs: Sequence[Pair]
    counts: Mapping[DifferenceClass, int]
    coverage: Coverage
    leftovers: Sequence[Leftover] = ()
    ambiguities: Sequence[Ambiguity] = ()
    problems: Sequence[Problem] = ()
    warnings: Sequence[Remark] = ()
    metadata: Sequence[Metadatum] = ()
    omitted: Mapping[DifferenceClass, int] = field(default_factory=dict)
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # graph: step -> its inputs
    tolerance_source: str = ""
    replayed: bool = False  # replays were supplied, so origins are established and not only inferred
    schema_version: int = SCHEMA_VERSION
    account: Account = Account()
    cause: Cause | None = None  # of the comparison as a whole: the two runs had different inputs, or places

    def __repr__(self) -> str:
        from compare.notebook import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        from compare.notebook import page_of

        return page_of(self)

    def to_pandas(self) -> pd.DataFrame:
        """Every aligned pair, leftover and finding as a row of a table."""
        from compare.notebook import frame_of

        return frame_of(self)

    @cached_property
    def dominant(self) -> Pair | None:
        """The step with the largest share of the result's difference, of those that nobody has waived."""
        places = (share.at for share in self.account.shares)
        return next((self.pairs[at] for at in places if self.pairs[at].waived is None), None)

    @property
    def result_pair(self) -> Pair | None:
        """What the program is run for, where the vocabulary names it and both logs have it."""
        return None if self.account.result is None else self.pairs[self.account.result]

    @cached_property
    def first_divergence(self) -> Pair | None:
        """The first divergent pair in the order of the graph that is not waived and not a benign flip."""
        divergent = (p for p in self.pairs if p.difference is DifferenceClass.DIVERGENT and p.fails)
        return min(divergent, key=_graph_order, default=None)

    @cached_property
    def first_origin(self) -> Pair | None:
        """The first step in the order of the graph that is itself at fault, and not waived."""
        at_fault = (p for p in self.pairs if p.origin in (Origin.ORIGIN, Origin.MIXED) and p.waived is None)
        return min(at_fault, key=_graph_order, default=None)

    @cached_property
    def differing(self) -> tuple[Pair, ...]:
        """Pairs beyond rounding, in execution order."""
        return tuple(p for p in self.pairs if p.differs)

    @cached_property
    def waived(self) -> tuple[Pair, ...]:
        return tuple(p for p in self.pairs if p.waived is not None)

    @property
    def open_problems(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.waived is None)

    @cached_property
    def worst(self) -> Pair | None:
        """The pair with the largest number of ulps."""
        with_ulps = [p for p in self.pairs if p.ulps is not None]
        return max(with_ulps, key=lambda p: p.ulps or 0.0, default=None)

    @cached_property
    def verdict(self) -> Verdict:
        if self.coverage.paired == 0:
            return Verdict.NOTHING_COMPARED
        if self.first_origin is not None:
            return Verdict.DIVERGENCE
        if self.first_divergence is not None or self.omitted.get(DifferenceClass.DIVERGENT, 0):
            return Verdict.UNRESOLVED
        incomparable = self.omitted.get(DifferenceClass.INCOMPARABLE, 0) or any(
            pair.incomparable and pair.waived is None for pair in self.pairs
        )
        return Verdict.INCOMPLETE if self.open_problems or incomparable else Verdict.PARITY

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]
