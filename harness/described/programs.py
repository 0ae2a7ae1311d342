"""One side of ``parity.toml`` as a program: built, run in a folder, its trace taken from what it prints or writes."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.case import Section
from harness.described.settings import CAPTURED, STDOUT, Settings, Side
from harness.errors import ProgramFailed, WrongUse
from harness.questions.traced import Trace, Traced
from harness.running.computing import Computing
from harness.running.processes import Finished, run
from harness.running.scratch import Prepared
from harness.subject import Ran

MODULE = "-m"
"""What follows it names no file."""
PLACE = re.compile(r"\{(\w+)\}")
TRACE_LINE = re.compile(r"^\s*TRACE", re.MULTILINE)
LOST = re.compile(r"No such file|FileNotFound|annot open", re.IGNORECASE)
BUILD_SECONDS = 600.0


@dataclass(frozen=True)
class Command:
    """A program that a file describes."""

    settings: Settings
    which: str
    """``reference`` or ``port``."""
    computing: Computing
    timeout_s: float | None = None
    binary: Path | None = None
    """Another binary in the place of the first word."""

    @property
    def side(self) -> str:
        """For file names."""
        return "a" if self.which == "reference" else "b"

    @property
    def title(self) -> str:
        """In sentences."""
        return self.described.title

    @property
    def described(self) -> Side:
        """What the file says of it."""
        side: Side = getattr(self.settings, self.which)
        return side

    def facts(self) -> Mapping[str, Any]:
        """How it is built and run."""
        return {self.which: {"run": self.described.run, "build": self.described.build}}

    def environment(self) -> Mapping[str, str | None]:
        """As asked for."""
        return {"dtype": self.computing.dtype, "requested": self.computing.device}

    def build(self) -> None:
        """Run the build command, where there is one.

        Raises:
            ProgramFailed: it complains.
        """
        command = self.described.build
        if not command:
            return
        done = run(["sh", "-c", command], self.settings.folder, BUILD_SECONDS, self._variables())
        if done.status != 0:
            raise ProgramFailed(
                f"building {self.title} failed: `{command}` {done.ending()}\n{done.stderr or done.stdout}", done.output
            )

    def run(self, prepared: Prepared, sections: Sequence[Section]) -> Ran:
        """Outputs of the first run, and the trace of every section."""
        runs: list[Finished] = []
        traces: dict[Section, Trace] = {}
        outputs: dict[str, bytes] = {}
        for section in sections or ((0,) * len(self.settings.keys),):
            finished, text, files = self._once(prepared, section)
            runs.append(finished)
            outputs = outputs or files
            if section in sections:
                traces[section] = Trace(text).stating(self.settings.unheaded(section))
        return Ran(outputs, traces, runs, device=self.computing.device)

    def trace(self, prepared: Prepared, sections: Sequence[Section]) -> Traced:
        """The trace of every section, one run each."""
        ran = self.run(prepared, sections)
        seconds = {"run": sum(finished.seconds for finished in ran.runs)}
        return Traced(ran.traces, ran.runs, device=self.computing.device, dtype=self.computing.dtype, seconds=seconds)

    def _once(self, prepared: Prepared, section: Section) -> tuple[Finished, str, dict[str, bytes]]:
        side = self.described
        if side.trace == CAPTURED:
            raise WrongUse(
                f"[{self.which}] trace is captured: `harness capture {prepared.case.name}` and `harness explain --case "
                f"{prepared.case.name}` make both traces, compare them and name the step at fault"
            )
        with self._place(prepared) as folder:
            finished = self._finished(folder, prepared, section)
            text = finished.stdout if side.trace == STDOUT else _read(folder / side.trace, finished, self.title)
            return finished, self._trace_of(text, finished), self._outputs(folder, finished)

    def run_untraced(self, prepared: Prepared, section: Section) -> Finished:
        """One run, whatever it prints. Raises ProgramFailed: it fails."""
        with self._place(prepared) as folder:
            return self._finished(folder, prepared, section)

    @contextmanager
    def _place(self, prepared: Prepared) -> Iterator[Path]:
        if self.described.folder == "here":
            yield self.settings.folder
            return
        with with_inputs(prepared, self.settings.folder, self.described.inputs).scratch() as folder:
            yield folder

    def _finished(self, folder: Path, prepared: Prepared, section: Section) -> Finished:
        side = self.described
        for name in (*side.outputs, *([] if side.trace in (STDOUT, CAPTURED) else [side.trace])):
            (folder / name).unlink(missing_ok=True)
        finished = run(self.words(prepared.case.argv, section), folder, self.timeout_s, self._variables())
        if finished.status != 0:
            lost = side.folder != "here" and LOST.search(finished.output) is not None
            hint = _hint(self.which) if lost else ""
            raise ProgramFailed(f"{self.title} {finished.ending()}{hint}", finished.output)
        return finished

    def _trace_of(self, text: str, finished: Finished) -> str:
        """Its ``TRACE`` lines, or everything where it prints none that are marked."""
        if TRACE_LINE.search(text):
            text = "".join(line for line in text.splitlines(keepends=True) if TRACE_LINE.match(line))
        if not text.strip():
            where = "its standard output" if self.described.trace == STDOUT else self.described.trace
            raise ProgramFailed(
                f"{self.title} left no trace in {where}: it must print lines such as `TRACE_C: name 1.5` "
                "(`harness docs emitters`), or be captured (`harness capture`)",
                finished.output,
            )
        return text if text.endswith("\n") else text + "\n"

    def _outputs(self, folder: Path, finished: Finished) -> dict[str, bytes]:
        found = {}
        for name in self.described.outputs:
            try:
                found[name] = (folder / name).read_bytes()
            except OSError as error:
                raise ProgramFailed(f"{self.title} did not write {name}: {error.strerror}", finished.output) from error
        return found

    def words(self, argv: Sequence[str], section: Section) -> list[str]:
        """The words that are run: places filled, files of the folder named by their whole path.

        Raises:
            WrongUse: a place that nothing fills.
        """
        known = {
            **dict(zip(self.settings.keys, map(str, section), strict=True)),
            "device": self.computing.device,
            "dtype": self.computing.dtype,
            "python": sys.executable,
        }
        words: list[str] = []
        for before, word in pairwise(["", *shlex.split(self.described.run)]):
            if word == "{argv}":
                words += argv
            else:
                whole = word if before == MODULE else whole_path(self.settings.folder, word)
                words.append(PLACE.sub(lambda place: self._filled(place[1], known), whole))
        if not self.described.takes("argv"):
            words += argv
        if self.binary is not None:
            words[0] = str(self.binary)
        return words

    def _filled(self, name: str, known: Mapping[str, str]) -> str:
        if name not in known:
            raise WrongUse(
                f"{self.settings.path}: [{self.which}] run has a place {{{name}}} that nothing fills; "
                f"there is argv, {', '.join(known)}"
            )
        return known[name]

    def _variables(self) -> Mapping[str, str]:
        return {**os.environ, **self.described.env}


def whole_path(folder: Path, word: str) -> str:
    """A word that names a file of the folder means that file, wherever the program runs."""
    path = folder / word
    return str(path) if word and "{" not in word and path.exists() else word


def with_inputs(prepared: Prepared, folder: Path, names: Sequence[str]) -> Prepared:
    """The case with more input files."""
    from harness.running.scratch import InputFile

    more = []
    for name in names:
        try:
            more.append(InputFile(Path(name).name, (folder / name).read_bytes(), str(folder / name)))
        except OSError as error:
            raise WrongUse(f"inputs: {folder / name} cannot be read: {error.strerror}") from error
    return replace(prepared, inputs=(*prepared.inputs, *more))


def _read(path: Path, finished: Finished, title: str) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise ProgramFailed(
            f"{title} did not write its trace {path.name}: {error.strerror}", finished.output
        ) from error


def _hint(which: str) -> str:
    return (
        f"\nIt ran in an empty folder. Files that it opens by name go into `inputs = [...]` of [{which}]; "
        '`folder = "here"` runs it beside parity.toml'
    )
