"""Reading text files of numbers: the crystal's matrix, the sources; and what all readers share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from simulator.errors import InputError
from simulator.experiment import Source
from simulator.flag_values import number
from simulator.remarks import Remarks

_SOURCE_SEPARATORS = re.compile(r"[\s,;:!]+", re.ASCII)
_BLANKS = re.compile(r"\s+", re.ASCII)


def read_bytes(path: Path, name: str, what: str, *, limit: int = -1, exit_code: int = 2) -> bytes:
    """A file's content, or its first ``limit`` bytes.

    Raises:
        InputError: it cannot be read (with ``exit_code``) or is empty.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read the {what} file {name}: {reason}", exit_code=exit_code) from None
    if not content:
        raise InputError(f"the {what} file {name} is empty")
    return content


def require_text(line: bytes, name: str, number: int) -> None:
    """Raise InputError for a line that no text file holds."""
    if b"\0" in line:
        raise InputError(f"{name} line {number} holds a zero byte; this is no text file")


def _numbered_words(path: Path, name: str, what: str, separators: re.Pattern[str]) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that has any, and its number."""
    for i, line in enumerate(read_bytes(path, name, what).split(b"\n"), 1):
        require_text(line, name, i)
        words = [word for word in separators.split(line.decode("latin-1")) if word]
        if words:
            yield i, words


def read_matrix(path: Path, name: str) -> tuple[float, ...]:
    """The first nine numbers of a MOSFLM matrix file: rows x, y, z of columns a*, b*, c*, as they stand there.

    Raises:
        InputError: the file cannot be read, has fewer than nine numbers, or the three axes lie in one plane.
    """
    values: list[float] = []
    for line, words in _numbered_words(path, name, "matrix", _BLANKS):
        try:
            values += [number(word) for word in words[: 9 - len(values)]]
        except ValueError:
            raise InputError(f"{name} line {line}: a matrix is nine finite numbers") from None
        if len(values) == 9:
            break
    if len(values) < 9:
        raise InputError(f"{name}: a matrix file holds nine numbers; this one has {len(values)}")
    if _is_flat(values):
        raise InputError(f"{name}: the three axes of the matrix lie in one plane, so they make no cell")
    return tuple(values)


def _is_flat(rows: list[float]) -> bool:
    a, b, c, d, e, f, g, h, i = rows
    volume = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    lengths = [(rows[j] ** 2 + rows[j + 3] ** 2 + rows[j + 6] ** 2) ** 0.5 for j in range(3)]
    return not abs(volume) > 1e-12 * lengths[0] * lengths[1] * lengths[2]


def read_sources(path: Path, name: str, remarks: Remarks) -> tuple[Source, ...]:
    """The sources of a file of up to five columns: X Y Z (m), weight, wavelength (m).

    Columns are separated by spaces, tabs, commas, semicolons, colons or exclamation marks; what a line lacks takes
    the default of ``Source``. More than five columns, a negative weight and a wavelength that is not positive are
    remarks.

    Raises:
        InputError: the file cannot be read, holds no source, or a line is malformed (it is named).
    """
    lines = _numbered_words(path, name, "source", _SOURCE_SEPARATORS)
    sources = tuple(_source(words, f"{name} line {line}", remarks) for line, words in lines)
    if not sources:
        raise InputError(f"{name} holds no sources")
    return sources


def _source(words: list[str], where: str, remarks: Remarks) -> Source:
    if len(words) > 5:
        remarks.object(f"{where}: more than five words (X Y Z weight lambda)")
    try:
        given = [number(word) for word in words[:5]]
    except ValueError:
        raise InputError(f"{where}: a source is one to five finite numbers (X Y Z weight lambda)") from None
    x, y, z = [*given[:3], None, None, None][:3]
    if (x, y, z) == (0.0, 0.0, 0.0):
        raise InputError(f"{where}: a source at the origin has no direction")
    weight, wavelength_m = [*given[3:], None, None][:2]
    if (weight is not None and weight < 0) or (wavelength_m is not None and wavelength_m <= 0):
        remarks.object(f"{where}: a source's weight must not be negative and its wavelength be positive")
    return Source(position_m=(x, y, z), weight=1.0 if weight is None else weight, wavelength_m=wavelength_m)
