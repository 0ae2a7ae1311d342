"""Several cases at once, in processes of their own; Ctrl-C ends them all and what they started."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from compare.progress import be_silent
from harness.errors import ProgramFailed

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """Results of ``work`` on every item, as they come; ``jobs`` at a time.

    Raises:
        ProgramFailed: a worker process died.
    """
    if jobs <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    workers = min(jobs, len(items))
    try:
        with worker_pool(workers, sharing=workers) as pool:
            futures = [pool.submit(interruptible, work, item) for item in items]
            for future in as_completed(futures):
                yield future.result()
    except BrokenProcessPool as error:
        raise ProgramFailed("a worker process died (out of memory?); --jobs 1 runs one case at a time") from error


@contextmanager
def worker_pool(workers: int, sharing: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for `interruptible` work; whatever ends the block early ends them and what they started.

    Args:
        workers: how many.
        sharing: among how many the processors are shared.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=start_worker, initargs=(sharing,))
    try:
        yield pool
    except BrokenProcessPool:
        raise
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if process.pid is not None:
                os.kill(process.pid, signal.SIGINT)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def start_worker(workers: int) -> None:
    """Between tasks a worker leaves Ctrl-C to its parent; the processors are shared evenly."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    be_silent()
    share = max(1, (os.cpu_count() or 1) // workers)
    os.environ.setdefault("OMP_NUM_THREADS", str(share))


def interruptible(work: Callable[[Item], Result], item: Item) -> Result:
    """Within a task Ctrl-C raises, so that scratch folders are removed and running programs ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return work(item)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
