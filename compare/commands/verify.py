"""``compare verify FOLDER...``: is every file of an evidence folder as it was sealed?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXIT_BAD_INPUT = 2


def verify(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Sealed evidence folders.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing about folders that verify.")] = False,
) -> None:
    """Hash every file of the folders again; changed, missing and extra files are named, exit 5."""
    from compare.bundle import DOES_NOT_VERIFY
    from compare.bundle import verify as verify_folder

    failed = False
    for folder in folders:
        try:
            outcome = verify_folder(folder)
        except OSError as error:
            typer.echo(f"compare verify: {error}", err=True)
            raise typer.Exit(EXIT_BAD_INPUT) from error
        for finding in outcome.findings:
            typer.echo(f"FAILED {folder}: {finding}")
        if outcome.sealed and not quiet:
            typer.echo(f"OK {folder}: {outcome.files} files as they were sealed")
        failed = failed or not outcome.sealed
    if failed:
        raise typer.Exit(DOES_NOT_VERIFY)
