"""Bytes of a log in blocks of whole lines: plain or gzip, a file or standard input."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from compare.errors import InputError

BLOCK_BYTES = 4 << 20
LONGEST_LINE = 64 << 20
GZIP_MAGIC = b"\x1f\x8b"


class Held(str):
    """A log that is in memory: it is the name under which it is shown, and holds the text."""

    content: bytes

    def __new__(cls, name: str, text: str) -> Held:
        self = super().__new__(cls, name)
        self.content = text.encode("utf-8")
        return self


class CutOff(Exception):
    """The bytes ended before the compressed stream did."""


@contextmanager
def open_log(path: str) -> Iterator[BinaryIO]:
    """``path`` ("-" is standard input, `Held` is in memory) for reading decompressed bytes.

    Raises InputError when there is no such file or it cannot be read.
    """
    if isinstance(path, Held):
        yield BytesIO(path.content)
        return
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder, a trace log was required; name the log inside it")
    with ExitStack() as stack:
        try:
            opened: BinaryIO = sys.stdin.buffer if path == "-" else stack.enter_context(open(path, "rb"))
            raw = cast(BufferedReader, opened)
            packed = raw.peek(2)[:2] == GZIP_MAGIC
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"cannot read {path}: {reason}; give the path of a trace log, or -") from error
        if packed:
            from gzip import GzipFile

            yield cast(BinaryIO, stack.enter_context(GzipFile(fileobj=raw)))
        else:
            yield raw


def blocks(path: str, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Blocks of whole lines with ``\\n`` ends; only the very last block may lack its final newline.

    Raises CutOff (after yielding what there is) when a gzip stream ends early.
    """
    with open_log(path) as log:
        rest = b""
        while True:
            chunk, cut = _read(log, size, path)
            if not chunk:
                break
            chunk = rest + chunk
            end = chunk.rfind(b"\n") + 1
            if end:
                yield _unix_ends(chunk[:end])
            rest = chunk[end:]
            if len(rest) > LONGEST_LINE:
                raise InputError(f"{path} has a line longer than {LONGEST_LINE} bytes; is it a trace log?")
            if cut:
                break
        if rest:
            yield _unix_ends(rest)
        if cut:
            raise CutOff(path)


def _read(log: BinaryIO, size: int, path: str) -> tuple[bytes, bool]:
    """Up to ``size`` bytes, and whether a compressed stream broke off after them."""
    parts: list[bytes] = []
    wanted = size
    try:
        while wanted > 0 and (part := log.read1(wanted)):  # type: ignore[attr-defined]
            parts.append(part)
            wanted -= len(part)
    except EOFError:
        return b"".join(parts), True
    except (zlib.error, OSError) as error:
        raise InputError(f"cannot read {path}: {error}; is the file damaged?") from error
    return b"".join(parts), False


def _unix_ends(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n") if b"\r" in block else block
