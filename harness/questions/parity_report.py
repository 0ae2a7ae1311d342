"""What a parity run prints and seals."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
from harness.questions.traced import joined
from harness.questions.tracing import write_traces
from harness.running.pool import each

if TYPE_CHECKING:
    from compare.judging.result import Comparison


FEW = 8
"""Cases that a process should have to itself: starting it takes a second."""


def default_jobs(cases: int) -> int:
    """How many cases run at a time where nobody says: as many as there are processors, if there are cases enough."""
    return max(1, min(os.cpu_count() or 1, cases // FEW))


def run_and_report(tasks: Sequence[Task], *, jobs: int | None, root: Path, redact: bool, verbose: bool) -> int:
    """Run the cases, print a line for each and a summary, seal the folder; gives the exit code."""
    began = time.monotonic()
    label = f"parity_{tasks[0].label}" if len(tasks) == 1 else "parity"
    width = max(len(task.label) for task in tasks)
    jobs = jobs or default_jobs(len(tasks))
    outcomes: list[Outcome] = []
    with Evidence(root, label, redact=redact) as evidence:
        order = {task.label: position for position, task in enumerate(tasks)}
        with collect_env(evidence, wanted=tasks[0].subject.uses_torch), _environment(tasks[0], jobs) as environment:
            try:
                for outcome in _told(each(run_task, tasks, jobs), len(tasks)):
                    outcomes.append(outcome)
                    print_outcome(outcome, width, verbose=verbose)
                    _write_case(evidence, outcome, tasks)  # while the others run
            except (KeyboardInterrupt, Terminated):
                print(f"interrupted: {len(outcomes)} of {len(tasks)} cases were finished and are kept", flush=True)
                if outcomes:
                    outcomes.sort(key=lambda outcome: order[outcome.label])
                    write_outcomes(evidence, tasks, outcomes, environment())
                raise
        outcomes.sort(key=lambda outcome: order[outcome.label])
        evidence.status = worst_exit_code(outcomes)
        write_outcomes(evidence, tasks, outcomes, environment())
    print_totals(outcomes, time.monotonic() - began, evidence.final)
    return evidence.status


def _told(outcomes: Iterator[Outcome], count: int) -> Iterator[Outcome]:
    """The outcomes as they come; while one is waited for, how many there have been."""
    for number in range(count):
        with working(f"case {number + 1} of {count}"):
            outcome = next(outcomes)
        yield outcome


@contextmanager
def _environment(task: Task, jobs: int) -> Iterator[Callable[[], Mapping[str, str | None]]]:
    """What the port computes with. It may have to load much for that, which it does while other processes work."""
    if jobs == 1:
        yield task.port.environment
        return
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(task.port.environment).result


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


def write_outcomes(
    evidence: Evidence, tasks: Sequence[Task], outcomes: Sequence[Outcome], environment: Mapping[str, str | None]
) -> None:
    """The files of the folder that are about all cases."""
    for outcome in outcomes:
        for words, folder, started, status in outcome.commands:
            evidence.command(words, Path(folder), started, status)
    evidence.write_json("metrics.json", metrics(outcomes))
    device = next((outcome.device for outcome in outcomes if outcome.device), None)
    record = environment_record(device=device, **environment)
    evidence.write_json("env.json", {**record, **tasks[0].reference.facts()})
    evidence.write("junit.xml", junit(outcomes))
    evidence.write("results.sarif", sarif(outcomes))
    comparisons = {
        outcome.label: f"{_place(outcome, tasks)}comparison.json" for outcome in outcomes if _drawn(outcome, tasks)
    }
    evidence.document = parity_document(outcomes, evidence.status, comparisons)


def _place(outcome: Outcome, tasks: Sequence[Task]) -> str:
    """Where the files of a case lie: flat for one case, in a folder for each of several."""
    return "" if len(tasks) == 1 else f"{outcome.label}/"


def _drawn(outcome: Outcome, tasks: Sequence[Task]) -> bool:
    """Whether the report draws the comparison: that of the only case, or of one that failed."""
    return outcome.comparison is not None and (len(tasks) == 1 or outcome.exit_code != 0)


def _write_case(evidence: Evidence, outcome: Outcome, tasks: Sequence[Task]) -> None:
    """The files of one case."""
    prefix = _place(outcome, tasks)
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
    if outcome.comparison is not None:
        write_comparison(evidence, prefix, outcome.comparison, as_json=_drawn(outcome, tasks))


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
            outcome.called(section): {"reference": a, "port": b} for section, (a, b) in outcome.final_values.items()
        },
        "worst_ulps": outcome.worst_ulps,
        "checks": [{"what": check.what, "exit_code": check.exit_code, "text": check.text} for check in outcome.checks],
        "seconds": round(outcome.seconds, 3),
    }
