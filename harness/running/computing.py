"""What a port computes with, as asked for on the command line."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.errors import WrongUse

DTYPES = ("float64", "float32", "mixed")
COMPILE_CHOICES = ("auto", "always", "never")
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


@dataclass(frozen=True)
class Computing:
    """Device, dtype, whether to compile, and how much memory temporaries may take beside the result."""

    device: str = "auto"
    dtype: str = "float64"
    compile: str = "auto"
    memory: str = "1GiB"

    def __post_init__(self) -> None:
        for option, choices in (("dtype", DTYPES), ("compile", COMPILE_CHOICES)):
            if getattr(self, option) not in choices:
                raise WrongUse(f"--{option} must be one of {', '.join(choices)}; got {getattr(self, option)!r}")
        bytes_of(self.memory)


def bytes_of(size: str) -> int:
    """``512MB``, ``2GB``, ``1.5GiB`` or a plain number in bytes; WrongUse for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", size.strip())
    if not match or match[2].upper() not in UNITS:
        raise WrongUse(f"--memory must be a size such as 512MB, 2GB or 1GiB; got {size!r}")
    return int(float(match[1]) * UNITS[match[2].upper()])


@contextmanager
def timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    """Record how long the block took, in seconds."""
    began = time.monotonic()
    yield
    seconds[phase] = time.monotonic() - began
