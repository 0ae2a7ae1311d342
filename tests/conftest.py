"""What all tests share: a machine on which nothing has been measured yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def untuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where ``harness tune`` would remember its measurements: nowhere near the user's own."""
    path = tmp_path_factory.mktemp("tuning") / "tuning.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMULATOR_TUNING", str(path))
        yield path
