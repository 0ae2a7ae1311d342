"""The runs under a root folder, one row each: when, what, where, how it came out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from compare.errors import InputError
from compare.folders.bundle import MANIFEST, PARTIAL, verify
from compare.folders.run_report import REPORT, read_document

STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z_")


@dataclass(frozen=True)
class Run:
    """One evidence folder. ``seal``: sealed, broken (does not verify) or partial (was killed)."""

    folder: str
    when: str
    seal: str
    case: str = ""
    device: str = ""
    verdict: str = ""
    result: float | None = None
    result_name: str = ""
    worst_ulps: float | None = None
    git_sha: str = ""


def read_history(root: Path) -> list[Run]:
    """Every evidence folder directly under ``root``, oldest first.

    Raises:
        InputError: ``root`` is no folder.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; compare history takes a folder of evidence folders")
    folders = (path for path in root.iterdir() if path.is_dir() and _is_evidence(path))
    return sorted((_read_run(path) for path in folders), key=lambda run: (run.when, run.folder))


def _is_evidence(path: Path) -> bool:
    return path.name.endswith(PARTIAL) or (path / MANIFEST).exists() or (path / REPORT).exists()


def _read_run(path: Path) -> Run:
    when = _when(path.name)
    if path.name.endswith(PARTIAL):
        return Run(path.name, when, "partial")
    if not verify(path).sealed:
        return Run(path.name, when, "broken")
    try:
        document = read_document(path)
        environment = json.loads((path / "env.json").read_text("utf-8"))
    except (InputError, OSError, ValueError):
        return Run(path.name, when, "sealed")
    summary, sha = document.summary, str(environment.get("git_sha") or "")
    dirty = "+" if environment.get("git_dirty") else ""
    return Run(
        folder=path.name,
        when=when,
        seal="sealed",
        case=summary.case,
        device=summary.device,
        verdict=document.verdict,
        result=summary.result,
        result_name=summary.result_name,
        worst_ulps=summary.worst_ulps,
        git_sha=sha[:10] + dirty if sha else "",
    )


def _when(name: str) -> str:
    match = STAMP.search(name)
    return "{}-{}-{} {}:{}:{}".format(*match.groups()) if match else ""


def as_json(runs: Sequence[Run]) -> str:
    """The table for machines."""
    return json.dumps([asdict(run) for run in runs], indent=1) + "\n"


def draw(runs: Sequence[Run], path: Path) -> None:
    """The worst ulps of each run over time, by case, on a logarithmic axis that includes 0."""
    from datetime import datetime

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    points: dict[str, list[tuple[datetime, float]]] = {}
    for run in runs:
        if run.worst_ulps is not None and run.when:
            points.setdefault(run.case, []).append((datetime.fromisoformat(run.when), run.worst_ulps))
    for (case, series), marker in zip(points.items(), "osD^vP*X<>" * len(points), strict=False):
        axes.plot(*zip(*series, strict=True), marker=marker, label=case)
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_ylabel("worst ulp between the traces")
    axes.set_xlabel("run, UTC")
    axes.grid(visible=True, alpha=0.3)
    if points:
        axes.legend(fontsize="small")
    figure.autofmt_xdate()
    figure.savefig(path, dpi=110)
