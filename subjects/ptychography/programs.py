"""The two programs as the engine runs them: the C program (or another binary in its place), and the port."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from harness.case import Argv, Section
from harness.errors import ProgramFailed, WrongUse
from harness.questions.traced import Trace, Traced
from harness.running.computing import Computing
from harness.running.processes import Finished, run
from harness.running.scratch import Prepared
from harness.subject import Ran

BINARY = "ptycho_c"
SOURCES = Path(__file__).resolve().parent / "reference_c"
REFUSALS = (2, 9)
ARTIFACTS = ("image", "noise", "canvas")


def build_folder() -> Path:
    """Beside the sources in a checkout; in the user's cache for an installation."""
    if (SOURCES.parents[2] / "pyproject.toml").is_file():
        return SOURCES / "build"
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "trace-parity" / "ptychography"


def find_program(option: Path | None) -> Path:
    """The binary that ``--reference`` names, else the project's own. ProgramFailed when it is not there."""
    program = option.absolute() if option else build_folder() / BINARY
    if not program.is_file() or not os.access(program, os.X_OK):
        remedy = (
            "--reference takes an executable program" if option else "`harness --subject ptychography reference build`"
        )
        raise ProgramFailed(f"the program {program} is not there or cannot be run; {remedy}")
    return program


def build() -> Path:
    """Compile the C program; its path. ProgramFailed without a compiler or make."""
    for tool in ("make", os.environ.get("CC", "cc")):
        if shutil.which(tool) is None:
            raise ProgramFailed(f"{tool} not found; building {BINARY} needs make and a C compiler")
    folder = build_folder()
    folder.mkdir(parents=True, exist_ok=True)
    finished = run(["make", "-C", str(SOURCES), f"BUILD={folder}", str(folder / BINARY)], SOURCES, 600.0)
    if finished.status != 0:
        raise ProgramFailed(f"building {BINARY} failed:\n{finished.stderr or finished.stdout}", finished.output)
    return folder / BINARY


def build_command() -> None:
    """Compile the C program of ptychography."""
    typer.echo(build())


def trace_words(flag: str, sections: Sequence[Section]) -> Argv:
    """The words that ask for the traces of sections."""
    return tuple(word for section in sections for word in (flag, *map(str, section)))


def without_outputs(argv: Argv) -> Argv:
    """The command line without its images, which nobody looks at when only traces are wanted."""
    return without(argv, ("-image", "-noise", "-stitch"))


def without(argv: Argv, flags: Sequence[str]) -> Argv:
    """The command line without some flags of one value."""
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word in flags:
            next(words, None)
        else:
            kept.append(word)
    return tuple(kept)


def split(text: str, sections: Sequence[Section], what: str) -> dict[Section, Trace]:
    """A text of several traces, in the order they were asked for. ProgramFailed when there are fewer."""
    starts = [match.start() for match in re.finditer(r"^TRACE_\w+: trace_format\b", text, re.MULTILINE)]
    parts = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    if len(parts) != len(sections):
        raise ProgramFailed(f"{what} printed {len(parts)} traces, {len(sections)} were asked for", text)
    return {section: Trace(part) for section, part in zip(sections, parts, strict=True)}


def read_artifacts(folder: Path) -> dict[str, Any]:
    """The arrays that a run wrote."""
    from subjects.ptychography.arrays import read_npy

    return {name: read_npy(folder / f"{name}.npy") for name in ARTIFACTS if (folder / f"{name}.npy").is_file()}


@dataclass(frozen=True)
class CProgram:
    """The reference."""

    path: Path
    trace_flag: str
    keys: int
    timeout_s: float | None = None
    side: str = "c"
    title: str = "the C program"

    def facts(self) -> Mapping[str, Any]:
        """Path and hash."""
        import hashlib

        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        return {"reference_program": str(self.path), "reference_sha256": digest}

    def environment(self) -> Mapping[str, str | None]:
        """Always the same."""
        return {"dtype": "float64", "requested": "cpu"}

    def run(self, prepared: Prepared, sections: Sequence[Section]) -> Ran:
        """Artifacts and traces, in one run."""
        words = (*prepared.case.argv, "-case", prepared.case.name, *trace_words(self.trace_flag, sections))
        with prepared.scratch() as folder:
            finished = self._run(words, folder)
            if finished.status in REFUSALS:
                return Ran(refusal=_refusal(finished))
            return Ran(read_artifacts(folder), split(finished.stdout, sections, BINARY), [finished])

    def trace(self, prepared: Prepared, sections: Sequence[Section]) -> Traced:
        """The traces alone."""
        words = (*without_outputs(prepared.case.argv), "-case", prepared.case.name)
        with prepared.scratch() as folder:
            finished = self._run((*words, *trace_words(self.trace_flag, sections)), folder)
        if finished.status in REFUSALS:
            raise WrongUse(_refusal(finished))
        return Traced(split(finished.stdout, sections, BINARY), [finished], device="cpu", dtype="float64")

    def _run(self, words: Argv, folder: Path) -> Finished:
        """The program on its words; a planted fault is the port's alone."""
        finished = run([str(self.path), *without(words, ("--mutation",))], folder, self.timeout_s)
        if finished.status not in (0, *REFUSALS):
            raise ProgramFailed(f"{BINARY} ended with status {finished.status}: {finished.stderr}", finished.output)
        return finished


def _refusal(finished: Finished) -> str:
    return (finished.stderr.strip() or f"exit status {finished.status}").splitlines()[-1]


@dataclass(frozen=True)
class Port:
    """The port."""

    computing: Computing
    trace_flag: str
    side: str = "py"
    title: str = "the PyTorch port"

    def facts(self) -> Mapping[str, Any]:
        """Nothing: it is part of the project."""
        return {}

    def environment(self) -> Mapping[str, str | None]:
        """As asked for."""
        return {"dtype": self.computing.dtype, "requested": self.computing.device}

    def device(self) -> str:
        """The device that is used; WrongUse for another dtype than the reference's."""
        from simulator.evaluation.execution import ExecutionConfig

        if self.computing.dtype != "float64":
            raise WrongUse(f"ptychography is compared in float64; got --dtype {self.computing.dtype}")
        return ExecutionConfig(device=self.computing.device).resolve().device

    def run(self, prepared: Prepared, sections: Sequence[Section]) -> Ran:
        """Artifacts and traces, in one evaluation."""
        from simulator.errors import InputError
        from subjects.ptychography import port

        device = self.device()
        try:
            with prepared.scratch() as folder:
                command = self.command(prepared.case.argv, prepared.case.name, sections, folder)
                results = port.run(command, device=device)
        except InputError as error:
            return Ran(refusal=str(error))
        found = {"image": results.image, "noise": results.noise, "canvas": results.canvas}
        artifacts = {name: values for name, values in found.items() if values is not None}
        return Ran(artifacts, self._traces(results, sections), device=device)

    def trace(self, prepared: Prepared, sections: Sequence[Section]) -> Traced:
        """The traces alone."""
        from simulator.errors import InputError
        from subjects.ptychography import port

        device = self.device()
        try:
            with prepared.scratch() as folder:
                argv = without_outputs(prepared.case.argv)
                results = port.run(self.command(argv, prepared.case.name, sections, folder), device=device)
        except InputError as error:
            raise WrongUse(str(error)) from error
        traces = self._traces(results, sections)
        return Traced(traces, device=device, requested=self.computing.device, dtype="float64")

    def command(self, argv: Argv, case: str, sections: Sequence[Section], folder: Path) -> Any:
        """The parsed command line, its files in the folder."""
        from dataclasses import replace

        from subjects.ptychography.commandline import parse

        command = parse((*argv, "-case", case, *trace_words(self.trace_flag, sections)))
        named = {name: getattr(command, name) for name in ("scan", "noise", "image", "stitch", "patches")}
        return replace(command, **{name: folder / path for name, path in named.items() if path is not None})

    @staticmethod
    def _traces(results: Any, sections: Sequence[Section]) -> dict[Section, Trace]:
        texts = ["".join(f"{line}\n" for line in trace.lines()) for trace in results.traces]
        return {section: Trace(text) for section, text in zip(sections, texts, strict=True)}
