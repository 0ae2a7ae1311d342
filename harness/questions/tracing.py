"""From a trace to a sealed folder and a short summary; the same for either side."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from compare.progress import working
from harness.case import Section
from harness.errors import WrongUse
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.evidence.pages import trace_document
from harness.evidence.records import case_record, collect_env
from harness.questions.traced import Trace, Traced, counted
from harness.running.scratch import Prepared
from harness.subject import Program, Subject

MOST_PRINTED = 10


def seal_trace(
    subject: Subject,
    program: Program,
    prepared: Prepared,
    sections: Sequence[Section],
    *,
    root: Path,
    out: str | None,
    redact: bool,
    full: bool,
) -> None:
    """Trace with a program, write the traces into a new evidence folder, seal it and print the summary."""
    case, side = prepared.case, program.side
    with Evidence(root, f"trace_{case.name}_{side}", redact=redact) as evidence:
        with collect_env(evidence, wanted=full and subject.uses_torch):
            evidence.write_json("case.json", case_record(subject, prepared, sections, program=program))
            with working(f"{program.title} traces {counted(sections, subject.section_word)}"):
                traced = program.trace(prepared, sections)
        for finished in traced.runs:
            evidence.command(finished.command, finished.folder, finished.started, finished.status)
        write_traces(subject, evidence, f"trace_{side}", traced.text)
        evidence.write_json("metrics.json", trace_metrics(subject, traced.traces))
        evidence.write_json("env.json", _environment(traced))
        evidence.document = trace_document(subject, case, traced, side)
    write_out(out, traced.text)
    print_summary(subject, case.name, traced, evidence.final, to_stderr=out == "-")


def write_traces(subject: Subject, evidence: Evidence, stem: str, text: str) -> None:
    """The whole trace, and beside it the parts of it that the subject shows alone."""
    evidence.write(f"{stem}.log", text)
    for suffix, excerpt in subject.excerpts(text).items():
        evidence.write(f"{stem}_{suffix}.log", excerpt)


def trace_metrics(subject: Subject, traces: Mapping[Section, Trace]) -> dict[str, Any]:
    """The result of each section."""
    finals = {subject.section_cell(section): subject.result_of(trace) for section, trace in traces.items()}
    return {subject.result or "result": finals}


def check_out(out: str | None) -> None:
    """Refuse an ``--out`` that cannot be written, before anything is computed."""
    if out is None or out == "-":
        return
    folder = Path(out).resolve().parent
    if Path(out).is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise WrongUse(f"--out {out} cannot be written; it takes a file in a writable folder, or - for standard output")


def write_out(out: str | None, text: str) -> None:
    """The whole trace to a file or to standard output."""
    if out == "-":
        sys.stdout.write(text)
    elif out:
        Path(out).write_text(text, "utf-8")


def print_summary(subject: Subject, name: str, traced: Traced, folder: Path, *, to_stderr: bool) -> None:
    """What was traced, the result of each section, and where the folder is."""
    stream = sys.stderr if to_stderr else sys.stdout
    first = next(iter(traced.traces.values()))
    what = [first.value(word) for word in subject.header if word not in ("version", "defects")]
    print(f"case {name}: {', '.join(word for word in what if word)}", file=stream)
    for section, trace in islice(traced.traces.items(), MOST_PRINTED):
        what_of = str(subject.named(section)) or subject.section_word
        value = subject.result_of(trace)
        shown = trace.value(subject.result) or repr(value)
        result = f"{subject.result} {shown}  " if value is not None else ""
        print(f"{what_of}: {result}({trace.lines} lines)", file=stream)
    if len(traced.traces) > MOST_PRINTED:
        print(f"... and {len(traced.traces) - MOST_PRINTED} more {subject.section_word}s", file=stream)
    if traced.seconds:
        phases = ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in traced.seconds.items())
        print(f"time: {phases}", file=stream)
    print(f"sealed: {folder}", file=stream)


def _environment(traced: Traced) -> dict[str, Any]:
    return environment_record(
        device=traced.device, dtype=traced.dtype, requested=traced.requested, reason=traced.reason
    )
