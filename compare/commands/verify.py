"""``compare verify FOLDER...``: is every file of an evidence folder as it was sealed?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from compare.folders.bundle import Finding, Verification

EXIT_BAD_INPUT = 2
MOST_SHOWN = 1000
"""Findings of one folder that are printed; the rest is counted."""


def verify(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Sealed evidence folders.")],
    signers: Annotated[
        Path | None,
        typer.Option("--signers", metavar="FILE", help="Also ask who signed: one of these, or it does not verify."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing about folders that verify.")] = False,
) -> None:
    """Hash every file of the folders again; changed, missing and extra files are named, exit 5.

    A folder that verifies has not changed since it was sealed. Who sealed it only a signature says (--signers).
    """
    from compare.folders.bundle import DOES_NOT_VERIFY
    from compare.folders.bundle import verify as verify_folder
    from compare.progress import working
    from compare.render.text import clean

    failed, records = False, []
    for folder in folders:
        try:
            with working(f"hashing the files of {folder}"):
                checked = _checked(verify_folder(folder), signers)
        except OSError as error:
            typer.echo(clean(f"compare verify: {error}"), err=True)
            raise typer.Exit(EXIT_BAD_INPUT) from error
        records.append(checked.record())
        for line in () if json or (quiet and checked.fine) else checked.lines():
            typer.echo(line)
        failed = failed or not checked.fine
    if json:
        typer.echo(dumps({"folders": records}))
    if failed:
        raise typer.Exit(DOES_NOT_VERIFY)


@dataclass(frozen=True)
class Checked:
    """A folder that was verified, and who signed it, where that was asked for."""

    outcome: Verification
    findings: tuple[Finding, ...]
    signed_by: str | None = None

    @property
    def fine(self) -> bool:
        """Whether it verifies."""
        return not self.findings

    def lines(self) -> list[str]:
        """What is printed of it."""
        from compare.render.text import clean

        name = clean(str(self.outcome.folder))
        lines = [f"FAILED {name}: {clean(str(finding))}" for finding in self.findings[:MOST_SHOWN]]
        if len(self.findings) > MOST_SHOWN:
            lines.append(f"FAILED {name}: and {len(self.findings) - MOST_SHOWN} more")
        if self.findings:
            return lines
        lines += [f"remark {name}: {clean(str(remark))}" for remark in self.outcome.remarks[:MOST_SHOWN]]
        kind = "as they were sealed" if self.outcome.ours else "intact, not ours: no word of whether they are all"
        signed = f", signed by {self.signed_by}" if self.signed_by else ""
        return [*lines, f"OK {name}: {self.outcome.files} files {kind}{signed}"]

    def record(self) -> dict[str, Any]:
        """The same for ``--json``."""
        return {
            "folder": str(self.outcome.folder),
            "verified": self.fine,
            "files": self.outcome.files,
            "ours": self.outcome.ours,
            "signed_by": self.signed_by,
            "findings": [asdict(finding) for finding in self.findings],
            "remarks": [asdict(remark) for remark in self.outcome.remarks],
        }


def _checked(outcome: Verification, signers: Path | None) -> Checked:
    from compare.folders.bundle import SIGNATURE, Finding
    from compare.folders.signature import signer

    if signers is None:
        return Checked(outcome, outcome.findings)
    try:
        return Checked(outcome, outcome.findings, signer(outcome.folder, signers))
    except LookupError as reason:
        return Checked(outcome, (*outcome.findings, Finding(SIGNATURE, str(reason))))
