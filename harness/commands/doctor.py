"""``harness doctor``: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.options import OutDirOption


def doctor(
    out_dir: OutDirOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 2 when something needed is missing.")] = False,
) -> None:
    """Check the compiler, torch, CUDA, threads, the reference program and the evidence folder."""
    from harness.checkup import check_machine
    from harness.choices import reports_root

    findings = check_machine(reports_root(out_dir))
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        word = "OK" if finding.fine else "!!" if finding.needed else "--"
        typer.echo(f"{word} {finding.subject:{width}}  {finding.text}")
    if strict and any(finding.needed and not finding.fine for finding in findings):
        raise typer.Exit(2)
