"""The report of each kind of run, as the document that the pages are rendered from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from compare.folders.document import Document, Section, Summary, Table

if TYPE_CHECKING:
    from harness.case import Case
    from harness.questions.parity import Outcome
    from harness.questions.traced import Traced
    from harness.subject import Subject

MOST_SWEEPS = 3
"""Sections whose sweep is tabulated; all of them are in the trace."""


def trace_document(subject: Subject, case: Case, traced: Traced, side: str) -> Document:
    """Of a trace: results, what the header says, each section's closing lines."""
    first = next(iter(traced.traces.values()))
    facts = [("case", case.name), *((name, first.value(name) or "") for name in subject.header)]
    facts.append(("command line", shlex.join(case.argv)))
    shown = tuple(filter(None, (subject.result, *subject.closing)))
    rows = tuple((*key, *(trace.number(name) for name in shown), trace.lines) for key, trace in traced.traces.items())
    word = subject.section_word
    table = Table((*subject.keys, *shown, "lines"), rows, f"Traced {word}s.")
    sections = [Section(f"{word.capitalize()}s", table=table)]
    for key, trace in islice(traced.traces.items(), MOST_SWEEPS):
        if records := subject.sweep(trace):
            sections.append(Section(f"{str(subject.named(key)).capitalize()} step by step", table=records))
    of_port = side == subject.sides[1]
    other = "harness reference trace" if of_port else "harness trace"
    titles = subject.titles[::-1] if of_port else subject.titles
    steps = (
        (
            f"`{other}` traces the same through {titles[1]}.",
            f"`harness parity {case.name}` compares the two.",
        )
        if case.name != "none"
        else (f"`{other} -- ARGV...` traces the same through {titles[1]}.",)
    )
    return Document(
        title=f"Trace of {case.name} through {titles[0]}",
        verdict="traced",
        exit_code=0,
        headline=f"{len(traced.traces)} {word}(s) traced; nothing was compared.",
        facts=tuple(facts),
        sections=tuple(sections),
        next_steps=steps,
        summary=Summary(case.name, traced.device or "", subject.result_of(first), result_name=subject.result),
    )


def parity_document(outcomes: Sequence[Outcome], exit_code: int, files: Mapping[str, str]) -> Document:
    """Of a parity run: a line a case, results on both sides, what failed and where it begins.

    ``files`` gives the name of the comparison's file for the label of a case that has one.
    """
    failed = [outcome for outcome in outcomes if outcome.exit_code]
    title = f"Parity of {outcomes[0].label}" if len(outcomes) == 1 else f"Parity of {len(outcomes)} cases"
    checks = sum(len(outcome.checks) for outcome in outcomes)
    passed = sum(check.passed for outcome in outcomes for check in outcome.checks)
    words = {0: "parity", 1: "divergence", 3: "nothing compared"}
    good = len(outcomes) - len(failed)
    sections = [Section("Cases", table=_cases_table(outcomes)), *_failures(failed, files), _results(outcomes)]
    if len(outcomes) == 1 and not failed and outcomes[0].label in files:
        sections.append(Section("The traces", comparison=files[outcomes[0].label]))
    first = outcomes[0]
    values = list(first.final_values.values())
    worst = [outcome.worst_ulps for outcome in outcomes if outcome.worst_ulps is not None]
    return Document(
        title=title,
        verdict=words.get(exit_code, "failed"),
        exit_code=exit_code,
        headline=f"{good} of {len(outcomes)} cases in parity; {passed} of {checks} checks passed.",
        facts=(("device", ", ".join(sorted({o.device for o in outcomes if o.device}))),),
        sections=tuple(sections),
        next_steps=_next_steps(failed),
        summary=Summary(
            case=first.label if len(outcomes) == 1 else f"{len(outcomes)} cases",
            device=first.device,
            result=values[0][1] if values and len(outcomes) == 1 else None,
            result_name=first.result,
            worst_ulps=max(worst, default=None),
        ),
    )


def _cases_table(outcomes: Sequence[Outcome]) -> Table:
    rows = tuple(
        (o.label, o.verdict, sum(c.passed for c in o.checks), len(o.checks), o.worst_ulps, round(o.seconds, 1))
        for o in outcomes
    )
    return Table(("case", "verdict", "passed", "checks", "worst ulp", "seconds"), rows)


def _failures(failed: Sequence[Outcome], files: Mapping[str, str]) -> list[Section]:
    return [
        Section(
            f"{outcome.label}: {outcome.verdict}",
            table=Table(
                ("check", "found"),
                tuple((check.what, check.text) for check in outcome.checks if not check.passed),
                "The checks that failed.",
            ),
            comparison=files.get(outcome.label, ""),
        )
        for outcome in failed
    ]


def _results(outcomes: Sequence[Outcome]) -> Section:
    rows = []
    for outcome in outcomes:
        for section, (a, b) in outcome.final_values.items():
            relative = abs(b - a) / abs(a) if a and b is not None else None
            rows.append((outcome.label, outcome.called(section), a, b, relative))
    table = Table(("case", "section", "reference", "port", "relative difference"), tuple(rows))
    name = next((outcome.result for outcome in outcomes if outcome.result), "")
    return Section(f"Results ({name})" if name else "Results", table=table)


def _next_steps(failed: Sequence[Outcome]) -> tuple[str, ...]:
    if not failed:
        return ("`compare verify` this folder before you rely on it.",)
    case = failed[0].case
    return (
        f"`harness parity {case} -v` shows every check of the first case that failed.",
        f"`harness explain --case {case}` replays its steps and names the one at fault.",
        f"`harness minimise --case {case}` makes a smaller case of it.",
    )
