"""Which flag a word of the command line is: whole words, or fragments that it contains (words and headers)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_ENTRY = re.compile(r"(?P<whole>=?)(?P<fragment>-[^( ]+)(?:\((?P<ending>\w+)\))?")


@dataclass(frozen=True)
class Entry:
    """One way to write a flag."""

    fragment: str
    name: str
    """The whole word; the fragment with its ending."""
    whole: bool
    """The reference too looks for the whole word."""

    def matches(self, word: str) -> bool:
        """Whether the reference takes the word for this flag."""
        return word == self.name if self.whole else self.fragment in word


@cache
def entries(words: str) -> tuple[Entry, ...]:
    """The entries of a text: fragments, the rest of a name in parentheses; ``=`` before whole words."""
    found = (_ENTRY.fullmatch(text) for text in words.split())
    return tuple(
        Entry(match["fragment"], match["fragment"] + (match["ending"] or ""), bool(match["whole"]))
        for match in found
        if match
    )


def nearest(word: str, names: Iterable[str]) -> str:
    """The name most like a word: the first that begins with it, else that of fewest changed letters."""
    return min(names, key=lambda name: -1 if name.startswith(word) else edit_distance(word.lower(), name.lower()))


def edit_distance(u: str, v: str) -> int:
    """How many letters must be changed, added or removed to make one word the other."""
    row = list(range(len(v) + 1))
    for i, letter in enumerate(u, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(v, 1):
            diagonal, row[j] = row[j], min(diagonal + (letter != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]
