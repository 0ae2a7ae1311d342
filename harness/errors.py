"""What ends a command early, each with the exit code of the house."""

from __future__ import annotations

from compare.outcomes import ExitCode


class HarnessError(Exception):
    """Says what was required, what came and what to do; ``exit_code`` is the process's answer."""

    exit_code = ExitCode.WRONG_USE


class WrongUse(HarnessError):
    """A command line, case or input file that cannot be used (exit 2)."""


class NothingCompared(HarnessError):
    """Two outputs without anything in common (exit 3)."""

    exit_code = ExitCode.NOTHING_COMPARED


class ProgramFailed(HarnessError):
    """A program that was run is missing, crashed, hung or printed no trace (exit 4).

    ``output`` is what it printed before that, for the evidence folder.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output
