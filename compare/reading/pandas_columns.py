"""Columns of many same-shaped lines by pandas' C parser, imported only when there are that many."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from compare.reading.table import LARGE_INTEGER, Columns

if TYPE_CHECKING:
    from compare.reading.columns import Layout
    from compare.reading.indices import Shape

BLANKS = bytes.maketrans(b"=,\t", b"   ")
NEGATIVE_ZERO = re.compile(rb"-0+(?: |\n|$)")


def read_columns(
    block: bytes, count: int, shape: Shape, layout: Layout, kind: Callable[[str], str | None]
) -> Columns | None:
    """Index and value columns of ``count`` lines, or None when any line does not fit the layout.

    Names are read too and must be the same in every line.
    """
    text = block.translate(BLANKS)
    types: dict[int, Any] = {at: f"S{len(name) + 1}" for at, name in layout.names_at}
    indices = [layout.slots_at[slot] for slot in shape.integers]
    free = []  # columns whose texts decide what they are; asked for integers, pandas would take 7. and 1e2 too
    for name, start, width in shape.values:
        for at in layout.slots_at[start : start + width]:
            if kind(name) == "float":
                types[at] = np.float64
            else:
                free.append(at)
    try:
        frame = pd.read_csv(
            io.BytesIO(text), sep=" ", header=None, dtype=types, engine="c", na_filter=False, quoting=3,
            low_memory=False, encoding="latin-1", skip_blank_lines=False, **_rounding(),
        )  # fmt: skip
    except (ValueError, OverflowError, pd.errors.ParserError):
        return None
    if frame.shape != (count, layout.tokens):
        return None
    if any((frame[at].to_numpy() != name.encode()).any() for at, name in layout.names_at):
        return None
    if any(frame[at].dtype != np.int64 for at in indices):
        return None
    if any(frame[at].dtype not in (np.int64, np.float64) for at in free):
        return None
    if any((frame[at].abs() >= LARGE_INTEGER).any() for at in free if frame[at].dtype == np.float64):
        return None  # a large integer may be among them
    if any(np.isinf(frame[at].to_numpy()).any() for at in range(layout.tokens) if frame[at].dtype == np.float64):
        return None  # a finite number beyond the range of doubles looks the same
    return _columns(frame, text, shape, layout, free, kind)


@cache
def _rounding() -> dict[str, Any]:
    """The options under which this pandas rounds decimals correctly: its default, since version 3.1."""
    texts = [b"9007199254740993", b"1.7976931348623157e308", b"2.2250738585072011e-308", b"8.988465674311579e+307",
             b"0.500000000000000166533453693773481063544750213623046875", b"-6.8795206024500954", b"5e-324",
             b"2.8813954268469804e-07", b"1.4166666666666665e-23"]  # fmt: skip
    read = pd.read_csv(io.BytesIO(b"\n".join(texts)), header=None, engine="c", dtype=np.float64)
    return {} if read[0].tolist() == list(map(float, texts)) else {"float_precision": "round_trip"}


def _columns(
    frame: pd.DataFrame,
    text: bytes,
    shape: Shape,
    layout: Layout,
    free: list[int],
    kind: Callable[[str], str | None],
) -> Columns | None:
    index = {slot: frame[layout.slots_at[slot]].to_numpy() for slot in shape.integers}
    values = {}
    for name, start, width in shape.values:
        places = layout.slots_at[start : start + width]
        values[name] = np.stack([frame[at].to_numpy() for at in places], axis=1)
        whole = places[0] in free and values[name].dtype == np.int64 and kind(name) != "int"
        if whole and (values[name] == 0).any() and NEGATIVE_ZERO.search(text):
            return None  # the grammar takes -0 for a float
    if any(np.isnan(column).any() for column in values.values() if column.dtype == np.float64):
        return None  # an absent token and a printed nan look the same here
    return Columns(index, values)
