"""A C program captured on a case: built untouched, instrumented, built again, run, proved harmless, read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from capture.c.build import Program, Trees, build, keep
from capture.c.log import read_log
from capture.c.prove import Job, captured_outputs, plain_outputs
from capture.c.rewrite import Instrumented, instrument
from capture.c.selection import Selection
from capture.errors import NothingSelected
from capture.trace import CapturedTrace

WORDS, EACH = 8_000_000, 64  # 64-bit words of a log; values of a site outside the selected loop


@dataclass(frozen=True, slots=True)
class Limits:
    """The volume of a capture: 64-bit words in all, and values that one site records outside the selected loop."""

    words: int = WORDS
    each: int = EACH


@dataclass(slots=True)
class CaptureC:
    """A program built twice, ready to be captured on cases."""

    program: Program
    trees: Trees
    instrumented: Instrumented
    select: str

    def trace(self, job: Job, *, runs: int = 2, limits: Limits | None = None) -> CapturedTrace:
        """The trace of one case.

        Raises:
            NotDeterministic, NotHarmless: see `capture.c.prove`.
            NothingSelected: no value was recorded, or the expression never held.
        """
        plain = plain_outputs(self.trees, job, runs)
        log = self.trees.work / "capture.bin"
        log.unlink(missing_ok=True)
        limits = limits or Limits()
        variables = {
            "PARITY_CAPTURE_OUT": str(log),
            "PARITY_CAPTURE_SITES": str(len(self.instrumented.probes.sites)),
            "PARITY_CAPTURE_WORDS": str(limits.words),
            "PARITY_CAPTURE_EACH": str(limits.each),
        }
        captured = captured_outputs(self.trees, "captured", job, plain, variables)
        names = Selection(self.select).names
        trace = read_log(log, self.instrumented.probes, self.program.folder.name, names)
        self._check(trace)
        remarks = (*trace.remarks, *self.instrumented.probes.left_out)
        facts = {
            "outputs": len(plain.files) + len(plain.streams),
            "outputs_identical": True,
            "runs": runs,
            "ignored": list(job.ignored),
            "seconds_plain": plain.seconds,
            "seconds_captured": captured.seconds,
            "sites": len(self.instrumented.probes.sites),
        }
        return replace(trace, remarks=remarks, facts=facts)

    def _check(self, trace: CapturedTrace) -> None:
        if not trace.columns:
            raise NothingSelected(
                "the captured program recorded no value: none of its probes was reached, or it ended by a signal"
            )
        if self.select and not trace.sections:
            raise NothingSelected(
                f"select: {self.select!r} never held in this run; choose a point that the run reaches"
            )


@contextmanager
def capture_c(program: Program, *, select: str = "", only: Sequence[str] = ()) -> Iterator[CaptureC]:
    """Build a program untouched and instrumented, in a temporary folder that goes when the block ends.

    Raises:
        ProgramFailed: one of the builds fails.
        CaptureError: see `capture.c.rewrite.instrument`.
    """
    work = Path(tempfile.mkdtemp(prefix="capture_")).resolve()
    trees = Trees(work)
    try:
        units = build(program, trees)
        instrumented = instrument(trees.place, units, select=select, only=only)
        keep(trees, "plain")
        build(program, trees, instrumented)
        keep(trees, "captured")
        yield CaptureC(program, trees, instrumented, select)
    finally:
        shutil.rmtree(work, ignore_errors=True)
