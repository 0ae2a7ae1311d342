"""What the sources in a folder say of two programs, and the ``parity.toml`` that follows from it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import WrongUse

if TYPE_CHECKING:
    from harness.described.trying import Tried

COMPILERS = {".c": "cc", ".cc": "c++", ".cpp": "c++", ".cxx": "c++", ".f90": "gfortran", ".f": "gfortran"}
MAIN = {
    ".c": re.compile(r"\bint\s+main\s*\("),
    ".f90": re.compile(r"^\s*program\s+\w+", re.IGNORECASE | re.MULTILINE),
    ".py": re.compile(r"__name__\s*==\s*[\"']__main__[\"']|sys\.argv"),
}
LOOP = re.compile(
    r"\bfor\s*\(\s*(?:int|long|size_t|unsigned)?\s*(\w+)\s*=|^\s*for\s+(\w+)\s+in\s+range|^\s*do\s+(\w+)\s*=", re.M
)
FUNCTION = re.compile(
    r"^(?:static\s+)?(?:inline\s+)?[A-Za-z_][\w\s*]*?\b(\w+)\s*\([^;]*?\)\s*\{|^\s*def\s+(\w+)\s*\(", re.M
)
ARRAYS = re.compile(r"^\s*(?:import|from)\s+(torch|numpy|jax)\b", re.MULTILINE)
MOST_NAMED = 8
LARGEST = 2 << 20
SKIPPED = {"build", "node_modules", "__pycache__", "tests", "test"}


@dataclass(frozen=True)
class Found:
    """What was found out, and what was not."""

    folder: Path
    name: str
    sources: tuple[Path, ...]
    script: Path
    argv: str
    build: str
    binary: str
    reference_functions: tuple[str, ...]
    port_functions: tuple[str, ...]
    loops: tuple[str, ...]
    arrays: str
    unknown: tuple[str, ...] = ()


def look(folder: Path, argv: str, sources: Sequence[Path], script: Path | None) -> Found:
    """Look at the sources of a folder.

    Raises:
        WrongUse: it has no compiled sources, no script, or several programs of a kind.
    """
    compiled = list(sources) or [path for path in _files(folder) if path.suffix in COMPILERS]
    if not compiled:
        raise WrongUse(f"no C, C++ or Fortran source in {folder}; --reference FILE names the reference's")
    port = script or _script(folder)
    texts = {path: _text(path) for path in compiled}
    mains = [path for path, text in texts.items() if (main := MAIN.get(path.suffix, MAIN[".c"])) and main.search(text)]
    if len(mains) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in mains)
        raise WrongUse(f"{len(mains)} programs in {folder} ({names}); --reference FILE names the sources of one")
    stem = (mains or compiled)[0].stem
    build, binary, unknown = _build(folder, compiled, stem)
    of_port = _text(port)
    everything = "\n".join(texts.values())
    return Found(
        folder=folder,
        name=re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.resolve().name) or "pair",
        sources=tuple(compiled),
        script=port,
        argv=argv,
        build=build,
        binary=binary,
        reference_functions=_names(FUNCTION, everything, without={"main"}),
        port_functions=_names(FUNCTION, of_port, without={"main"}),
        loops=_names(LOOP, everything),
        arrays=", ".join(sorted(set(ARRAYS.findall(of_port)))) or "plain Python",
        unknown=tuple(unknown),
    )


def _files(folder: Path) -> list[Path]:
    """Files of a folder and of those in it, hidden and generated ones left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") or part in SKIPPED for part in path.relative_to(folder).parts)
    )


def _script(folder: Path) -> Path:
    scripts = [path for path in _files(folder) if path.suffix == ".py"]
    runnable = [path for path in scripts if MAIN[".py"].search(_text(path))] or scripts
    if len(runnable) != 1:
        named = ", ".join(str(path.relative_to(folder)) for path in runnable) or "none"
        raise WrongUse(f"one Python script was required in {folder}, found {named}; --port FILE names it")
    return runnable[0]


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:LARGEST].decode("utf-8", "replace")
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}") from error


def _build(folder: Path, sources: Sequence[Path], stem: str) -> tuple[str, str, list[str]]:
    """The build command, the program that it makes, and what is not sure about them."""
    if any((folder / name).is_file() for name in ("Makefile", "makefile", "GNUmakefile")):
        return "make", f"./{stem}", [f"there is a Makefile: `make` is taken to build ./{stem}"]
    if (folder / "CMakeLists.txt").is_file():
        remark = f"there is a CMakeLists.txt: it is taken to build build/{stem}"
        return "cmake -S . -B build && cmake --build build", f"./build/{stem}", [remark]
    compiler = COMPILERS[sources[0].suffix]
    names = " ".join(json.dumps(str(path.relative_to(folder))).strip('"') for path in sources)
    return f"{compiler} -O2 -o {stem} {names} -lm", f"./{stem}", []


def _names(pattern: re.Pattern[str], text: str, without: set[str] = frozenset()) -> tuple[str, ...]:  # type: ignore[assignment]
    found = dict.fromkeys(next(filter(None, match), "") for match in pattern.findall(text))
    words = ("if", "for", "while", "switch", "return", "", *without)
    return tuple(name for name in found if name not in words)[:MOST_NAMED]


def text_of(found: Found, seen: Tried | None) -> str:
    """The text of the file, each line explained."""
    script = found.script.relative_to(found.folder) if found.script.is_relative_to(found.folder) else found.script
    result = seen.result if seen else ""
    lines = [
        "# Two programs that should agree. `harness docs parity_toml` says all that can stand here.",
        f"name = {json.dumps(found.name)}",
        "# The traced name that the programs are run for; summaries and the first line of a comparison show it.",
        f"result = {json.dumps(result)}" if result else '# result = "NAME"',
        "# What selects one part of a run, if anything does: names of integers, each with a place in both `run` lines.",
        f"# keys = {json.dumps(list(found.loops[:2]) or ['step'])}",
        *_pairs(seen),
        "# Relative difference that counts as rounding, for every value; without it 1e-11 of a value's own scale.",
        "# tolerance = 1e-12",
        "",
        "[reference]  # right by definition",
        "# A shell command, run in this folder before the first case.",
        f"build = {json.dumps(found.build)}",
        "# {argv}: the words of the case. Words that name files here mean them, wherever the program runs.",
        f"run = {json.dumps(found.binary + ' {argv}')}",
        '# It runs in an empty folder. Files that it opens by name: inputs = ["data.txt"], or folder = "here".',
        '# Files that both must write alike: outputs = ["image.bin"].',
        *_trace_lines(seen, "reference"),
        f"# functions: {', '.join(found.reference_functions) or 'none'}; loops: {', '.join(found.loops) or 'none'}",
        "",
        f"[port]  # under test; computes with {found.arrays}",
        f"run = {json.dumps(f'{{python}} {script} ' + '{argv}')}",
        "# {python}: the Python that runs `harness`; name another where the port needs one.",
        '# With places {device} and {dtype}: devices = ["cpu", "cuda"], dtypes = ["float64", "float32"].',
        *_trace_lines(seen, "port"),
        f"# functions: {', '.join(found.port_functions) or 'none'}",
        "",
        "[cases.default]  # what both are run on; more cases: more tables",
        f"argv = {json.dumps(found.argv)}",
    ]
    return "\n".join(lines) + "\n"


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
    said = seen.trace_of(which) if seen else ""
    return [
        f"# {said or 'Where its trace is: printed (stdout), a file that it writes, or captured.'}",
        "" if said.startswith("It prints") else '# trace = "stdout"',
    ][: 1 if said.startswith("It prints") else 2]
