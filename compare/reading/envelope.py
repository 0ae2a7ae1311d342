"""What stands in front of a trace line, and lines that only look like one.

Logs reach the reader through `grep -n`, `diff`, `cat -n`, loggers, terminals and programs that print two things on
one line; the trace begins where the word TRACE does.
"""

from __future__ import annotations

import re

WORD = b"TRACE"
PREFIX = b"TRACE_"
LONGEST_PREFIX = 1000
TERMINAL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")  # ECMA-48 control sequences
BEGINS = re.compile(rb"(?<![A-Z_])TRACE_(?=[A-Za-z0-9])|(?<![A-Za-z0-9_])TRACE(?=[:\s\[(<>-]|$)")
BRACKETED = re.compile(rb"\[[^\[\]]*\]|\([^()]*\)|<[^<>]*>")
MARK = re.compile(  # a file name and number, a date, a level, a sign of diff
    rb"[-+<>|*#!:.\[(]+|\S*[:|>]|\d[\d:.,TZ/+-]*|\S+[-:]\d+[-:]|[A-Z]{3,}"
)
LIKE = re.compile(
    rb"\s*(?:\[?[A-Za-z_][\w.-]*\]?[ \t]*[:>|\]]|\[[\w .-]+\])\s*[A-Za-z_|][\w.|]*(?:\s*[=:]\s*|\s+)"
    rb"[\[(]?\s*[+-]?\.?\d[^A-Za-z]*(?:[eEdD][+-]?\d+[^A-Za-z]*)*$"
)


def trace_part(line: bytes) -> tuple[bytes, bool] | None:
    """The line from where its trace begins, and whether only a prefix stands before it; None without a trace."""
    if b"\x1b" in line:
        line = TERMINAL.sub(b"", line)
    bare = line.lstrip()
    if bare.startswith(WORD):
        return bare, True
    found = [match.start() for match in BEGINS.finditer(line)]
    if not found:
        return None
    at = next((at for at in found if line.startswith(PREFIX, at)), found[0])
    return line[at:], _is_prefix(line[:at])


def _is_prefix(text: bytes) -> bool:
    """Whether a text is what tools put before a line, and no output of the program itself."""
    if len(text) > LONGEST_PREFIX:
        return False
    return all(MARK.fullmatch(token) for token in BRACKETED.sub(b" ", text).split())


def looks_like_a_trace(line: bytes) -> bool:
    """Whether a line without the word TRACE has a tag, a name and numbers, as a trace of another kind would."""
    return len(line) < LONGEST_PREFIX and LIKE.match(line) is not None
