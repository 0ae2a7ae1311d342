"""Bytes of a log in blocks of whole lines: plain or gzip, a file or standard input."""

from __future__ import annotations

import codecs
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader, BytesIO
from typing import BinaryIO, cast

from compare.errors import InputError

BLOCK_BYTES = 4 << 20
LONGEST_LINE = 64 << 20
GZIP_MAGIC = b"\x1f\x8b"
MARKS = (  # what a file begins with that is not in UTF-8, longest first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
TRACE_LINE = b"\nTRACE"
LARGEST_CHATTER = 1 << 20  # bytes behind the last trace line of a block that wait for the next one


class Held(str):
    """A log that is in memory: it is the name under which it is shown, and holds the text."""

    content: bytes

    def __new__(cls, name: str, text: str) -> Held:
        self = super().__new__(cls, name)
        self.content = text.encode("utf-8")
        return self

    def __reduce__(self) -> tuple[type[Held], tuple[str, str]]:
        return Held, (str(self), self.content.decode("utf-8"))


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
    if os.path.isdir(path):  # false for a name that is too long, which open() says in words
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
    """Blocks of whole lines in UTF-8 with ``\\n`` ends; only the very last block may lack its final newline.

    Raises CutOff (after yielding what there is) when a gzip stream ends early.
    """
    with open_log(path) as log:
        rest = b""
        text: _Text | None = None
        while True:
            chunk, cut = _read(log, size, path)
            text = text or _Text(chunk, path)
            chunk = text.unified(chunk, final=not chunk)
            if not chunk:
                break
            chunk = rest + chunk
            end = _block_end(chunk)
            if end:
                yield chunk[:end]
            rest = chunk[end:]
            if len(rest) > LONGEST_LINE:
                raise InputError(f"{path} has a line longer than {LONGEST_LINE} bytes; is it a trace log?")
            if cut:
                break
        if rest:
            yield rest
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


def _block_end(chunk: bytes) -> int:
    """Behind the last whole line that no broken array can continue: before a trace line, unless that is far back."""
    end = chunk.rfind(b"\n") + 1
    before = chunk.rfind(TRACE_LINE, 0, end) + 1
    if before > 0 and end - before < LARGEST_CHATTER:
        return before
    return 0 if chunk.startswith(TRACE_LINE[1:]) and end < LARGEST_CHATTER else end


class _Text:
    """Turns the bytes of one file into UTF-8 with unix line ends, chunk by chunk."""

    def __init__(self, first: bytes, path: str) -> None:
        self._path = path
        self._begun = False
        self._held = b""  # a carriage return whose newline may follow
        encoding = next((name for mark, name in MARKS if first.startswith(mark)), None)
        if encoding is None and first[:400].count(0) * 3 > len(first[:400]) > 1:
            encoding = "utf-16-le" if first[1] == 0 else "utf-16-be"
        self._decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
        self._bare_returns: bool | None = None  # whether lines end in them; not known before the first end of a line

    def unified(self, chunk: bytes, *, final: bool) -> bytes:
        if self._decoder is not None:
            try:
                chunk = self._decoder.decode(chunk, final).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                raise InputError(f"{self._path} is not the {error.encoding} text that it begins as: {error}") from error
        if not self._begun and chunk:
            self._begun = True
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        chunk, self._held = self._held + chunk, b""
        if b"\r" not in chunk:
            return chunk
        if self._bare_returns is None and (b"\n" in chunk or b"\r" in chunk[:-1]):
            self._bare_returns = b"\n" not in chunk
        if self._bare_returns:
            return chunk.replace(b"\r", b"\n")
        if chunk.endswith(b"\r") and not final:
            chunk, self._held = chunk[:-1], b"\r"
        return chunk.replace(b"\r\n", b"\n")
