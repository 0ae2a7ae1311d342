"""Reading text files of numbers: the crystal's matrix, the sources; and what all readers share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from simulator.errors import InputError
from simulator.experiment import Source
from simulator.flag_values import number

_SOURCE_SEPARATORS = re.compile(r"[\s,;:!]+", re.ASCII)


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


def _numbered_lines(path: Path, name: str, what: str) -> Iterator[tuple[int, str]]:
    text = read_bytes(path, name, what).decode("latin-1")
    return ((i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip())


def _number(word: str, name: str, line: int) -> float:
    try:
        return number(word)
    except ValueError as error:
        raise InputError(f"{name} line {line}: {error}") from None


def read_matrix(path: Path, name: str) -> tuple[float, ...]:
    """The first nine numbers of a MOSFLM matrix file: rows x, y, z of columns a*, b*, c*, as they stand there.

    Raises:
        InputError: the file cannot be read, has fewer than nine numbers, or the three axes lie in one plane.
    """
    values: list[float] = []
    for line, text in _numbered_lines(path, name, "matrix"):
        values += [_number(word, name, line) for word in text.split()[: 9 - len(values)]]
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


def read_sources(path: Path, name: str) -> tuple[Source, ...]:
    """The sources of a file of up to five columns: X Y Z (m), weight, wavelength (m).

    Columns are separated by spaces, tabs, commas, semicolons, colons or exclamation marks; what a line lacks takes
    the default of ``Source``.

    Raises:
        InputError: the file cannot be read, holds no source, or a line is malformed (it is named).
    """
    sources = tuple(_source(text, name, line) for line, text in _numbered_lines(path, name, "source"))
    if not sources:
        raise InputError(f"{name}: a source file needs at least one line of X Y Z weight wavelength")
    return sources


def _source(text: str, name: str, line: int) -> Source:
    words = [word for word in _SOURCE_SEPARATORS.split(text) if word]
    if not 1 <= len(words) <= 5:
        raise InputError(
            f"{name} line {line}: a source is one to five numbers, X Y Z weight wavelength; got {len(words)}"
        )
    given = [_number(word, name, line) for word in words]
    x, y, z = [*given[:3], None, None, None][:3]
    if (x, y, z) == (0.0, 0.0, 0.0):
        raise InputError(f"{name} line {line}: a source at the origin has no direction; place it off the sample")
    weight, wavelength_m = [*given[3:], None, None][:2]
    if weight is not None and weight < 0:
        raise InputError(f"{name} line {line}: a weight must not be negative; got {words[3]}")
    if wavelength_m is not None and wavelength_m <= 0:
        raise InputError(f"{name} line {line}: a wavelength (m) must be greater than 0; got {words[4]}")
    return Source(position_m=(x, y, z), weight=1.0 if weight is None else weight, wavelength_m=wavelength_m)
