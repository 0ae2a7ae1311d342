"""A campaign from its file to its sealed folder, and sealed parts to a whole."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from compare.folders.bundle import verify
from compare.outcomes import ExitCode
from compare.streams import Terminated
from harness.campaign import report
from harness.campaign.executors import Executor
from harness.campaign.record import Journal, Record, Work, from_json
from harness.campaign.specification import Job, Specification, jobs_of, read_specification, shard_of
from harness.errors import HarnessError, WrongUse
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.subject import Subject


class NotVerified(HarnessError):
    """A folder to merge is not as it was sealed (exit 5)."""

    exit_code = ExitCode.NOT_VERIFIED


class Counted(Protocol):
    """Told of each record."""

    def __call__(self, record: Record) -> None: ...


def run_campaign(
    path: Path, subject: Subject, work: Work, executor: Executor, *, shard: str | None, root: Path, redact: bool
) -> int:
    """Run what has no record yet, seal all records; gives the exit code.

    Raises:
        WrongUse: the file, a case or the shard is wrong.
    """
    specification = read_specification(path)
    every = jobs_of(specification, subject)
    jobs = shard_of(every, shard) if shard else every
    journal = Journal(root / f".{specification.name}.campaign", _stamp(specification, work))
    known = {record.key: record for record in journal.records()}
    waiting = [job for job in jobs if job.key not in known]
    if len(waiting) < len(jobs):
        print(f"{len(jobs) - len(waiting)} of {len(jobs)} jobs have been run before")
    began = time.monotonic()
    try:
        with _progress(len(jobs), len(jobs) - len(waiting)) as counted:
            for record in executor.run(work, waiting) if waiting else ():
                journal.add(record)
                known[record.key] = record
                counted(record)
    except (KeyboardInterrupt, Terminated):
        done = sum(job.key in known for job in jobs)
        print(f"interrupted: {done} of {len(jobs)} jobs are kept; the same command goes on from there", flush=True)
        raise
    records = [known[job.key] for job in jobs]
    label = f"campaign_{specification.name}" + (f"_{shard.replace('/', '-of-')}" if shard else "")
    plan = report.Plan(specification.name, tuple((job.label, job.key) for job in every), path.read_bytes())
    code = _seal(label, records, plan, root=root, redact=redact)
    _forget(journal, every, known)
    print(f"{time.monotonic() - began:.1f} s")
    return code


def merge(folders: Sequence[Path], *, root: Path, redact: bool) -> int:
    """Sealed parts of one campaign as one sealed folder; gives the exit code.

    Raises:
        NotVerified: a folder is not as it was sealed.
        WrongUse: it is no campaign's or another one's, or parts are missing or contradict each other.
    """
    plan = _plan(folders[0])
    records: dict[str, Record] = {}
    for folder in folders:
        if _plan(folder) != plan:
            raise WrongUse(f"{folder} is a part of another campaign than {folders[0]}: they planned other jobs")
        for record in _records(folder):
            if records.setdefault(record.key, record) != record:
                raise WrongUse(f"{record.label} has one outcome in {folder} and another in an earlier folder")
    if missing := [label for label, key in plan.jobs if key not in records]:
        some = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise WrongUse(f"{len(missing)} of {len(plan.jobs)} jobs are in none of the folders: {some}")
    ordered = [records[key] for _, key in plan.jobs]
    return _seal(f"campaign_{plan.name}", ordered, plan, root=root, redact=redact)


def _plan(folder: Path) -> report.Plan:
    try:
        outcome = verify(folder)
        if not outcome.sealed:
            raise NotVerified(f"{folder} does not verify: {outcome.findings[0]}")
        return report.read_plan(folder)
    except (OSError, ValueError) as error:
        raise WrongUse(f"{folder} is no campaign's folder: {error}") from error


def _records(folder: Path) -> list[Record]:
    try:
        return [from_json(line) for line in (folder / report.RECORDS).read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise WrongUse(f"{folder}: {report.RECORDS} cannot be read: {error}") from error


def _stamp(specification: Specification, work: Work) -> str:
    """What records hold for: the file, the programs, and the inputs that were given."""
    program = work.subject.reference(work.reference, work.timeout_s)
    facts = [specification.sha256, work.subject.name, str(work.data), program.facts()]
    return hashlib.sha256(json.dumps(facts, default=str, sort_keys=True).encode()).hexdigest()[:24]


def _seal(label: str, records: Sequence[Record], plan: report.Plan, *, root: Path, redact: bool) -> int:
    with Evidence(root, label, redact=redact) as evidence:
        report.write(evidence, records, plan)
        evidence.write_json("env.json", environment_record())
    failed = sum(not record.passed for record in records)
    print(f"{len(records)} jobs: {len(records) - failed} in parity, {failed} not")
    print(f"sealed: {evidence.final}")
    return int(report.exit_code(records))


def _forget(journal: Journal, every: Sequence[Job], known: dict[str, Record]) -> None:
    """Remove the records of a campaign that is sealed whole: another run of it runs all again."""
    if all(job.key in known for job in every):
        for path in journal.folder.glob("*.json"):
            path.unlink(missing_ok=True)
        for folder in (journal.folder, journal.folder.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


@contextmanager
def _progress(jobs: int, done: int) -> Iterator[Counted]:
    """A bar on stderr where it is a terminal; failed jobs in a line each."""
    if not sys.stderr.isatty():
        yield _print_failed
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("jobs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("jobs", total=jobs, completed=done)

        def counted(record: Record) -> None:
            _print_failed(record)
            bar.advance(task)

        yield counted


def _print_failed(record: Record) -> None:
    if not record.passed:
        what, said = report.reason(record)
        print(report.clean(f"{record.label}: {what}: {said}"), flush=True)
