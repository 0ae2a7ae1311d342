"""What ``parity.toml`` says of words: `compare` reads logs with them in the folder of the pair and below."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compare.errors import InputError
from compare.words import vocabulary
from compare.words.vocabulary import Vocabulary

FILE = "parity.toml"


def file_above(folder: Path) -> Path | None:
    """``parity.toml`` of a folder or of the nearest one above it."""
    return next((file for place in (folder, *folder.parents) if (file := place / FILE).is_file()), None)


def vocabulary_of_file(path: Path) -> Vocabulary:
    """The words of a file. Raises InputError for one that cannot be read."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return vocabulary_of(table, str(path))


def vocabulary_of(table: Mapping[str, Any], where: str) -> Vocabulary:
    """The table ``[vocabulary]``, with the names that belong together and the result among its quantities.

    Raises:
        InputError: an entry that is wrong.
    """
    names, result = table.get("names", {}), str(table.get("result", ""))
    words = {"format": vocabulary.FORMAT, "name": str(table.get("name", "pair")), **table.get("vocabulary", {})}
    if result:
        words.setdefault("result", result)
    words["alias"] = [*words.get("alias", []), *({"name": b, "of": a} for b, a in names.items())]
    quantities = {name: dict(entries) for name, entries in words.get("quantities", {}).items()}
    for label in [*names.values(), *([result] if result else [])]:
        record, _, name = label.rpartition(".")
        quantities.setdefault(record or "header", {}).setdefault(name, {"status": "required"})
    words["quantities"] = quantities
    return vocabulary.of_table(words, where)
