"""libclang: parsing a translation unit, and what its Python bindings leave out. Nothing else imports ``clang``."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from capture.errors import CaptureError

try:
    from clang import cindex
except ImportError as error:  # pragma: no cover - a broken installation
    raise CaptureError("capturing C needs the package libclang: pip install libclang") from error

Kind = cindex.CursorKind
TypeKind = cindex.TypeKind
ASSIGN, FIRST_COMPOUND, LAST_COMPOUND = 22, 23, 32  # enum CXBinaryOperatorKind
ADDRESS_OF, DEREFERENCE = 5, 6  # enum CXUnaryOperatorKind
STEPS = range(1, 5)  # x++, x--, ++x, --x
LOGICAL = (20, 21)  # && and ||
OLDER_C = tuple(  # what gcc warns of and clang refuses
    f"-Wno-error={name}"
    for name in (
        "implicit-function-declaration",
        "implicit-int",
        "int-conversion",
        "incompatible-function-pointer-types",
    )
)
DROPPED_WITH_VALUE = frozenset({"-o", "-MF", "-MT", "-MQ", "-x", "-arch", "-Xlinker", "-T", "-u", "-z"})
KEPT_WITH_VALUE = frozenset({"-I", "-D", "-U", "-include", "-isystem", "-iquote", "-idirafter", "-imacros"})


def binary_operator(cursor: Any) -> int:
    """The operator of a binary expression, as a ``CXBinaryOperatorKind``."""
    return int(_library().clang_getCursorBinaryOperatorKind(cursor))


def unary_operator(cursor: Any) -> int:
    """The operator of a unary expression, as a ``CXUnaryOperatorKind``."""
    return int(_library().clang_getCursorUnaryOperatorKind(cursor))


@cache
def _library() -> Any:
    library = cindex.conf.lib
    for name in ("clang_getCursorBinaryOperatorKind", "clang_getCursorUnaryOperatorKind"):
        function = getattr(library, name)
        function.argtypes, function.restype = [cindex.Cursor], int
    return library


@cache
def system_includes(compiler: str, language: str) -> tuple[str, ...]:
    """The folders where the compiler in use finds its own headers.

    Raises:
        CaptureError: it cannot be asked.
    """
    command = [compiler, f"-x{language}", "-E", "-v", "-"]
    try:
        said = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CaptureError(f"the compiler {compiler} cannot be asked for its headers: {error}") from error
    lines = said.partition("search starts here:\n#include <...>")[2] or said
    _, _, lines = lines.partition("search starts here:\n")
    return tuple(line.strip() for line in lines.partition("End of search list")[0].splitlines() if line.startswith(" "))


def parse_flags(words: Sequence[str]) -> list[str]:
    """Of a compiler's words, those that change what a source means."""
    kept: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word in KEPT_WITH_VALUE and words:
            kept += [word, words.pop(0)]
        elif word in DROPPED_WITH_VALUE and words:
            words.pop(0)
        elif word.startswith(
            ("-I", "-D", "-U", "-std=", "-isystem", "-iquote", "-funsigned-char", "-fsigned-char")
        ) or word in ("-ansi", "-pthread", "-m32"):
            kept.append(word)
        elif word == "-fopenmp":  # the pragma would hide its region from the parser
            kept.append("-D_OPENMP=201511")
    return kept


def parse(source: Path, flags: Sequence[str], compiler: str, folder: Path, language: str) -> Any:
    """Parse one source as the compiler would, run in ``folder``."""
    words = [
        f"-x{language}",
        "-w",
        *(OLDER_C if language == "c" else ()),
        "-ferror-limit=0",
        *flags,
        "-nostdinc",
        f"-working-directory={folder}",
    ]
    for system in system_includes(compiler, language):
        words += ["-isystem", system]
    options = cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
    try:
        return cindex.Index.create().parse(str(source), args=words, options=options)
    except cindex.TranslationUnitLoadError as error:
        raise CaptureError(f"{source} cannot be parsed: {error}") from error
