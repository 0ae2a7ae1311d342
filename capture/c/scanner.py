"""The little that is read from C text itself: blanks, comments, directives, brackets. Offsets are in bytes."""

from __future__ import annotations

import re

BLANK = re.compile(rb"(?:\s+|\\\r?\n|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
TOKEN = re.compile(
    rb'(?P<blank>\s+|//(?:\\\n|[^\n])*|/\*.*?\*/)|(?P<text>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')'
    rb"|(?P<word>\w+)|(?P<other>.)",
    re.DOTALL,
)
OPENING, CLOSING = b"([{", b")]}"
DIRECTIVE = re.compile(rb"^[ \t]*#[^\n]*(?<!\\)(?:\\\n[^\n]*)*", re.MULTILINE)
PRAGMA_BEFORE = re.compile(
    rb"(?:^[ \t]*#[ \t]*pragma\b(?:[^\n]*\\\r?\n)*[^\n]*\n(?:[ \t]*\r?\n)*)+[ \t]*\Z", re.MULTILINE
)


def after_blank(text: bytes, at: int) -> int:
    """The first byte from ``at`` that is neither blank nor in a comment or directive."""
    while True:
        found = BLANK.match(text, at)
        at = found.end() if found else at
        line = text.rfind(b"\n", 0, at) + 1
        directive = DIRECTIVE.match(text, line) if text[at : at + 1] == b"#" else None
        if directive is None or (not text[line:at].isspace() and line != at):
            return at
        at = directive.end()


def at_depth_zero(text: bytes, at: int, end: int, wanted: bytes) -> int:
    """Where one of the bytes ``wanted`` first stands outside brackets, strings and comments; -1 if nowhere."""
    depth = 0
    while at < end:
        token = TOKEN.match(text, at)
        if token is None:
            return -1
        if token.lastgroup == "other":
            byte = token[0]
            if depth == 0 and byte in wanted:
                return at
            depth += (byte in OPENING) - (byte in CLOSING)
            if depth < 0:
                return -1
        at = token.end()
    return -1


def has_word(text: bytes, words: frozenset[bytes]) -> bool:
    """Whether one of the words stands in the text, outside strings and comments."""
    return any(token["word"] in words for token in TOKEN.finditer(text) if token["word"])


def pragma_start(text: bytes, at: int) -> int:
    """Where the pragmas right above a statement begin; the statement itself without one."""
    found = PRAGMA_BEFORE.search(text, max(0, at - 4000), at)
    return found.start() if found else at
