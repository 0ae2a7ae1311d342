"""``harness campaign`` and ``harness merge``: many cases on many machines, and where they diverge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.options import DataOption, OutDirOption, RedactOption, ReferenceOption, TimeoutOption


def campaign(
    specification: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="Cases, axes, devices, dtypes, seeds.")],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes of this machine.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Run on the workers of a Dask scheduler.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Only the I-th of N parts; see harness merge.")
    ] = None,
    reference: ReferenceOption = None,
    data: DataOption = None,
    timeout: TimeoutOption = 600.0,
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Compare both programs on all cases of a campaign. What was run is kept: the same command goes on from there."""
    from harness.campaign.executors import Dask, Local
    from harness.campaign.record import Work
    from harness.campaign.running import run_campaign
    from harness.choices import reports_root
    from harness.finding import chosen

    subject = chosen()
    work = Work(subject, reference, data, timeout)
    executor = Dask(scheduler) if scheduler else Local(jobs)
    root = reports_root(out_dir)
    code = run_campaign(specification, subject, work, executor, shard=shard, root=root, redact=redact)
    raise typer.Exit(code)


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Sealed parts of one campaign.")],
    out_dir: OutDirOption = None,
    redact: RedactOption = False,
) -> None:
    """Seal the parts of a campaign (--shard) as one folder; each must verify, and none may be missing."""
    from harness.campaign.running import merge as merge_folders
    from harness.choices import reports_root

    raise typer.Exit(merge_folders(folders, root=reports_root(out_dir), redact=redact))
