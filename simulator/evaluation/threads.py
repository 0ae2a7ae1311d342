"""Eager work on the CPU's threads: sharing every operation, or a piece of the work each, whichever is faster now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")

FIRST_STRETCH = 32
"""Pieces that are computed the faster way before both are timed again; each stretch is four times the last."""


@contextmanager
def unshared_operations() -> Iterator[int]:
    """Let torch compute every operation on the thread that calls it; yields how many threads it had."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def computed(compute: Callable[[Piece], Result], pieces: Sequence[Piece], *, together: bool = True) -> Iterator[Result]:
    """The results in order, computed with all of torch's threads.

    On idle cores the threads are best used together on each operation. Where other processes want the cores too, each
    operation then waits for its last thread (up to 40 times longer, seen), and pieces of their own are better. Only
    the clock can tell which it is, so both are timed, more and more rarely.

    Args:
        compute: makes a result; the same bits in either way.
        pieces: what it is made from.
        together: False computes on one thread: for results that carry a graph.
    """
    with unshared_operations() as threads:
        if not together or threads == 1 or len(pieces) < 2:
            yield from map(compute, pieces)
            return
        with ThreadPoolExecutor(threads) as pool:

            def apart(some: Sequence[Piece]) -> Iterator[Result]:
                return pool.map(compute, some)

            def shared(some: Sequence[Piece]) -> Iterator[Result]:
                torch.set_num_threads(threads)
                try:
                    yield from map(compute, some)
                finally:
                    torch.set_num_threads(1)

            if len(pieces) <= FIRST_STRETCH:  # too little work to find out
                yield from apart(pieces)
                return
            yield from shared(pieces[:1])  # the first one also warms up
            yield from _by_the_faster((shared, apart), pieces[1:], threads)


def _by_the_faster(
    ways: Sequence[Callable[[Sequence[Piece]], Iterator[Result]]], pieces: Sequence[Piece], at_once: int
) -> Iterator[Result]:
    """The results of all pieces: ``at_once`` in each way, a stretch in the faster one, and so on.

    A stretch ends early when it is slower than the other way was: the load has changed.
    """
    done, stretch = 0, FIRST_STRETCH
    while done < len(pieces):
        pace: list[float] = []
        for way in ways:
            results, seconds = _timed(way, pieces[done : done + at_once])
            yield from results
            done, pace = done + len(results), [*pace, seconds]
        faster, slowest = ways[pace.index(min(pace))], max(pace)
        end = min(done + stretch, len(pieces))
        stretch *= 4
        while done < end:
            results, seconds = _timed(faster, pieces[done : min(done + 4 * at_once, end)])
            yield from results
            done += len(results)
            if seconds > slowest:
                stretch = FIRST_STRETCH
                break


def _timed(way: Callable[[Sequence[Piece]], Iterator[Result]], some: Sequence[Piece]) -> tuple[list[Result], float]:
    """The results and the seconds each took."""
    began = time.perf_counter()
    results = list(way(some))
    return results, (time.perf_counter() - began) / max(1, len(results))
