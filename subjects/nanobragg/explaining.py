"""Two traces compared with replays of the simulator's steps, and what each step at fault costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compare.judging.engine import compare_traces as compare_logs
from compare.judging.result import Comparison, DifferenceClass, Verdict
from compare.reading.source import Held
from compare.words.vocabulary import Vocabulary
from harness.case import Case, Section
from harness.questions.explaining import Explanation
from harness.questions.traced import Trace
from harness.running.computing import Computing
from harness.running.scratch import prepare
from subjects.nanobragg.judging import used_lines
from subjects.nanobragg.port import make_simulator, read_case, run_setup
from subjects.nanobragg.replay.counterfactual import counterfactuals
from subjects.nanobragg.replay.replays import Replaying, replays_for

if TYPE_CHECKING:
    from compare.judging.tolerances import Tolerances
    from simulator import Simulator


StatedDigits = tuple[int | None, int | None]
"""How many significant digits each side prints, where that is stated."""


class StepReplay:
    """What the engine asks of a subject whose steps can be replayed; the machine is the simulator on a case."""

    def machine(self, case: Case, data: Path | None) -> Simulator:
        """The port, ready to compute a case."""
        return port_of(case, data)

    def trace(self, machine: Simulator, section: Section) -> Trace:
        """Of one pixel."""
        slow, fast = section
        return Trace("\n".join(machine.trace(slow, fast).lines()) + "\n")

    def explain(
        self, a: Trace, b: Trace, machine: Simulator | None, section: Section | None, *, weigh: bool
    ) -> Explanation:
        """Both traces compared with replays; ``weigh``: also what each step at fault costs."""
        return compare_texts(*used_lines(a.text, b.text), machine, pixel=section, weigh=weigh)

    def noise_floor(self, case: Case, sections: Sequence[Section], data: Path | None) -> Tolerances:
        """Measured with the simulator's steps, operation by operation."""
        from subjects.nanobragg.noise_floor import measured

        return measured(case, sections, data)


def port_of(case: Case, data: Path | None, computing: Computing = Computing("cpu")) -> Simulator:
    """The port, ready to compute a case."""
    from subjects.nanobragg import subject

    prepared = prepare(subject(), case, data)
    with prepared.scratch() as folder:
        run_setup(prepared, folder, computing)
        return make_simulator(read_case(prepared, folder), computing)


def explain(
    a: Sequence[str],
    b: Sequence[str],
    simulator: Simulator | None = None,
    vocabulary: Vocabulary | None = None,
    pixel: Section | None = None,
    digits: StatedDigits = (None, None),
) -> Explanation:
    """Compare the reference's log(s) with the port's, with replays, and weigh each step at fault.

    Args:
        a: files of the reference.
        b: files of the program under test.
        simulator: the port on the case that both are of; None replays from the traces alone.
        vocabulary: names of another program.
        pixel: which pixel both are of, where the logs do not say so.
        digits: how many significant digits each side prints, where that is stated.
    """
    comparison, replayings = with_replays(a, b, simulator, vocabulary, pixel, digits)
    return Explanation(comparison, counterfactuals(comparison, replayings))


def with_replays(
    a: Sequence[str],
    b: Sequence[str],
    simulator: Simulator | None = None,
    vocabulary: Vocabulary | None = None,
    pixel: Section | None = None,
    digits: StatedDigits = (None, None),
    verdict_only: bool = False,
) -> tuple[Comparison, list[Replaying]]:
    """The comparison with origins established by replays, and both sides replayed.

    With ``verdict_only`` traces that are identical are not replayed: nothing in them is at fault.
    """
    aligned = compare_logs(a, b, vocabulary=vocabulary, digits=digits)
    if not aligned.pairs or (verdict_only and _identical(aligned)):
        return aligned, []
    replays, replayings = replays_for(aligned, simulator, pixel)  # type: ignore[arg-type]  # (slow, fast)
    return compare_logs(a, b, vocabulary=vocabulary, replays=replays, digits=digits), replayings


def _identical(comparison: Comparison) -> bool:
    pairs = comparison.pairs
    return comparison.verdict is Verdict.PARITY and all(p.difference is DifferenceClass.IDENTICAL for p in pairs)


def compare_texts(
    text_a: str,
    text_b: str,
    simulator: Simulator | None = None,
    *,
    pixel: Section | None = None,
    weigh: bool = True,
    digits: StatedDigits = (None, None),
) -> Explanation:
    """``explain`` for traces held as text; without ``weigh`` nobody asks what each step at fault costs."""
    sides = [Held("a.log", text_a)], [Held("b.log", text_b)]
    if weigh:
        return explain(*sides, simulator, pixel=pixel, digits=digits)
    return Explanation(with_replays(*sides, simulator, pixel=pixel, digits=digits, verdict_only=True)[0])
