"""A block of lines to tables.

Lines of one shape are converted together: by pandas' C parser where there are many, by a pattern made from the
first where there are some. Whatever has no regular shape goes through the exact grammar line by line; all ways give
the same tables (tests hold them to it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.judging.keys import Section
from compare.reading.envelope import PREFIX
from compare.reading.grammar import Malformed, parse_line
from compare.reading.indices import Entry, Shape, entry_of
from compare.reading.lines import by_shape
from compare.reading.table import Block, Columns, Ints, Opening, Stated, Table, Values, convert, convert_rows
from compare.reading.template import rows_of
from compare.words.vocabulary import Vocabulary

MANY_LINES = 400  # of one shape: worth a call of pandas
MOST_COLUMNS = 1000  # that pandas reads at once; it is slow with more
SOME_LINES = 4  # of one shape: worth a pattern
BLANKS = bytes.maketrans(b"=,\t", b"   ")
SAMPLES = 16
SAMPLE_BYTES = 256
ENCODING = ("utf-8", "surrogateescape")  # bytes that are no UTF-8 stay apart from each other


@dataclass(frozen=True, slots=True)
class Layout:
    """Which of the blank-separated tokens of a line are texts of a shape; the others are the same in every line."""

    names_at: tuple[tuple[int, str], ...]  # the tag that the line begins with included
    slots_at: tuple[int, ...]  # token of each slot
    tokens: int


def parse_block(block: bytes, vocabulary: Vocabulary, *, vectorise: bool) -> Block:
    """Tables of all trace lines in a block of whole lines."""
    result = Block(lines=_count(block, b"\n") + (not block.endswith(b"\n") and block != b""))
    if vectorise and _parse_uniform(block, vocabulary, result):
        return result
    for certain, numbers, lines in by_shape(block, result.unread):
        _Group(numbers, lines, vocabulary, result, certain).parse(many=vectorise and len(lines) >= MANY_LINES)
    result.openings.sort(key=lambda opening: opening.line)
    return result


def _parse_uniform(block: bytes, vocabulary: Vocabulary, result: Block) -> bool:
    """A block that is one run of a record; False, and nothing done, when it is not."""
    line = block[: block.find(b"\n") + 1].rstrip(b"\n")
    tag = line.partition(b" ")[0] + b" "
    if not line.startswith(PREFIX) or not all(sample.startswith(tag) for sample in _samples(block)):
        return False
    if any(_count(block, mark) != line.count(mark) * result.lines for mark in (b"=", b",")):
        return False
    group = _Group(range(1, result.lines + 1), [line], vocabulary, result, certain=True)
    first = group.first()
    layout = layout_of(first, line) if first is not None else None
    if first is None or layout is None:
        return False
    columns = group.by_pandas(block, first.shape, layout)
    if columns is None:
        return False
    group.finish(first, columns)
    return True


def _count(block: bytes, mark: bytes) -> int:
    """How often a byte occurs; many times faster than bytes.count where that is often."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == mark[0]))


def _samples(block: bytes) -> Iterable[bytes]:
    """The starts of some lines spread over the block, the second and the last included."""
    for at in (0, *range(0, len(block) - 1, max(len(block) // SAMPLES, 1)), block.rfind(b"\n", 0, -1) - 1):
        start = block.find(b"\n", max(at, 0)) + 1
        if 0 < start < len(block):
            yield block[start : start + SAMPLE_BYTES]


def layout_of(entry: Entry, line: bytes) -> Layout | None:
    """The token layout of lines shaped like this one; None where their texts are not tokens between blanks."""
    if not 0 < len(entry.spans) <= MOST_COLUMNS or not line.isascii():
        return None
    slots = {span: slot for slot, span in enumerate(entry.spans)}
    names, slots_at, start = [], [0] * len(slots), 0
    tokens = line.translate(BLANKS).split(b" ")
    for at, token in enumerate(tokens):
        slot = slots.pop((start, start + len(token)), None)
        if slot is not None:
            slots_at[slot] = at
        elif token:
            names.append((at, token.decode()))
        else:
            return None
        start += len(token) + 1
    return None if slots else Layout(tuple(names), tuple(slots_at), len(tokens))


@dataclass(slots=True)
class _Group:
    """Lines that look alike once their numbers are taken away."""

    numbers: Sequence[int]
    lines: list[bytes]
    vocabulary: Vocabulary
    result: Block
    certain: bool

    def parse(self, *, many: bool) -> None:
        if len(self.lines) >= SOME_LINES and (first := self.first()) is not None and first.spans:
            layout = layout_of(first, self.lines[0]) if many else None
            columns = self.by_pandas(b"\n".join(self.lines), first.shape, layout) if layout else None
            columns = columns or self._by_pattern(first)
            if columns is not None:
                return self.finish(first, columns)
        return self._exactly()

    def first(self) -> Entry | None:
        """The first line; None if it is none of the trace. What is malformed is noted when each is parsed."""
        try:
            return self._entry(self.lines[0])
        except Malformed:
            return None

    def _entry(self, line: bytes) -> Entry | None:
        parsed = parse_line(line.decode(*ENCODING).rstrip("\r"), self.vocabulary.words)
        if parsed is None or parsed.side in self.vocabulary.chatter_sides:
            return None
        return entry_of(parsed, self.vocabulary)

    # ------------------------------------------------------------------------------------------ many lines

    def by_pandas(self, block: bytes, shape: Shape, layout: Layout) -> Columns | None:
        """Columns by pandas' C parser, correctly rounded; None when a line does not fit the layout."""
        from compare.reading.pandas_columns import read_columns

        return read_columns(block, len(self.numbers), shape, layout, lambda name: self._kind(shape, name))

    def _by_pattern(self, first: Entry) -> Columns | None:
        rows = rows_of([line.decode(*ENCODING).rstrip("\r") for line in self.lines], first.spans)
        columns = self._columns(first.shape, rows) if rows else None
        if columns is None or any(column.dtype == object for column in columns.values.values()):
            return None
        return columns

    def _columns(self, shape: Shape, rows: Sequence[Sequence[str]]) -> Columns | None:
        """Columns of texts; None if an index is no integer."""
        texts = list(zip(*rows, strict=True))
        index = {slot: convert(texts[slot], None) for slot in shape.integers}
        if any(column.dtype != np.int64 for column in index.values()):
            return None
        values = {
            name: convert_rows(texts[start : start + width], self._kind(shape, name))
            for name, start, width in shape.values
        }
        return Columns(index, values)

    def _kind(self, shape: Shape, name: str) -> str | None:
        return self.vocabulary.quantity(shape.record, name).kind

    # ------------------------------------------------------------------------------------------ line by line

    def _exactly(self) -> None:
        """Line by line; lines of one shape are then put together into one table."""
        groups: dict[Shape, tuple[list[int], list[Entry]]] = {}
        for number, line in zip(self.numbers, self.lines, strict=True):
            try:
                entry = self._entry(line)
            except Malformed as error:
                self._note(number, line, error)
                continue
            if entry is None:
                self.result.headings.add(number, line)
            elif not self.certain and not entry.spans:
                self.result.unread.add(number, line)
            else:
                numbers, entries = groups.setdefault(entry.shape, ([], []))
                numbers.append(number)
                entries.append(entry)
        for shape, (numbers, entries) in groups.items():
            columns = self._columns(shape, [entry.texts for entry in entries])
            if columns is not None:
                self.result.sides.update(entry.side for entry in entries)
                self._tables(numbers, shape, columns)

    def _note(self, number: int, line: bytes, error: Malformed) -> None:
        """A line that cannot be read: malformed, or only counted where other output stands before its TRACE."""
        if self.certain and not any(line.startswith(PREFIX + s.encode()) for s in self.vocabulary.chatter_sides):
            self.result.malformed.append((number, f"{line[:120].decode('utf-8', 'replace')!r}: {error}"))
        else:
            self.result.unread.add(number, line)

    # ------------------------------------------------------------------------------------------ tables

    def finish(self, first: Entry, columns: Columns) -> None:
        self.result.sides.add(first.side)
        self._tables(self.numbers, first.shape, columns)

    def _tables(self, numbers: Sequence[int], shape: Shape, columns: Columns) -> None:
        self.result.trace_lines += len(numbers)
        stated = _stated(shape, columns)
        if shape.opens:
            self._open(numbers, stated, whole=True)
            return
        if not shape.record:
            self._open_by_name(numbers, columns.values)
        index = np.zeros((len(numbers), 1 + len(shape.keys)), np.int64)
        for axis, slot in enumerate(shape.index, 1):
            if slot is not None:
                index[:, axis] = columns.index[slot]
        if stated.names:
            self.result.stated[len(self.result.tables)] = stated
        whole = Table(shape.record, shape.keys, index, np.array(numbers, np.int64), columns.values)
        self.result.tables += _separate(whole)

    def _open(self, numbers: Sequence[int], stated: Stated, *, whole: bool = False) -> None:
        self.result.openings += [
            Opening(number, Section(stated.names, tuple(row)), whole)
            for number, row in zip(numbers, stated.numbers.tolist(), strict=True)
        ]

    def _open_by_name(self, numbers: Sequence[int], values: dict[str, Values]) -> None:
        """Sections that lines without a record open; a name that is only a heading says nothing else."""
        keys = self.vocabulary.headings.keys
        parts = {name: values[name] for name in keys if name in values}
        for name, part in list(parts.items()):
            quantity = self.vocabulary.quantity("", name)
            if quantity.status == "metadata" or not quantity.known:
                del values[name]
            if part.dtype != np.int64 or part.shape[1] != len(keys[name]):
                self._open_row_by_row(numbers, name, parts.pop(name))
        if parts:
            self._open(numbers, _side_by_side({name: [*part.T] for name, part in parts.items()}))

    def _open_row_by_row(self, numbers: Sequence[int], name: str, part: Values) -> None:
        """Of lines that do not all say what they should; those that do not are malformed."""
        headings = self.vocabulary.headings
        for number, row in zip(numbers, part.tolist(), strict=True):
            if len(row) == len(headings.keys[name]) and all(isinstance(each, int) for each in row):
                self.result.openings.append(Opening(number, Section.of({name: row})))
            else:
                self.result.malformed.append((number, f"{name} {row}: {headings.wants(name)} were required"))


def _stated(shape: Shape, columns: Columns) -> Stated:
    """What lines of a shape say of their section."""
    parts = {name: [columns.index[at] for at in range(slot, slot + width)] for name, slot, width in shape.section}
    return _side_by_side(parts)


def _side_by_side(parts: Mapping[str, Sequence[Ints]]) -> Stated:
    columns = [column for several in parts.values() for column in several]
    names = tuple(name for name, several in parts.items() for _ in several)
    return Stated(names, np.stack(columns, axis=1) if columns else np.empty((0, 0), np.int64))


def _separate(table: Table) -> Iterator[Table]:
    """Lines without a record hold one quantity a table, so that each can be aligned by its own name."""
    if table.record:
        yield table
    else:
        for name in table.columns:
            yield table.take(slice(None), [name]) if len(table.columns) > 1 else table
