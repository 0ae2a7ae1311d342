"""The programs as fixtures, and the reference program built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.harness.support import ROOT, Run, in_process


@pytest.fixture
def harness(tmp_path: Path) -> Run:
    return in_process("harness", tmp_path)


@pytest.fixture
def compare(tmp_path: Path) -> Run:
    return in_process("compare", tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _reference_is_built() -> None:
    """The reference program as ``make reference`` builds it; nothing to do where it is up to date."""
    subprocess.run(["make", "-s", "-C", str(ROOT / "reference_c")], check=True, capture_output=True)
