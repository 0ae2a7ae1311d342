"""What all tests share: a machine on which nothing has been measured yet."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
ONE_OF_SEVERAL = "PYTEST_XDIST_WORKER" in os.environ
"""Whether other processes run tests beside this one (pytest -n)."""

if ONE_OF_SEVERAL:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
    for name in ("COLUMNS", "LINES"):  # of the process that started this one: widths are those that a test asks for
        os.environ.pop(name, None)


# A busy machine is no mistake of a test's.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_sessionstart() -> None:
    """Entry points are those of the installation: refuse to test with ones that pyproject.toml no longer has."""
    groups = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["entry-points"]
    for group, wanted in groups.items():
        found = {entry.name: entry.value for entry in entry_points(group=group)}
        if any(found.get(name) != value for name, value in wanted.items()):
            pytest.exit(
                "the installation is older than pyproject.toml; "
                "python -m pip install --no-deps --no-build-isolation --editable . brings it up to date",
                returncode=2,
            )


def pytest_runtest_teardown() -> None:
    """Training in a test's own process makes torch deterministic for good: not for the tests after it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session", autouse=True)
def untuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where ``harness tune`` would remember its measurements, and kernels: nowhere near the user's own.

    Processes that run tests side by side share their kernels: compiling them is the slowest thing that tests do.
    """
    path = tmp_path_factory.mktemp("tuning") / "tuning.json"
    base = tmp_path_factory.getbasetemp()
    kernels = (base.parent if ONE_OF_SEVERAL else base) / "kernels"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_REPORTS", str(tmp_path_factory.mktemp("reports")))
        patch.setenv("SIMULATOR_TUNING", str(path))
        patch.setenv("SIMULATOR_KERNELS", str(kernels))
        yield path
