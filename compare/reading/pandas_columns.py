"""Columns of many same-shaped lines by pandas' C parser, imported only when there are that many."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from compare.reading.columns import Columns, Layout

BLANKS = bytes.maketrans(b"=,\t", b"   ")
NEGATIVE_ZERO = b" -0 "


def read_columns(lines: list[bytes], layout: Layout, kind: Callable[[str], str | None]) -> Columns | None:
    """Index and value columns, or None when any line does not fit the layout.

    Names are read too and must be the same in every line. ``round_trip`` conversion is correctly rounded.
    """
    text = b"\n".join(lines).translate(BLANKS)
    types: dict[int, Any] = {at: f"S{len(name.encode()) + 1}" for at, name in layout.names_at}
    types |= {at: np.int64 for at in layout.index_at if at is not None}
    free = []
    for name, start, width in layout.values_at:
        for at in range(start, start + width):
            if kind(name) == "float":
                types[at] = np.float64
            else:
                free.append(at)
    if free and _has_negative_zero(text):
        return None
    try:
        frame = pd.read_csv(
            io.BytesIO(text), sep=" ", header=None, dtype=types, engine="c", float_precision="round_trip",
            na_filter=False, quoting=3, low_memory=False, encoding="latin-1", skip_blank_lines=False,
        )  # fmt: skip
    except (ValueError, OverflowError, pd.errors.ParserError):
        return None
    return _checked(frame, lines, layout, free)


def _has_negative_zero(text: bytes) -> bool:
    """An integer column would lose the sign of ``-0``, which the grammar reads as a float."""
    return NEGATIVE_ZERO in text or b" -0\n" in text or text.endswith(b" -0")


def _checked(frame: pd.DataFrame, lines: list[bytes], layout: Layout, free: list[int]) -> Columns | None:
    if frame.shape != (len(lines), layout.tokens):
        return None
    if any((frame[at].to_numpy() != name.encode()).any() for at, name in layout.names_at):
        return None
    if any(frame[at].dtype not in (np.int64, np.float64) for at in free):
        return None
    index = [frame[at].to_numpy() for at in layout.index_at if at is not None]
    values = {}
    for name, start, width in layout.values_at:
        parts = [frame[at].to_numpy() for at in range(start, start + width)]
        values[name] = np.stack(parts, axis=1)
    if any(np.isnan(column).any() for column in values.values() if column.dtype == np.float64):
        return None  # an absent token and a printed nan look the same here
    return index, values
