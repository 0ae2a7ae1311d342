"""``harness smoke``: run any command line and seal what it did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.options import OutDirOption, RedactOption


def smoke(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command line to run.")],
    expect: Annotated[
        list[str] | None, typer.Option("--expect", metavar="REGEX", help="Some line of the output must match.")
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option("--forbid", metavar="REGEX", help="No line of the output may match.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="PATTERN", help="Copy files that it makes into the evidence: 'out/*.png'."),
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="Set a variable for it.")] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0.001, help="End it after this time.")
    ] = None,
    cwd: Annotated[
        Path, typer.Option("--cwd", metavar="DIR", help="Where to run it and to look for its files.")
    ] = Path(),
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Run any program (a training script, say) and seal its output, time, memory, device and the files it made."""
    from harness.choices import reports_root
    from harness.errors import WrongUse
    from harness.questions.smoke_report import run_smoke

    if not cwd.is_dir():
        raise WrongUse(f"--cwd {cwd} is not a folder")
    variables = {}
    for word in env or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise WrongUse(f"--env takes NAME=VALUE; got {word!r}")
        variables[name] = value
    status = run_smoke(
        command,
        folder=cwd,
        expect=expect or (),
        forbid=forbid or (),
        keeping=keep or (),
        variables=variables,
        timeout_s=timeout,
        root=reports_root(out_dir),
        redact=redact,
    )
    raise typer.Exit(status)
