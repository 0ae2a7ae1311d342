"""Which numbers of a parsed line are loop indices and which are values, by the vocabulary or by how the line looks."""

from __future__ import annotations

from dataclasses import dataclass

from compare.reading.grammar import NAMELESS, Malformed, Parsed
from compare.reading.numbers import INTEGER
from compare.words.headings import SECTION
from compare.words.vocabulary import Vocabulary

LARGEST_INDEX = 1 << 62
MOST_FIELDS = 20_000  # of one line: each is compared by its own name
WIDEST_INDEX = 2  # integers of one index of an unlisted record, such as subpixel=(0,1)
TAG = len("TRACE_")


Part = tuple[str, int, int]  # name, first slot, width
Field = tuple[str, int, tuple[str, ...]]  # name, first slot, texts


@dataclass(frozen=True, slots=True)
class Shape:
    """What lines of one shape hold. A slot is the place of a text among all those of the line.

    ``keys`` name the loop indices, outermost first; a key with several integers is named as often.
    """

    record: str
    keys: tuple[str, ...]
    index: tuple[int | None, ...]  # slot of each key; None: this log leaves it out, it is 0
    section: tuple[Part, ...]  # what a record's line says of its section
    values: tuple[Part, ...]  # none in a line that opens a section

    @property
    def integers(self) -> tuple[int, ...]:
        """Slots that must hold integers."""
        of_section = (slot for _, first, width in self.section for slot in range(first, first + width))
        return (*(slot for slot in self.index if slot is not None), *of_section)

    @property
    def opens(self) -> bool:
        """Whether its lines only say which section begins."""
        return not self.values


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its shape, its texts by slot, and their places (empty where texts have no place of their own)."""

    side: str
    shape: Shape
    texts: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def entry_of(parsed: Parsed, vocabulary: Vocabulary) -> Entry:
    """Tell indices from values. Raises Malformed where an index of a listed record is no integer."""
    if len(parsed.fields) > MOST_FIELDS:
        raise Malformed(f"{len(parsed.fields)} names on one line; at most {MOST_FIELDS} are read")
    record, positions, spans = _record_of(parsed, vocabulary)
    slots = len(positions)
    fields: list[Field] = []
    for name, texts in parsed.fields:
        fields.append((name, slots, texts))
        slots += len(texts)
    section = _section(record, fields, vocabulary)
    rest = [field for field in fields if field[1] not in {first for _, first, _ in section}]
    keys: tuple[str, ...] = ()
    index: tuple[int | None, ...] = ()
    if section and not rest:
        pass  # it opens a section
    elif record in vocabulary.records and not parsed.element:
        keys, index = _listed(record, vocabulary.records[record], rest, len(positions))
    else:
        keys, index = _unlisted(record, rest, len(positions), vocabulary)
    taken = set(index)
    values = tuple((name, slot, len(texts)) for name, slot, texts in rest if slot not in taken)
    if rest and not values:
        raise Malformed(f"{record} has indices and no value")
    texts = (*map(str, positions), *(text for _, _, several in fields for text in several))
    return Entry(parsed.side, Shape(record, keys, index, section, values), texts, spans)


def _record_of(parsed: Parsed, vocabulary: Vocabulary) -> tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Record, positions, spans; ``CELL2`` is evaluation 2 of a listed CELL."""
    record = parsed.record
    stem = record.rstrip("0123456789")
    glued = record[len(stem) :]
    if not glued or len(glued) > 18 or record in vocabulary.records or stem not in vocabulary.records:
        return record, parsed.positions, parsed.spans
    start = TAG + len(parsed.side) + 1 + len(stem)
    spans = ((start, start + len(glued)), *parsed.spans) if parsed.spans else ()
    return stem, (int(glued), *parsed.positions), spans


def _section(record: str, fields: list[Field], vocabulary: Vocabulary) -> tuple[Part, ...]:
    """What a record's line says of its section, outermost first; a line that names one opens it."""
    if record == SECTION and SECTION not in vocabulary.records and all(_are_indices(texts) for _, _, texts in fields):
        return tuple((name, slot, len(texts)) for name, slot, texts in fields)
    headings = vocabulary.headings
    if not record or len(fields) < 2 or not headings.keys:
        return ()
    own = vocabulary.records.get(record, ())
    stated = [
        (name, slot, len(texts))
        for name, slot, texts in fields
        if len(texts) == len(headings.keys.get(name, ())) and name not in own and _are_indices(texts)
    ]
    return tuple(sorted(stated, key=lambda part: headings.level[part[0]])) if len(stated) < len(fields) else ()


def _listed(
    record: str, names: tuple[str, ...], fields: list[Field], positions: int
) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """The vocabulary's keys; positions are those of the innermost loops."""
    if positions > len(names):
        raise Malformed(f"{record} has {positions} positions and {len(names)} loop indices")
    at: dict[str, int] = dict(zip(names[len(names) - positions :], range(positions), strict=True))
    for name, slot, texts in fields:
        if name in names:
            if len(texts) != 1 or not _is_index(texts[0]):
                raise Malformed(f"{record}: {name}={','.join(texts)[:80]} is no integer loop index")
            at[name] = slot
    return names, tuple(at.get(name) for name in names)


def _unlisted(
    record: str, fields: list[Field], positions: int, vocabulary: Vocabulary
) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """The integers that a record's line begins with; where all are integers, the last is taken for a value."""
    keys = [f"i{axis}" for axis in range(positions)]
    if len(keys) == 1 and record and fields[0][0] != NAMELESS:
        keys = [record.lower()]
    slots: list[int | None] = list(range(positions))
    if not record:
        return tuple(keys), tuple(slots)
    for name, slot, texts in fields[:-1]:
        known = (record, name) in vocabulary.quantities
        if known or len(texts) > WIDEST_INDEX or not _are_indices(texts):
            break
        keys += [name] * len(texts)
        slots += range(slot, slot + len(texts))
    return tuple(keys), tuple(slots)


def _are_indices(texts: tuple[str, ...]) -> bool:
    return all(map(_is_index, texts))


def _is_index(text: str) -> bool:
    return INTEGER.match(text) is not None and len(text) <= 20 and abs(int(text)) < LARGEST_INDEX
