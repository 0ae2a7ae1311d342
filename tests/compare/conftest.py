"""A real trace that tests change in one place, and the command line in this process."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from compare import cli

FIGURES = Path(__file__).parent / "figures"
GOLDEN = Path(__file__).parents[3] / "shared" / "golden"


@dataclass(frozen=True)
class Log:
    """The lines of a trace; each edit gives a new one."""

    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def find(self, record: str, **indices: int) -> int:
        """Number of the first line of a record with these indices, or of ``name value`` lines by their name."""
        wanted = re.compile(rf"TRACE_\w+?_{record} " if record.isupper() else rf"TRACE_\w+: {record}\b")
        for number, line in enumerate(self.lines):
            if wanted.match(line) and all(f" {key}={value} " in f"{line} " for key, value in indices.items()):
                return number
        raise LookupError(f"{record} {indices}")

    def value(self, record: str, name: str, **indices: int) -> list[str]:
        """The texts of one value; for a line without a record, ``name`` is "" and ``record`` its name."""
        line = self.lines[self.find(record, **indices)]
        if not name:
            return line.split()[2:]
        return re.search(rf" {name}=(\S+)", line)[1].split(",")  # type: ignore[index]

    def replaced(self, record: str, name: str, texts: Sequence[object], **indices: int) -> Log:
        """With another value in one place; numbers are written so that they read back."""
        number = self.find(record, **indices)
        words = [text if isinstance(text, str) else repr(text) for text in texts]
        line = self.lines[number]
        if name:
            line = re.sub(rf" {name}=\S+", f" {name}={','.join(words)}", line)
        else:
            line = " ".join([*line.split()[:2], *words])
        return self.with_line(number, line)

    def with_line(self, number: int, *lines: str) -> Log:
        """With other lines (or none) in the place of one."""
        return Log((*self.lines[:number], *lines, *self.lines[number + 1 :]))

    def without(self, record: str, **indices: int) -> Log:
        return self.with_line(self.find(record, **indices))

    def write(self, path: Path) -> Path:
        path.write_text(self.text)
        return path


@pytest.fixture(scope="session")
def trace() -> Log:
    """All records of one pixel: 2 layers, 2 sources, 3 phi steps (the first one stale), 2 mosaic domains."""
    return Log(tuple((FIGURES / "oscillation.trace.log").read_text().splitlines()))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a log under a name in the test's folder."""

    def write_log(log: Log | str | bytes, name: str = "b.log") -> Path:
        path = tmp_path / name
        content = log.text if isinstance(log, Log) else log
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_log


class Ran(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def compare_command() -> Callable[..., Ran]:
    """Run ``compare ...`` in this process."""

    def run(*words: object) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
            cli.main([str(word) for word in words])
        return Ran(int(stop.value.code or 0), out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def golden() -> Path:
    if not GOLDEN.is_dir():
        pytest.skip(f"{GOLDEN} is not there: figures of the reference program")
    return GOLDEN
