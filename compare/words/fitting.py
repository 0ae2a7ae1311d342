"""Which vocabulary logs are read with where none is named: the default subject's if they speak its language, else none.

In the folder of a ``parity.toml`` its words hold.

A vocabulary demands names and closing lines; logs of another program would be called incomplete by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from compare.errors import InputError
from compare.reading.source import CutOff, blocks
from compare.words import vocabulary
from compare.words.pair_file import file_above, vocabulary_of_file
from compare.words.vocabulary import Vocabulary

LOOKED_AT = 1 << 18
"""Bytes of each log's beginning."""
ENOUGH = 2
"""Names of several words in common; wavelength, value and device stand in anybody's log."""
SHARE = 1 / 3
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
TRACE = re.compile(r"^\W*TRACE[A-Z_0-9]*\W", re.MULTILINE)
SHORTEST = 4
"""A name of fewer letters is anybody's."""


def fitting(paths: Sequence[str]) -> Vocabulary:
    """That of the working folder's pair; else the default one, or none for logs that have too few of its words."""
    if (file := file_above(Path.cwd())) is not None:
        return vocabulary_of_file(file)
    default = vocabulary.packaged()
    if "-" in paths or not default.quantities or any(_speaks(default, path) for path in paths):
        return default
    return Vocabulary(name="none")


def _speaks(words: Vocabulary, path: str) -> bool:
    known = {name for _, name in words.quantities} | {alias.name for alias in words.aliases}
    found = set(WORD.findall(_beginning(path)))
    names = {name for name in found if len(name) >= SHORTEST and not name.startswith("TRACE")}
    common = {name for name in names & known if "_" in name}
    return len(common) >= ENOUGH or len(common) >= max(1.0, SHARE * len(names))


def _beginning(path: str) -> str:
    """The trace lines at the beginning of a log; everything where no line is marked. Empty where it cannot be read."""
    try:
        first = next(blocks(path, LOOKED_AT), b"")
    except (CutOff, InputError):
        return ""
    text = first[:LOOKED_AT].decode("utf-8", "replace")
    if not TRACE.search(text):
        return text
    return "\n".join(line for line in text.splitlines() if TRACE.match(line))
