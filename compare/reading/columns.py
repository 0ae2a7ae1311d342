"""A block of lines to tables.

Lines of one shape are converted together: by pandas' C parser where there are many, in Python where there
are few. Whatever has no regular shape goes through the exact grammar line by line; all ways give the same
tables (tests hold them to it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from compare.reading.grammar import (
    INTEGER,
    PREFIX,
    Malformed,
    Parsed,
    is_number,
    parse_line,
)
from compare.reading.table import Block, Ints, Table, Values, convert, stack
from compare.vocabulary import Vocabulary

MANY_LINES = 400  # of one shape: worth a call of pandas
VALUE_MARKS = b"0123456789+-.eE"  # what is left of a line without them is its shape
BLANKS = bytes.maketrans(b"=,\t", b"   ")
NO_PIXEL = (-1, -1)
SAMPLES = 16
LARGEST_INDEX = 1 << 62
SAMPLE_BYTES = 256


@dataclass(frozen=True, slots=True)
class Layout:
    """Where names and values stand among the blank-separated tokens of a line."""

    record: str
    index_names: tuple[str, ...]
    index_at: tuple[int | None, ...]  # token of each loop index; None: this log leaves it out, it is 0
    names_at: tuple[tuple[int, str], ...]  # the tag that the line begins with included
    values_at: tuple[tuple[str, int, int], ...]  # name, first token, width
    tokens: int


def parse_block(block: bytes, vocabulary: Vocabulary, *, vectorise: bool) -> Block:
    """Tables of all trace lines in a block of whole lines."""
    result = Block(lines=_count(block, b"\n") + (not block.endswith(b"\n") and block != b""))
    if vectorise and _parse_uniform(block, vocabulary, result):
        return result
    for numbers, lines in _by_shape(block):
        _parse_group(numbers, lines, vocabulary, vectorise and len(lines) >= MANY_LINES, result)
    return result


def _parse_uniform(block: bytes, vocabulary: Vocabulary, result: Block) -> bool:
    """A block that is one run of a record; False, and nothing done, when it is not."""
    line = block[: block.find(b"\n") + 1].rstrip(b"\n")
    tag = line.partition(b" ")[0] + b" "
    if not line.startswith(PREFIX) or not all(sample.startswith(tag) for sample in _samples(block)):
        return False
    first = _try_parse(1, line, vocabulary, Block())
    layout = layout_of(first, line, vocabulary) if first is not None else None
    if first is None or layout is None or not _regular(first, line, layout):
        return False
    if any(_count(block, mark) != line.count(mark) * result.lines for mark in (b"=", b",")):
        return False
    columns = _by_pandas(block, result.lines, layout, vocabulary)
    if columns is None:
        return False
    _finish(range(1, result.lines + 1), first, layout, columns, vocabulary, result)
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


def _by_shape(block: bytes) -> Iterable[tuple[list[int], list[bytes]]]:
    """Groups of (line numbers, lines) that look alike once their numbers are taken away."""
    groups: dict[bytes, tuple[list[int], list[bytes]]] = {}
    for number, line in enumerate(block.split(b"\n"), 1):
        if line.startswith(PREFIX):
            shape = line.translate(None, VALUE_MARKS)
            found = groups.get(shape)
            if found is None:
                found = groups[shape] = ([], [])
            found[0].append(number)
            found[1].append(line)
    return groups.values()


def _parse_group(
    numbers: Sequence[int], lines: list[bytes], vocabulary: Vocabulary, vectorise: bool, result: Block
) -> None:
    # What is malformed is noted when the lines are parsed one by one, not when the first is only looked at.
    first = _try_parse(numbers[0], lines[0], vocabulary, Block()) if len(lines) > 1 else None
    layout = layout_of(first, lines[0], vocabulary) if first is not None else None
    if first is not None and layout is not None and _regular(first, lines[0], layout):
        columns = _by_pandas(b"\n".join(lines), len(lines), layout, vocabulary) if vectorise else None
        columns = columns or _by_tokens(lines, layout, vocabulary)
        if columns is not None:
            return _finish(numbers, first, layout, columns, vocabulary, result)
    return _parse_exactly(numbers, lines, vocabulary, result)


def _try_parse(number: int, line: bytes, vocabulary: Vocabulary, result: Block) -> Parsed | None:
    """Parse one line exactly; what is malformed is noted and gives None."""
    try:
        parsed = parse_line(line.decode("utf-8", "replace").rstrip("\r"))
    except Malformed as error:
        if not _is_chatter(line, vocabulary):
            shown = line[:120].decode("utf-8", "replace")
            result.malformed.append((number, f"{shown!r}: {error}"))
        return None
    if parsed is None or parsed.side in vocabulary.chatter_sides:
        return None
    return parsed


def _is_chatter(line: bytes, vocabulary: Vocabulary) -> bool:
    return any(line.startswith(PREFIX + side.encode()) for side in vocabulary.chatter_sides)


def layout_of(parsed: Parsed, line: bytes, vocabulary: Vocabulary) -> Layout | None:
    """The token layout of lines shaped like this one; None where they have none (elements, sub-items)."""
    if parsed.positions or not parsed.fields:
        return None
    wanted = index_keys(parsed, vocabulary)
    at: dict[str, int] = {}
    names = [(0, line.translate(BLANKS).partition(b" ")[0].decode("utf-8", "replace"))]
    values = []
    token = 1
    for name, texts in parsed.fields:
        names.append((token, name))
        if name in wanted and len(texts) == 1:
            at[name] = token + 1
        else:
            values.append((name, token + 1, len(texts)))
        token += 1 + len(texts)
    return Layout(parsed.record, wanted, tuple(at.get(key) for key in wanted), tuple(names), tuple(values), token)


def index_keys(parsed: Parsed, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Loop indices of a record: the vocabulary's, else the integers that a line begins with.

    Where a line of an unlisted record is all integers, the last one is taken for its value.
    """
    if not parsed.record:
        return ()
    if parsed.positions:
        return tuple(f"i{axis}" for axis in range(len(parsed.positions)))
    if parsed.record in vocabulary.records:
        return vocabulary.records[parsed.record]
    keys = []
    for name, texts in parsed.fields[:-1]:
        if len(texts) != 1 or not INTEGER.match(texts[0]) or (parsed.record, name) in vocabulary.quantities:
            break
        keys.append(name)
    return tuple(keys)


def _regular(first: Parsed, line: bytes, layout: Layout) -> bool:
    """Whether splitting the line at blanks gives exactly what the grammar read."""
    tokens = [token.decode("utf-8", "replace") for token in line.translate(BLANKS).split(b" ")]
    if len(tokens) != layout.tokens or "" in tokens:
        return False
    texts = [text for name, values in first.fields for text in (name, *values)]
    return tokens[1:] == texts and all(is_number(t) for _, values in first.fields for t in values)


Columns = tuple[list[Ints], dict[str, Values]]


def _by_tokens(lines: list[bytes], layout: Layout, vocabulary: Vocabulary) -> Columns | None:
    """Columns by splitting each line; None when a line does not fit the layout."""
    rows = [line.decode("utf-8", "replace").split(" ") for line in (ln.translate(BLANKS) for ln in lines)]
    if any(len(row) != layout.tokens or "" in row for row in rows):
        return None
    columns = list(zip(*rows, strict=True))
    if any(set(columns[at]) != {name} for at, name in layout.names_at):
        return None
    index = []
    for at in layout.index_at:
        if at is not None:
            converted = convert(columns[at], None)
            if converted.dtype != np.int64:
                return None
            index.append(converted)
    values = {
        name: stack([convert(columns[at], _kind(layout, name, vocabulary)) for at in range(start, start + width)])
        for name, start, width in layout.values_at
    }
    if any(column.dtype == object for column in values.values()):
        return None
    return index, values


def _by_pandas(block: bytes, count: int, layout: Layout, vocabulary: Vocabulary) -> Columns | None:
    """Columns by pandas' C parser, correctly rounded; None when a line does not fit the layout."""
    from compare.reading.pandas_columns import read_columns

    return read_columns(block, count, layout, lambda name: _kind(layout, name, vocabulary))


def _kind(layout: Layout, name: str, vocabulary: Vocabulary) -> str | None:
    return vocabulary.quantity(layout.record, name).kind


def _finish(
    numbers: Sequence[int],
    first: Parsed,
    layout: Layout,
    columns: Columns,
    vocabulary: Vocabulary,
    result: Block,
) -> None:
    index_columns, values = columns
    count = len(numbers)
    result.trace_lines += count
    result.sides.add(first.side)
    if not layout.record and layout.values_at[0][0] == vocabulary.pixel:
        _note_pixels(numbers, next(iter(values.values())), result)
        return
    index = np.zeros((count, 2 + len(layout.index_names)), np.int64)
    index[:, :2] = NO_PIXEL
    present = [axis for axis, at in enumerate(layout.index_at) if at is not None]
    for axis, column in zip(present, index_columns, strict=True):
        index[:, 2 + axis] = column
    order = np.array(numbers, np.int64)
    result.tables.append(Table(layout.record, layout.index_names, index, order, values))


def _note_pixels(numbers: Sequence[int], values: Values, result: Block) -> None:
    for number, row in zip(numbers, values.tolist(), strict=True):
        if len(row) == 2 and all(isinstance(part, int) for part in row):
            result.pixels.append((number, (row[0], row[1])))
        else:
            result.malformed.append((number, f"pixel {row}: two integers, slow and fast, were required"))


def _parse_exactly(numbers: Sequence[int], lines: list[bytes], vocabulary: Vocabulary, result: Block) -> None:
    """Line by line; lines with the same names are then put together into one table."""
    groups: dict[object, tuple[list[int], list[Parsed]]] = {}
    for number, line in zip(numbers, lines, strict=True):
        parsed = _try_parse(number, line, vocabulary, result)
        if parsed is not None and _has_good_indices(number, parsed, vocabulary, result):
            keys = index_keys(parsed, vocabulary)
            shape = (parsed.record, keys, tuple((name, len(texts)) for name, texts in parsed.fields))
            where, parsed_lines = groups.setdefault(shape, ([], []))
            where.append(number)
            parsed_lines.append(parsed)
    for where, parsed_lines in groups.values():
        _exact_tables(where, parsed_lines, vocabulary, result)


def _has_good_indices(number: int, parsed: Parsed, vocabulary: Vocabulary, result: Block) -> bool:
    """Whether every loop index of a line is an integer; a line where one is not is noted."""
    wanted = index_keys(parsed, vocabulary)
    for name, texts in parsed.fields:
        if name in wanted and not (len(texts) == 1 and INTEGER.match(texts[0]) and abs(int(texts[0])) < LARGEST_INDEX):
            result.malformed.append((number, f"{parsed.record}: {name}={','.join(texts)} is no integer loop index"))
            return False
    return True


def _exact_tables(numbers: list[int], group: list[Parsed], vocabulary: Vocabulary, result: Block) -> None:
    first = group[0]
    result.trace_lines += len(group)
    result.sides.update(parsed.side for parsed in group)
    values = _exact_values(group, vocabulary)
    if not first.record and first.fields[0][0] == vocabulary.pixel:
        _note_pixels(numbers, next(iter(values.values())), result)
        return
    index_names = index_keys(first, vocabulary)
    index = np.zeros((len(group), 2 + len(index_names)), np.int64)
    index[:, :2] = NO_PIXEL
    if first.positions:
        index[:, 2:] = [parsed.positions for parsed in group]
    for axis, key in enumerate(index_names):
        if key in values:
            index[:, 2 + axis] = [int(texts[0]) for parsed in group for name, texts in parsed.fields if name == key]
            del values[key]
    order = np.array(numbers, np.int64)
    _append(Table(first.record, index_names, index, order, values), result)


def _exact_values(group: list[Parsed], vocabulary: Vocabulary) -> dict[str, Values]:
    first = group[0]
    values = {}
    for at, (name, _) in enumerate(first.fields):
        kind = vocabulary.quantity(first.record, name).kind
        columns = zip(*(parsed.fields[at][1] for parsed in group), strict=True)
        values[name] = stack([convert(column, kind) for column in columns])
    return values


def _append(table: Table, result: Block) -> None:
    """Lines without a record hold one quantity a table, so that each can be aligned by its own name."""
    if not len(table):
        return
    if table.record or len(table.columns) == 1:
        result.tables.append(table)
    else:
        everything = slice(None)
        result.tables.extend(table.take(everything, [name]) for name in table.columns)
