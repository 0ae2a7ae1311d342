"""How much of what people trace by hand a capture finds: ``python -m benchmarks.capture_coverage [CASES]``.

The C program and the port of the packaged cases, captured without an edit and without their own traces, one pixel
each; then the quantities of the hand-made traces are looked for by value, and in groups of three cases the automatic
pairs and the automatic graph are judged by the names and the graph that people wrote down. ``--folder F`` keeps the
traces there and takes those that it has.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.capture_truth import (
    ROOT,
    Judged,
    Traced,
    judge,
    missing,
    quantities,
)
from capture.c.build import Program
from capture.c.capture import CaptureC, capture_c
from capture.c.prove import Job, run
from capture.errors import CaptureError
from capture.pairing import group
from capture.python.capture import CapturePython, Port, capture_python
from capture.series import series_of
from capture.storage import load, save
from harness.finding import find_subject
from harness.running.scratch import prepare

TOGETHER = 3  # cases that are paired at once, as a capture of a case with two others does
SUBJECT = "nanobragg"
DRIVER = """import sys
import numpy as np
from simulator import Experiment, Simulator
image = Simulator(Experiment.from_argv(sys.argv[1:]), device="cpu").image()
np.asarray(image).tofile("image.bin")
"""


@dataclass(frozen=True)
class Programs:
    """Both programs, built and ready; nothing of a case is in them."""

    c: CaptureC
    port: CapturePython


def pixel_of(name: str) -> tuple[int, int] | None:
    """The traced pixel (slow, fast) of a case; None where it has none."""
    subject = find_subject(SUBJECT)
    sections = subject.default_sections(subject.case(name))
    return (int(sections[0][0]), int(sections[0][1])) if sections else None


def capture(name: str, pixel: tuple[int, int], programs: Programs, folder: Path) -> None:
    """Both programs on one pixel of a case, and the hand-made trace of the same, left in the folder.

    Raises:
        CaptureError: an output changed, or one of them failed.
    """
    subject = find_subject(SUBJECT)
    prepared = prepare(subject, subject.case(name))
    slow, fast = pixel
    argv = " ".join([*prepared.case.argv, "-roi", f"{fast} {fast} {slow} {slow}", "-seed", "5"])
    files = {item.name: item.content for item in prepared.inputs}
    variables = {"OMP_NUM_THREADS": "1"}
    trees, binary = programs.c.trees, "build/nanobragg_c"
    for line in prepared.case.setup:
        left = run(trees, "plain", Job(f"{binary} {' '.join(line)}", files=files, environment=variables))
        files |= {at: (trees.place / at).read_bytes() for at in left.files}
    ignored = ("stdout",)  # it names a seed that is made from the time of day
    a = programs.c.trace(Job(f"{binary} {argv}", files=files, environment=variables, ignored=ignored))
    b = programs.port.trace(Job(f"{sys.executable} driver.py {argv}", files=files, environment=variables), runs=1)
    traced = run(trees, "plain", Job(f"{binary} {argv} -trace_pixel {slow} {fast}", files=files))
    (folder / f"{name}.log").write_bytes(traced.streams["stdout"])
    save(a, folder / f"{name}_a.npz")
    save(b, folder / f"{name}_b.npz")


def all_traced(names: Sequence[str], folder: Path) -> Iterator[tuple[str, Traced]]:
    """Every case's traces, captured where the folder has none; a case that is refused is said and left out."""
    pixels = {name: pixel for name in names if (pixel := pixel_of(name)) is not None}
    if absent := [name for name in names if name not in pixels]:
        print(f"without a traced pixel: {', '.join(absent)}")
    with ExitStack() as stack:
        programs: Programs | None = None
        for name, pixel in pixels.items():
            if not (folder / f"{name}_b.npz").is_file():
                programs = programs or prepared_programs(pixels.values(), folder, stack)
                try:
                    capture(name, pixel, programs, folder)
                except CaptureError as refused:
                    print(f"{name}: refused: {refused}", flush=True)
                    continue
            log = (folder / f"{name}.log").read_text()
            yield name, Traced.read(log, load(folder / f"{name}_a.npz"), load(folder / f"{name}_b.npz"))


def prepared_programs(pixels: Iterable[tuple[int, int]], folder: Path, stack: ExitStack) -> Programs:
    select = " || ".join(f"(slow == {slow} && fast == {fast})" for slow, fast in dict.fromkeys(pixels))
    (folder / "port").mkdir(exist_ok=True)
    (folder / "port" / "driver.py").write_text(DRIVER)
    c = stack.enter_context(capture_c(Program(ROOT / "reference_c", "make"), select=select))
    return Programs(c, stack.enter_context(capture_python(Port(folder / "port", packages=("simulator",)))))


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="capture_coverage", description=__doc__)
    parser.add_argument("cases", nargs="*", help="default: all packaged cases")
    parser.add_argument("--folder", type=Path, help="where traces are kept")
    given = parser.parse_args(words)
    names = given.cases or find_subject(SUBJECT).case_names()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report(names, folder)


def report(names: Sequence[str], folder: Path) -> None:
    """Prints as it goes: a line for each case, a line for each group of cases, the sums."""
    waiting: list[Traced] = []
    judged: list[Judged] = []
    found = [0, 0, 0]
    for name, traced in all_traced(names, folder):
        wanted = quantities(traced.truth)
        lost = [missing(traced.truth, group(series_of([side]))) for side in (traced.reference, traced.port)]
        found = [found[0] + len(wanted), *(n + len(wanted) - len(l) for n, l in zip(found[1:], lost, strict=True))]
        absent = "; ".join(f"not in {side}: {', '.join(l)}" for side, l in zip(("C", "the port"), lost, strict=True))
        print(f"{name}: of {len(wanted)} {absent}", flush=True)
        waiting.append(traced)
        if len(waiting) == TOGETHER:
            judged.append(judge(waiting))
            print(judged[-1], flush=True)
            waiting = []
    if waiting:
        judged.append(judge(waiting))
        print(judged[-1])
    total, in_c, in_port = found
    print(f"captured: C {in_c} of {total} ({in_c / total:.1%}), port {in_port} ({in_port / total:.1%})")
    if judged:
        print(f"all: {sum(judged[1:], judged[0])}")


if __name__ == "__main__":
    main(sys.argv[1:])
