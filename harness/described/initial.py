"""What the sources in a folder say of two programs, and the ``parity.toml`` that follows from it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.described.building import build_of
from harness.described.programs_found import (
    INTERPRETERS,
    Source,
    chosen_pair,
    runnable,
    sources_of,
    text_of_file,
)

if TYPE_CHECKING:
    from harness.described.trying import Tried

LOOP = re.compile(
    r"\bfor\s*\(\s*(?:int|long|size_t|unsigned|auto)?\s*(\w+)\s*=|^\s*for\s+(\w+)\s+in\s+range|^\s*do\s+(\w+)\s*=", re.M
)
FUNCTION = re.compile(
    r"^(?:static\s+)?(?:inline\s+)?[A-Za-z_][\w\s*]*?\b(\w+)\s*\([^;]*?\)\s*\{|^\s*def\s+(\w+)\s*\("
    r"|^\s*(?:subroutine|(?:real|integer|double)[\w\s()*=]*function|function)\s+(\w+)",
    re.MULTILINE | re.IGNORECASE,
)
LITERAL = re.compile(r"[\"']([\w./+-]+\.\w+)[\"']")
SHOWN = ("README*", "*.md", "*.txt", "*.sh", "[Mm]akefile")
"""Where a command line may stand, besides in the sources."""
WORD = re.compile(r"-?-?[a-z0-9][\w.=,+/-]*|-?[\d.][\d.eE+-]*")
MOST_NAMED = 8


@dataclass(frozen=True)
class Program:
    """One of the two: its sources, how it is built (empty: it is not) and run, the files that it opens by name."""

    main: Path
    run: str
    build: str = ""
    inputs: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()
    arrays: str = ""
    folder: str = ""
    """Where it must run; empty: anywhere."""

    @property
    def is_python(self) -> bool:
        """Whether the Python side of a capture can take it."""
        return self.main.suffix == ".py"


@dataclass(frozen=True)
class Found:
    """What was found out, and what was not."""

    folder: Path
    name: str
    reference: Program
    port: Program
    argv: str
    unknown: tuple[str, ...] = ()


def look(folder: Path, argv: str, reference: Path | None, port: Path | None) -> Found:
    """Look at the sources of a folder.

    Raises:
        WrongUse: there are not two programs in it, or several and nothing tells which are meant.
    """
    sources = sources_of(folder)
    a, b, unknown = chosen_pair(folder, sources, reference, port)
    compiled = [source for source in runnable(sources) if source.is_compiled]
    programs, remarks = [], list(unknown)
    for main in (a, b):
        program, said = _program(folder, main, sources, alone=len(compiled) <= 1)
        programs.append(program)
        remarks += said
    shown = argv or _shown_arguments(folder, (a, b))
    if shown and not argv:
        remarks.append(f"argv = {json.dumps(shown)} is the command line that stands in a file of the folder")
    return Found(
        folder=folder,
        name=re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.resolve().name) or "pair",
        reference=programs[0],
        port=programs[1],
        argv=shown,
        unknown=tuple(remarks),
    )


def _program(folder: Path, main: Source, sources: Sequence[Source], *, alone: bool) -> tuple[Program, tuple[str, ...]]:
    build, run, here = "", "", ""
    remarks: tuple[str, ...] = ()
    if main.is_compiled:
        made = build_of(folder, main, sources, alone)
        build, run, remarks = made.command, made.binary, made.remarks
    elif main.path.name == "__main__.py" and main.path.parent != Path():
        run, here = f"{{python}} -m {'.'.join(main.path.parent.parts)}", "here"
    else:
        run = f"{INTERPRETERS[main.kind]} {shlex.quote(str(main.path))}"
    inside = [s for s in sources if s is main or (s.is_compiled == main.is_compiled and not s.can_be_run)]
    text = "\n".join(source.text for source in inside)
    opened = dict.fromkeys(name for name in LITERAL.findall(text) if (folder / name).is_file())
    own = {str(source.path) for source in sources}
    return Program(
        main=main.path,
        run=run,
        build=build,
        inputs=tuple(name for name in opened if name not in own and not name.startswith(("/", "..")))[:MOST_NAMED],
        functions=_names(FUNCTION, text, without={"main"}),
        loops=_names(LOOP, text),
        arrays=", ".join(main.arrays),
        folder=here,
    ), remarks


def _shown_arguments(folder: Path, programs: Sequence[Source]) -> str:
    """The arguments of a command line for one of both that stands in some text of the folder: a README, a script."""
    stems = "|".join(re.escape(source.path.name) + "|" + re.escape(source.path.stem) for source in programs)
    line = re.compile(rf"(?:^|[\s`$])(?:\S*/)?(?:{stems})[ \t]+([^\n`|;&><#]+)")
    for pattern in SHOWN:
        for path in sorted(folder.glob(pattern)):
            if not path.is_file():
                continue
            for found in line.findall(text_of_file(path)):
                words = found.split()
                if words and all(map(WORD.fullmatch, words)) and any(c.isdigit() for c in found):
                    return " ".join(words)
    return ""


def _names(pattern: re.Pattern[str], text: str, without: set[str] = frozenset()) -> tuple[str, ...]:  # type: ignore[assignment]
    found = dict.fromkeys(next(filter(None, match), "") for match in pattern.findall(text))
    words = ("if", "for", "while", "switch", "return", "", *without)
    return tuple(name for name in found if name not in words)[:MOST_NAMED]


# ---- the file -----------------------------------------------------------------------------------------------------


def text_of(found: Found, seen: Tried | None) -> str:
    """The text of the file, each line explained."""
    result = seen.result if seen else ""
    outputs = seen.outputs if seen else ()
    loops = found.reference.loops or found.port.loops
    lines = [
        "# Two programs that should agree. `harness docs parity_toml` says all that can stand here.",
        f"name = {json.dumps(found.name)}",
        "# The traced name that the programs are run for; summaries and the first line of a comparison show it.",
        f"result = {json.dumps(result)}" if result else '# result = "NAME"',
        "# What selects one part of a run, if anything does: names of integers, each with a place in both `run` lines.",
        f"# keys = {json.dumps(list(loops[:2]) or ['step'])}",
        *_pairs(seen),
        "# Relative difference that counts as rounding, for every value; without it 1e-11 of a value's own scale.",
        "# tolerance = 1e-12",
        *_side(found, "reference", seen, outputs),
        *_side(found, "port", seen, outputs),
        "",
        "[cases.default]  # what both are run on; more cases: more tables",
        f"argv = {json.dumps(found.argv)}",
    ]
    return "\n".join(lines) + "\n"


def _side(found: Found, which: str, seen: Tried | None, outputs: Sequence[str]) -> list[str]:
    program: Program = getattr(found, which)
    run = seen.run_of(which) if seen else program.run
    lines = ["", "[reference]  # right by definition" if which == "reference" else "[port]  # under test"]
    if program.build:
        lines += [
            "# A shell command, run in this folder before the first case.",
            f"build = {json.dumps(program.build)}",
        ]
    lines += [
        "# {argv}: the words of the case. Words that name files here mean them, wherever the program runs.",
        f"run = {json.dumps(run + ' {argv}')}",
    ]
    if which == "port":
        lines += ['# With places {device} and {dtype}: devices = ["cpu", "cuda"], dtypes = ["float64", "float32"].']
    if program.is_python:
        lines += ["# {python}: the Python that runs `harness`; name another where the program needs one."]
    if program.folder:
        lines += ["# It runs in this folder: its modules lie here.", f"folder = {json.dumps(program.folder)}"]
    else:
        lines += [
            '# It runs in an empty folder with the files that it opens by name; folder = "here" runs it in this one.'
        ]
        inputs = json.dumps(list(program.inputs))
        lines += [f"inputs = {inputs}" if program.inputs else '# inputs = ["data.txt"]']
    lines += ["# Files that both write: they must be the same, byte for byte."]
    lines += [f"outputs = {json.dumps(list(outputs))}" if outputs else '# outputs = ["image.bin"]']
    lines += _trace_lines(seen, which)
    computes = f"; computes with {program.arrays}" if program.arrays else ""
    names = (", ".join(program.functions) or "none", ", ".join(program.loops) or "none")
    return [*lines, f"# functions: {names[0]}; loops: {names[1]}{computes}"]


def _pairs(seen: Tried | None) -> list[str]:
    """Names that only one side prints, for the user to put together."""
    if seen is None or not (seen.only_reference and seen.only_port):
        return [
            "# Names that belong together: the port's = the reference's.",
            '# names = { port_name = "reference_name" }',
        ]
    return [
        f"# Only the reference prints {', '.join(seen.only_reference)}; only the port {', '.join(seen.only_port)}.",
        "# Names that belong together: the port's = the reference's.",
        f"# names = {{ {seen.only_port[0]} = {json.dumps(seen.only_reference[0])} }}",
    ]


def _trace_lines(seen: Tried | None, which: str) -> list[str]:
    if seen is None:
        return ["# Where its trace is: printed (stdout), a file that it writes, or captured.", '# trace = "stdout"']
    said = [f"# {seen.trace_of(which)}"]
    if seen.prints_trace(which):
        return said
    return [*said, 'trace = "captured"' if seen.can_be_captured else '# trace = "stdout"']
