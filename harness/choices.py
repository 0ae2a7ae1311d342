"""Options that several commands share, and what they mean together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import DEFAULT_CASE, Argv, Case, Pixel, case_from_argv, load_case
from harness.errors import WrongUse

if TYPE_CHECKING:
    from harness.parity import Task
    from harness.scratch import Prepared
    from subjects.nanobragg.port import Computing
    from subjects.nanobragg.reference import Reference

SUPERVISOR_PIXEL: Pixel = (685, 1039)


def chosen_case(name: str | None, argv: Sequence[str] | None) -> Case:
    """The case that ``--case`` names or ``-- ARGV`` spells out; ``supervisor`` when neither is given."""
    if argv and name:
        raise WrongUse("give either --case NAME or -- ARGV, not both")
    return case_from_argv(argv) if argv else load_case(name or DEFAULT_CASE)


def chosen_pixels(case: Case, given: Sequence[str] | None) -> tuple[Pixel, ...]:
    """The pixels asked for (each ``SLOW FAST``), else the case's first; WrongUse where there is none."""
    if given:
        return tuple(dict.fromkeys(_pixel(text) for text in given))
    if case.name == DEFAULT_CASE:
        return (SUPERVISOR_PIXEL,)
    if case.pixels:
        return case.pixels[:1]
    raise WrongUse(f"case {case.name!r} names no pixel to trace; give --pixel SLOW FAST")


def all_chosen_pixels(
    prepared: Prepared, given: Sequence[str] | None, file: Path | None, grid: int | None
) -> tuple[Pixel, ...]:
    """The pixels of ``--pixel``, ``--pixels`` and ``--grid`` together, each once; without any, the case's first."""
    chosen: list[Pixel] = list(chosen_pixels(prepared.case, given)) if given or not (file or grid) else []
    if file:
        chosen += pixels_of_file(file)
    if grid:
        chosen += grid_pixels(prepared, grid)
    return tuple(dict.fromkeys(chosen))


def pixels_of_file(path: Path) -> list[Pixel]:
    """The pixels of a text file, SLOW FAST a line; WrongUse names the line that is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"--pixels {path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0]
        if words.strip():
            try:
                found.append(_pixel(words))
            except WrongUse:
                raise WrongUse(f"{path}:{number}: needs two integers, SLOW FAST; got {line!r}") from None
    if not found:
        raise WrongUse(f"--pixels {path} names no pixel")
    return found


def grid_pixels(prepared: Prepared, n: int) -> list[Pixel]:
    """n x n pixels spread evenly over the region of interest; masked ones are left out."""
    from simulator import Experiment

    if prepared.case.setup:
        raise WrongUse(f"--grid needs a case without setup lines; {prepared.case.name!r} has some")
    with prepared.scratch() as folder:
        experiment = Experiment.from_argv(prepared.case.argv, folder)
    detector, sampling = experiment.detector, experiment.sampling
    f0, f1, s0, s1 = sampling.roi or (0, detector.pixels_fast - 1, 0, detector.pixels_slow - 1)
    rows, columns = (_spread(low, high, n) for low, high in ((s0, s1), (f0, f1)))
    live = [(slow, fast) for slow in rows for fast in columns]
    if sampling.mask is None:
        return live
    return [pixel for pixel in live if sampling.mask[pixel]]


def _spread(low: int, high: int, n: int) -> list[int]:
    """At most n different numbers from low to high, the middles of n equal parts."""
    width = high - low + 1
    return list(dict.fromkeys(low + (2 * at + 1) * width // (2 * n) for at in range(n)))


def _pixel(text: str) -> Pixel:
    try:
        slow, fast = (int(number) for number in text.replace(",", " ").split())
    except ValueError:
        raise WrongUse(f"--pixel takes two integers, SLOW FAST (row, column); got {text!r}") from None
    return slow, fast


def chosen_defects(case: Case, mode: str | None, switches: Sequence[str]) -> Argv:
    """The ``-defects`` words that ``--mode`` and ``--defect NAME=on|off`` ask for; none for what is the default.

    Without ``--mode`` the switches change what the case's own ``-defects`` says, all being on otherwise.
    """
    from simulator.defects import Defects

    own = next((word for flag, word in zip(case.argv, case.argv[1:], strict=False) if flag == "-defects"), "all")
    base = Defects.of_mode(mode) if mode else Defects.parse(own)
    wanted = base.switched(dict(_switch(text) for text in switches))
    return () if str(wanted) == own else ("-defects", str(wanted))


def _switch(text: str) -> tuple[str, bool]:
    name, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise WrongUse(f"--defect takes NAME=on or NAME=off; got {text!r}")
    return name, state == "on"


def with_words(case: Case, words: Argv) -> Case:
    """The case with words added to its command line and, where they switch defects, to its setup lines."""
    return replace(case, argv=(*case.argv, *words), setup=tuple((*line, *words) for line in case.setup))


def reports_root(out_dir: Path | None) -> Path:
    """Where evidence folders go: ``--out-dir``, else HARNESS_REPORTS, else ``reports`` in the working folder."""
    import os

    return out_dir or Path(os.environ.get("HARNESS_REPORTS") or "reports")


def chosen_tasks(
    names: Sequence[str],
    golden: Path | None,
    mode: str | None,
    computing: Computing,
    reference: Reference,
    data: Path | None,
    timeout_s: float,
) -> list[Task]:
    """The cases of a parity run, each in its modes: those named, or all of the package and of ``golden``.

    Input files are found before anything runs.
    """
    from harness.case import golden_cases, packaged_case_names
    from harness.parity import Task
    from harness.scratch import prepare
    from simulator.defects import Defects

    if mode is not None:
        Defects.of_mode(mode)
    of_golden = {case.name: case for case in golden_cases(golden)} if golden else {}
    cases = [*map(load_case, packaged_case_names()), *of_golden.values()] if not names else []
    for name in names:
        known = [of_golden[name]] if name in of_golden else []
        packaged = name in packaged_case_names() or not known
        cases += ([load_case(name)] if packaged else []) + known
    tasks = []
    for case in cases:
        prepare(case, data)
        for wanted in [mode] if mode else case.modes:
            tasks.append(Task(case, wanted, computing, reference, data, timeout_s))
    return tasks
