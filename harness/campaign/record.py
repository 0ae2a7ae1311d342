"""What is kept of a job: the same bytes wherever and in whatever order it was run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compare.outcomes import ExitCode
from harness.campaign.specification import Job
from harness.questions.parity import Outcome, Task, run_task
from harness.running.computing import Computing
from harness.subject import Subject


@dataclass(frozen=True)
class Record:
    """How a job came out; nothing in it depends on time or place."""

    label: str
    key: str
    place: Mapping[str, str]
    argv: tuple[str, ...]
    mode: str
    exit_code: int
    checks: tuple[tuple[str, int, str], ...]
    """What, exit code, in words."""
    results: Mapping[str, tuple[float | None, float | None]]
    """Final value by section: reference, port."""
    worst_ulps: float | None
    first: str = ""
    """The first step at fault, where the traces differ."""

    @property
    def passed(self) -> bool:
        """Parity."""
        return self.exit_code == ExitCode.PARITY


@dataclass(frozen=True)
class Work:
    """What a worker needs besides the job; picklable."""

    subject: Subject
    reference: Path | None
    data: Path | None
    timeout_s: float | None

    def __call__(self, job: Job) -> Record:
        """Run a job to its record; a program that fails is a record too."""
        port = self.subject.port(Computing(job.device, job.dtype, "never"), self.timeout_s)
        program = self.subject.reference(self.reference, self.timeout_s)
        return record_of(job, run_task(Task(self.subject, job.case, job.mode, program, port, self.data)))


def record_of(job: Job, outcome: Outcome) -> Record:
    """What is kept of an outcome."""
    first = outcome.comparison.first_origin or outcome.comparison.first_divergence if outcome.comparison else None
    return Record(
        label=job.label,
        key=job.key,
        place=dict(job.place),
        argv=job.case.argv,
        mode=job.mode,
        exit_code=int(outcome.exit_code),
        checks=tuple((check.what, int(check.exit_code), check.text) for check in outcome.checks),
        results={outcome.called(section): values for section, values in outcome.final_values.items()},
        worst_ulps=outcome.worst_ulps,
        first=str(first.key) if first is not None and outcome.exit_code else "",
    )


def lost(job: Job, attempts: int) -> Record:
    """The record of a job whose worker died each time."""
    text = f"the worker that ran it died {attempts} times (out of memory?)"
    checks = (("run", int(ExitCode.FAILED), text),)
    return Record(job.label, job.key, dict(job.place), job.case.argv, job.mode, ExitCode.FAILED, checks, {}, None)


def to_json(record: Record) -> str:
    """One line."""
    return json.dumps(asdict(record), ensure_ascii=True) + "\n"


def from_json(text: str) -> Record:
    """Raises ValueError for what is no record."""
    try:
        table: dict[str, Any] = json.loads(text)
        return Record(
            **{
                **table,
                "argv": tuple(table["argv"]),
                "checks": tuple((what, int(code), said) for what, code, said in table["checks"]),
                "results": {name: (a, b) for name, (a, b) in table["results"].items()},
            }
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a campaign's record: {error!r}") from error


class Journal:
    """Records as they come, one file a job, so that a campaign that was stopped goes on where it was.

    Args:
        folder: where; made when first needed.
        stamp: what the records hold for (the specification, the programs): those of another one are not used.
    """

    def __init__(self, folder: Path, stamp: str) -> None:
        self.folder = folder / stamp

    def add(self, record: Record) -> None:
        """Keep a record; it is there whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f".{record.key}.{os.getpid()}"
        beside.write_text(to_json(record), "utf-8")
        beside.replace(self.folder / f"{record.key}.json")

    def records(self) -> Iterator[Record]:
        """Those that were kept; a damaged one is none."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                record = from_json(path.read_text("utf-8"))
            except (OSError, ValueError):
                continue
            if record.key == path.stem:
                yield record
