"""``harness explain``: which step is at fault, and what it costs, by replaying the port's own steps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import completion
from harness.options import (
    AtOption,
    DataOption,
    ModeOption,
    OutDirOption,
    PortDefectOption,
    RedactOption,
    ReferenceOption,
    TimeoutOption,
)


def explain(
    a: Annotated[Path | None, typer.Argument(metavar="[A]", help="Trace of the reference.")] = None,
    b: Annotated[Path | None, typer.Argument(metavar="[B]", help="Trace of the program under test.")] = None,
    case: Annotated[
        str | None,
        typer.Option(
            "--case",
            metavar="NAME",
            help="What both are traces of; without A and B both are made of it.",
            autocompletion=completion.cases,
        ),
    ] = None,
    at: AtOption = None,
    mode: ModeOption = None,
    defect: PortDefectOption = None,
    attempts: Annotated[
        bool, typer.Option("--try-defects", help="Switch each known defect of the port: does one restore parity?")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="List every pair, not only what differs.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the comparison as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write it as one self-contained page.")] = None,
    reference: ReferenceOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Compare two traces with replays: the port's own steps evaluated on the reference's inputs.

    ``harness explain A B`` replays from the traces alone; ``--case`` adds what only the case knows (structure factors,
    flags that no trace states). ``harness explain --case NAME`` makes both traces itself; of programs that print none
    they are captured, and the reference's values are put into the running port instead of replays.

    Exit status: 0 parity; 1 divergence; 2 wrong use; 3 nothing was compared; 4 the reference program failed.
    """
    from harness.choices import named_case, reports_root
    from harness.errors import WrongUse
    from harness.evidence.sealed_answers import seal_explanation
    from harness.finding import chosen
    from harness.questions.explain_report import (
        chosen_explanation,
        given_traces,
        made_traces,
        print_explanation,
        write_renderings,
    )

    if (a is None) != (b is None):
        raise WrongUse("give both traces, A of the reference and B of the port, or neither and --case NAME")
    if a is None and case is None:
        raise WrongUse("give two traces, or --case NAME to have both made")
    if attempts and case is None:
        raise WrongUse("--try-defects runs the port, so it needs --case NAME")
    if a is not None and (mode or defect):
        raise WrongUse("--mode and --defect say how to make the traces; with A and B they are made already")
    subject = chosen()
    if a is None and subject.capture_file is not None:
        from capture.settings import read_setup
        from harness.questions.capturing import capture_and_seal

        assert case is not None
        setup = read_setup(subject.capture_file)
        raise typer.Exit(capture_and_seal(setup, case, runs=2, root=reports_root(out_dir), redact=redact))
    if a is not None and b is not None:
        sides = given_traces(subject, a, b, case, at, data)
    else:
        assert case is not None
        named = named_case(subject, case)
        switched = subject.switched(named, mode, defect or ())
        sides = made_traces(subject, named, switched, at, reference, data, timeout)
    explanation = chosen_explanation(sides, attempts=attempts)
    write_renderings(explanation, json=json, html=html)
    print_explanation(explanation, everything=everything)
    typer.echo(f"sealed: {seal_explanation(sides, explanation, reports_root(out_dir), redact=redact)}")
    raise typer.Exit(explanation.exit_code)
