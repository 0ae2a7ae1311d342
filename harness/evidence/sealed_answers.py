"""The evidence folders of the commands that answer a question: explain, minimise, noise-floor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compare.folders.document import Document, Section, Summary
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence

if TYPE_CHECKING:
    from compare.judging.tolerances import Tolerances
    from harness.case import Case
    from harness.questions.explain_report import Sides
    from harness.questions.explaining import Explanation
    from harness.questions.minimising import Smaller


def seal_explanation(sides: Sides, explanation: Explanation, root: Path, *, redact: bool) -> Path:
    """Both traces, every pair, what the replays add; gives the folder."""
    from compare.render.account import headline, story
    from harness.evidence.records import case_record
    from harness.questions.explain_report import summary_lines
    from harness.questions.parity_report import write_comparison
    from harness.questions.tracing import write_traces
    from harness.running.scratch import prepare

    comparison, subject = explanation.comparison, sides.subject
    ported = sides.ported
    name = ported.case.name if ported else "traces"
    with Evidence(root, f"explain_{name}", redact=redact) as evidence:
        if ported is not None:
            prepared = prepare(subject, ported.case, ported.data)
            sections = [] if sides.section is None else [sides.section]
            record = case_record(subject, prepared, sections, tolerance_source=comparison.tolerance_source)
            evidence.write_json("case.json", record)
        for side, trace in zip(subject.sides, (sides.a, sides.b), strict=True):
            write_traces(subject, evidence, f"trace_{side}", trace.text)
        write_comparison(evidence, "", comparison, as_json=True)
        evidence.write_json("env.json", environment_record())
        evidence.status = explanation.exit_code
        evidence.document = Document(
            title=f"{name} explained",
            verdict=comparison.verdict.value,
            exit_code=explanation.exit_code,
            headline=headline(comparison),
            facts=(("case", name), ("subject", subject.name)),
            sections=(
                Section("What was found", tuple(story(comparison))),
                Section("By replay", tuple(summary_lines(explanation))),
                Section("The traces", comparison="comparison.json"),
            ),
            summary=Summary(name, result=subject.result_of(sides.b), result_name=subject.result),
        )
    return evidence.final


def seal_smaller(smaller: Smaller, text: str, said: Sequence[str], root: Path, *, redact: bool) -> Path:
    """The smaller case and how it was reached; gives the folder."""
    step = ".".join(filter(None, smaller.signature))
    with Evidence(root, f"minimise_{smaller.case.name}", redact=redact) as evidence:
        evidence.write("smaller.toml", text)
        evidence.write("attempts.log", "\n".join(said) + "\n")
        evidence.write_json("env.json", environment_record())
        evidence.document = Document(
            title=f"{smaller.case.name} made smaller",
            verdict="smaller",
            exit_code=0,
            headline=f"{len(smaller.case.argv)} words are enough for {step} to be the first step at fault.",
            facts=(("case", smaller.case.name), ("step", step)),
            sections=(Section("The case", preformatted=text), Section("How", preformatted="\n".join(said))),
            next_steps=("`harness explain --case smaller.toml` explains it.",),
            summary=Summary(smaller.case.name),
        )
    return evidence.final


def seal_noise_floor(case: Case, tolerances: Tolerances, text: str, root: Path, *, redact: bool) -> Path:
    """The tolerance file; gives the folder."""
    floors = sum(len(entries) for entries in tolerances.floors.values())
    with Evidence(root, f"noise_floor_{case.name}", redact=redact) as evidence:
        evidence.write("tolerances.toml", text)
        evidence.write_json("env.json", environment_record())
        evidence.document = Document(
            title=f"Noise floor of {case.name}",
            verdict="measured",
            exit_code=0,
            headline=f"{floors} floors of {len(tolerances.floors)} quantities.",
            facts=(("case", case.name), *tolerances.measured_with.items()),
            next_steps=("`compare traces A B --tolerance tolerances.toml` uses it.",),
            summary=Summary(case.name),
        )
    return evidence.final
