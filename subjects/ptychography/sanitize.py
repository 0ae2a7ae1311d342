"""``python -m subjects.ptychography.sanitize PROGRAM``: a sanitized build of the C program, run on every case.

Both kinds of trace, image, noise and canvas, with the defects of each mode; then words and files that it must refuse.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from harness.case import Case
from harness.errors import HarnessError, ProgramFailed
from harness.running.pool import each
from harness.running.processes import run
from harness.running.sanitizing import complaint, end_with
from harness.running.scratch import prepare
from subjects.ptychography.description import CANVAS, IMAGE, NOISE, Ptychography, Stitching
from subjects.ptychography.programs import REFUSALS, find_program, trace_words

WITHOUT_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}
"""Scan, model and workspace live as long as the program does: its end frees them."""
OUTPUTS = ("-image", IMAGE, "-noise", NOISE, "-stitch", CANVAS)
REFUSED = (
    ("-scan", "none.npz"),
    ("-scan", "damaged.npz", "-image", IMAGE),
    ("-scan", "sub_pixel.npz", "-trace", "99", "0", "0"),
    ("-scan", "sub_pixel.npz", "-interp", "cubic"),
    ("-imgae", IMAGE),
    ("-scan", "sub_pixel.npz"),
)
"""Command lines in a folder with the default case's scan and a damaged copy of it."""


@dataclass(frozen=True)
class Task:
    """A command line in the files of a case, and the exit statuses that are right."""

    name: str
    case: Case
    words: tuple[str, ...]
    expected: tuple[int, ...]
    program: Path
    timeout_s: float


def main(
    program: Annotated[Path, typer.Argument(help="The sanitized program.")],
    jobs: Annotated[int, typer.Option(min=1)] = 1,
    timeout: Annotated[float, typer.Option(min=1)] = 120.0,
) -> None:
    """Run the program on every case in its modes; exit 1 on any complaint."""
    try:
        tasks = [*_accepted(find_program(program), timeout), *_refused(find_program(program), timeout)]
    except HarnessError as error:
        typer.echo(f"sanitize: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    end_with(len(tasks), [text for text in each(complaint_of, tasks, jobs) if text])


def _accepted(program: Path, timeout_s: float) -> Iterator[Task]:
    forward, stitching = Ptychography(), Stitching()
    for name in forward.case_names():
        for mode in forward.modes:
            case = forward.switched(forward.case(name), mode, ())
            pixels = trace_words(forward.trace_flag, case.sections)
            canvas = trace_words(stitching.trace_flag, stitching.case(name).sections)
            words = (*case.argv, *OUTPUTS, *pixels, *canvas)
            yield Task(f"{name} ({mode})", case, words, (0,), program, timeout_s)


def _refused(program: Path, timeout_s: float) -> Iterator[Task]:
    subject = Ptychography()
    for words in REFUSED:
        yield Task(" ".join(words), subject.case(subject.default_case), words, REFUSALS, program, timeout_s)


def complaint_of(task: Task) -> str:
    """What is wrong with one run; empty where nothing is."""
    try:
        with prepare(Ptychography(), task.case).scratch() as folder:
            for path in folder.glob("*.npz"):
                (folder / "damaged.npz").write_bytes(_damaged(path.read_bytes()))
            command = [str(task.program), *task.words]
            finished = run(command, folder, task.timeout_s, os.environ | WITHOUT_LEAKS)
    except ProgramFailed as error:
        return f"{task.name}: {error}"
    return complaint(task.name, finished, task.expected)


def _damaged(content: bytes) -> bytes:
    """Cut in the middle, with the end that says where everything is still there."""
    return content[: len(content) // 2] + content[-1024:]


if __name__ == "__main__":
    typer.run(main)
