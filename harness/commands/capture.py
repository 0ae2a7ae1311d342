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
    from capture.settings import read_setup
    from harness.choices import reports_root
    from harness.questions.capturing import capture_and_seal

    setup = read_setup(file)
    name = case or next(iter(setup.runs))
    if debugger is not None:
        from capture.debugger import Debugged, capture_debugged
        from capture.text import trace_lines

        reference, _ = setup.jobs(name)
        job = Debugged(tuple(shlex.split(reference.command)), debugger, when)
        trace = capture_debugged(job, setup.program.folder)
        print(f"harness: {'; '.join(trace.remarks)}", file=sys.stderr)
        print("\n".join(trace_lines(trace, "C")))
        return
    raise typer.Exit(capture_and_seal(setup, name, runs=runs, root=reports_root(out_dir), redact=redact))
