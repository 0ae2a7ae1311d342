"""One source file: its bytes, the macros used in it, and the insertions that make it an instrumented one."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capture.c import scanner


class LeftOut(Exception):
    """This function cannot be instrumented whole, and why."""


@dataclass(slots=True)
class Source:
    """A file of the program.

    Attributes:
        name: path relative to the program's folder, for reports.
        macros: ranges of the macros' uses, sorted.
        insertions: (offset, rank, text); closing texts before opening ones, inner ones innermost.
        doubled: regions that stay as they are where nothing is captured, as (start, end).
    """

    path: Path
    name: str
    text: bytes
    macros: list[tuple[int, int]] = field(default_factory=list)
    insertions: list[tuple[int, tuple[int, int], bytes]] = field(default_factory=list)
    doubled: list[tuple[int, int]] = field(default_factory=list)
    _count: int = 0

    def close(self, at: int, text: str) -> None:
        """Insert after what ends at ``at``."""
        self._count += 1
        self.insertions.append((at, (0, self._count), text.encode()))

    def open(self, at: int, text: str) -> None:
        """Insert before what begins at ``at``; a later call is further out."""
        self._count += 1
        self.insertions.append((at, (1, -self._count), text.encode()))

    def line(self, at: int) -> int:
        return self.text.count(b"\n", 0, at) + 1

    def macro_at(self, at: int) -> tuple[int, int] | None:
        """The macro's use that covers the offset."""
        i = bisect.bisect_right(self.macros, (at, 1 << 60)) - 1
        return self.macros[i] if i >= 0 and self.macros[i][0] <= at < self.macros[i][1] else None

    def macro_of(self, cursor: Any) -> tuple[int, int] | None:
        """The macro's use that the whole of a cursor comes from."""
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        macro = self.macro_at(start)
        return macro if macro is not None and end <= macro[1] else None

    def end_of(self, cursor: Any) -> int:
        """The offset after a cursor's last token, macros in full."""
        end = int(cursor.extent.end.offset)
        for at in (end, end - 1):
            macro = self.macro_at(at)
            if macro is not None and (at == end - 1 or macro[0] < end):
                end = max(end, macro[1])
        own = self.macro_at(int(cursor.extent.start.offset))
        return max(end, own[1]) if own is not None and end <= own[1] else end

    def after_semicolon(self, cursor: Any) -> int:
        """The offset after the semicolon that ends a statement; after a macro that needs none.

        Raises:
            LeftOut: the end cannot be found.
        """
        end = self.end_of(cursor)
        at = scanner.after_blank(self.text, end)
        if self.text[at : at + 1] == b";":
            return at + 1
        if self.macro_of(cursor) is not None or self.text[end - 1 : end] == b";":
            return end
        raise LeftOut(f"the end of the statement at line {self.line(cursor.extent.start.offset)} was not found")

    def slice(self, cursor: Any) -> str:
        return self.text[cursor.extent.start.offset : self.end_of(cursor)].decode("utf-8", "surrogateescape")

    def instrumented(self) -> bytes:
        """The text with all insertions, and the doubled regions in both forms."""
        insertions = sorted(self.insertions, key=lambda item: (item[0], item[1]))
        parts: list[bytes] = []
        at = taken = 0
        for start, end in sorted(self.doubled):
            at, taken = self._copy(insertions, taken, at, start, parts, inclusive=False)
            body: list[bytes] = []
            _, taken = self._copy(insertions, taken, start, end, body, inclusive=True)
            line = f"\n#line {self.line(start)}\n".encode()
            original = self.text[start:end]
            if self.text[start : start + 1] == b"{":
                parts += [b"{ if (parity_on())", line, *body, b" else", line, original, b"}"]
            else:
                parts += [b"{ if (parity_on()) {", line, *body, b"} else {", line, original, b"}}"]
            at = end
        self._copy(insertions, taken, at, len(self.text), parts, inclusive=True)
        return b"".join(parts)

    def _copy(
        self,
        insertions: list[tuple[int, tuple[int, int], bytes]],
        taken: int,
        start: int,
        end: int,
        parts: list[bytes],
        *,
        inclusive: bool,
    ) -> tuple[int, int]:
        """Copy text with its insertions; at ``end`` only closing ones, and only of what lies within."""
        at = start
        while taken < len(insertions):
            offset, (rank, _), text = insertions[taken]
            if offset > end or (offset == end and (rank == 1 or not inclusive)):
                break
            parts += [self.text[at:offset], text]
            at, taken = offset, taken + 1
        parts.append(self.text[at:end])
        return end, taken
