"""Freed memory is kept for the next tensor."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.evaluation import allocator

ROOT = Path(__file__).resolve().parents[2]
FAULTS = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from simulator.evaluation.allocator import keep_freed_memory
if sys.argv[2] == "keep":
    assert keep_freed_memory()
import numpy as np
def chunk():
    return np.ones(6 << 20)
chunk()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    chunk()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(choice: str) -> int:
    """Pages faulted in while twenty arrays of 48 MB are made and freed."""
    command = [sys.executable, "-c", FAULTS, str(ROOT), choice]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep freed memory")
def test_arrays_made_again_find_their_pages() -> None:
    assert faults("keep") < faults("leave") / 20


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.platform, "libc_ver", lambda: ("musl", "1.2"))
    monkeypatch.setattr(allocator.ctypes, "CDLL", None)
    assert not allocator.keep_freed_memory()
