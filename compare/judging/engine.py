"""The road from two logs to a `Comparison`: read, align, measure, explain, label, judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike, fspath

from compare.alignment.aliases import Aliases, AliasPair
from compare.alignment.lane import Lane, Step, Unit
from compare.alignment.proposals import proposals
from compare.alignment.sequence_lane import SequenceLane
from compare.causes import whole
from compare.classes import measure
from compare.classes.graph import Graph
from compare.classes.origins import Origins, Replays
from compare.classes.presence import presence_pairs
from compare.classes.store import Name, Store
from compare.errors import InputError
from compare.judging import tolerances
from compare.judging.collect import Collector, pair_of
from compare.judging.coverage import Coverage, Metadatum
from compare.judging.explaining import Explaining
from compare.judging.findings import Findings, absent_names, foreign_records, unused_tolerances
from compare.judging.keys import Value
from compare.judging.leftovers import Book, Statuses, scalar
from compare.judging.measuring import Measuring
from compare.judging.places import Places
from compare.judging.result import Comparison, Pair, Remark, Side, Status
from compare.judging.sections import Sections
from compare.judging.tolerances import Tolerances
from compare.reading.log import Log, Pool
from compare.reading.source import BLOCK_BYTES
from compare.reading.table import Table
from compare.shares import account_of
from compare.words.fitting import fitting
from compare.words.quantities import HEADER
from compare.words.vocabulary import Vocabulary

LogPath = str | PathLike[str]
MOST_FAMILIES = 50_000  # names of lines without a record, and records: each is aligned by itself
WINDOW_ROWS = 40_000  # rows that arrive before they are aligned; below it the logs are seen whole


@dataclass(frozen=True)
class Window:
    """How much is held in memory; tests make it small."""

    rows: int = WINDOW_ROWS
    waiting_rows: int = 200_000
    block_bytes: int = BLOCK_BYTES


def compare_traces(
    a: LogPath | Sequence[LogPath],
    b: LogPath | Sequence[LogPath],
    *,
    vocabulary: Vocabulary | None = None,
    tolerances: Tolerances | None = None,
    replays: Replays | None = None,
    window: Window | None = None,
    digits: tuple[int | None, int | None] = (None, None),
    inspect: Callable[[Graph], None] | None = None,
    partial: bool = False,
) -> Comparison:
    """Compare the trace(s) ``a`` of the reference with ``b`` of the program under test.

    ``inspect`` is shown the graph with the values that were compared.

    A side may be several files, read one after another; "-" is standard input. ``replays`` maps a quantity's
    key, as the reference states it, to b's step evaluated on a's inputs. ``digits`` states how many significant
    digits each side prints. ``partial``: a log may stop before its end; what the other prints after that is no finding.

    Raises InputError for logs that cannot be read.
    """
    run = _Run(_paths(a), _paths(b), vocabulary, tolerances, replays, window or Window(), digits, partial)
    try:
        result = run.run()
        if inspect is not None:
            inspect(run.graph)
        return result
    finally:
        run.close()


def _paths(given: LogPath | Sequence[LogPath]) -> list[str]:
    paths = [given] if isinstance(given, str | PathLike) else list(given)
    if not paths:
        raise InputError("a trace log was required on each side, none was given")
    return [fspath(path) for path in paths]


@dataclass
class _Run:
    """One comparison under way."""

    paths_a: list[str]
    paths_b: list[str]
    given_vocabulary: Vocabulary | None
    given_tolerances: Tolerances | None
    replays: Replays | None
    window: Window
    digits: tuple[int | None, int | None] = (None, None)
    partial: bool = False
    metadata: dict[tuple[str, int], dict[Side, Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.paths_a + self.paths_b).count("-") > 1:
            raise InputError("standard input (-) can be only one of the logs; give the other by its path")
        self.vocabulary = self.given_vocabulary or fitting([*self.paths_a, *self.paths_b])
        self.tolerances = self.given_tolerances or tolerances.packaged()
        self.pool = Pool()
        self.sections = Sections()
        self.logs = {
            side: Log(
                paths,
                self.vocabulary,
                side,
                self.pool,
                self.window.block_bytes,
                known=self.sections,
                given_digits=digits,
                partial=self.partial,
            )
            for side, paths, digits in zip(Side, (self.paths_a, self.paths_b), self.digits, strict=True)
        }
        self.findings = Findings(self.logs, self.sections)
        self.lanes: dict[str, Lane | SequenceLane] = {}
        self.seen: dict[Side, set[Name]] = {Side.A: set(), Side.B: set()}
        self.seen_families: dict[Side, set[str]] = {Side.A: set(), Side.B: set()}
        self.store = Store(self.vocabulary, self.sections)
        self.measuring = Measuring(self.vocabulary, self.tolerances, self.store, self.logs)
        self.collector = Collector(self.sections)
        self.book = Book(self.sections)
        self.graph = Graph(self.vocabulary, self.store, lambda side, name: self.headers.get((side, name)))
        self.origins = Origins(
            self.graph,
            self.replays or {},
            digits=lambda: min(self.logs[side].digits.count for side in Side),
            measured=bool(self.tolerances.floors),
        )
        self.explaining = Explaining(self.vocabulary, self.store, self.graph, self.origins, self.collector)
        self.pending: list[int] = []  # positions of pairs to explain
        self.headers: dict[tuple[Side, str], tuple] = {}
        self.without_sections = False
        self.places = Places()
        self.reached = {Side.A: 0, Side.B: 0}  # the last line of each log that was paired

    def close(self) -> None:
        self.pool.close()
        for lane in self.lanes.values():
            lane.close()

    # ------------------------------------------------------------------------------------------ reading

    def run(self) -> Comparison:
        streams = {side: iter(log) for side, log in self.logs.items()}
        firsts = {side: next(stream, None) for side, stream in streams.items()}
        self._settle_sections()
        for side, tables in firsts.items():
            self._feed(side, tables or [])
        open_sides = {side for side, tables in firsts.items() if tables is not None}
        while open_sides:
            side = min(open_sides, key=lambda s: (self._lead(s), s))
            tables = next(streams[side], None)
            if tables is None:
                open_sides.remove(side)
                continue
            self._feed(side, tables)
            if sum(lane.waiting(s) for lane in self.lanes.values() for s in Side) > self.window.rows:
                self._advance()
        self._finish_lanes()
        return self._result()

    def _lead(self, side: Side) -> int:
        """Rows of this side that wait for the other one, in lanes that both have."""
        both = self.seen_families[Side.A] & self.seen_families[Side.B]
        return sum(self.lanes[family].waiting(side) for family in both)

    def _settle_sections(self) -> None:
        """A log that states its section can be compared with one that does not, if it holds only one."""
        stating = [side for side, log in self.logs.items() if log.begins]
        if len(stating) == 1 and len(self.logs[stating[0]].begins) == 1:
            self.without_sections = True
            side, stated = stating[0], self.logs[stating[0]].sections[0]
            text = f"only {side.value} states its section ({stated}); the other log is taken for the same"
            self.findings.remarks.append(Remark("section", text))

    def _feed(self, side: Side, tables: Sequence[Table]) -> None:
        for table in tables:
            if self.without_sections:
                table.index[:, 0] = 0
            if self.places.note(side, table):
                continue
            self.measuring.note(table)
            names = {(table.record, name) for name in table.columns}
            self.seen[side] |= names
            if not table.record:
                self._note_header(side, table)
                if self.vocabulary.quantity(HEADER, next(iter(table.columns))).status == "metadata":
                    continue
            family = table.family
            self.seen_families[side].add(family)
            if family not in self.lanes:
                if len(self.lanes) >= MOST_FAMILIES:
                    raise InputError(
                        f"the logs print more than {MOST_FAMILIES} different names; a name that counts evaluations "
                        "(x1, x2, ...) is read as an index where it is printed as one: x[1] or RECORD i=1 x=..."
                    )
                self.lanes[family] = self._lane(table)
            self.lanes[family].add(side, table)

    def _lane(self, table: Table) -> Lane | SequenceLane:
        name = next(iter(table.columns), "")
        listed = self.vocabulary.quantity(table.record, name).known
        alias = self.vocabulary.aliased.get((table.record, name))
        looped = alias is not None and alias.of.record is not None  # a build without records prints one after another
        if table.index_names or (not table.record and listed and not looped):
            return Lane(self.window.waiting_rows)
        return SequenceLane(self.window.waiting_rows)

    def _note_header(self, side: Side, table: Table) -> None:
        name, column = next(iter(table.columns.items()))
        rows = [tuple(row) for row in column.tolist()]
        self.headers.setdefault((side, name), rows[0])
        if self.vocabulary.quantity(HEADER, name).status == "metadata":
            for section, row in zip(table.index[:, 0].tolist(), rows, strict=True):
                self.metadata.setdefault((name, section), {})[side] = scalar(row)

    # ------------------------------------------------------------------------------- aligning, measuring

    def _ordered_lanes(self) -> list[Lane | SequenceLane]:
        """Header lines first, then records from the outermost loop inwards: inputs before what uses them."""
        return [self.lanes[family] for family in sorted(self.lanes, key=lambda f: (f[0] != ":", f.count(" ")))]

    def _advance(self) -> None:
        self.collector.long = True
        for lane in self._ordered_lanes():
            self._process(lane.advance())
        self._explain()
        self.store.forget_all_but_last()
        self.origins.forget()

    def _finish_lanes(self) -> None:
        for lane in self._ordered_lanes():
            for step in lane.finish():
                self._process(step)
            for side, count in lane.far_repeats():
                self.findings.far_repeats(self._family(lane), side, count)
        present = [pair for pair in presence_pairs(self.graph, self.book) if not self._after_the_end(pair)]
        self.pending += [self.collector.append(pair) for pair in present]
        self._pair_aliases()
        self._explain()

    def _after_the_end(self, pair: Pair) -> bool:
        """Whether a line that one log lacks stands where that log had stopped."""
        side, other = (Side.A, Side.B) if pair.line_a else (Side.B, Side.A)
        return self.logs[other].truncated and pair.order > self.reached[side]

    def _family(self, lane: Lane | SequenceLane) -> str:
        return next(family for family, held in self.lanes.items() if held is lane)

    def _process(self, step: Step) -> None:
        for unit in step.units:
            if len(unit.index):
                self.reached[Side.A] = max(self.reached[Side.A], int(unit.order_a.max()))
                self.reached[Side.B] = max(self.reached[Side.B], int(unit.order_b.max()))
            for name in unit.names:
                self._measure(unit, name)
        for side, table in step.leftovers:
            self.book.add(side, table)
        for side, table in step.alone:
            self.book.add(side, table)
            self.store.note_alone(table.record or next(iter(table.columns)), table.index)
        for repeat in step.repeats:
            self.findings.repeat(repeat)
        for unclear in step.unclear:
            self.findings.unclear(unclear)

    def _measure(self, unit: Unit, name: str) -> None:
        if not len(unit.index):
            return
        quantity = self.vocabulary.quantity(unit.record, name)
        a, b = unit.values(name)
        measured = self.measuring.unit(unit, quantity, a, b)
        self.store.add(name, unit, a, b, measured)
        kept = self.collector.add(unit, name, quantity, a, b, measured)
        self.findings.one_sided_nan(unit, name, measured)
        self.findings.not_comparable(unit, name, measured)
        pairs = self.collector.pairs
        self.pending += [i for i in kept if pairs[i].differs or pairs[i].key in self.origins.replays]

    def _explain(self) -> None:
        for batch in self.collector.batches():
            self.explaining.explain([*self.pending, *batch])
            self.pending.clear()
            self.collector.settle()

    # ------------------------------------------------------------------------------------ what is left over

    def _pair_aliases(self) -> None:
        aliases = Aliases(
            self.vocabulary,
            self.book,
            lambda side, name: self.headers.get((side, name)),
            lambda name: self.collector.paired[name] > 0,
            self.findings.remarks,
        )
        self.aliased: set[Name] = set()
        for found in list(aliases.pairs()):
            self.aliased |= {found.a.name, found.b.name, (found.quantity.record, found.quantity.name)}
            self.pending.append(self.collector.append(self._alias_pair(found)))

    def _alias_pair(self, found: AliasPair) -> Pair:
        measured = self.measuring.alias(found)
        if measured.code[0] == measure.INCOMPARABLE:
            self.findings.no_number(found.key)
        orders = found.a.entry.order, found.b.entry.order
        self.store.put(found.key, orders[0], (found.a.value, found.b.value), measured)
        pair = pair_of(found.key, (found.a.value, found.b.value), found.quantity, measured, 0, orders)
        return replace(pair, name_a=found.a.name[1], name_b=found.b.name[1], note=found.note)

    # ------------------------------------------------------------------------------------------- the result

    def _result(self) -> Comparison:
        paired = sum(self.collector.counts.values())
        reached = self.reached if self.partial else None
        self.findings.late_numbers(self.measuring.late_numbers())
        self.findings.precision()
        self.findings.other_order(self.collector.pairs)
        self.findings.unread()
        self.findings.loose()
        if paired and not self.without_sections:
            self.findings.sections(reached)
        self.findings.remarks += proposals(self.book, self.vocabulary, self.collector.pairs)
        self.findings.remarks[:0] = self.measuring.deciding.remarks()
        statuses = Statuses(self.vocabulary, self.seen, self.aliased)
        absent = statuses.absent() if paired and not self.partial else []
        missing = [*statuses.missing(self.book, reached), *absent_names(absent)]
        problems = self.findings.all(
            [*missing, *foreign_records(self.book, self.vocabulary), *unused_tolerances(self.tolerances)],
            nothing_common=not paired,
        )
        pairs = self.collector.finish(self.logs[Side.A].locate, self.logs[Side.B].locate, statuses.status)
        result = Comparison(
            sides=(self.logs[Side.A].info(), self.logs[Side.B].info()),
            pairs=self.places.with_sources(pairs),
            counts={c: self.collector.counts[c] for c in measure.CLASSES},
            coverage=self._coverage(paired, len(missing), len(problems), statuses),
            leftovers=statuses.leftovers(self.book),
            ambiguities=self.findings.ambiguities,
            problems=problems,
            warnings=self.findings.remarks,
            metadata=self._metadata(),
            omitted=self.collector.omitted(pairs),
            steps=self.vocabulary.steps(),
            tolerance_source=self.tolerances.described,
            replayed=bool(self.replays),
        )
        result = whole.refine(result, self.vocabulary, self.graph)
        return replace(result, account=account_of(result.pairs, self.vocabulary, self.graph))

    def _coverage(self, paired: int, missing: int, problems: int, statuses: Statuses) -> Coverage:
        def counted(name: Name) -> bool:
            return self.vocabulary.quantity(*name).status != Status.METADATA

        compared, required = statuses.required(self.collector.paired)
        return Coverage(
            paired=paired,
            only_a=self.book.total(Side.A, counted),
            only_b=self.book.total(Side.B, counted),
            required_missing=missing,
            ambiguous=len(self.findings.ambiguities),
            problems=problems,
            required=required,
            required_compared=compared,
        )

    def _metadata(self) -> list[Metadatum]:
        return [
            Metadatum(name, values.get(Side.A), values.get(Side.B), self.sections[section])
            for (name, section), values in self.metadata.items()
        ]


__all__ = ["Window", "compare_traces"]
