"""Structure factors on disk: the text list of h k l F, and the dump file of the whole array (model, section 5)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.experiment import StructureFactors
from simulator.files.text import read_bytes, require_text
from simulator.flag_values import number

LARGEST_ARRAY = 2**28
"""Structure factors held in memory at most; more come from a mistaken index."""

LARGEST_INDEX = 1_000_000

_WHOLE = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DUMP_HEADER = re.compile(rb"\s*" + rb"\s+".join([rb"([+-]?\d{1,10})"] * 6))
_WHITE_SPACE = b" \t\n\v\f\r"


def read_hkl(path: Path, name: str, default_F: float) -> StructureFactors:
    """The structure factors of a text list, lines of ``h k l F``; indices not listed are ``default_F``.

    Raises:
        InputError: the file cannot be read (exit code 9), is empty, or a line is malformed (it is named).
    """
    content = read_bytes(path, name, "structure factor", exit_code=9)
    rows = _parse_rows(content, name)
    indices = rows[:, :3].astype(np.int64)
    minima, maxima = indices.min(axis=0), indices.max(axis=0)
    values = np.full(_array_shape(minima, maxima, name), default_F)
    values[tuple((indices - minima).T)] = rows[:, 3]
    return StructureFactors(default_F, values, _triple(minima), n_listed=len(rows))


def _triple(indices: np.ndarray) -> tuple[int, int, int]:
    return int(indices[0]), int(indices[1]), int(indices[2])


def _array_shape(minima: np.ndarray, maxima: np.ndarray, name: str) -> tuple[int, int, int]:
    h, k, l = (int(top) - int(bottom) + 1 for bottom, top in zip(minima, maxima, strict=True))
    if min(h, k, l) < 1:
        raise InputError(f"{name}: an index range ends before it begins")
    if h * k * l > LARGEST_ARRAY:
        spans = ", ".join(f"{axis} {low}..{high}" for axis, low, high in zip("hkl", minima, maxima, strict=True))
        raise InputError(f"{name} spans {spans}: {h * k * l} structure factors, at most {LARGEST_ARRAY}")
    return h, k, l


def _parse_rows(content: bytes, name: str) -> np.ndarray:
    """n x 4 numbers, the first three of each row integral; the quick way, or line by line to say what is wrong."""
    if _is_plain_list(content):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                rows = np.fromstring(content.decode("ascii"), sep=" ").reshape(-1, 4)
        except (ValueError, UnicodeDecodeError, DeprecationWarning):
            rows = np.empty((0, 4))
        if len(rows) and np.isfinite(rows).all() and np.abs(rows[:, :3]).max() <= LARGEST_INDEX:
            return rows
    rows = np.array(list(_rows_line_by_line(content, name)), dtype=float).reshape(-1, 4)
    if not len(rows):
        raise InputError(f"{name} holds no reflections")
    return rows


def _is_plain_list(content: bytes) -> bool:
    """Whether every line is blank or four words, the first three of them digits and signs alone."""
    characters = np.frombuffer(content + b"\n", np.uint8)
    is_text = characters > ord(" ")
    starts = np.concatenate([is_text[:1], is_text[1:] & ~is_text[:-1]])
    words_so_far = np.cumsum(starts, dtype=np.int64)
    words_per_line = np.diff(words_so_far[characters == ord("\n")], prepend=0)
    if not ((words_per_line == 4) | (words_per_line == 0)).all():
        return False
    is_digit = (characters >= ord("0")) & (characters <= ord("9"))
    is_other = is_text & ~is_digit & (characters != ord("-")) & (characters != ord("+"))
    return bool((words_so_far[is_other] % 4 == 0).all())


def _rows_line_by_line(content: bytes, name: str) -> Iterator[list[float]]:
    for line, text in enumerate(content.split(b"\n"), 1):
        require_text(text, name, line)
        words = [word.decode("latin-1") for word in text.split()]
        if not words:
            continue
        try:
            row = [number(word) for word in words]
        except ValueError:
            row = []
        if len(row) != 4 or not all(_WHOLE.fullmatch(word) and abs(int(word)) <= LARGEST_INDEX for word in words[:3]):
            raise InputError(
                f"{name} line {line}: expected 'h k l F', three whole numbers of at most {LARGEST_INDEX} and a finite "
                "number"
            )
        yield row


def read_dump(path: Path, name: str, default_F: float, *, skip_all_white_space: bool) -> StructureFactors:
    """The structure factors of a dump file; values inside its ranges are the file's.

    Args:
        path: where the file is.
        name: what messages call it.
        default_F: the value outside the ranges.
        skip_all_white_space: skip every white-space byte after the header, data included (defect
            ``dump-whitespace``; what is then missing at the end is 0), instead of a newline and a form feed.

    Raises:
        InputError: the file cannot be read, has no header of six integers, or is too short for its ranges.
    """
    content = read_bytes(path, name, "structure factor dump")
    match = _DUMP_HEADER.match(content)
    bounds = np.array([int(digits) for digits in match.groups()] if match else [], dtype=np.int64)
    if match is None or np.abs(bounds).max() > LARGEST_INDEX:
        raise InputError(f"{name}: a dump file begins with six integers hmin hmax kmin kmax lmin lmax")
    minima, maxima = bounds[0::2], bounds[1::2]
    h, k, l = _array_shape(minima, maxima, name)
    padded = (h + 1, k + 1, l + 1)
    body = content[match.end() :]
    required = 8 * padded[0] * padded[1] * padded[2]
    if not body.startswith(b"\n\f") or len(body) - 2 < required:
        raise InputError(f"{name}: its ranges need a newline, a form feed and {required} bytes of data")
    data = body.lstrip(_WHITE_SPACE) if skip_all_white_space else body[2:]
    values = np.frombuffer(data[: len(data) // 8 * 8], "<f8")[: required // 8]
    whole = np.concatenate([values, np.zeros(required // 8 - len(values))]).reshape(padded)
    return StructureFactors(default_F, whole[:h, :k, :l].copy(), _triple(minima), n_listed=h * k * l)


def dump_bytes(values: np.ndarray, minima: tuple[int, int, int]) -> bytes:
    """A dump file's content: the ranges as text, newline, form feed, the array with a trailing zero row each way."""
    bounds = [(low, low + size - 1) for low, size in zip(minima, values.shape, strict=True)]
    header = " ".join(f"{low} {high}" for low, high in bounds)
    padded = np.zeros([size + 1 for size in values.shape], dtype="<f8")
    padded[:-1, :-1, :-1] = values
    return header.encode("ascii") + b"\n\f" + padded.tobytes()
