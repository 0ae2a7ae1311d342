"""Whether a record has a line at all is a step like others: lines that one log alone has become a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compare.classes.graph import Graph
from compare.classes.store import Name, Store
from compare.judging.leftovers import Book, Entry
from compare.judging.result import Decision, DifferenceClass, Origin, Pair, Side
from compare.words.quantities import HEADER, Presence

THERE, MISSING = "present", "absent"
TOLERANCE = 1e-11  # relative: a limit that is missed by no more is missed by rounding


def presence_pairs(graph: Graph, book: Book) -> Iterator[Pair]:
    """The first line of each record, section and side that the other side lacks, where the line it belongs to is there.

    A log that prints no line of a record anywhere is of a build that does not print it, unless both state the format.
    """
    for presence in graph.vocabulary.presences.values():
        seen: set[tuple[Side, int]] = set()
        for side, entry in _lines(presence.record, graph.store, book):
            here = side, entry.place[0]
            if here not in seen and _printed(graph, presence.record) and _is_enclosed(graph, presence, entry):
                seen.add(here)
                yield _pair(graph, presence, book, side, entry)


def is_presence(pair: Pair) -> bool:
    """Whether a pair says that one log alone has a line, and is no value of either."""
    return (pair.a, pair.b) in ((THERE, MISSING), (MISSING, THERE))


def _lines(record: str, store: Store, book: Book) -> Iterator[tuple[Side, Entry]]:
    for side in Side:
        name = next((name for name in book.names(side) if name[0] == record), None)
        for entry in book.entries(side, name) if name else ():
            if entry.place in store.alone(record, entry.place[0]):
                yield side, entry


def _printed(graph: Graph, record: str) -> bool:
    return graph.store.has_record(record) or graph.of_one_format()


def _is_enclosed(graph: Graph, presence: Presence, entry: Entry) -> bool:
    """Whether the line that this one belongs to is on both sides; nothing is said of what is missing with it."""
    outer = _enclosing(graph.vocabulary.records, presence.record)
    if outer is None:  # then to the section itself
        return graph.store.has_row(HEADER, entry.place[:1])
    return graph.store.has_row(outer, entry.place[: 1 + len(graph.vocabulary.records[outer])])


def _enclosing(records: Mapping[str, tuple[str, ...]], record: str) -> str | None:
    keys = records[record]
    before = list(records)[: list(records).index(record)]
    fits = [other for other in before if keys[: len(records[other])] == records[other]]
    return max(fits, key=lambda other: len(records[other]), default=None)


def _pair(graph: Graph, presence: Presence, book: Book, side: Side, entry: Entry) -> Pair:
    a, b = (THERE, MISSING) if side is Side.A else (MISSING, THERE)
    key = graph.store.sections.key_of((presence.record, presence.name), entry.index_names, entry.place)
    beyond = _beyond(graph, presence, book, side, entry)
    benign = beyond is not None and abs(beyond) <= TOLERANCE
    wrong = beyond is not None and beyond > TOLERANCE
    return Pair(
        key, a, b, entry.order, DifferenceClass.DIVERGENT,
        origin=Origin.ORIGIN if wrong else Origin.NONE,
        decision=None if beyond is None else Decision(abs(beyond), TOLERANCE, benign),
        line_a=entry.order if side is Side.A else 0, line_b=entry.order if side is Side.B else 0,
        note=f"{side.value} has it beyond the limit" if wrong else "",
    )  # fmt: skip


def _beyond(graph: Graph, presence: Presence, book: Book, side: Side, entry: Entry) -> float | None:
    """By how much of the limit the side that has the line exceeds it; None where its log does not say."""
    if presence.limit is None:
        return None
    names, limit = presence.limit
    product = 1.0
    for name in names:
        value = _stated(graph, book, side, (presence.record, name), entry)
        if value is None:
            return None
        product *= value
    return product / limit - 1.0


def _stated(graph: Graph, book: Book, side: Side, name: Name, entry: Entry) -> float | None:
    own = (one.value for one in book.entries(side, name) if one.place == entry.place)
    value = next(own, None) or graph.stated(side, name[1])
    return float(value[0]) if value is not None and len(value) == 1 and isinstance(value[0], int | float) else None


__all__ = ["is_presence", "presence_pairs"]
