"""``harness noise-floor``: what rounding may do to every value of a case, as a tolerance file for ``compare``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.options import (
    ArgvArgument,
    AtOption,
    CaseOption,
    DataOption,
    DefectOption,
    ModeOption,
    OutDirOption,
    RedactOption,
)

if TYPE_CHECKING:
    from compare.judging.tolerances import Tolerances
    from harness.case import Case, Section
    from harness.subject import Subject


def noise_floor(
    argv: ArgvArgument = None,
    case: CaseOption = None,
    at: AtOption = None,
    mode: ModeOption = None,
    defect: DefectOption = None,
    data: DataOption = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The tolerance file; - for standard output.")] = "-",
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Measure, step by step, the noise floor and the end-to-end envelope of a case's traced values.

    The file serves ``compare traces --tolerance FILE``, which then needs neither torch nor the port.
    """
    from compare.judging.tolerances import dump
    from compare.progress import working
    from harness.choices import chosen_case, chosen_sections, reports_root
    from harness.evidence.sealed_answers import seal_noise_floor
    from harness.finding import chosen
    from harness.questions.tracing import check_out, write_out

    subject = chosen()
    named = chosen_case(subject, case, argv)
    sections = chosen_sections(subject, named, at)
    check_out(out)
    if subject.replay is None and subject.capture_file is None:
        hint = f"; {subject.without_replay}" if subject.without_replay else ""
        raise subject.missing(f"replay of its steps, with which a noise floor is measured{hint}")
    with working("the noise floor is measured"):
        tolerances = _measured(subject, subject.switched(named, mode, defect or ()), sections, data)
    text = dump(tolerances)
    folder = seal_noise_floor(named, tolerances, text, reports_root(out_dir), redact=redact)
    typer.echo(f"sealed: {folder}", err=True)
    write_out(out, text)


def _measured(subject: Subject, case: Case, sections: Sequence[Section], data: Path | None) -> Tolerances:
    """By the subject's replay, or by a capture of its port."""
    if subject.replay is not None:
        return subject.replay.noise_floor(case, sections, data)
    from capture.settings import read_setup
    from harness.questions.capturing import measured_floors

    assert subject.capture_file is not None
    return measured_floors(read_setup(subject.capture_file), case.name)
