"""A sample of the campaigns of ``benchmarks.fuzz_verdicts``."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.fuzz_verdicts import fuzz_dialects, fuzz_images, fuzz_lines, fuzz_values


@pytest.mark.parametrize(
    ("campaign", "count"), [(fuzz_values, 1200), (fuzz_dialects, 400), (fuzz_lines, 150), (fuzz_images, 300)]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_not_the_same_is_never_called_so(campaign: Callable, count: int, seed: int, monkeypatch) -> None:
    monkeypatch.setattr("benchmarks.fuzz_verdicts.BATCH", 300)
    done = campaign(count, random.Random(seed))
    assert sum(done.values()) >= count
    assert len(done) > 1, "of several kinds"
