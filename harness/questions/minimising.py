"""Shrinking a failing case while the same step stays the first at fault (delta debugging over the command line)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from compare.judging.result import Comparison, Verdict
from compare.outcomes import expected_code
from compare.progress import working
from harness.case import Case, Section
from harness.errors import NothingCompared, WrongUse
from harness.questions.explaining import Ported
from harness.running.scratch import prepare
from harness.subject import Program, Role, Subject, Word

Group = tuple[Word, ...]

Report = Callable[[str], None]
Signature = tuple[str, str]
"""Record and name of the first step at fault."""


@dataclass(frozen=True)
class Shrinking:
    """What is shrunk, and how it is run.

    Attributes:
        case: it fails at ``section``.
        ported: the case as the port alone runs it: with its defects switched.
        options: how those were asked for, to be repeated where the case is shown.
    """

    subject: Subject
    case: Case
    section: Section
    ported: Callable[[Case], Case]
    reference: Program
    data: Path | None
    timeout_s: float
    options: str = ""

    def smaller(self, case: Case, found: Failure) -> Smaller:
        """A case that was found to fail in that way."""
        return Smaller(self.subject, case, self.section, self.options, found.signature)


@dataclass(frozen=True)
class Smaller:
    """A case that fails like the one it came from."""

    subject: Subject
    case: Case
    section: Section
    options: str
    signature: Signature


@dataclass(frozen=True)
class Failure:
    """How a case fails."""

    signature: Signature
    size: int
    """Lines of the reference's trace: a smaller case has no more."""


def shrink(task: Shrinking, report: Report, keep: Callable[[Smaller], None] = lambda _: None) -> Smaller:
    """Make the case smaller until nothing can be taken away.

    Args:
        report: told what was taken away.
        keep: given each smaller case as soon as it is found.

    Raises:
        NothingCompared: it does not fail, or no step could be named.
        WrongUse: a program refuses it.
    """
    with working("the case as it is"):
        found = failure(task, task.case, task.section)
    if found is None:
        raise NothingCompared(
            f"case {task.case.name!r} does not fail at {task.subject.named(task.section)}: there is nothing to shrink"
        )
    report(f"first step at fault: {'.'.join(filter(None, found.signature))}")
    smallest, tried = _smallest(task, found, report, keep)
    report(f"{len(task.case.argv)} words became {len(smallest.case.argv)} ({tried} attempts)")
    return smallest


def _smallest(task: Shrinking, found: Failure, report: Report, keep: Callable[[Smaller], None]) -> tuple[Smaller, int]:
    """The case from which nothing can be taken away, and how many were tried; no candidate twice."""
    case = task.case
    refuted: set[tuple[object, ...]] = set()
    tried, progress = 0, True
    while progress:
        progress = False
        for what, candidate in candidates(task.subject, case, task.section):
            if (words := (candidate.argv, candidate.setup)) in refuted:
                continue
            tried += 1
            with working(f"attempt {tried}: {what}"):
                smaller = _still(task, candidate, found)
            if smaller is not None:
                report(f"  {what}")
                case, found, progress = candidate, smaller, True
                keep(task.smaller(case, found))
                break
            refuted.add(words)
    return task.smaller(case, found), tried


def failure(task: Shrinking, case: Case, section: Section) -> Failure | None:
    """How the case fails; None for parity."""
    a = task.reference.trace(prepare(task.subject, case, task.data), [section]).traces[section]
    ported = Ported(task.subject, task.ported(case), task.data, task.timeout_s)
    signature = signature_of(ported.explain(a, ported.trace(section), section, weigh=False).comparison)
    return Failure(signature, a.lines) if signature else None


def signature_of(comparison: Comparison) -> Signature | None:
    """Which step a comparison blames."""
    first = comparison.first_origin or comparison.first_divergence
    if comparison.verdict is Verdict.PARITY or first is None:
        return None
    return first.key.record, first.key.name


def _still(task: Shrinking, case: Case, before: Failure) -> Failure | None:
    """The candidate's failure if it is at the same step and no larger; one that a program refuses has none."""
    try:
        now = failure(task, case, task.section)
    except Exception as error:
        if expected_code(error) is None:
            raise
        return None
    return now if now and now.signature == before.signature and now.size <= before.size else None


# ---- candidates -------------------------------------------------------------------------------------------------


def candidates(subject: Subject, case: Case, section: Section) -> Iterator[tuple[str, Case]]:
    """Smaller cases in the order in which they are tried: the boldest first."""
    if case.setup:
        yield "without what runs before", replace(case, setup=())
    if (restricted := subject.restricted(case, section)) is not None:
        yield f"{subject.named(section)} alone", restricted
    groups = subject.command_line(case.argv).groups()
    for position, group in enumerate(groups):
        if not any(word.role is Role.REGION for word in group):
            yield f"without {group[0].text}", _with(case, groups[:position] + groups[position + 1 :])
    for position, group in enumerate(groups):
        for smaller in _smaller_counts(group):
            changed = [*groups[:position], smaller, *groups[position + 1 :]]
            yield " ".join(word.text for word in smaller), _with(case, changed)


def _smaller_counts(group: Group) -> Iterator[Group]:
    """The group with its one count smaller."""
    counts = [at for at, word in enumerate(group) if word.role is Role.COUNT]
    if len(counts) != 1 or not group[counts[0]].text.isdigit():
        return
    at = counts[0]
    count = int(group[at].text)
    for smaller in dict.fromkeys((1, 2, count // 2, count - 1)):
        if 0 < smaller < count:
            yield (*group[:at], replace(group[at], text=str(smaller)), *group[at + 1 :])


def _with(case: Case, groups: Sequence[Group]) -> Case:
    return replace(case, argv=tuple(word.text for group in groups for word in group))


# ---- writing ----------------------------------------------------------------------------------------------------


def case_text(smaller: Smaller) -> str:
    """The smaller case as the text of a case file, with the command lines that show the failure."""
    case, section = smaller.case, smaller.section
    step = ".".join(filter(None, smaller.signature))
    switched = f" (with {smaller.options})" if smaller.options else ""
    shown = smaller.subject.reproduced(case, section)
    word = "pixels" if smaller.subject.section_word == "pixel" else "sections"
    lines = [
        *([f"# {shown}"] if shown else []),
        f"# harness explain --case {case.name}_smaller.toml {smaller.options}".rstrip(),
        "[case]",
        f"name = {json.dumps(case.name + '_smaller')}",
        f"description = {json.dumps(f'Smallest command line on which {step} is the first step at fault{switched}')}",
        f"argv = {json.dumps(list(case.argv))}",
        *([f"{word} = {json.dumps([list(section)])}"] if section else []),
    ]
    if case.setup:
        lines.append(f"setup = {json.dumps([list(line) for line in case.setup])}")
    if case.inputs:
        lines.append(f"inputs = {json.dumps(list(case.inputs))}")
    return "\n".join(lines) + "\n"


# ---- faults -----------------------------------------------------------------------------------------------------


def apply_fault(name: str | None) -> AbstractContextManager[object]:
    """The context in which a fault holds: ``module:function`` gives a context manager that breaks the port.

    Raises:
        WrongUse: there is no such function.
    """
    if name is None:
        return contextlib.nullcontext()
    module, _, attribute = name.partition(":")
    try:
        made = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise WrongUse(f"--fault takes MODULE:NAME of a function that returns a context manager; {error}") from error
    if not hasattr(made, "__enter__"):
        raise WrongUse(f"--fault {name}: the function must return a context manager, it returned {type(made).__name__}")
    return made
