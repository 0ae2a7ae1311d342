"""The exit codes of the house, the word for each, and the one rule for errors that are told in a line."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command of ``harness`` or ``compare`` answers."""

    PARITY = 0  # or success
    DIVERGENCE = 1
    WRONG_USE = 2  # or bad input
    NOTHING_COMPARED = 3  # no overlap, an empty trace
    FAILED = 4  # a program that was run failed or timed out
    NOT_VERIFIED = 5  # an evidence folder is not what was sealed
    INTERRUPTED = 130

    @property
    def word(self) -> str:
        """In one or two words, as tables show it."""
        return WORDS[self]


WORDS = {
    ExitCode.PARITY: "parity",
    ExitCode.DIVERGENCE: "divergence",
    ExitCode.WRONG_USE: "wrong use",
    ExitCode.NOTHING_COMPARED: "nothing compared",
    ExitCode.FAILED: "failed",
    ExitCode.NOT_VERIFIED: "not verified",
    ExitCode.INTERRUPTED: "interrupted",
}
SEVERITY = (ExitCode.DIVERGENCE, ExitCode.FAILED, ExitCode.NOTHING_COMPARED)
"""Of several outcomes the first of these decides."""


def expected_code(error: BaseException) -> ExitCode | None:
    """The exit code of an error that is the user's or another program's fault; None for a fault of this program.

    The protocol: such an error has an integer ``exit_code`` and a message that says what was required, what came and
    what to do. Codes that are not the house's (a program's own status for a refused input) are wrong use.
    """
    code = getattr(error, "exit_code", None)
    if not isinstance(error, Exception) or not isinstance(code, int):
        return None
    return ExitCode(code) if code in (1, 2, 3, 4, 5) else ExitCode.WRONG_USE


def worst(codes: Iterable[int]) -> ExitCode:
    """The exit code of several outcomes; of none: nothing was compared."""
    found = {ExitCode(code) for code in codes}
    if not found:
        return ExitCode.NOTHING_COMPARED
    return next((code for code in SEVERITY if code in found), max(found))
