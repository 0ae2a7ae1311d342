"""Both programs of a new ``parity.toml`` tried once: do they build, run, print a trace, write the same files?"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from harness.described.initial import Found, Program
from harness.described.programs import BUILD_SECONDS, MODULE, TRACE_LINE, whole_path
from harness.errors import ProgramFailed
from harness.running.processes import run

SECONDS = 30.0
SIDES = ("reference", "port")
NAME = re.compile(r"^\s*TRACE_\w+:\s*([\w.]+)[ =]", re.MULTILINE)
FIELD = re.compile(r"\b([A-Za-z_]\w*)=")
MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
MOST = 6


@dataclass(frozen=True)
class Tried:
    """What both printed and wrote. ``failed``: why one could not be run."""

    found: Found
    printed: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, frozenset[str]] = field(default_factory=dict)
    binaries: Mapping[str, str] = field(default_factory=dict)
    """What a build made under another name than was expected."""

    def run_of(self, which: str) -> str:
        """How it is run, without arguments."""
        program: Program = getattr(self.found, which)
        return self.binaries.get(which, program.run)

    def prints_trace(self, which: str) -> bool:
        """Whether it prints one."""
        return TRACE_LINE.search(self.printed.get(which, "")) is not None

    @property
    def can_be_captured(self) -> bool:
        """Whether `harness capture` can trace both: C or C++ and Python, and both run."""
        compiled = self.found.reference.main.suffix.lower() in (".c", ".cc", ".cpp", ".cxx")
        return compiled and self.found.port.is_python and not self.failed

    @property
    def outputs(self) -> tuple[str, ...]:
        """Files that both wrote."""
        return tuple(sorted(self.written.get("reference", frozenset()) & self.written.get("port", frozenset())))

    def trace_of(self, which: str) -> str:
        """Where its trace is, in a sentence."""
        if which in self.failed:
            return f"It could not be run: {self.failed[which].splitlines()[0]}"
        if self.prints_trace(which):
            return f"It prints a trace on its standard output ({len(names_of(self.printed[which]))} names)."
        if self.can_be_captured:
            return "It prints no TRACE lines: `harness capture` makes its trace."
        return "It prints no TRACE lines: print them (`harness docs emitters`)."

    @property
    def remarks(self) -> tuple[str, ...]:
        """What could not be found out."""
        return tuple(f"[{which}] {self.trace_of(which)}" for which in SIDES if not self.prints_trace(which))

    @property
    def result(self) -> str:
        """The last name that the reference prints outside its records: its result, as a guess."""
        found = NAME.findall(self.printed.get("reference", ""))
        return found[-1] if found else ""

    @property
    def only_reference(self) -> tuple[str, ...]:
        """Names that the port does not print."""
        return self._only("reference", "port")

    @property
    def only_port(self) -> tuple[str, ...]:
        """Names that the reference does not print."""
        return self._only("port", "reference")

    def _only(self, one: str, other: str) -> tuple[str, ...]:
        a, b = (names_of(self.printed.get(which, "")) for which in (one, other))
        return tuple(name for name in a if name not in b)[:MOST] if a and b else ()


def names_of(text: str) -> list[str]:
    """Names in a trace, in order."""
    lines = [line for line in text.splitlines() if TRACE_LINE.match(line)]
    return list(dict.fromkeys([*NAME.findall("\n".join(lines)), *FIELD.findall("\n".join(lines))]))


def tried(found: Found) -> Tried:
    """Build both in their folder, run each in an empty one, and look at what they print and write."""
    printed: dict[str, str] = {}
    failed: dict[str, str] = {}
    written: dict[str, frozenset[str]] = {}
    binaries: dict[str, str] = {}
    for which in SIDES:
        program: Program = getattr(found, which)
        try:
            if program.build:
                began = time.time()
                _checked(["sh", "-c", program.build], found.folder.resolve(), BUILD_SECONDS)
                if not (found.folder / program.run).is_file():
                    binaries[which] = _made(found.folder, began, program)
            printed[which], written[which] = _ran(found, binaries.get(which, program.run), program)
        except ProgramFailed as error:
            failed[which] = str(error)
    return Tried(found, printed, failed, written, binaries)


def _made(folder: Path, began: float, program: Program) -> str:
    """The one program that a build made under another name. Raises ProgramFailed where there is none, or several."""
    fresh = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file()
        and os.access(path, os.X_OK)
        and path.stat().st_mtime >= began - 1
        and path.suffix not in (".o", ".so", ".a")
        and "CMakeFiles" not in path.parts
        and path.open("rb").read(4) in MAGIC
    ]
    if len(fresh) != 1:
        names = ", ".join(map(str, fresh)) or "no program"
        raise ProgramFailed(f"`{program.build}` made {names}; {program.run} was expected")
    return f"./{fresh[0]}"


def _ran(found: Found, command: str, program: Program) -> tuple[str, frozenset[str]]:
    """What it printed, and the names of the files that it wrote beside its inputs."""
    folder = found.folder.resolve()
    run_words = [sys.executable if word == "{python}" else word for word in shlex.split(command)]
    words = [w if before == MODULE else whole_path(folder, w) for before, w in pairwise(["", *run_words])]
    words += shlex.split(found.argv)
    if program.folder:
        return _checked(words, folder, SECONDS), frozenset()
    with tempfile.TemporaryDirectory(prefix="harness_init_") as name:
        scratch = Path(name)
        for path in program.inputs:
            shutil.copy(folder / path, scratch)
        before = {path.name for path in scratch.iterdir()}
        text = _checked(words, scratch, SECONDS)
        return text, frozenset(path.name for path in scratch.iterdir() if path.is_file()) - before


def _checked(command: list[str], folder: Path, seconds: float) -> str:
    done = run(command, folder, seconds, dict(os.environ))
    if done.status != 0:
        raise ProgramFailed(f"{' '.join(command[:3])} {done.ending()}", done.output)
    return done.stdout
