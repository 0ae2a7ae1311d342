"""The parity of one case: both programs run, their traces and artifacts compared, with golden figures too."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from compare.outcomes import ExitCode, worst
from harness.case import Case, Section, section_text
from harness.errors import HarnessError
from harness.evidence.folder import failure_text
from harness.questions.comparing import DIVERGENCE, FAILED, Check, compare_sections, exit_code_of, trace_check
from harness.questions.traced import Trace
from harness.running.scratch import Prepared, prepare
from harness.subject import Program, Ran, Subject

if TYPE_CHECKING:
    from compare.judging.result import Comparison


@dataclass(frozen=True)
class Task:
    """One case in one mode, with what to run it on."""

    subject: Subject
    case: Case
    mode: str
    reference: Program
    port: Program
    data: Path | None = None

    @property
    def label(self) -> str:
        """Name of the outcome: the case's, marked where it is golden or not in the default mode."""
        golden = "golden_" if self.case.golden else ""
        mode = "" if self.mode == self.subject.modes[0] else f"_{self.mode}"
        return f"{golden}{self.case.name}{mode}"

    def switched(self) -> Case:
        """The case in its mode."""
        return self.case if self.mode == self.subject.modes[0] else self.subject.switched(self.case, self.mode, ())


@dataclass(frozen=True)
class Outcome:
    """How a case came out."""

    label: str
    case: str
    mode: str
    checks: tuple[Check, ...]
    seconds: float
    device: str = ""
    prepared: Prepared | None = None
    result: str = ""
    """The traced quantity that the programs are run for."""
    reference_traces: Mapping[Section, Trace] = field(default_factory=dict)
    port_traces: Mapping[Section, Trace] = field(default_factory=dict)
    final_values: Mapping[Section, tuple[float | None, float | None]] = field(default_factory=dict)
    """The result of each traced section: reference, port."""
    section_cells: Mapping[Section, str] = field(default_factory=dict)
    """What each is called in tables."""
    comparison: Comparison | None = None
    """Of all traced sections together."""
    commands: tuple[tuple[tuple[str, ...], str, float, int], ...] = ()
    """Words, folder, start and exit status of each process that was run."""
    failure: str = ""
    """What a program that failed printed."""

    def called(self, section: Section) -> str:
        """A section in a table."""
        return self.section_cells.get(section, section_text(section))

    @property
    def exit_code(self) -> ExitCode:
        """The house's exit code for this case."""
        return exit_code_of(self.checks)

    @property
    def verdict(self) -> str:
        """The exit code in a word; capital letters for what needs a look."""
        words = {0: "parity", 1: "DIVERGENT", 3: "NOTHING COMPARED"}
        return words.get(self.exit_code, "FAILED")

    @property
    def worst_ulps(self) -> float | None:
        """The largest difference between the two traces, in units in the last place."""
        worst = self.comparison.worst if self.comparison else None
        return worst.ulps if worst else None


def run_task(task: Task) -> Outcome:
    """Run one case in one mode; a program that fails is an outcome, not an exception."""
    began = time.monotonic()
    task.subject.start()
    case = task.switched()
    try:
        prepared = prepare(task.subject, case, task.data)
        reference = task.reference.run(prepared, case.sections)
        port = task.port.run(prepared, case.sections)
    except Exception as error:
        said = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
        check = Check("run", FAILED, said)
        return Outcome(
            task.label, case.name, task.mode, (check,), time.monotonic() - began, failure=failure_text(error)
        )
    if refusals := _refusals(prepared, reference, port):
        return Outcome(task.label, case.name, task.mode, refusals, time.monotonic() - began, prepared=prepared)
    return _compared(task, prepared, reference, port, began)


def _refusals(prepared: Prepared, reference: Ran, port: Ran) -> tuple[Check, ...]:
    """The checks of a case that a program refused, or should have; none where both ran as expected."""
    case = prepared.case
    said = f"reference: {reference.refusal or 'accepted'}; port: {port.refusal or 'accepted'}"
    if reference.refusal and port.refusal:
        if not case.fails:
            return (Check("refusal", FAILED, said),)
        return (_same_reason(prepared, reference, port, said),)
    if reference.refusal or port.refusal or case.fails:
        return (Check("refusal", DIVERGENCE, said),)
    return ()


def _same_reason(prepared: Prepared, reference: Ran, port: Ran, said: str) -> Check:
    """Whether both programs refuse a case that must fail for one reason, and for the stated one."""
    reason = prepared.case.reason
    refusals = [str(run.refusal) for run in (reference, port) if run.states_reason]
    if prepared.missing and not reason:
        text = f"input file {prepared.missing[0]!r} is not there, and the case states no reason to fail; {said}"
        return Check("refusal", FAILED, text)
    if reason and not all(reason in refusal for refusal in refusals):
        return Check("refusal", DIVERGENCE, f"not for the stated reason {reason!r}; {said}")
    if not reason and len(set(refusals)) > 1:
        return Check("refusal", DIVERGENCE, f"not for the same reason; {said}")
    return Check("refusal", 0, said)


def _compared(task: Task, prepared: Prepared, reference: Ran, port: Ran, began: float) -> Outcome:
    subject = task.subject
    worst_at = subject.worst_section(reference, port)
    if worst_at is not None and worst_at not in reference.traces:
        reference, port = _with_section(task, prepared, reference, port, worst_at)
    names = (f"trace_{task.reference.side}.log", f"trace_{task.port.side}.log")
    compared = _compare(subject, reference, port, names)
    checks = [trace_check(what, comparison) for what, comparison in compared]
    checks += subject.judge(reference, port)
    if task.mode == subject.modes[0]:  # golden figures are of the reference as it was
        checks += subject.judge_golden(prepared.case, reference, port)
    return Outcome(
        label=task.label,
        case=prepared.case.name,
        mode=task.mode,
        result=subject.result,
        checks=tuple(checks),
        seconds=time.monotonic() - began,
        device=port.device,
        prepared=prepared,
        reference_traces=dict(reference.traces),
        port_traces=dict(port.traces),
        final_values=_final_values(subject, reference, port),
        section_cells={section: subject.section_cell(section) for section in reference.traces},
        comparison=next((one for _, one in compared if one.exit_code), compared[0][1] if compared else None),
        commands=tuple(
            (run.command, str(run.folder), run.started, run.status) for run in (*reference.runs, *port.runs)
        ),
    )


def _compare(subject: Subject, a: Ran, b: Ran, names: tuple[str, str]) -> list[tuple[str, Comparison]]:
    """The traces of both programs compared: all sections as one log a side, or section by section."""
    if not a.traces:
        return []
    stated = (trace.states(subject.named(at)) for ran in (a, b) for at, trace in ran.traces.items())
    if len(a.traces) == 1 or all(stated):
        return [("traces", compare_sections(a.traces, b.traces, names, subject))]
    return [
        (f"trace of {subject.named(section)}", compare_sections({section: trace}, b.traces, names, subject))
        for section, trace in a.traces.items()
    ]


def _final_values(subject: Subject, a: Ran, b: Ran) -> dict[Section, tuple[float | None, float | None]]:
    empty = Trace("")
    return {
        section: (subject.result_of(trace), subject.result_of(b.traces.get(section, empty)))
        for section, trace in a.traces.items()
    }


def _with_section(task: Task, prepared: Prepared, reference: Ran, port: Ran, section: Section) -> tuple[Ran, Ran]:
    """The runs with the trace of one more section; as they were where one program has none: it may mask it.

    A program that the trace comes from may be anybody's, and raise anything: the artifacts differ all the same.
    """
    try:
        more = [program.trace(prepared, [section]).traces for program in (task.reference, task.port)]
    except Exception:
        return reference, port
    return (
        replace(reference, traces={**reference.traces, **more[0]}),
        replace(port, traces={**port.traces, **more[1]}),
    )


def worst_exit_code(outcomes: Sequence[Outcome]) -> ExitCode:
    """The exit code of a run over several cases."""
    return worst(outcome.exit_code for outcome in outcomes)
