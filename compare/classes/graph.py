"""The graph of steps at one evaluation: which compared values a step was made from, and which are not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from compare.classes.store import Found, Name, Store
from compare.judging.keys import Key
from compare.judging.result import Side
from compare.judging.sections import Place
from compare.words.quantities import HEADER, Quantity
from compare.words.references import Condition, Fact, Reference, Truth
from compare.words.vocabulary import Vocabulary

Stated = Callable[[Side, str], tuple | None]
"""What a side's header says of a name, compared or not; None where it says nothing."""


@dataclass
class Inputs:
    """The compared inputs of one evaluation."""

    found: list[Found] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)  # in words: which inputs are not known, and why
    unlike: list[str] = field(default_factory=list)  # records that the logs have different lines of, and it reads

    @property
    def complete(self) -> bool:
        """Whether all of them are in the logs."""
        return not self.lacking


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a step."""

    quantity: Quantity
    record: str  # of the quantity of today, where the log has an older name
    indices: Mapping[str, int]
    section: int  # its number
    order: int

    @property
    def place(self) -> Place:
        return (self.section, *self.indices.values())

    @property
    def flat(self) -> bool:
        """An older name that stands for one evaluation of a record."""
        return self.quantity.alias_of is not None


@dataclass
class Graph:
    """Edges of the vocabulary at the evaluations that were compared."""

    vocabulary: Vocabulary
    store: Store
    stated: Stated = field(default=lambda side, name: None)

    def __post_init__(self) -> None:
        self._flat: dict[Name, list[tuple[str, str]]] = {}
        for alias in self.vocabulary.aliases:
            if not alias.record and alias.component is None:
                target = (alias.of.record or HEADER, alias.of.name)
                self._flat.setdefault(target, []).append((alias.of.relation, alias.name))

    def place_of(self, key: Key) -> Place:
        """Where the value of a key stands."""
        return self.store.sections.place_of(key)

    def inputs(self, key: Key, order: int) -> Inputs:
        """The inputs that count at an evaluation. An edge that may or may not be there is taken to be there."""
        at = self.evaluation(key, order)
        quantity = at.quantity
        result = Inputs(lacking=[] if quantity.inputs is not None else ["nothing is said of what it is made from"])
        for reference in quantity.inputs or ():
            if self._counts(reference, at) is not False:
                self._add(reference, at, result)
        return result

    def _add(self, reference: Reference, at: Evaluation, result: Inputs) -> None:
        label = self.vocabulary.label_of(reference, at.record)
        found = self.resolve(reference, at)
        if self._out_of_step(reference, at):
            record = reference.anchor.record if reference.anchor and reference.anchor.record else None
            record = record or self.vocabulary.record_of(reference, at.record)
            if (reference.anchor or reference).relation != "first":  # the first line is the one before any decision
                result.unlike.append(record)
            result.lacking.append(f"the logs have different lines of {record}, so {label} is not known")
        elif found:
            result.found += found
        elif self._on_one_side(reference, at):
            result.lacking.append(f"one log alone has the line of its input {label}")
        elif not reference.optional and not reference.starts_loop and not self._same_metadata(reference, at):
            listed = self.vocabulary.quantities.get((self.vocabulary.record_of(reference, at.record), reference.name))
            compared = listed is None or listed.status != "metadata"
            result.lacking.append(f"its input {label} {'is not in both logs' if compared else 'is not comparable'}")

    def resolve(self, reference: Reference, at: Evaluation) -> list[Found]:
        """The values that a reference means, in the section or around it; for an older name also those under such."""
        for section in self._sections(reference, at):
            found = self.store.resolve(reference, at.record, at.indices, section, at.order)
            found = found or (self._older(reference, at, section) if at.flat else [])
            if found or self.store.alone(reference.name, section):
                return found
        return []

    def _sections(self, reference: Reference, at: Evaluation) -> Iterator[int]:
        """Where the value that a reference means may stand: what is said of a whole epoch holds for its pixels."""
        around = self.store.sections.around(at.section)
        outwards = reference.relation == "same" and reference.anchor is None and not reference.every
        return around if outwards else islice(around, 1)

    def _older(self, reference: Reference, at: Evaluation, section: int) -> list[Found]:
        """The value under an older name."""
        target = self.vocabulary.record_of(reference, at.record), reference.name
        names = [
            name
            for relation, name in self._flat.get(target, ())
            if relation in (reference.relation, "first") and reference.relation != "previous"
        ]
        hits = (self.store.at((HEADER, name), (section,)) for name in names)
        return [hit for hit in hits if hit is not None][:1]

    def _out_of_step(self, reference: Reference, at: Evaluation) -> bool:
        """Whether a reference goes by the order of lines that the two logs do not have alike."""
        presence = self.vocabulary.presences.get(at.record)
        if presence is not None and presence.name == at.quantity.name:
            return False  # that is what this very step decides
        of = reference.anchor.record or at.record if reference.anchor else None
        if of is None and (reference.relation != "same" or reference.every):
            of = self.vocabulary.record_of(reference, at.record)
        return of is not None and bool(self.store.alone(of, at.section))

    def _on_one_side(self, reference: Reference, at: Evaluation) -> bool:
        """Whether the line that a reference points at stands in one log alone."""
        record = self.vocabulary.record_of(reference, at.record)
        numbers = {**at.indices, **dict(reference.fixed)}
        keys = self.vocabulary.records.get(record, ())
        if reference.relation != "same" or reference.every or not keys or any(key not in numbers for key in keys):
            return False
        return (at.section, *(numbers[key] for key in keys)) in self.store.alone(record, at.section)

    def _same_metadata(self, reference: Reference, at: Evaluation) -> bool:
        """Whether an input that is never compared is stated alike."""
        listed = self.vocabulary.quantity(HEADER, reference.name)
        if self.vocabulary.record_of(reference, at.record) != HEADER or listed.status != "metadata":
            return False
        a, b = (self.stated(side, reference.name) for side in Side)
        return a is not None and a == b

    # ---- conditions ---------------------------------------------------------------------------------------------

    def _counts(self, reference: Reference, at: Evaluation) -> Truth:
        """Whether the edge is there by what either side states; None: nobody says."""
        return True if reference.when is None else self.holds(reference.when, at)

    def holds(self, condition: Condition, at: Evaluation) -> Truth:
        """Whether a condition holds on either side."""
        answers = [
            condition.ask(lambda fact, side=side: self._answer(fact, at, side))  # type: ignore[misc]
            for side in Side
        ]
        return True if True in answers else None if None in answers else False

    def evaluation(self, key: Key, order: int) -> Evaluation:
        quantity = self.vocabulary.quantity(key.record, key.name)
        record = quantity.alias_of[0] if quantity.alias_of else quantity.record
        return Evaluation(quantity, record, dict(key.indices), self.place_of(key)[0], order)

    def _answer(self, fact: Fact, at: Evaluation, side: Side) -> Truth:
        if fact.kind == "first":
            return self._is_first(fact.name, at)
        if fact.kind == "record":
            return self._has_line(fact.name, at)
        if fact.name in at.indices:
            return str(at.indices[fact.name]) == fact.value
        value = self._value(fact.name, at, side)
        return None if value is None else _equals(value, fact.value)

    def _value(self, name: str, at: Evaluation, side: Side) -> tuple | None:
        """What a side says, or else the other one."""
        found = self.resolve(Reference(name, None), at)
        if found:
            return found[0].a if side is Side.A else found[0].b
        other = Side.B if side is Side.A else Side.A
        own = self.stated(side, name)
        return self.stated(other, name) if own is None else own

    def _is_first(self, loop: str, at: Evaluation) -> Truth:
        if at.flat:
            return True
        if self.store.alone(at.record, at.section):
            return None
        keys = tuple(at.indices)
        shared = (1 + keys.index(loop),) if loop else ()
        first = self.store.first_order((at.record, at.quantity.name), shared, at.place)
        return None if first is None else at.order <= first

    def _has_line(self, record: str, at: Evaluation) -> Truth:
        keys = self.vocabulary.records.get(record, ())
        if at.flat or any(key not in at.indices for key in keys):
            return None
        place = (at.section, *(at.indices[key] for key in keys))
        if self.store.has_row(record, place) or place in self.store.alone(record, at.section):
            return True
        return False if self.store.has_record(record) or self.of_one_format() else None

    def of_one_format(self) -> bool:
        """Whether both logs state the version of their format: what they do not print did not happen."""
        name = self.vocabulary.format_name
        return name is not None and all(self.stated(side, name) is not None for side in Side)


def _equals(value: tuple, text: str) -> bool:
    if len(value) != 1:
        return False
    try:
        return float(value[0]) == float(text)
    except (TypeError, ValueError):
        return str(value[0]) == text


__all__ = ["Evaluation", "Graph", "Inputs", "Stated"]
