"""Building a program with its own command, in a copy of its folder, and seeing how each source was compiled.

Compilers are looked up through a folder of wrappers at the head of PATH: they note their words and call the real one.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.c.clang import parse_flags
from capture.c.rewrite import Instrumented, Unit
from capture.errors import CaptureError, ProgramFailed

COMPILERS = ("cc", "gcc", "c89", "c99", "clang", "c++", "g++", "clang++")
SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx", ".C", ".c++"})
MADE = frozenset({".o", ".lo", ".la", ".obj"})
BINARY_STARTS = (b"\x7fELF", b"!<arch>\n", b"\xcf\xfa\xed\xfe")
WRAPPER = """#!/bin/sh
# Notes how a compiler was called, then calls it.
if [ -n "$PARITY_RECORD" ]; then
    record=$(mktemp "$PARITY_RECORD/XXXXXXXXXX") && printf '%s\\0' "$PWD" "{name}" "$@" > "$record"
fi
PATH=$PARITY_REAL_PATH
export PATH
exec {name} "$@" $PARITY_EXTRA_FLAGS
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A C program as its user builds it.

    Attributes:
        folder: its sources; copied, never written.
        build: the command line, run by a shell in the copy; empty: one call of the compiler over all sources.
        sources: names below the folder, where the build does not show them (it calls a compiler by its full path).
        flags: the compiler's words for these sources.
        compiler: what compiles them.
        timeout_s: of the build.
    """

    folder: Path
    build: str = ""
    sources: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    compiler: str = "cc"
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Trees:
    """Where a program is built: each tree stands at ``place`` while it is built and run, so that paths are the same."""

    work: Path

    @property
    def place(self) -> Path:
        return self.work / "tree"

    def stored(self, name: str) -> Path:
        return self.work / name


def copy_sources(folder: Path, place: Path) -> None:
    """A copy of a folder without what compilers made: all is built anew; times are kept, for make."""

    def left_behind(at: str, names: list[str]) -> set[str]:
        return {n for n in names if n == ".git" or Path(n).suffix in MADE or is_binary(Path(at) / n)}

    shutil.copytree(folder, place, ignore=left_behind, symlinks=True)


def is_binary(path: Path) -> bool:
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(8).startswith(BINARY_STARTS)


def build(program: Program, trees: Trees, instrumented: Instrumented | None = None) -> list[Unit]:
    """Build a fresh copy at ``trees.place`` and give the translation units that were compiled.

    Raises:
        ProgramFailed: the build ends with an error; the message has its last lines.
        CaptureError: the folder cannot be copied.
    """
    shutil.rmtree(trees.place, ignore_errors=True)
    if not program.folder.is_dir():
        raise CaptureError(f"{program.folder} is no folder; the program's sources were expected there")
    copy_sources(program.folder, trees.place)
    for name, text in (instrumented.files if instrumented else {}).items():
        (trees.place / name).write_bytes(text)
    records = trees.work / "records"
    shutil.rmtree(records, ignore_errors=True)
    records.mkdir()
    environment = _environment(trees, records, quiet=instrumented is not None)
    command = program.build or _default_command(program)
    finished = _run(command, trees.place, environment, program.timeout_s)
    if finished.returncode != 0:
        raise ProgramFailed(_failure(command, finished, instrumented is not None), finished.stdout + finished.stderr)
    units = [unit for record in sorted(records.iterdir()) for unit in _units(record, trees.place)]
    return _distinct(units) or _stated_units(program, trees.place)


def _run(command: str, folder: Path, environment: dict[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"the build was still running after {timeout_s:g} s: {command}") from error


def _failure(command: str, finished: subprocess.CompletedProcess[str], captured: bool) -> str:
    said = [line for line in (finished.stdout + finished.stderr).splitlines() if line.strip()]
    errors = [line for line in said if re.search(r"\berror\b|undefined reference|No such file", line)][:5] or said[-5:]
    what = "the instrumented copy does not build, though the program itself does" if captured else "the build fails"
    return f"{what} ({command}, exit status {finished.returncode}):\n  " + "\n  ".join(errors)


def _environment(trees: Trees, records: Path, *, quiet: bool) -> dict[str, str]:
    wrappers = trees.work / "compilers"
    wrappers.mkdir(exist_ok=True)
    path = os.environ.get("PATH", os.defpath)
    named = [Path(shlex.split(os.environ[v])[0]).name for v in ("CC", "CXX") if os.environ.get(v)]
    for name in (*COMPILERS, *named):
        if shutil.which(name, path=path):
            (wrappers / name).write_text(WRAPPER.format(name=name))
            (wrappers / name).chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARITY_")}
    return {
        **environment,
        "PATH": f"{wrappers}{os.pathsep}{path}",
        "PARITY_REAL_PATH": path,
        "PARITY_RECORD": str(records),
        "PARITY_EXTRA_FLAGS": "-w -Wno-error" if quiet else "",
        "CCACHE_DISABLE": "1",
    }


def _default_command(program: Program) -> str:
    names = program.sources or tuple(
        path.relative_to(program.folder).as_posix()
        for path in sorted(program.folder.rglob("*"))
        if path.suffix in SOURCES
    )
    words = [program.compiler, *program.flags, "-o", "program", *names, "-lm"]
    return shlex.join(words)


def _units(record: Path, root: Path) -> Iterator[Unit]:
    """The program's own sources in one call of a compiler."""
    folder, compiler, *words = record.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
    if any(word in ("-E", "-M", "-MM") for word in words):
        return
    flags = parse_flags(words)
    for word in words:
        path = Path(folder) / word
        if (
            path.suffix in SOURCES
            and not word.startswith("-")
            and path.is_file()
            and path.resolve().is_relative_to(root)
        ):
            yield Unit(path.resolve(), tuple(flags), Path(folder), compiler)


def _distinct(units: Sequence[Unit]) -> list[Unit]:
    """Each source once, as it was compiled last (configuration scripts try things first)."""
    return list({unit.source: unit for unit in units}.values())


def _stated_units(program: Program, root: Path) -> list[Unit]:
    flags = tuple(parse_flags(program.flags))
    missing = [name for name in program.sources if not (root / name).is_file()]
    if missing:
        raise CaptureError(f"sources names {', '.join(missing)}, which {program.folder} does not have")
    return [Unit((root / name).resolve(), flags, root, program.compiler) for name in program.sources]


def keep(trees: Trees, name: str) -> None:
    """Put the tree at ``place`` away under a name."""
    shutil.rmtree(trees.stored(name), ignore_errors=True)
    trees.place.rename(trees.stored(name))


def restore(trees: Trees, name: str) -> None:
    """A fresh copy of a built tree at ``place``, times kept, so that nothing is built again."""
    shutil.rmtree(trees.place, ignore_errors=True)
    shutil.copytree(trees.stored(name), trees.place, symlinks=True)
