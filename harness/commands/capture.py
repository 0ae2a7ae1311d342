"""``harness capture``: both programs traced without an edit, paired, compared, explained, sealed."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.options import OutDirOption, RedactOption


def capture(
    case: Annotated[
        str | None, typer.Argument(metavar="[CASE]", help="A case of the file; default: its first.")
    ] = None,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="What describes both programs.")] = Path(
        "parity.toml"
    ),
    runs: Annotated[
        int,
        typer.Option(
            "--runs", min=2, metavar="N", help="Run the untouched programs so often: always the same outputs?"
        ),
    ] = 2,
    debugger: Annotated[
        str | None,
        typer.Option("--debugger", metavar="FUNCTION", help="Step through a function of the reference with gdb."),
    ] = None,
    when: Annotated[
        str, typer.Option("--when", metavar="CONDITION", help="With --debugger: record calls for which this holds.")
    ] = "",
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Trace programs that nobody instrumented, pair what both compute, and name the step at fault."""
    from capture.graph import inputs, vocabulary
    from capture.pair_of_programs import capture_pair
    from capture.report import document, exit_code, lines, proposals
    from capture.settings import read_setup
    from capture.storage import save
    from harness.choices import reports_root
    from harness.evidence.folder import Evidence

    setup = read_setup(file)
    name = case or next(iter(setup.runs))
    reference, _ = setup.jobs(name)
    if debugger is not None:
        from capture.debugger import Debugged, capture_debugged
        from capture.text import trace_lines

        job = Debugged(tuple(shlex.split(reference.command)), debugger, when)
        trace = capture_debugged(job, setup.program.folder)
        print(f"harness: {'; '.join(trace.remarks)}", file=sys.stderr)
        print("\n".join(trace_lines(trace, "C")))
        return
    with Evidence(reports_root(out_dir), f"capture_{name}", redact=redact) as evidence:
        captured = capture_pair(setup, name, runs=runs, progress=lambda text: print(f"... {text}", file=sys.stderr))
        evidence.status = int(exit_code(captured))
        for side, trace in (("reference", captured.reference), ("port", captured.port)):
            save(trace, evidence.partial / f"trace_{side}.npz")
        evidence.write("proposals.toml", proposals(captured))
        made_from = inputs(captured.pairing, captured.reference, captured.port)
        evidence.write("vocabulary.toml", vocabulary(captured.pairing, made_from, setup.name))
        evidence.write_json("case.json", {"case": name, "commands": setup.runs[name], "pairing_cases": captured.cases})
        evidence.write_json("capture.json", {"reference": captured.reference.facts, "port": captured.port.facts})
        evidence.document = document(captured, f"capture {name}")
    for line in lines(captured):
        print(line)
    print(f"sealed: {evidence.final}")
    raise typer.Exit(evidence.status)
