"""``python -m subjects.nanobragg.sanitize PROGRAM``: a sanitized build of the C program, run on every case.

A sanitizer's complaint ends the program with a status that is none of its own, so every case must end as it does
without: 0, or a refusal where one is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from harness.case import Case
from harness.choices import modes_of, with_words
from harness.errors import HarnessError, ProgramFailed
from harness.running.pool import each
from harness.running.processes import run
from harness.running.sanitizing import complaint, end_with
from harness.running.scratch import prepare
from subjects.nanobragg.description import DEFAULT_CASE, SUPERVISOR_PIXEL, NanoBragg
from subjects.nanobragg.reference import REFUSALS, Reference, find_reference, pixel_words

QUICK_REGION = ("-roi", "1036", "1042", "683", "687")
"""Of the supervisor image, whose six million pixels would take minutes under a sanitizer."""


@dataclass(frozen=True)
class Task:
    """A case to be run in one mode."""

    case: Case
    mode: str
    program: Reference
    timeout_s: float


def main(
    program: Annotated[Path, typer.Argument(help="The sanitized program.")],
    golden: Annotated[Path | None, typer.Option(help="A folder of golden figures: its cases run too.")] = None,
    jobs: Annotated[int, typer.Option(min=1)] = 1,
    timeout: Annotated[float, typer.Option(min=1)] = 600.0,
) -> None:
    """Run the program on every case in its modes; exit 1 on any complaint."""
    subject = NanoBragg()
    try:
        reference = find_reference(program)
        cases = [*map(subject.case, subject.case_names()), *(subject.golden_cases(golden) if golden else ())]
    except HarnessError as error:
        typer.echo(f"sanitize: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    tasks = [Task(case, mode, reference, timeout) for case in cases for mode in modes_of(subject, case)]
    complaints = [text for text in each(complaint_of, tasks, jobs) if text]
    end_with(len(tasks), complaints)


def complaint_of(task: Task) -> str:
    """What is wrong with one run; empty where nothing is."""
    subject = NanoBragg()
    case = subject.switched(task.case, task.mode, ())
    large = case.name == DEFAULT_CASE
    pixels = [SUPERVISOR_PIXEL] if large else case.sections[:1]
    prepared = prepare(subject, with_words(case, QUICK_REGION if large else ()))
    words = (*pixel_words(pixels), "-threads", "2", *prepared.case.argv)
    try:
        with prepared.scratch() as folder:
            lines = (*prepared.case.setup, words)
            finished = [run([str(task.program.path), *line], folder, task.timeout_s) for line in lines]
    except ProgramFailed as error:
        return f"{case.name} ({task.mode}): {error}"
    return complaint(f"{case.name} ({task.mode})", finished[-1], REFUSALS if case.fails else (0,))


if __name__ == "__main__":
    typer.run(main)
