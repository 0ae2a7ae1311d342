"""Pieces of work on several threads: every result once and in order, whichever way is faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from simulator.evaluation.threads import FIRST_STRETCH, computed

THREADS = 2
MANY = 5 * FIRST_STRETCH


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """torch with two threads; as before after the test."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


def recording(seconds: Callable[[bool], float]) -> tuple[Callable[[int], int], list[bool]]:
    """A computation that takes a while, which depends on whether its operations are shared, and what it saw."""
    seen: list[bool] = []

    def compute(piece: int) -> int:
        shared = torch.get_num_threads() > 1
        seen.append(shared)
        time.sleep(seconds(shared))
        return piece * piece

    return compute, seen


@pytest.mark.parametrize("count", [0, 1, 2, FIRST_STRETCH, FIRST_STRETCH + 1, MANY])
@pytest.mark.parametrize("together", [True, False])
def test_every_result_comes_once_and_in_order(count: int, together: bool) -> None:
    compute, _ = recording(lambda shared: 0.0)
    assert list(computed(compute, range(count), together=together)) == [n * n for n in range(count)]
    assert torch.get_num_threads() == THREADS


@pytest.mark.parametrize("sharing_pays", [True, False])
def test_the_faster_way_does_most_of_the_work(sharing_pays: bool) -> None:
    compute, seen = recording(lambda shared: 0.0005 if shared is sharing_pays else 0.01)
    list(computed(compute, range(MANY)))
    assert sum(shared is sharing_pays for shared in seen) > 0.9 * MANY


def test_a_change_of_load_is_noticed() -> None:
    """Sharing pays at first, and costs dearly from the middle on."""
    began = threading.Event()

    def seconds(shared: bool) -> float:
        if len(seen) > MANY // 2:
            began.set()
        return 0.02 if began.is_set() == shared else 0.0005

    compute, seen = recording(seconds)
    list(computed(compute, range(MANY)))
    late = seen[-MANY // 4 :]
    assert sum(late) < len(late) / 2


def test_a_graph_is_made_on_one_thread() -> None:
    compute, seen = recording(lambda shared: 0.0)
    names = {threading.get_ident()}
    list(computed(lambda piece: (names.add(threading.get_ident()), compute(piece)), range(MANY), together=False))
    assert (len(names), any(seen)) == (1, False)


@pytest.mark.parametrize("count", [2, MANY])
def test_a_failure_comes_through_and_leaves_the_threads_as_they_were(count: int) -> None:
    def failing(piece: int) -> int:
        if piece == count - 1:
            raise ArithmeticError("no result")
        return piece

    with pytest.raises(ArithmeticError, match="no result"):
        list(computed(failing, range(count)))
    assert torch.get_num_threads() == THREADS
