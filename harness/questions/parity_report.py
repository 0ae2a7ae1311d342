"""What a parity run prints and seals."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.progress import working
from compare.streams import Terminated
from harness.evidence.ci_files import junit, sarif
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.evidence.pages import parity_document
from harness.evidence.records import case_record, collect_env
from harness.questions.parity import Outcome, Task, run_task, worst_exit_code
from harness.questions.traced import joined, section_text
from harness.questions.tracing import write_traces
from harness.running.pool import each

if TYPE_CHECKING:
    from compare.judging.result import Comparison


def run_and_report(tasks: Sequence[Task], *, jobs: int, root: Path, redact: bool, verbose: bool) -> int:
    """Run the cases, print a line for each and a summary, seal the folder; gives the exit code."""
    began = time.monotonic()
    label = f"parity_{tasks[0].label}" if len(tasks) == 1 else "parity"
    width = max(len(task.label) for task in tasks)
    outcomes: list[Outcome] = []
    with Evidence(root, label, redact=redact) as evidence:
        order = {task.label: position for position, task in enumerate(tasks)}
        with collect_env(evidence, wanted=tasks[0].subject.uses_torch):
            try:
                for outcome in _told(each(run_task, tasks, jobs), len(tasks)):
                    outcomes.append(outcome)
                    print_outcome(outcome, width, verbose=verbose)
            except (KeyboardInterrupt, Terminated):
                print(f"interrupted: {len(outcomes)} of {len(tasks)} cases were finished and are kept", flush=True)
                if outcomes:
                    write_outcomes(evidence, tasks, sorted(outcomes, key=lambda outcome: order[outcome.label]))
                raise
        outcomes.sort(key=lambda outcome: order[outcome.label])
        evidence.status = worst_exit_code(outcomes)
        write_outcomes(evidence, tasks, outcomes)
    print_totals(outcomes, time.monotonic() - began, evidence.final)
    return evidence.status


def _told(outcomes: Iterator[Outcome], count: int) -> Iterator[Outcome]:
    """The outcomes as they come; while one is waited for, how many there have been."""
    for number in range(count):
        with working(f"case {number + 1} of {count}"):
            outcome = next(outcomes)
        yield outcome


def print_outcome(outcome: Outcome, width: int, *, verbose: bool) -> None:
    """One line for the case; below it the checks that failed, or all of them."""
    passed = sum(check.passed for check in outcome.checks)
    counts = f"{passed} of {len(outcome.checks)} checks"
    ulps = "" if outcome.worst_ulps is None else f", worst {outcome.worst_ulps:g} ulp"
    print(f"{outcome.label:{width}}  {outcome.verdict}  {counts}{ulps}, {outcome.seconds:.1f} s", flush=True)
    for check in outcome.checks:
        if verbose or not check.passed:
            print(f"    {'ok  ' if check.passed else 'FAIL'} {check.what}: {check.text}", flush=True)


def print_totals(outcomes: Sequence[Outcome], seconds: float, folder: Path) -> None:
    """The summary: how many cases came out how, and where the folder is."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.verdict] = counts.get(outcome.verdict, 0) + 1
    words = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    checks = sum(len(outcome.checks) for outcome in outcomes)
    print(f"{len(outcomes)} cases: {words}; {checks} checks, {seconds:.1f} s")
    print(f"sealed: {folder}")
    sys.stdout.flush()


def write_outcomes(evidence: Evidence, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> None:
    """All files of the folder: flat for one case, a folder for each of several."""
    comparisons: dict[str, str] = {}
    for outcome in outcomes:
        prefix = "" if len(outcomes) == 1 else f"{outcome.label}/"
        _write_case(evidence, prefix, outcome, tasks)
        if outcome.comparison is not None and (len(outcomes) == 1 or outcome.exit_code):
            comparisons[outcome.label] = f"{prefix}comparison.json"
        if outcome.comparison is not None:
            write_comparison(evidence, prefix, outcome.comparison, as_json=outcome.label in comparisons)
        for words, folder, started, status in outcome.commands:
            evidence.command(words, Path(folder), started, status)
    evidence.write_json("metrics.json", metrics(outcomes))
    device = next((outcome.device for outcome in outcomes if outcome.device), None)
    record = environment_record(device=device, **tasks[0].port.environment())
    evidence.write_json("env.json", {**record, **tasks[0].reference.facts()})
    evidence.write("junit.xml", junit(outcomes))
    evidence.write("results.sarif", sarif(outcomes))
    evidence.document = parity_document(outcomes, evidence.status, comparisons)


def _write_case(evidence: Evidence, prefix: str, outcome: Outcome, tasks: Sequence[Task]) -> None:
    if outcome.prepared is not None:
        source = outcome.comparison.tolerance_source if outcome.comparison else None
        record = case_record(
            tasks[0].subject,
            outcome.prepared,
            list(outcome.reference_traces),
            program=tasks[0].reference,
            tolerance_source=source,
        )
        evidence.write_json(f"{prefix}case.json", record)
    if outcome.failure:
        evidence.write(f"{prefix}failure.txt", outcome.failure)
    if outcome.reference_traces:
        for program, traces in ((tasks[0].reference, outcome.reference_traces), (tasks[0].port, outcome.port_traces)):
            write_traces(tasks[0].subject, evidence, f"{prefix}trace_{program.side}", joined(traces))


def write_comparison(evidence: Evidence, prefix: str, comparison: Comparison, *, as_json: bool) -> None:
    """Every aligned pair as a table, and as JSON (ten times larger) where the report draws it."""
    from compare.render import csv_, json_

    if as_json:
        evidence.write(f"{prefix}comparison.json", json_.render(comparison))
    evidence.write(f"{prefix}comparison.csv", csv_.render(comparison))


def metrics(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Figures of a parity run, by case."""
    return {
        "exit_code": worst_exit_code(outcomes),
        "cases": {outcome.label: case_metrics(outcome) for outcome in outcomes},
    }


def case_metrics(outcome: Outcome) -> dict[str, Any]:
    """Figures of one case: verdict, final intensities of both sides, worst ulps, every check."""
    return {
        "verdict": outcome.verdict,
        "exit_code": outcome.exit_code,
        outcome.result or "result": {
            section_text(section): {"reference": a, "port": b} for section, (a, b) in outcome.final_values.items()
        },
        "worst_ulps": outcome.worst_ulps,
        "checks": [{"what": check.what, "exit_code": check.exit_code, "text": check.text} for check in outcome.checks],
        "seconds": round(outcome.seconds, 3),
    }
