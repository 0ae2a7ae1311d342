"""The two traces of ``harness explain``, and its answer on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.case import Case, Section
from harness.choices import chosen_sections, named_case
from harness.errors import WrongUse
from harness.questions.explaining import Explanation, Ported, explained, try_defects
from harness.questions.traced import Trace
from harness.running.scratch import prepare
from harness.subject import Subject


@dataclass(frozen=True)
class Sides:
    """Both traces, and the port on the case that they are of, where one is named."""

    subject: Subject
    a: Trace
    b: Trace
    ported: Ported | None = None
    section: Section | None = None


def given_traces(
    subject: Subject, a: Path, b: Path, name: str | None, at: Sequence[str] | None, data: Path | None
) -> Sides:
    """Both traces read from files; a case adds what only the port on it knows."""
    case = named_case(subject, name) if name else None
    section = chosen_sections(subject, case, at)[0] if case and (at or case.sections) else None
    return Sides(subject, _read(a), _read(b), Ported(subject, case, data) if case else None, section)


def made_traces(
    subject: Subject,
    case: Case,
    port_case: Case,
    at: Sequence[str] | None,
    program: Path | None,
    data: Path | None,
    timeout_s: float,
) -> Sides:
    """Both traces made: the reference of the case as it is, the port of the case with its defects switched."""
    section = chosen_sections(subject, case, at)[0]
    reference = subject.reference(program, timeout_s)
    a = reference.trace(prepare(subject, case, data), [section]).traces[section]
    ported = Ported(subject, port_case, data, timeout_s)
    return Sides(subject, a, ported.trace(section), ported, section)


def _read(path: Path) -> Trace:
    try:
        return Trace(path.read_text("utf-8", errors="replace"))
    except OSError as error:
        raise WrongUse(f"trace {path} cannot be read: {error.strerror}") from error


def chosen_explanation(sides: Sides, *, attempts: bool) -> Explanation:
    """Compare with replays; with ``attempts`` also switch each defect of the port."""
    if sides.ported is None:
        return explained(sides.subject, sides.a, sides.b, sides.section)
    explanation = sides.ported.explain(sides.a, sides.b, sides.section)
    if not attempts:
        return explanation
    section = sides.section or sides.subject.stated_section(explanation.comparison)
    if section is None:
        raise WrongUse(f"--try-defects needs to know the {sides.subject.section_word}; give --at")
    return try_defects(explanation, sides.a, sides.b, sides.ported, section)


def write_renderings(explanation: Explanation, *, json: Path | None, html: Path | None) -> None:
    """The comparison in the formats of ``compare``."""
    from compare.render import html as page
    from compare.render import json_

    for path, renderer in ((json, json_), (html, page)):
        if path is None:
            continue
        try:
            path.write_text(renderer.render(explanation.comparison), "utf-8")
        except OSError as error:
            raise WrongUse(f"{path} cannot be written: {error.strerror}") from error


def print_explanation(explanation: Explanation, *, everything: bool) -> None:
    """The comparison's table, and below it what each step at fault costs and what the defects say."""
    from compare.render.table import print_comparison

    print_comparison(explanation.comparison, everything=everything)
    for line in summary_lines(explanation):
        print(line, file=sys.stdout)


def summary_lines(explanation: Explanation) -> list[str]:
    """What the replays add to the table."""
    lines = []
    first = explanation.comparison.first_origin
    if first is not None:
        cause = f": {first.cause.label} ({first.cause.evidence})" if first.cause and first.cause.evidence else ""
        lines.append(f"first step at fault: {first.key}{cause}")
        if first.local is not None and first.tolerance is not None:
            lines.append(f"  local difference {first.local:.3g}, tolerance {first.tolerance:.3g}")
    for one in explanation.counterfactuals:
        if one.share is None or one.instead == one.port:
            lines.append(f"  with the reference's {one.step} alone the final value stays as it is")
        else:
            lines.append(f"  with the reference's {one.step} alone {one.share:.1%} of the final error goes away")
    restoring = [trial for trial in explanation.trials if trial.restores]
    lines += [f"{trial} restores parity" for trial in restoring]
    if explanation.trials and not restoring:
        lines.append(f"none of the {len(explanation.trials)} known defects, switched alone, restores parity")
    return lines
