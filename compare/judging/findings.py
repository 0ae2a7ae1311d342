"""Findings that are never parity, ambiguities and remarks, in words, as a comparison comes upon them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from compare.alignment.lane import Repeat, Unclear, Unit
from compare.classes.measure import INCOMPARABLE, Measured
from compare.classes.store import Name
from compare.judging.keys import Key, Section
from compare.judging.leftovers import Book
from compare.judging.result import Ambiguity, Pair, Problem, ProblemKind, Remark, Side
from compare.judging.sections import Sections
from compare.judging.tolerances import Tolerances
from compare.reading.log import LARGEST_UNMARKED, Log
from compare.reading.table import Loose
from compare.words.vocabulary import Vocabulary


@dataclass
class Findings:
    """What was found on the way."""

    logs: Mapping[Side, Log]
    known: Sections = field(default_factory=Sections)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    ambiguities: list[Ambiguity] = field(default_factory=list)

    def one_sided_nan(self, unit: Unit, name: str, measured: Measured) -> None:
        """NaN on one side of some rows of a column."""
        rows = np.flatnonzero(measured.one_sided_nan)
        if len(rows):
            key = self.known.key_of((unit.record, name), unit.index_names, tuple(unit.index[rows[0]].tolist()))
            text = f"{key} is nan on one side only" + (f", and at {len(rows) - 1} more" if len(rows) > 1 else "")
            self.problems.append(Problem(ProblemKind.ONE_SIDED_NAN, text, key=key))

    def not_comparable(self, unit: Unit, name: str, measured: Measured) -> None:
        """Rows of a column that hold no number on either side where one was to be expected."""
        rows = np.flatnonzero(measured.code == INCOMPARABLE)
        if len(rows):
            key = self.known.key_of((unit.record, name), unit.index_names, tuple(unit.index[rows[0]].tolist()))
            self.no_number(key, len(rows) - 1)

    def no_number(self, key: Key, more: int = 0) -> None:
        """A quantity that is no number on either side where one was to be expected."""
        others = f", and {more} more of that name" if more else ""
        text = f"{key} is no number on either side{others}: what it would have been is not known"
        self.problems.append(Problem(ProblemKind.NOT_COMPARABLE, text, key=key))

    def late_numbers(self, names: Sequence[Name]) -> None:
        """Words that were equal on both sides, of names that are numbers further on."""
        for record, name in names:
            key = Key(name, record)
            text = f"{key} is a word in some rows, alike on both sides, and a number in others"
            self.problems.append(Problem(ProblemKind.NOT_COMPARABLE, text, key=key))

    def precision(self) -> None:
        """Say of each log how its digits are taken, where they are not all exact."""
        for side, log in self.logs.items():
            if not log.digits.exact:
                text = f"{side.value} is taken to print {log.digits.count} digits, {log.digits_source}"
                self.remarks.append(Remark("precision", text))
            elif log.short_digits:
                text = f"no float of {side.value} has more than {log.short_digits} digits, and nothing states how many "
                text += "it prints: what lies beyond is not compared, and what is computed from rounded numbers may "
                text += f"look wrong; --digits-{side.value} {log.short_digits} states it"
                self.remarks.append(Remark("precision", text))

    def unread(self) -> None:
        """Say of each log which lines were passed over: headings, and what only looks like a trace."""
        for side, log in self.logs.items():
            self.remarks += log.remarks
            for shown, kind, what in (
                (log.unread, "unread", "that look like a trace were not read"),
                (log.headings, "headings", "that begin with TRACE are headings without numbers"),
            ):
                if shown.count:
                    some = "; ".join(f"line {number}: {text}" for number, text in shown.first)
                    self.remarks.append(Remark(kind, f"{side.value}: {shown.count} lines {what} (first: {some})"))

    def loose(self) -> None:
        """Say of logs without TRACE lines that they were read as they are, and which unread lines differ."""
        for side, log in self.logs.items():
            if log.unmarked:
                text = f"{side.value} has no TRACE line; {log.quantities} values were read from its {log.lines} lines"
                self.remarks.append(Remark("unmarked", text))
        for side, other in ((Side.A, Side.B), (Side.B, Side.A)):
            own, others = self.logs[side].loose, self.logs[other].loose
            alone = own.numbers - others.numbers
            if alone:
                text = f"{_lines_of(alone)} with numbers could not be read, and differ from the other log"
                self.problems.append(Problem(ProblemKind.UNREAD_NUMBERS, f"{text} ({_first(alone, own)})", side))
            words = own.words - others.words if self.logs[other].unmarked else None
            if words:
                text = f"{side.value}: {_lines_of(words)} of words alone differ from the other log"
                self.remarks.append(Remark("words", f"{text} ({_first(words, own)})"))

    def other_order(self, pairs: Sequence[Pair]) -> None:
        """Say where b prints what a prints at another place; pairs as collected, lines as positions in the logs."""
        own = sorted((pair for pair in pairs if not (pair.name_a or pair.name_b)), key=lambda pair: pair.line_a)
        moved = [late for early, late in pairwise(own) if late.line_b < early.line_b]
        if moved:
            text = f"b prints in another order than a: {moved[0].key} comes earlier there"
            more = f", and so at {len(moved) - 1} more places" if len(moved) > 1 else ""
            self.remarks.append(Remark("order", text + more, moved[0].key))

    def repeat(self, repeat: Repeat) -> None:
        """An index that one side prints again."""
        place = tuple(repeat.index.tolist())
        names = repeat.conflicting or ("",)
        key = self.known.key_of((repeat.record, names[0]), repeat.index_names, place)
        path, line = self.logs[repeat.side].locate(repeat.order)
        where = f"{path}:{line}"
        if repeat.conflicting:
            text = f"{where}: {key} appears again with another value"
            self.problems.append(Problem(ProblemKind.DUPLICATE_CONFLICT, text, repeat.side, key))
            self.ambiguities.append(Ambiguity(key, f"{repeat.side.value} states it twice, differently"))
        elif repeat.record and not repeat.on_both:
            text = f"{where}: {key.place} appears again, with the same values; the other log has it once"
            self.problems.append(Problem(ProblemKind.REPEATED_RECORD, text, repeat.side, key))

    def far_repeats(self, family: str, side: Side, count: int) -> None:
        """Rows that repeat an index too far away for one window to see."""
        text = f"{side.value}: {count} rows of {family.split(' ')[0]} have indices that it printed before"
        self.problems.append(Problem(ProblemKind.DUPLICATE_CONFLICT, text, side))

    def sections(self, reached: Mapping[Side, int] | None = None) -> None:
        """Sections that one log has and the other lacks: what is in them was not compared.

        ``reached``: the last line of each side that has a partner; what begins after it is no finding.
        """
        for side, log in self.logs.items():
            other = Side.B if side is Side.A else Side.A
            begins = {number: line for number, line in log.begins.items() if number not in self.logs[other].begins}
            if reached is not None:
                begins = {number: line for number, line in begins.items() if line <= reached[side]}
            if begins:
                names = [self.known[number] for number in sorted(begins, key=begins.__getitem__)]
                lacks = (
                    f"lacks {'it' if len(names) == 1 else 'them'}" if self.logs[other].begins else "states no section"
                )
                text = f"{side.value} has {_some(names)}; {other.value} {lacks}"
                self.problems.append(Problem(ProblemKind.SECTION_MISSING, text, other))

    def unclear(self, unclear: Unclear) -> None:
        """Repetitions without an index that could be paired in several ways; not of a section that one log lacks."""
        if unclear.section and any(unclear.section not in log.begins for log in self.logs.values()):
            return
        key = Key(unclear.names[0] if unclear.names else "", unclear.record, section=self.known[unclear.section])
        text = (
            f"{key} is repeated without an index, {unclear.count_a} times in a and {unclear.count_b} in b where "
            "they part; which belong together is not known"
        )
        self.ambiguities.append(Ambiguity(key, text))
        self.problems.append(Problem(ProblemKind.AMBIGUITY, text, key=key))

    def all(self, more: Sequence[Problem], *, nothing_common: bool) -> list[Problem]:
        """Every problem, those of reading the logs included."""
        first = [self._nothing_common()] if nothing_common else []
        return [*first, *self.problems, *(p for log in self.logs.values() for p in log.problems), *more]

    def _nothing_common(self) -> Problem:
        empty = [side.value for side, log in self.logs.items() if not log.trace_lines]
        if empty:
            text = f"no trace lines (TRACE_...) and no names with numbers in {' or '.join(empty)}: nothing was compared"
            if any(
                problem.kind is ProblemKind.MALFORMED_LINE for log in self.logs.values() for problem in log.problems
            ):
                text = f"no trace line of {' or '.join(empty)} could be read: nothing was compared"
            if any(log.too_long for log in self.logs.values()):
                text += f"; a log of more than {LARGEST_UNMARKED >> 20} MB is read where TRACE_ marks its lines"
        else:
            stated = [f"{side.value} holds {_some(log.sections)}" for side, log in self.logs.items() if log.begins]
            text = "the logs have no quantity in common: nothing was compared" + ("; " if stated else "")
            text += ", ".join(stated)
        return Problem(ProblemKind.NO_COMMON_KEYS, text)


def _lines_of(texts: Counter[str]) -> str:
    count = texts.total()
    return "1 line" if count == 1 else f"{count} lines"


def _first(texts: Counter[str], loose: Loose) -> str:
    """The first of some lines."""
    text = min(texts, key=loose.lines.__getitem__)
    return f"first: line {loose.lines[text]}: {text[:80]}"


def _some(sections: Sequence[Section]) -> str:
    more = f" and {len(sections) - 3} more" if len(sections) > 3 else ""
    return f"{', '.join(map(str, sections[:3]))}{more}"


def foreign_records(book: Book, vocabulary: Vocabulary) -> Iterator[Problem]:
    """Rows of an unlisted record on both sides that found no partner: its index keys may be values."""
    sides = [{name[0] for name in book.names(side) if name[0]} for side in Side]
    for record in sorted((sides[0] & sides[1]) - set(vocabulary.records)):
        text = f"rows of {record} do not pair; list its index keys in a vocabulary (--vocabulary)"
        yield Problem(ProblemKind.AMBIGUITY, text, key=Key("", record))


def unused_tolerances(tolerances: Tolerances) -> Iterator[Problem]:
    """Entries of a tolerance file that match nothing: a misspelt name would be a tolerance that nobody has."""
    for entry in tolerances.unused():
        text = f"tolerance entry {entry} of {tolerances.described} matches nothing in these logs"
        yield Problem(ProblemKind.UNUSED_TOLERANCE, text)


def absent_names(labels: Sequence[str]) -> Iterator[Problem]:
    """Required names that neither log prints: two logs cut short alike would otherwise agree."""
    if labels:
        text = f"required, and printed by neither log: {', '.join(labels)}"
        yield Problem(ProblemKind.REQUIRED_MISSING, text)
