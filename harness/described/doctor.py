"""What ``harness doctor`` says of a ``parity.toml``: both programs built, run on the first case, their traces read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compare.judging.result import Side
from compare.outcomes import expected_code
from harness.checkup import Finding
from harness.described.settings import CAPTURED
from harness.questions.traced import Trace
from harness.running.computing import Computing
from harness.running.processes import Finished
from harness.running.scratch import prepare

if TYPE_CHECKING:
    from harness.described.subject import Described

SECONDS = 60.0
SHOWN = 4  # names that one side alone has


def findings(subject: Described) -> Iterator[Finding]:
    """A finding for each program, and one for what they have in common."""
    yield Finding("parity.toml", True, str(subject.settings.path))
    traces = [_trace(subject, which) for which in ("reference", "port")]
    for which, found in zip(("reference", "port"), traces, strict=True):
        if isinstance(found, Finished):
            yield Finding(which, True, "runs; `harness capture` and `harness explain` make its trace")
        elif isinstance(found, Trace):
            yield Finding(which, True, f"runs, and traces {found.lines} lines")
        else:
            yield Finding(which, False, found)
    a, b = traces
    if isinstance(a, Trace) and isinstance(b, Trace):
        yield from _misnamed(subject, a, b)
        yield _common(subject, a, b)
    yield from _optional(subject)


def _trace(subject: Described, which: str) -> Trace | Finished | str:
    """The trace of the first section of the default case, one run where it is captured, or what is wrong."""
    case = subject.case(subject.default_case)
    sections = subject.default_sections(case)
    if not sections:
        return f"case {case.name!r} names no section; add sections = [[...]] with {', '.join(subject.keys)}"
    try:
        computing = Computing("auto")
        program = subject.reference(None, SECONDS) if which == "reference" else subject.port(computing, SECONDS)
        prepared = prepare(subject, case)
        if program.described.trace == CAPTURED:
            return program.run_untraced(prepared, sections[0])
        return program.trace(prepared, sections[:1]).traces[sections[0]]
    except Exception as error:
        if expected_code(error) is None:
            raise
        return str(error)


def _common(subject: Described, a: Trace, b: Trace) -> Finding:
    from harness.questions.comparing import compare_traces

    comparison = compare_traces(a.text, b.text, ("reference", "port"), subject)
    paired = comparison.coverage.paired
    text = f"{paired} values paired, {comparison.coverage.only_a} only in the reference's trace, "
    text += f"{comparison.coverage.only_b} only in the port's"
    alone = {side: list(dict.fromkeys(str(x.key) for x in comparison.leftovers if x.side is side)) for side in Side}
    if not any(alone.values()):
        return Finding("traces", True, text)
    for side, of in zip(Side, ("the reference", "the port"), strict=True):
        if alone[side]:
            text += f"; {of} alone has {', '.join(alone[side][:SHOWN])}" + (" ..." if len(alone[side]) > SHOWN else "")
    text += '; [names] pairs names that differ (port_name = "reference_name"), and [vocabulary.records] says which '
    return Finding("traces", False, text + 'fields of a line are loop counters (STEP = ["step"])', needed=not paired)


def _misnamed(subject: Described, a: Trace, b: Trace) -> Iterator[Finding]:
    """What ``parity.toml`` calls by a name that no trace has."""
    settings = subject.settings
    asked = [("result", settings.result, "neither trace", f"{a.text} {b.text}")] if settings.result else []
    for port, reference in settings.names.items():
        asked += [
            ("[names]", port, "the port's trace", b.text),
            ("[names]", reference, "the reference's trace", a.text),
        ]
    for where, name, place, text in asked:
        if not re.search(rf"(?<!\w){re.escape(name.rpartition('.')[2])}(?!\w)", text):
            has_not = f"{place} has no such name" if place.startswith("the") else f"{place} has such a name"
            yield Finding("parity.toml", False, f"{where} has {name!r}: {has_not}")


def _optional(subject: Described) -> Iterator[Finding]:
    """What is not said and which command does without."""
    settings = subject.settings
    if not settings.result:
        yield Finding("result", False, 'not said: summaries name no final value; result = "NAME"', needed=False)
    if not settings.vocabulary.get("quantities"):
        text = "no steps are described: a difference gets no origin; [vocabulary.quantities] says inputs"
        yield Finding("vocabulary", False, f"{text} (`harness docs vocabulary`)", needed=False)
    if len(settings.port.devices) == 1:
        text = '`harness devices` has one device: add {device} to [port] run and devices = ["cpu", "cuda"]'
        yield Finding("devices", False, text, needed=False)
