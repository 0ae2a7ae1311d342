"""The sections that two logs state, numbered: rows carry a number, keys the section itself."""

from __future__ import annotations

from collections.abc import Iterator

from compare.judging.keys import NOWHERE, Key, Section

Place = tuple[int, ...]  # number of the section, loop indices
UNKNOWN = -1  # of a section that no log states


class Sections:
    """Sections by number, in the order in which they appear; 0 is what lies outside of all of them."""

    def __init__(self) -> None:
        self._sections = [NOWHERE]
        self._numbers = {NOWHERE: 0}
        self._in_any_order: dict[frozenset[tuple[str, tuple[int, ...]]], int] = {}

    def __len__(self) -> int:
        return len(self._sections)

    def __getitem__(self, number: int) -> Section:
        return self._sections[number]

    def __iter__(self) -> Iterator[Section]:
        return iter(self._sections)

    def number(self, section: Section) -> int:
        """The number of a section; it is given the next one where it has none."""
        found = self._numbers.get(section)
        if found is None:
            found = self._numbers[section] = self._in_another_order(section) or len(self._sections)
            if found == len(self._sections):
                self._sections.append(section)
        return found

    def _in_another_order(self, section: Section) -> int | None:
        """The number under which the same integers are known, stated in another order; None: they are not."""
        parts = section.parts
        if len(parts) < 2:
            return None
        found = self._in_any_order.setdefault(frozenset(parts.items()), len(self._sections))
        return found if found < len(self._sections) else None

    def around(self, number: int) -> Iterator[int]:
        """A section and those that it lies in, innermost first: a pixel of an epoch, the epoch, the whole run."""
        names, numbers = self._sections[number] if number != UNKNOWN else NOWHERE
        yield number
        for length in range(len(names) - 1, -1, -1):
            outer = self._numbers.get(Section(names[:length], numbers[:length]))
            if outer is not None:
                yield outer

    def key_of(self, name: tuple[str, str], index_names: tuple[str, ...], place: Place, occurrence: int = 0) -> Key:
        """The key of a name (record, quantity) at a place."""
        indices = tuple(zip(index_names, place[1:], strict=True))
        return Key(name[1], name[0], indices, self._sections[place[0]], occurrence)

    def place_of(self, key: Key) -> Place:
        """The place of a key."""
        return (self._numbers.get(key.section, UNKNOWN), *(number for _, number in key.indices))
