"""SMV images: a text header of KEYWORD=value; lines in braces, padded to a multiple of 512 bytes, then the pixels."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.files.text import read_bytes
from simulator.flag_values import leading_number
from simulator.remarks import Remarks

HEADER_BLOCK = 512
LARGEST_HEADER = 1 << 20

MAGIC = b"{\nHEADER_BYT"
"""The 12 bytes by which the reference knows an SMV image."""

MILLIMETRE = "mm"
ANGSTROM = "A Angstrom Angstroms"
ANGLE = "deg degree degrees"
PIXEL = "px pixel pixels"

_WORDS_BEHIND = re.compile(r"[^ \t\r,;\n}]+")


@dataclass(frozen=True)
class SmvHeader:
    """An SMV file's header as text, and how its keywords are found.

    With ``substrings`` (defect ``header-substrings``) a keyword's letters count wherever they stand last, and its
    number is behind the next ``=``; else it is a whole keyword at the start of a line or behind ``;``, its number must
    be one, and its unit, if it has one, the usual.
    """

    name: str
    """What messages call the file."""
    text: str
    n_bytes: int
    """Where the pixels begin."""
    substrings: bool

    def number(self, keyword: str, units: str = "") -> float | None:
        """A keyword's number, the last one; None where the header lacks it, or it is NaN.

        Raises:
            InputError: a whole keyword without a finite number, or with another unit than ``units`` (words).
        """
        if not self.substrings:
            return self._whole_keyword_number(keyword, units)
        at = self.text.rfind(keyword)
        if at < 0:
            return None
        _, equals, behind = self.text[at:].partition("=")
        value = leading_number(behind).value if equals else 0.0
        return None if math.isnan(value) else value

    def _whole_keyword_number(self, keyword: str, units: str) -> float | None:
        field = self.keyword_text(keyword)
        if field is None:
            return None
        value, length = _number_and_length(field)
        if length == 0 or not math.isfinite(value):
            raise InputError(f"{self.name}: {keyword}={field.strip()} is no finite number")
        for word in _WORDS_BEHIND.findall(field[length:]):
            if word[0].isalpha() and word.lower() not in units.lower().split():
                raise InputError(f"{self.name}: {keyword} is given in '{word}'; it must be in {units}")
        return value

    def keyword_text(self, keyword: str) -> str | None:
        """What stands behind ``KEYWORD =`` in the last field that begins with it, up to the field's end."""
        found = None
        for field in re.split(r"[;\n]", self.text):
            name, equals, behind = field.partition("=")
            if equals and name.lstrip(" \t\r{").rstrip(" \t") == keyword:
                found = behind.partition("}")[0]
        return found

    def size(self) -> tuple[int, int]:
        """Pixels along fast and slow: SIZE1 and SIZE2, or DETECTOR_DIMENSIONS for both; 0 where nothing is said."""
        fast, slow = self._integer("SIZE1"), self._integer("SIZE2")
        if fast == 0:
            fast = slow = self._integer("DETECTOR_DIMENSIONS")
        return fast, slow

    def _integer(self, keyword: str) -> int:
        value = self.number(keyword, PIXEL)
        if value is None:
            return 0
        if not abs(value) < 2**31 - 1:
            raise InputError(f"{self.name}: {keyword}={value:g} is too large")
        return int(value)


def _number_and_length(field: str) -> tuple[float, int]:
    """The number a field begins with, and how many letters it has; 0 letters where there is none."""
    for length in range(len(field), 0, -1):
        value, whole = leading_number(field[:length])
        if whole:
            return value, length
    return 0.0, 0


def read_smv_header(path: Path, name: str, remarks: Remarks, *, substrings: bool) -> SmvHeader | None:
    """The header of an SMV file; None for a file that is none, which is a remark: the reference goes on without it.

    Args:
        path: where the file is.
        name: what messages call it.
        remarks: what was said so far.
        substrings: whether the reference's way of finding keywords is on.

    Raises:
        InputError: a header that the reference crashes on.
    """
    try:
        content = read_bytes(path, name, "image", limit=LARGEST_HEADER)
    except InputError as error:
        remarks.object(f"{error} (the reference goes on without it)")
        return None
    return _parse_header(content, name, remarks, substrings=substrings)


def _parse_header(content: bytes, name: str, remarks: Remarks, *, substrings: bool) -> SmvHeader | None:
    if not content.startswith(MAGIC if substrings else b"{"):
        remarks.object(
            f"{name} is no SMV image: it does not begin with '{{', newline, HEADER_BYTES "
            "(the reference goes on without it)"
        )
        return None
    n_bytes = _header_bytes(_header(content, HEADER_BLOCK, name, substrings=substrings))
    header = _header(content, n_bytes, name, substrings=substrings)
    if n_bytes != HEADER_BLOCK and len(content) < n_bytes:
        remarks.object(f"{name} ends within its header of {n_bytes} bytes")
    if substrings and "BYTE_ORDER=" not in header.text:
        raise InputError(
            f"{name}: its header has no 'BYTE_ORDER=' (without a blank before the '='), on which the reference crashes"
        )
    return header


def _header(content: bytes, n_bytes: int, name: str, *, substrings: bool) -> SmvHeader:
    """The first bytes as a header, whose text ends at a zero byte."""
    text = content[:n_bytes].partition(b"\0")[0].decode("latin-1")
    return SmvHeader(name, text, n_bytes, substrings)


def _header_bytes(header: SmvHeader) -> int:
    given = header.number("HEADER_BYTES", "bytes")
    bytes_given = HEADER_BLOCK if given is None else given
    if not 1 <= bytes_given <= LARGEST_HEADER:
        raise InputError(f"{header.name}: HEADER_BYTES is {bytes_given:g}; it must be 1 to {LARGEST_HEADER}")
    return int(bytes_given)


def read_smv_mask(
    path: Path, name: str, shape: tuple[int, int], remarks: Remarks, *, substrings: bool
) -> np.ndarray | None:
    """The mask of a detector, bool, slow x fast: where the file's pixels are not 0. A larger file is taken in a row.

    Args:
        path: where the file is.
        name: what messages call it.
        shape: of the detector, slow, fast.
        remarks: what was said so far.
        substrings: see ``read_smv_header``.

    Raises:
        InputError: an unusable header, or fewer pixels than the detector has.
    """
    header = read_smv_header(path, name, remarks, substrings=substrings)
    if header is None:
        return None
    _require_mask_layout(header, shape, remarks)
    content = read_bytes(path, name, "mask")
    count = shape[0] * shape[1]
    if len(content) - header.n_bytes < 2 * count:
        raise InputError(f"{name}: after its header a mask needs {2 * count} bytes of pixels")
    pixels = np.frombuffer(content, "<u2", count=count, offset=header.n_bytes)  # 0 is 0 in either byte order
    return (pixels != 0).reshape(shape)


def _require_mask_layout(header: SmvHeader, shape: tuple[int, int], remarks: Remarks) -> None:
    (fast, slow), (detector_slow, detector_fast) = header.size(), shape
    if fast < 1 or slow < 1:
        raise InputError(f"{header.name}: a mask's header needs SIZE1 and SIZE2")
    sizes = f"{header.name} is {fast} x {slow} pixels (fast x slow)"
    if fast * slow < detector_fast * detector_slow:
        raise InputError(f"{sizes}, too few for the detector's {detector_fast} x {detector_slow}")
    if (fast, slow) != (detector_fast, detector_slow):
        remarks.object(
            f"{sizes}, the detector {detector_fast} x {detector_slow} (the reference takes its pixels in a row)"
        )
    kind = header.keyword_text("TYPE")
    if kind is not None and not kind.lstrip(" \t").startswith("unsigned_short"):
        remarks.object(f"{header.name}: a mask's TYPE must be unsigned_short (the reference reads it as that)")


def smv_header_bytes(lines: list[str]) -> bytes:
    """A 512-byte header of the given lines: braces around them, a form feed, and spaces up to the end."""
    header = "\n".join(["{", *lines, "}"]).encode("ascii") + b"\f"
    return header.ljust(HEADER_BLOCK, b" ")
