"""What ends a capture early, each with the exit code of the house."""

from __future__ import annotations


class CaptureError(Exception):
    """Says what was required, what came and what to do (exit 2)."""

    exit_code = 2


class NothingSelected(CaptureError):
    """The selecting expression never held, or no probe was reached (exit 3)."""

    exit_code = 3


class ProgramFailed(CaptureError):
    """A build or a run that failed or hung (exit 4); ``output`` is what it said."""

    exit_code = 4

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class NotDeterministic(ProgramFailed):
    """Two runs of the untouched program gave different outputs, so that nothing can be proved with it (exit 4)."""


class NotHarmless(ProgramFailed):
    """The captured program gave an output that is not the untouched program's, byte for byte (exit 4)."""
