"""SMV images: a text header of KEYWORD=value; lines in braces, padded to a multiple of 512 bytes, then the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.files_text import read_bytes

HEADER_BLOCK = 512
LARGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class SmvHeader:
    """The keywords of an SMV header (the last occurrence of each counts) and the header's length in bytes."""

    keywords: dict[str, str]
    n_bytes: int


def read_smv_header(path: Path, name: str) -> SmvHeader:
    """The header of an SMV file.

    Args:
        path: where the file is.
        name: what messages call it.

    Raises:
        InputError: the file cannot be read or has no SMV header.
    """
    return _parse_header(read_bytes(path, name, "image header", limit=LARGEST_HEADER), name)


def _parse_header(content: bytes, name: str) -> SmvHeader:
    if content[:1] != b"{":
        raise InputError(f"{name}: an SMV header begins with '{{'; this file does not, so it is no SMV image")
    n_bytes = HEADER_BLOCK
    keywords = _keywords(content[:n_bytes])
    if "HEADER_BYTES" in keywords:
        n_bytes = _natural(keywords["HEADER_BYTES"], name, "HEADER_BYTES")
        if not HEADER_BLOCK <= n_bytes <= LARGEST_HEADER:
            raise InputError(
                f"{name}: HEADER_BYTES is {n_bytes}; an SMV header has {HEADER_BLOCK} to {LARGEST_HEADER} bytes"
            )
        keywords = _keywords(content[:n_bytes])
    if len(content) < n_bytes:
        raise InputError(f"{name}: the SMV header is cut short after {len(content)} of {n_bytes} bytes")
    if b"}" not in content[:n_bytes]:
        raise InputError(f"{name}: the SMV header's {n_bytes} bytes have no closing '}}'")
    return SmvHeader(keywords, n_bytes)


def _keywords(header: bytes) -> dict[str, str]:
    text = header.decode("latin-1").partition("{")[2].partition("}")[0]
    pairs = (line.partition("=") for line in text.replace(";", "\n").split("\n"))
    return {keyword.strip(): value.strip() for keyword, equals, value in pairs if equals}


def _natural(text: str, name: str, keyword: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise InputError(f"{name}: header keyword {keyword} must be a whole number greater than 0; got {text!r}")
    return int(text)


def read_smv_pixels(path: Path, name: str) -> np.ndarray:
    """The pixels of an SMV image of unsigned shorts, as uint16 of slow x fast.

    Raises:
        InputError: the file cannot be read, is no such image, or holds fewer pixels than its header says.
    """
    content = read_bytes(path, name, "mask")
    header = _parse_header(content, name)
    missing = [keyword for keyword in ("SIZE1", "SIZE2") if keyword not in header.keywords]
    if missing:
        raise InputError(f"{name}: the SMV header lacks {' and '.join(missing)}, the size in pixels")
    fast, slow = (_natural(header.keywords[keyword], name, keyword) for keyword in ("SIZE1", "SIZE2"))
    required, present = 2 * fast * slow, len(content) - header.n_bytes
    if present < required:
        raise InputError(
            f"{name}: {fast} x {slow} pixels of 2 bytes are {required} bytes; {max(present, 0)} follow the header"
        )
    pixels = np.frombuffer(content, _pixel_type(header, name), count=fast * slow, offset=header.n_bytes)
    return pixels.reshape(slow, fast).astype(np.uint16)


def _pixel_type(header: SmvHeader, name: str) -> str:
    kind = header.keywords.get("TYPE", "unsigned_short")
    order = header.keywords.get("BYTE_ORDER", "little_endian")
    if kind != "unsigned_short" or order not in ("little_endian", "big_endian"):
        raise InputError(
            f"{name}: pixels must be TYPE=unsigned_short in little_endian or big_endian BYTE_ORDER; "
            f"got TYPE={kind}, BYTE_ORDER={order}"
        )
    return "<u2" if order == "little_endian" else ">u2"


def smv_header_bytes(lines: list[str]) -> bytes:
    """A 512-byte header of the given lines: braces around them, a form feed, and spaces up to the end."""
    header = "\n".join(["{", *lines, "}"]).encode("ascii") + b"\f"
    return header.ljust(HEADER_BLOCK, b" ")
