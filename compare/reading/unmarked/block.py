"""The statements of an unmarked log as columns, in the same form as those of trace lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from compare.reading.grammar import Malformed, Parsed
from compare.reading.indices import Entry, Shape, entry_of
from compare.reading.table import Block, Ints, Table, convert, convert_rows
from compare.reading.unmarked.page import Page
from compare.reading.unmarked.statements import Statement
from compare.words.vocabulary import Vocabulary

ENCODING = ("utf-8", "surrogateescape")
REPEAT = "repeat"


def parse_unmarked(block: bytes, vocabulary: Vocabulary) -> Block:
    """Tables of everything that a log without any TRACE line states, and what of it was not read."""
    result = Block(lines=block.count(b"\n") + (not block.endswith(b"\n") and block != b""))
    page = Page(block.decode(*ENCODING))
    groups: dict[Shape, tuple[list[int], list[tuple[str, ...]]]] = {}
    for number, statement in _outside_loops(list(page.statements())):
        for field in statement.fields:
            try:
                entry = _entry(Statement([field], statement.counters), vocabulary)
            except Malformed as error:
                result.malformed.append((number, str(error)))
                continue
            numbers, texts = groups.setdefault(entry.shape, ([], []))
            numbers.append(number)
            texts.append(entry.texts)
    for shape, (numbers, rows) in groups.items():
        result.tables += _tables(shape, numbers, rows, vocabulary)
    result.trace_lines = len({number for numbers, _ in groups.values() for number in numbers})
    result.malformed += page.partly
    result.loose = page.loose
    return result


def _outside_loops(placed: list[tuple[int, Statement]]) -> Iterator[tuple[int, Statement]]:
    """The statements; a name that is printed once, near a loop in which others are repeated, stands outside of it."""
    often = Counter((s.counters[-1][0], name) for _, s in placed if s.counters for name, _ in s.fields)
    loops = {counter for (counter, _), count in often.items() if count > 1}
    for number, statement in placed:
        if not statement.counters or statement.counters[-1][0] not in loops:
            yield number, statement
            continue
        counter = statement.counters[-1][0]
        once = [field for field in statement.fields if often[counter, field[0]] == 1]
        repeated = [field for field in statement.fields if often[counter, field[0]] > 1]
        if repeated:
            yield number, Statement(repeated, statement.counters)
        if once:
            yield number, Statement(once)


def _entry(statement: Statement, vocabulary: Vocabulary) -> Entry:
    fields = tuple(statement.fields)
    if not statement.counters:
        return entry_of(Parsed("", "", fields), vocabulary)
    keys = tuple(name for name, _ in statement.counters)
    record = _record_of(keys)
    texts = [str(number) for _, number in statement.counters]
    values = []
    for name, several in fields:
        values.append((name, len(texts), len(several)))
        texts += several
    return Entry("", Shape(record, keys, tuple(range(len(keys))), (), tuple(values)), tuple(texts), ())


def _record_of(keys: tuple[str, ...]) -> str:
    """One record for each set of counters, so that a name under one is never taken for that under another."""
    return re.sub(r"\W+", "_", "_".join(keys)).upper()


def _tables(shape: Shape, numbers: list[int], rows: list[tuple[str, ...]], vocabulary: Vocabulary) -> list[Table]:
    """One table a name: which names a program prints on one line is its own affair."""
    slots = list(zip(*rows, strict=True))
    index = np.zeros((len(numbers), 1 + len(shape.keys)), np.int64)
    for axis, slot in enumerate(shape.index, 1):
        index[:, axis] = convert(slots[slot], None) if slot is not None else 0
    keys, index = _told_apart(shape, index)
    record = _record_of(keys)
    order = np.array(numbers, np.int64)
    made = []
    for name, start, width in shape.values:
        kind = vocabulary.quantity(record, name).kind
        column = convert_rows(slots[start : start + width], kind)
        made.append(Table(record, keys, index.copy(), order.copy(), {name: column}))
    return made


def _told_apart(shape: Shape, index: Ints) -> tuple[tuple[str, ...], Ints]:
    """Keys and index, with how often a name was printed under its counters before where it is repeated there."""
    seen: Counter[tuple[int, ...]] = Counter()
    repeats = []
    for row in map(tuple, index.tolist()):
        repeats.append(seen[row])
        seen[row] += 1
    if not shape.record or not any(repeats):
        return shape.keys, index
    return (*shape.keys, REPEAT), np.column_stack([index, np.array(repeats, np.int64)])
