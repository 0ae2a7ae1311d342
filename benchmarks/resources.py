"""What a stretch of work takes: wall seconds, CPU seconds of all threads, and the peak of resident memory."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident_bytes(field: str = "VmRSS") -> int:
    """Resident memory of this process now, or with ``VmHWM`` its peak; 0 where the system does not tell."""
    with suppress(OSError):
        for line in STATUS.read_text("ascii").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0


def forget_peak() -> None:
    """Give back what is free and count the peak of resident memory from here on."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")


def peak_bytes() -> int:
    """The peak of resident memory since ``forget_peak``; where the system cannot reset it, of the whole process."""
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resident_bytes("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


@contextmanager
def timed(phases: dict[str, dict[str, float]], name: str) -> Iterator[None]:
    """Record the block's wall and CPU seconds under its name."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        phases[name] = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
