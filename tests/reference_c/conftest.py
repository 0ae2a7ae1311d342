"""The C program as fixtures: built once, run in a scratch folder, its images and traces read back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
INDEX_KEYS = ("thick_tic", "sub_s", "sub_f", "source", "phi_tic", "mos_tic")

Trace = dict[tuple[str, ...], dict[str, list[str]]]
"""(record, index, ...) to the words of each name; the record of plain quantities is ""."""


@dataclass(frozen=True)
class Run:
    """One run of the program and what it left in its folder."""

    returncode: int
    stdout: str
    stderr: str
    folder: Path
    names_before: frozenset[str]

    @property
    def new_files(self) -> set[str]:
        return {p.name for p in self.folder.iterdir()} - self.names_before

    def image(self, columns: int = 96) -> np.ndarray:
        """The float image, slow x fast."""
        return np.fromfile(self.folder / "floatimage.bin", np.float32).reshape(-1, columns)

    def smv(self, name: str) -> np.ndarray:
        data = (self.folder / name).read_bytes()
        size = {key: int(value) for key, value in re.findall(rb"(SIZE[12])=(\d+);", data[:512])}
        return np.frombuffer(data[512:], "<u2").reshape(size[b"SIZE2"], size[b"SIZE1"])

    def pgm(self, name: str = "image.pgm") -> np.ndarray:
        magic, size, comment, depth, pixels = (self.folder / name).read_bytes().split(b"\n", 4)
        assert (magic, depth) == (b"P5", b"255")
        assert comment.startswith(b"# pixels scaled by ")
        fast, slow = map(int, size.split())
        return np.frombuffer(pixels, np.uint8).reshape(slow, fast)

    def printed(self, pattern: str) -> list[str]:
        """The groups of the first match in the log."""
        match = re.search(pattern, self.stdout)
        assert match is not None, f"{pattern!r} is not in\n{self.stdout}"
        return list(match.groups())

    @property
    def trace_lines(self) -> list[str]:
        return [line for line in self.stdout.splitlines() if line.startswith("TRACE_C")]

    @property
    def traces(self) -> dict[str, Trace]:
        """Traces by pixel, "slow fast"."""
        return parse_traces(self.trace_lines)

    @staticmethod
    def parse(lines: Iterable[str]) -> dict[str, Trace]:
        return parse_traces(lines)

    def trace(self) -> Trace:
        """The only trace."""
        (trace,) = self.traces.values()
        return trace

    def quantity(self, name: str) -> list[float]:
        return [float(word) for word in self.trace()[("",)][name]]

    def records(self, record: str, name: str) -> np.ndarray:
        """A name's values in all records of a kind, in execution order."""
        return np.array([v[name] for k, v in self.trace().items() if k[0] == f"TRACE_C_{record}"], float)


def parse_traces(lines: Iterable[str]) -> dict[str, Trace]:
    """Traces by the pixel that their `pixel` line names; "" for logs that lack it."""
    traces: dict[str, Trace] = {}
    current: Trace = {}
    for line in lines:
        if line.startswith("TRACE_C: trace_format ") or not traces:
            current = {}
            traces[""] = current
        _add_line(current, line)
        if line.startswith("TRACE_C: pixel "):
            traces[line.removeprefix("TRACE_C: pixel ")] = traces.pop("")
    return traces


def _add_line(trace: Trace, line: str) -> None:
    if line.startswith("TRACE_C: "):
        _, name, *values = line.split(" ")
        assert name not in trace.setdefault(("",), {}), f"twice: {line}"
        trace[("",)][name] = values
        return
    record, *pairs = line.split(" ")
    items = [pair.split("=") for pair in pairs]
    key = (record, *(f"{k}={v}" for k, v in items if k in INDEX_KEYS))
    assert key not in trace, f"twice: {line}"
    trace[key] = {k: v.split(",") for k, v in items if k not in INDEX_KEYS}


def _build(target: str, name: str) -> Path:
    done = subprocess.run(["make", "-C", str(ROOT / "reference_c"), target], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "reference_c" / "build" / name


@pytest.fixture(scope="session")
def program() -> Path:
    """The program for parity, or under the sanitizers with REFERENCE_C_SANITIZE=1 in the environment."""
    if os.environ.get("REFERENCE_C_SANITIZE"):
        return _build("sanitize", "nanobragg_c_sanitize")
    return _build("all", "nanobragg_c")


@pytest.fixture(scope="session")
def fast_program() -> Path:
    """The program for timing, built with fast-math."""
    return _build("fast", "nanobragg_c_fast")


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of the reference program's figures."""
    folder = ROOT.parent / "shared" / "golden"
    if not (folder / "public" / "index.json").exists():
        pytest.skip(f"the golden figures are not at {folder}")
    return folder


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., Run]:
    """run(program, argv, *files): run in a fresh folder (or `folder`) that holds copies of the files."""
    count = 0

    def run(program: Path, argv: str | list[str], *files: Path, folder: Path | None = None) -> Run:
        nonlocal count
        if folder is None:
            count += 1
            folder = tmp_path / f"run{count}"
            folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        before = frozenset(p.name for p in folder.iterdir())
        words = argv.split() if isinstance(argv, str) else argv
        environment = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1"}
        done = subprocess.run(
            [str(program), *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        return Run(done.returncode, done.stdout, done.stderr, folder, before)

    return run


@pytest.fixture
def simulate(program: Path, run_program: Callable[..., Run]) -> Callable[..., Run]:
    """simulate(argv, *files): the program for parity, which must succeed."""

    def run(argv: str | list[str], *files: Path, folder: Path | None = None) -> Run:
        done = run_program(program, argv, *files, folder=folder)
        assert done.returncode == 0, done.stderr
        return done

    return run
