"""One side of a comparison: its files as a stream of tables with sections and positions, and what was found."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from compare.classes.precision import EXACT, Digits, Longest
from compare.errors import InputError
from compare.judging.coverage import SideInfo
from compare.judging.keys import NOWHERE, Section
from compare.judging.result import Problem, ProblemKind, Remark, Side
from compare.judging.sections import Sections
from compare.reading import source
from compare.reading.columns import parse_block
from compare.reading.envelope import trace_part
from compare.reading.lines import Shown, is_marked
from compare.reading.table import Block, Ints, Loose, Stated, Table
from compare.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

AHEAD = 2  # blocks that are parsed while another is compared
MOST_MALFORMED = 20
LARGEST_UNMARKED = 4 << 20  # bytes of a log that is read without marks
SAID, HEADER, CLOSING = 1, 2, 4  # of a section: any line, one without a record, the one that ends it
MOST_FLOATS = 2_000_000  # of a log whose precision is inferred; longer ones must state theirs
KNOWN_FORMATS = (1,)


class Pool:
    """Threads for parsing large logs, started at the first large block (the parser releases the lock)."""

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(max_workers=2)

    def submit(self, parse: Callable[[], Block]) -> Callable[[], Block]:
        """Start parsing; the answer waits for the block."""
        return self._threads.submit(parse).result

    def close(self) -> None:
        if "_threads" in self.__dict__:
            self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass
class Log:
    """Reads one side once, from its first file to its last."""

    paths: Sequence[str]
    vocabulary: Vocabulary
    side: Side
    pool: Pool
    block_bytes: int = source.BLOCK_BYTES
    known: Sections = field(default_factory=Sections)  # of both logs
    problems: list[Problem] = field(default_factory=list)
    given_digits: int | None = None  # what the command line says of this log
    partial: bool = False  # it may stop before its end: a last line that does not end is left out
    remarks: list[Remark] = field(default_factory=list)
    lines: int = 0
    trace_lines: int = 0
    quantities: int = 0
    states_format: bool = False
    truncated: bool = False  # it stops before its end
    complete: bool = False  # read to its end
    _stated_digits: int | None = None
    _longest: Longest = field(default_factory=Longest)
    _floats: int = 0
    headings: Shown = field(default_factory=Shown)
    unread: Shown = field(default_factory=Shown)
    unmarked: list[str] = field(default_factory=list)  # files without any TRACE line
    too_long: bool = False  # to be read without marks, should it have none
    loose: Loose = field(default_factory=Loose)  # what those hold beside names and values
    _starts: list[int] = field(default_factory=list)  # lines before each file
    begins: dict[int, int] = field(default_factory=dict)  # sections that it states, by number: their first line
    _shown: dict[int, int] = field(default_factory=dict)  # by number of a section: SAID | HEADER | CLOSING
    _open: Section = NOWHERE
    _malformed: int = 0

    def __iter__(self) -> Iterator[list[Table]]:
        """Tables of one block after another, in log order."""
        for path in self.paths:
            self._starts.append(self.lines)
            if len(self.begins) > 1:
                self._open = NOWHERE  # which of them a further file continues is not known
            for block in self._parsed(path):
                yield self._placed(block)
        self.complete = True
        self._check_sections()

    def _parsed(self, path: str) -> Iterator[Block]:
        waiting: deque[Callable[[], Block]] = deque()
        last = b"\n"
        try:
            held, blocks = self._held(source.blocks(path, self.block_bytes))
            if held is not None:
                yield self._unmarked(held, path)
                return
            for block in blocks:
                if self.partial and not block.endswith(b"\n"):
                    block = block[: block.rfind(b"\n") + 1]
                waiting.append(self._submit(block))
                last = block[-source.LONGEST_LINE :] if not block.endswith(b"\n") else b"\n"
                while len(waiting) > AHEAD:
                    yield waiting.popleft()()
        except source.CutOff:
            self._problem(ProblemKind.TRUNCATED_LOG, f"{path}: the compressed stream ends early")
        for parsed in waiting:
            yield parsed()
        if trace_part(last.rpartition(b"\n")[2]) is not None:
            self._problem(
                ProblemKind.TRUNCATED_LOG, f"{path}: its last line does not end; the log may be cut off there"
            )

    def _held(self, blocks: Iterator[bytes]) -> tuple[bytes | None, Iterator[bytes]]:
        """The whole of a log in which no line begins with TRACE, else None and its blocks."""
        held: list[bytes] = []
        size = 0
        for block in blocks:
            held.append(block)
            size += len(block)
            if is_marked(block):
                return None, chain(held, blocks)
            if size > LARGEST_UNMARKED:
                self.too_long = True
                return None, chain(held, blocks)
        return b"".join(held), iter(())

    def _unmarked(self, block: bytes, path: str) -> Block:
        """A file in which no line begins with TRACE."""
        if b"\0" in block or not block.strip():
            return Block(lines=block.count(b"\n"))
        from compare.reading.unmarked.block import parse_unmarked

        self.unmarked.append(path)
        return parse_unmarked(block, self.vocabulary)

    def _submit(self, block: bytes) -> Callable[[], Block]:
        large = len(block) >= self.block_bytes // 2 and self.block_bytes >= source.BLOCK_BYTES
        if large:
            return self.pool.submit(lambda: parse_block(block, self.vocabulary, vectorise=True))
        done = parse_block(block, self.vocabulary, vectorise=False)
        return lambda: done

    def _placed(self, block: Block) -> list[Table]:
        """Tables with the section and the position in the whole log filled in."""
        lines = np.array([opening.line for opening in block.openings], np.int64)
        numbers = np.array([self.known.number(self._open), *self._opened(block)], np.int64)
        for at, table in enumerate(block.tables):
            which = numbers[np.searchsorted(lines, table.order, side="right")]
            table.order[:] += self.lines
            table.index[:, 0] = which if at not in block.stated else self._stated(block.stated[at], which)
            self._note(table)
        for line, message in block.malformed:
            self._note_malformed(self.lines + line, message)
        self.headings.extend(block.headings, self.lines)
        self.unread.extend(block.unread, self.lines)
        self._keep_loose(block.loose)
        self.lines += block.lines
        self.trace_lines += block.trace_lines
        return block.tables

    def _keep_loose(self, more: Loose) -> None:
        self.loose.numbers += more.numbers
        self.loose.words += more.words
        for text, line in more.lines.items():
            self.loose.lines.setdefault(text, self.lines + line)

    def _opened(self, block: Block) -> Iterator[int]:
        """Numbers of the sections that a block opens, one after another."""
        headings = self.vocabulary.headings
        for opening in block.openings:
            before = self._open
            after = headings.restated(opening.section) if opening.whole else headings.opened(before, opening.section)
            outer, number = self.known.number(before), self.known.number(after)
            if number != outer and after.inside(before) and outer not in self._shown:
                self.begins.pop(outer, None)  # a line that says the first part of what the next one says whole
            self.begins.setdefault(number, self.lines + opening.line)
            self._open = after
            yield number

    def _stated(self, stated: Stated, around: Ints) -> Ints:
        """Numbers of the sections that lines say themselves, in those that are open there."""
        rows = np.column_stack([around, stated.numbers])
        starts = np.flatnonzero(np.r_[True, (rows[1:] != rows[:-1]).any(axis=1)])
        opened = self.vocabulary.headings.opened
        found = [
            self.known.number(opened(self.known[outer], Section(stated.names, tuple(own))))
            for outer, *own in rows[starts].tolist()
        ]
        return np.repeat(np.array(found, np.int64), np.diff(np.r_[starts, len(rows)]))

    @property
    def sections(self) -> list[Section]:
        """Those that it states, in the order in which they begin."""
        return [self.known[number] for number in sorted(self.begins, key=self.begins.__getitem__)]

    def _note(self, table: Table) -> None:
        self.quantities += len(table) * len(table.columns)
        self._see_floats(table)
        self._check_counts(table)
        numbers, first = np.unique(table.index[:, 0], return_index=True)
        shown = SAID | self._read_header(table)
        for number, line in zip(numbers.tolist(), table.order[first].tolist(), strict=True):
            self._shown[number] = self._shown.get(number, 0) | shown
            if number:
                self.begins[number] = min(line, self.begins.get(number, line))

    def _read_header(self, table: Table) -> int:
        """What lines without a record say of the log, and of their section: HEADER | CLOSING."""
        if table.record:
            return 0
        name = next(iter(table.columns))
        if name == self.vocabulary.format_name:
            self._check_format(table)
        if name == self.vocabulary.digits_name:
            self._read_digits(table)
        if self.vocabulary.quantity("", name).status == "metadata":
            return 0
        return HEADER | (CLOSING if name == self.vocabulary.closing else 0)

    def _see_floats(self, table: Table) -> None:
        for column in table.columns.values():
            if column.dtype == np.float64 and self._floats <= MOST_FLOATS:
                self._floats += column.size
                self._longest.see(column)

    @property
    def digits(self) -> Digits:
        """Of a float that this log prints: as stated, else as the whole log shows, else every digit counts."""
        for stated in (self.given_digits, self._stated_digits):
            if stated is not None:
                return Digits(stated, stated=True)
        if self.vocabulary.digits is not None:
            return Digits(self.vocabulary.digits, stated=True)
        inferred = self._longest.inferred() if self.complete and self._floats <= MOST_FLOATS else None
        return inferred or Digits()

    @property
    def short_digits(self) -> int:
        """The digits of the longest float where all are short and nothing states how many the log prints, else 0."""
        return self._longest.most if self.digits.exact and not self.digits.stated and self._longest.all_short else 0

    @property
    def digits_source(self) -> str:
        """Who says so, in words."""
        if self.given_digits is not None:
            return "stated on the command line"
        if self._stated_digits is not None:
            return "stated by the log"
        if self.vocabulary.digits is not None:
            return "stated by the vocabulary"
        if self.digits.exact:
            return "not stated: every digit counts"
        return f"inferred from {self._longest.count} floats of the whole log"

    def _check_counts(self, table: Table) -> None:
        for name, column in table.columns.items():
            quantity = self.vocabulary.quantity(table.record, name)
            if quantity.count is not None and column.shape[1] != quantity.count:
                text = f"{quantity.label} has {column.shape[1]} values, {quantity.count} were required"
                self._note_malformed(int(table.order[0]), text)

    def _check_format(self, table: Table) -> None:
        self.states_format = True
        if self._stated_digits is None:
            self._stated_digits = EXACT  # the format's floats read back to the same bits
        for value in next(iter(table.columns.values())).ravel().tolist():
            if value not in KNOWN_FORMATS:
                known = ", ".join(map(str, KNOWN_FORMATS))
                raise InputError(f"{self.paths[0]} states trace format {value}; this program reads format {known}")

    def _read_digits(self, table: Table) -> None:
        """A line by which the program states its own precision."""
        for value in next(iter(table.columns.values())).ravel().tolist():
            if not isinstance(value, int) or not 1 <= value <= EXACT:
                raise InputError(f"{self.paths[0]} states {value} digits; 1 to {EXACT} were required")
            self._stated_digits = value

    def _check_sections(self) -> None:
        if self.vocabulary.closing is None:
            return
        open_ = (number for number, shown in self._shown.items() if shown & HEADER and not shown & CLOSING)
        cut = [number for number in open_ if not self._is_outer(number)]
        for number in cut[:MOST_MALFORMED]:
            message = (
                f"{self.known[number] or 'the trace'} has no {self.vocabulary.closing} line; the log may be cut off"
            )
            self._problem(ProblemKind.TRUNCATED_LOG, message)
        if len(cut) > MOST_MALFORMED:
            self._problem(ProblemKind.TRUNCATED_LOG, f"{len(cut) - MOST_MALFORMED} more sections have none either")

    def _is_outer(self, number: int) -> bool:
        """Whether a section has others inside, and ends with the last of them."""
        own = self.known[number]
        return bool(own) and any(other != number and self.known[other].inside(own) for other in self.begins)

    def _note_malformed(self, line: int, message: str) -> None:
        self._malformed += 1
        if self._malformed <= MOST_MALFORMED:
            path, number = self.locate(line)
            self._problem(ProblemKind.MALFORMED_LINE, f"{path}:{number}: {message}")

    def _problem(self, kind: ProblemKind, message: str) -> None:
        self.truncated |= kind is ProblemKind.TRUNCATED_LOG
        if self.partial and kind is ProblemKind.TRUNCATED_LOG:
            self.remarks.append(Remark("partial", f"{self.side.value}: {message}; what follows there is not compared"))
            return
        self.problems.append(Problem(kind, message, self.side))

    def locate(self, order: int) -> tuple[str, int]:
        """File and line number (from 1) of a position in the log."""
        which = max(bisect_right(self._starts, order - 1) - 1, 0)
        return str(self.paths[which]), order - self._starts[which]

    def info(self) -> SideInfo:
        return SideInfo(
            tuple(map(str, self.paths)), self.lines, self.trace_lines, self.quantities, self.digits.count,
            tuple(self.sections), self.digits_source,
        )  # fmt: skip
