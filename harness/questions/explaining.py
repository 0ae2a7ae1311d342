"""``harness explain``: two traces compared, with replays where the subject has them; which defect explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from compare.judging.result import Cause, Comparison, Verdict
from compare.outcomes import expected_code
from compare.progress import working
from harness.case import Case, Section
from harness.questions.comparing import compare_traces
from harness.questions.traced import Trace, name_in
from harness.subject import Subject


class Weighed(Protocol):
    """What becomes of the final value with the reference's values at one step."""

    @property
    def step(self) -> str:
        """Which."""

    @property
    def port(self) -> float:
        """The port's final value."""

    @property
    def instead(self) -> float:
        """The final value then."""

    @property
    def share(self) -> float | None:
        """How much of the final error goes away, 1 for all of it; None where there is no error."""


@dataclass(frozen=True)
class Trial:
    """The port run with one defect switched: does that restore parity with the reference?"""

    defect: str
    on: bool
    verdict: Verdict | None
    """None: the port refuses the command line so."""

    @property
    def restores(self) -> bool:
        """Whether the port so switched computes what the reference does."""
        return self.verdict is Verdict.PARITY

    def __str__(self) -> str:
        return f"turning {self.defect} {'on' if self.on else 'off'} in the port"


@dataclass(frozen=True)
class Explanation:
    """A comparison, with replays where there are any, and what follows from them."""

    comparison: Comparison
    counterfactuals: Sequence[Weighed] = ()
    trials: Sequence[Trial] = ()

    @property
    def exit_code(self) -> int:
        """That of the comparison."""
        return self.comparison.exit_code


@dataclass
class Ported:
    """The port on one case: built once, then asked for traces and explanations."""

    subject: Subject
    case: Case
    data: Path | None = None
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        replay = self.subject.replay
        with working("the port is made ready"):
            self._machine = replay.machine(self.case, self.data) if replay else None

    def trace(self, section: Section) -> Trace:
        """The port's trace of a section."""
        from harness.running.computing import Computing
        from harness.running.scratch import prepare

        if self.subject.replay is not None:
            with working("the port traces"):
                return self.subject.replay.trace(self._machine, section)
        port = self.subject.port(Computing("cpu"), self.timeout_s)
        return port.trace(prepare(self.subject, self.case, self.data), [section]).traces[section]

    def explain(self, a: Trace, b: Trace, section: Section | None, *, weigh: bool = True) -> Explanation:
        """The comparison of a reference's trace with one of this port."""
        return explained(self.subject, a, b, section, machine=self._machine, weigh=weigh)


def explained(
    subject: Subject, a: Trace, b: Trace, section: Section | None, *, machine: object = None, weigh: bool = True
) -> Explanation:
    """Two traces compared; with replays where the subject has them, from the traces alone without a machine."""
    if subject.replay is not None:
        with working("the port's steps are replayed"):
            return subject.replay.explain(a, b, machine, section, weigh=weigh)
    names = (f"trace_{subject.sides[0]}.log", f"trace_{subject.sides[1]}.log")
    return Explanation(compare_traces(a.text, b.text, names, subject))


# ---- defects ----------------------------------------------------------------------------------------------------


def try_defects(explanation: Explanation, a: Trace, b: Trace, ported: Ported, section: Section) -> Explanation:
    """Switch each named defect of the port in turn and compare with the reference again.

    Args:
        explanation: what the comparison found; one of parity is returned as it is.
        a: the reference's trace of the section.
        b: the trace that it was compared with.
        ported: the port on what both programs were run on.
        section: which one.
    """
    if explanation.comparison.verdict is Verdict.PARITY:
        return explanation
    trying = _Trying(a, ported, section, {_stated(b, ported.subject): explanation.comparison.verdict})
    base = ported.subject.defects_on(ported.case)
    trials = []
    for name in ported.subject.defect_names():
        with working(f"the port with {name} switched"):
            trials.append(trying.trial(name, name not in base))
    restoring = next((trial for trial in trials if trial.restores), None)
    comparison = explanation.comparison
    if restoring is not None:
        comparison = _labelled(comparison, restoring)
    return replace(explanation, comparison=comparison, trials=trials)


@dataclass
class _Trying:
    """The port with one defect switched, against the reference's trace of a section."""

    a: Trace
    ported: Ported
    section: Section
    verdicts: dict[str, Verdict]
    """By what a port's trace states: one that computes what another did comes out like that."""

    def trial(self, name: str, on: bool) -> Trial:
        """Whether switching a defect restores parity."""
        subject = self.ported.subject
        case = subject.switched(self.ported.case, None, [f"{name}={'on' if on else 'off'}"])
        try:
            switched = Ported(subject, case, self.ported.data, self.ported.timeout_s)
            b = switched.trace(self.section)
        except Exception as error:
            if expected_code(error) is None:
                raise
            return Trial(name, on, None)
        stated = _stated(b, subject)
        if stated not in self.verdicts:
            explanation = switched.explain(self.a, b, self.section, weigh=False)
            self.verdicts[stated] = explanation.comparison.verdict
        return Trial(name, on, self.verdicts[stated])


def _stated(trace: Trace, subject: Subject) -> str:
    """All that a trace states and that is compared: its lines without metadata (version, names of the defects)."""
    words = subject.vocabulary()
    shown = {name for name in trace.names if words.quantity("", name).status == "metadata"}
    return "\n".join(line for line in trace.text.splitlines() if name_in(line) not in shown)


def _labelled(comparison: Comparison, trial: Trial) -> Comparison:
    """The comparison with the defect as the cause of the first step at fault."""
    first = comparison.first_origin or comparison.first_divergence
    if first is None:
        return comparison
    seen = f"; it looks like {first.cause.label}" if first.cause and first.cause.label != "unknown" else ""
    cause = Cause(trial.defect, f"{trial} restores parity{seen}")
    pairs = [replace(pair, cause=cause) if pair is first else pair for pair in comparison.pairs]
    return replace(comparison, pairs=pairs)
