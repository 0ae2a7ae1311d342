"""Who is measured against whom, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

BASELINE = "c-fast"
ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A contender did not run to its end."""


@dataclass(frozen=True)
class Contender:
    """A program or a way to execute the port.

    Attributes:
        program: path of a program that takes the command line; None: the port.
        takes_threads: whether the program knows ``-threads``; OMP_NUM_THREADS is set in any case.
        device: of the port.
        dtype: of the port.
        compile: of the port: always or never.
    """

    name: str
    program: Path | None = None
    takes_threads: bool = False
    device: str = "cpu"
    dtype: str = "float64"
    compile: str = "never"

    def specification(self, argv: Sequence[str], folder: Path, threads: int) -> dict[str, Any]:
        """What ``benchmarks.worker`` needs to know."""
        if self.program is None:
            choice = {"device": self.device, "dtype": self.dtype, "compile": self.compile}
            return {"argv": list(argv), "folder": str(folder), "threads": threads, **choice}
        words = [*argv, *(("-threads", str(threads)) if self.takes_threads else ())]
        return {"program": str(self.program), "argv": words, "folder": str(folder), "threads": threads}


def contenders(fast_program: Path, reference: Path | None, *, with_cuda: bool) -> tuple[Contender, ...]:
    """All of them, the baseline first.

    Args:
        fast_program: the project's C program as built for timing.
        reference: another program with the reference's command line, if there is one.
        with_cuda: whether the port runs on a CUDA device too.
    """
    others = () if reference is None else (Contender("reference", program=reference.absolute()),)
    precisions = {"cuda": "float64", "cuda-mixed": "mixed", "cuda-float32": "float32"} if with_cuda else {}
    on_cuda = (Contender(name, device="cuda", dtype=dtype, compile="always") for name, dtype in precisions.items())
    return (
        Contender(BASELINE, program=fast_program, takes_threads=True),
        *others,
        Contender("eager"),
        Contender("compiled", compile="always"),
        Contender("mixed", dtype="mixed", compile="always"),
        Contender("float32", dtype="float32", compile="always"),
        *on_cuda,
    )


@dataclass
class Running:
    """A contender's process, waiting to run its workload once more. A context manager that ends it."""

    contender: Contender
    argv: Sequence[str]
    folder: Path
    threads: int
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        specification = self.contender.specification(self.argv, self.folder, self.threads)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(specification)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self) -> dict[str, Any]:
        """One run. Raises Failed with what the process said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "ended without an answer"}
        if "error" in answer:
            raise Failed(f"{self.contender.name}: {answer['error']}")
        return answer

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()
