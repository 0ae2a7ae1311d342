"""What a vocabulary says of one name: its kind, unit, scale, inputs, decision, older names, defects, causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compare.words.forms import Carries
from compare.words.formulas import Formula
from compare.words.references import Condition, Reference

HEADER = ""  # the record of `name value` lines
PRESENT = "present"  # the name of the decision whether a record has a line, unless the vocabulary has another


@dataclass(frozen=True, slots=True)
class Decision:
    """A discrete choice: ``round``, ``ceil`` of another quantity, ``zero`` (is it 0?), a ``jump`` between values."""

    kind: str
    of: str
    when: Condition | None = None  # it is one only where this holds


@dataclass(frozen=True, slots=True)
class Quantity:
    """What the vocabulary says about one name in one record."""

    name: str
    record: str = HEADER
    kind: str | None = None
    count: int | None = None  # how many values a vector has; None: not stated
    unit: str = ""
    status: str = "optional"  # required, optional, metadata, or a tier
    scale: tuple[str, int | None] | None = None  # (quantity, component or None for the product)
    inputs: tuple[Reference, ...] | None = None  # None: not stated; (): the program's arguments alone
    copy: bool = False
    decision: Decision | None = None
    digits: int | None = None  # significant digits that both programs print; None: as the log
    nan_equal: bool = False  # NaN on both sides is the same value
    carries: Carries | None = None  # what it makes of differences of its inputs
    words: frozenset[str] = frozenset()  # that may stand in the place of a number
    known: bool = True
    older: bool = False  # of builds before the format of today
    alias_of: tuple[str, str] | None = None  # record and name of the quantity of today; inputs are that one's

    @property
    def label(self) -> str:
        return f"{self.record}.{self.name}" if self.record else self.name


@dataclass(frozen=True, slots=True)
class Demanded:
    """Which required names must be there: absent from both logs they are a finding."""

    tier: str | None = None  # only where this tier holds; None: always
    spared: frozenset[str] = frozenset()  # records and labels that some runs do not print

    def wants(self, quantity: Quantity) -> bool:
        return not self.spared & {quantity.record, quantity.label}


@dataclass(frozen=True, slots=True)
class Presence:
    """What decides whether a record has a line: a step of its own."""

    record: str
    inputs: tuple[Reference, ...]
    name: str = PRESENT
    limit: tuple[tuple[str, ...], float] | None = None  # the product of these quantities, and where it flips

    @property
    def quantity(self) -> Quantity:
        """The decision as a step of the graph."""
        return Quantity(self.name, self.record, "word", inputs=self.inputs)


@dataclass(frozen=True, slots=True)
class Alias:
    """An older name, and how its value becomes that of the quantity of today."""

    name: str
    record: str
    of: Reference
    factor: float = 1.0
    power: float = 1.0
    divide_by: tuple[str, ...] = ()
    decided_by: str | None = None  # the step whose formula and own value tell by which of them
    component: int | None = None
    when: tuple[str, float] | None = None
    or_factor: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Defect:
    """A named defect of the program and the cause label that it shows as."""

    name: str
    label: str
    index: str | None = None  # the loop whose steps are mixed up
    quantity: str | None = None
    when: tuple[Reference, float] | None = None  # holds only where the reference has this value
    shows_in: tuple[str, ...] = ()  # labels whose repeated value in one log alone proves it
    spoils: tuple[str, ...] = ()  # labels of the steps that are wrong by it where a log prints one evaluation


@dataclass(frozen=True, slots=True)
class Grid:
    """A position on a grid: the labels of the axes it moves along, and of the length of a step."""

    along: tuple[str, ...]
    step: str


@dataclass(frozen=True)
class Causes:
    """What the words for causes and the shares of the blame need to know about a program's names."""

    half_step_of: tuple[str, ...] = ()  # an offset of half of one of these is a half-pixel offset
    grids: Mapping[str, Grid] = field(default_factory=dict)  # label of a position -> how another pixel shows there
    constants: Mapping[str, float] = field(default_factory=dict)
    given: frozenset[str] = frozenset()  # labels of what is read from arguments and files, not computed
    states_defects: str | None = None  # metadata that names the defects a program ran with: all, none, or a list
    same_inputs: tuple[str, ...] = ()  # metadata that, stated alike, shows that both runs had the same inputs
    gains: Mapping[str, float] = field(default_factory=dict)  # how much larger a relative difference a step can make
    formulas: Mapping[str, Formula] = field(default_factory=dict)  # label of a step -> its formula
