"""Traces and images in whatever form a Python program has them, for `compare.traces` and `compare.images`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from compare.errors import InputError
from compare.judging.engine import compare_traces
from compare.reading.source import Held

if TYPE_CHECKING:
    import pandas as pd

    from compare.imaging.comparison import ImageComparison
    from compare.judging.result import Comparison
    from compare.judging.tolerances import Tolerances
    from compare.words.vocabulary import Vocabulary

Given: TypeAlias = "str | PathLike[str] | Mapping[str, Any] | pd.DataFrame | Sequence[str | PathLike[str]]"
Picture: TypeAlias = "str | PathLike[str] | np.ndarray"
RECORD = "ROW"
"""Of array elements and rows whose names say no other."""
SUBSCRIPTS = ("i", "j", "k", "l", "m")


def compare_given(
    a: Given, b: Given, vocabulary: Vocabulary | str | None, tolerances: Tolerances | str | None, **options: Any
) -> Comparison:
    """Two traces in any form compared. Raises InputError for what is none."""
    from compare.judging import tolerances as tolerance_files
    from compare.words import vocabulary as vocabularies
    from compare.words.vocabulary import Vocabulary

    words = vocabularies.load(vocabulary) if isinstance(vocabulary, str | PathLike) else vocabulary
    limits = tolerance_files.load(tolerances) if isinstance(tolerances, str | PathLike) else tolerances
    return compare_traces(
        sources_of(a, "a"),
        sources_of(b, "b"),
        vocabulary=words or (Vocabulary(name="none") if _is_table(a) or _is_table(b) else None),
        tolerances=limits,
        **options,
    )


def _is_table(given: Given) -> bool:
    """True for values that have no vocabulary unless one is named: no program has printed them."""
    return not isinstance(given, str | PathLike) and (isinstance(given, Mapping) or hasattr(given, "columns"))


def sources_of(given: Given, name: str) -> list[str]:
    """What the reader takes: paths, or logs in memory.

    Raises:
        InputError: neither a path, nor text, nor a table.
    """
    if isinstance(given, str) and "\n" in given:
        return [Held(name, given)]
    if isinstance(given, str | PathLike):
        return [str(given)]
    if isinstance(given, Mapping):
        return [Held(name, "".join(_lines(given)))]
    if hasattr(given, "columns") and hasattr(given, "itertuples"):
        return [Held(name, "".join(_rows(given)))]
    if isinstance(given, Sequence) and all(isinstance(item, str | PathLike) for item in given):
        return [str(item) for item in given]
    raise InputError(
        f"a trace is a path, text, a mapping of names to values and arrays, or a DataFrame; got {type(given).__name__}"
    )


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    """A mapping as lines of a trace: numbers and words on lines of their own, elements of arrays as records."""
    for name, value in values.items():
        record, _, short = str(name).rpartition(".")
        _require_word(short)
        array = np.asarray(value.tolist() if hasattr(value, "tolist") else value)
        if array.ndim == 0 and not record:
            yield f"TRACE_V: {short} {_text(array.item())}\n"
            continue
        if array.ndim > len(SUBSCRIPTS):
            raise InputError(f"{name} has {array.ndim} dimensions; up to {len(SUBSCRIPTS)} can be compared")
        for at in itertools.product(*map(range, array.shape)):
            where = "".join(f" {subscript}={number}" for subscript, number in zip(SUBSCRIPTS, at, strict=False))
            yield f"TRACE_V_{(record or RECORD).upper()}{where} {short}={_text(array[at])}\n"


def _rows(frame: Any) -> Iterator[str]:
    """A DataFrame as records: its index levels are the loop indices, its columns the values."""
    levels = [str(level or f"i{number or ''}") for number, level in enumerate(frame.index.names)]
    columns = [str(column) for column in frame.columns]
    for word in (*levels, *columns):
        _require_word(word)
    for index, *row in frame.itertuples(name=None):
        numbers = index if isinstance(index, tuple) else (index,)
        for number in numbers:
            if not isinstance(number, int | np.integer):
                raise InputError(f"the index of a DataFrame must hold integers, loop indices; got {number!r}")
        where = " ".join(f"{level}={number}" for level, number in zip(levels, numbers, strict=True))
        values = " ".join(f"{column}={_text(value)}" for column, value in zip(columns, row, strict=True))
        yield f"TRACE_V_{RECORD} {where} {values}\n"


def _require_word(name: str) -> None:
    if not name or any(character in name for character in " =:,\n\t"):
        raise InputError(f"a name must be one word without blanks, '=', ':' or ','; got {name!r}")


def _text(value: Any) -> str:
    """A value so that it reads back to the same bits."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return repr(float(value))
    if isinstance(value, complex | np.complexfloating):
        return f"{float(value.real)!r},{float(value.imag)!r}"
    word = str(value)
    _require_word(word)
    return word


# ---- images -------------------------------------------------------------------------------------------------------


def compare_pictures(a: Picture, b: Picture, **options: Any) -> ImageComparison:
    """Two images compared, each a path or an array (slow x fast)."""
    from compare.imaging.comparison import compare_images

    return compare_images(_picture(a, "a"), _picture(b, "b"), **options)


def _picture(given: Picture, name: str) -> Any:
    from compare.imaging.files import Image, read_image

    if isinstance(given, str | PathLike):
        return read_image(Path(given))
    array = np.asarray(given.tolist() if not isinstance(given, np.ndarray) and hasattr(given, "tolist") else given)
    if array.ndim != 2:
        raise InputError(f"an image has two dimensions, slow x fast; got an array of shape {array.shape}")
    return Image(name, "array", array, "the array")
