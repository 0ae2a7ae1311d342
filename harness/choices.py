"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.case import Argv, Case, Section, case_from_argv, read_case_file
from harness.errors import WrongUse
from harness.subject import Program, Subject

if TYPE_CHECKING:
    from harness.questions.parity import Task
    from harness.running.scratch import Prepared


def named_case(subject: Subject, name: str) -> Case:
    """The subject's case of that name, or the one in a TOML file when ``name`` is a path to one."""
    case = read_case_file(Path(name)) if name.endswith(".toml") else subject.case(name)
    modes_of(subject, case)
    if wrong := [section for section in case.sections if len(section) != len(subject.keys)]:
        raise WrongUse(f"case {case.name!r}: a {subject.section_word} is {_needs(subject)}; got {list(wrong[0])}")
    return case


def chosen_case(subject: Subject, name: str | None, argv: Sequence[str] | None) -> Case:
    """The case that ``--case`` names or ``-- ARGV`` spells out; the default one when neither is given."""
    if argv and name:
        raise WrongUse("give either --case NAME or -- ARGV, not both")
    if argv and len(argv) == 1 and argv[0] in subject.case_names():
        raise WrongUse(f"{argv[0]} is a case, not a command line: give --case {argv[0]}")
    return case_from_argv(argv) if argv else named_case(subject, name or subject.default_case)


def chosen_sections(subject: Subject, case: Case, given: Sequence[str] | None) -> tuple[Section, ...]:
    """The sections asked for (each ``KEY KEY ...``), else the case's first; WrongUse where there is none."""
    if given:
        return tuple(dict.fromkeys(section_of(subject, text) for text in given))
    if found := subject.default_sections(case):
        return found
    raise WrongUse(f"case {case.name!r} names no {subject.section_word} to trace; give --{_option(subject)}")


def all_chosen_sections(
    subject: Subject, prepared: Prepared, given: Sequence[str] | None, file: Path | None, grid: int | None
) -> tuple[Section, ...]:
    """Those of ``--at``, of a file and of ``--grid`` together, each once; without any, the case's first."""
    chosen = list(chosen_sections(subject, prepared.case, given)) if given or not (file or grid) else []
    if file:
        chosen += sections_of_file(subject, file)
    if grid:
        chosen += subject.grid(prepared, grid)
    return tuple(dict.fromkeys(chosen))


def sections_of_file(subject: Subject, path: Path) -> list[Section]:
    """The sections of a text file, one a line; WrongUse names the line that is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0]
        if words.strip():
            try:
                found.append(section_of(subject, words))
            except WrongUse:
                raise WrongUse(f"{path}:{number}: needs {_needs(subject)}; got {line!r}") from None
    if not found:
        raise WrongUse(f"{path} names no {subject.section_word}")
    return found


def section_of(subject: Subject, text: str) -> Section:
    """The integers of a section; WrongUse where they are not as many as the subject's keys."""
    try:
        numbers = tuple(int(number) for number in text.replace(",", " ").split())
    except ValueError:
        numbers = ()
    if len(numbers) != len(subject.keys):
        raise WrongUse(f"--{_option(subject)} takes {_needs(subject)}; got {text!r}")
    return numbers


def _option(subject: Subject) -> str:
    return "pixel" if subject.section_word == "pixel" else "at"


def _needs(subject: Subject) -> str:
    """The integers of a section, in words."""
    if not subject.keys:
        return "nothing: there is one section"
    count = len(subject.keys)
    words = {1: "one integer", 2: "two integers"}.get(count, f"{count} integers")
    return f"{words}, {' '.join(key.upper() for key in subject.keys)}"


def with_words(case: Case, words: Argv) -> Case:
    """The case with words before its others."""
    return replace(case, argv=(*words, *case.argv))


def reports_root(out_dir: Path | None) -> Path:
    """Where evidence folders go: ``--out-dir``, else HARNESS_REPORTS, else ``reports`` in the working folder."""
    return out_dir or Path(os.environ.get("HARNESS_REPORTS") or "reports")


def modes_of(subject: Subject, case: Case) -> tuple[str, ...]:
    """The modes in which a case is compared. Raises WrongUse for one that the subject has not."""
    modes = case.modes or subject.modes[:1]
    if unknown := [mode for mode in modes if mode not in subject.modes]:
        raise WrongUse(f"case {case.name!r}: modes must be some of {', '.join(subject.modes)}; got {unknown[0]!r}")
    return modes


def modes_of_program(subject: Subject, program: Program, mode: str | None) -> Sequence[str]:
    """The modes that a program can be run in; others are left out, and that is said.

    Raises:
        WrongUse: it cannot be run in the one that is asked for.
    """
    able = getattr(program, "modes", lambda modes: modes)(subject.modes)
    if mode is not None and mode in subject.modes and mode not in able:
        raise WrongUse(f"{program.title} switches no defects: it can be compared in {', '.join(able)} alone")
    if set(subject.modes) - set(able):
        print(f"{program.title} switches no defects: compared in {', '.join(able)} alone", file=sys.stderr)
    return able


def chosen_tasks(
    subject: Subject,
    names: Sequence[str],
    golden: Path | None,
    mode: str | None,
    reference: Program,
    port: Program,
    data: Path | None,
) -> list[Task]:
    """The cases of a parity run, each in its modes: those named, or all of the subject and of ``golden``.

    Input files are found before anything runs.
    """
    from harness.questions.parity import Task
    from harness.running.scratch import prepare

    of_golden = {case.name: case for case in subject.golden_cases(golden)} if golden else {}
    cases = [*map(subject.case, subject.case_names()), *of_golden.values()] if not names else []
    for name in names:
        known = [of_golden[name]] if name in of_golden else []
        packaged = name in subject.case_names() or not known
        cases += ([named_case(subject, name)] if packaged else []) + known
    tasks = []
    able = modes_of_program(subject, reference, mode)
    for case in cases:
        prepare(subject, case, data)
        for wanted in [mode] if mode else [name for name in modes_of(subject, case) if name in able]:
            task = Task(subject, case, wanted, reference, port, data)
            task.switched()  # refuses an unknown mode
            tasks.append(task)
    return tasks
