"""Large pieces of memory that are freed and asked for again, chunk after chunk."""

from __future__ import annotations

import ctypes
import platform

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Parameters of mallopt(3)."""

KEPT_BYTES = 1 << 30


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory, up to 1 GiB, for the next tensor; returns whether it does.

    Otherwise every chunk gives its pages back and faults them in again, which takes up to a third of an image's time.
    It is a setting of the whole process, so programs make it, not the simulator. Only glibc knows it.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(parameter, KEPT_BYTES) == 1 for parameter in (MMAP_THRESHOLD, TRIM_THRESHOLD))
