"""Where jobs run: processes of this machine, or the workers of a Dask scheduler. Both give records as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from harness.campaign.record import Record, lost
from harness.campaign.specification import Job
from harness.errors import WrongUse
from harness.running.pool import interruptible, worker_pool

ATTEMPTS = 3
"""How often a job is tried whose worker dies under it."""

AHEAD = 4
"""Jobs a worker has waiting: enough to keep it busy, few enough to lose little with it."""

Work = Callable[[Job], Record]


class Executor(Protocol):
    """Runs jobs somewhere."""

    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Record]:
        """A record of each job, as they come; a lost worker's jobs are run again."""


class Local:
    """Processes of this machine.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Record]:
        waiting, tried = list(reversed(jobs)), Counter[str]()
        while waiting:
            running: dict[Future[Record], Job] = {}
            try:
                with worker_pool(min(self.workers, len(waiting)), sharing=self.workers) as pool:
                    yield from self._records(pool, work, waiting, running, tried)
            except BrokenProcessPool:  # nobody knows which job it was: those that were running are tried alone
                yield from _after_a_loss(running, waiting, tried)

    def _records(
        self, pool: ProcessPoolExecutor, work: Work, waiting: list[Job], running: dict[Future[Record], Job],
        tried: Counter[str],
    ) -> Iterator[Record]:  # fmt: skip
        while waiting or running:
            while waiting and len(running) < (1 if tried[waiting[-1].key] else AHEAD * self.workers):
                job = waiting.pop()
                running[pool.submit(interruptible, work, job)] = job
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                record = future.result()
                del running[future]
                yield record


def _after_a_loss(running: dict[Future[Record], Job], waiting: list[Job], tried: Counter[str]) -> Iterator[Record]:
    """Records that came in time or are given up; the other jobs go back, to be tried first."""
    for future, job in reversed(running.items()):
        if future.done() and not future.cancelled() and future.exception() is None:
            yield future.result()
            continue
        tried[job.key] += 1
        if tried[job.key] > ATTEMPTS:  # the first time it was one of several
            yield lost(job, ATTEMPTS)
        else:
            waiting.append(job)


class Dask:
    """The workers of a scheduler of dask.distributed (SLURM and others through dask-jobqueue).

    Args:
        address: of the scheduler, as tcp://host:8786.

    Raises:
        WrongUse: the package is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise WrongUse("--scheduler needs the package distributed: pip install 'trace-parity[dask]'") from error
        try:
            self._client: Any = Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise WrongUse(f"no scheduler answers at {address!r}: {error}") from error

    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Record]:
        from distributed import KilledWorker, as_completed

        by_key = {job.key: job for job in jobs}
        with self._client as client, client.as_current():
            futures = [client.submit(work, job, key=f"campaign-{job.key}", pure=False) for job in jobs]
            for future in as_completed(futures):
                job = by_key[str(future.key).removeprefix("campaign-")]
                try:
                    yield future.result()
                except KilledWorker:
                    yield lost(job, ATTEMPTS)
                future.release()
