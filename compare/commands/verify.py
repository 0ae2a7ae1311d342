"""``compare verify FOLDER...``: is every file of an evidence folder as it was sealed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from compare.folders.bundle import Verification

EXIT_BAD_INPUT = 2
MOST_SHOWN = 1000
"""Findings of one folder that are printed; the rest is counted."""


def verify(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Sealed evidence folders.")],
    signers: Annotated[
        Path | None,
        typer.Option("--signers", metavar="FILE", help="Also ask who signed: one of these, or it does not verify."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing about folders that verify.")] = False,
) -> None:
    """Hash every file of the folders again; changed, missing and extra files are named, exit 5.

    A folder that verifies has not changed since it was sealed. Who sealed it only a signature says (--signers).
    """
    from compare.folders.bundle import DOES_NOT_VERIFY
    from compare.folders.bundle import verify as verify_folder
    from compare.render.text import clean

    failed = False
    for folder in folders:
        try:
            outcome = verify_folder(folder)
            said, fine = _told(outcome, signers)
        except OSError as error:
            typer.echo(clean(f"compare verify: {error}"), err=True)
            raise typer.Exit(EXIT_BAD_INPUT) from error
        for line in said if not fine or not quiet else ():
            typer.echo(line)
        failed = failed or not fine
    if failed:
        raise typer.Exit(DOES_NOT_VERIFY)


def _told(outcome: Verification, signers: Path | None) -> tuple[list[str], bool]:
    """What is printed of a folder, and whether it verifies."""
    from compare.folders.bundle import SIGNATURE, Finding
    from compare.folders.signature import signer
    from compare.render.text import clean

    findings, signed = list(outcome.findings), ""
    if signers is not None:
        try:
            signed = f", signed by {signer(outcome.folder, signers)}"
        except LookupError as reason:
            findings.append(Finding(SIGNATURE, str(reason)))
    name = clean(str(outcome.folder))
    lines = [f"FAILED {name}: {clean(str(finding))}" for finding in findings[:MOST_SHOWN]]
    if len(findings) > MOST_SHOWN:
        lines.append(f"FAILED {name}: and {len(findings) - MOST_SHOWN} more")
    if findings:
        return lines, False
    lines += [f"remark {name}: {clean(str(remark))}" for remark in outcome.remarks[:MOST_SHOWN]]
    kind = "as they were sealed" if outcome.ours else "intact, not ours: no word of whether they are all"
    return [*lines, f"OK {name}: {outcome.files} files {kind}{signed}"], True
