"""How a program is built: by the Makefile or CMakeLists.txt of its folder, or by one call of a compiler."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from harness.described.programs_found import CPP, FORTRAN, Source, text_of_file

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
EXECUTABLE = re.compile(r"add_executable\s*\(\s*([\w.+-]+)\s+([^)]*)\)", re.IGNORECASE)
ASSIGNED = re.compile(r"^\s*(\w+)\s*[:?]?=\s*(.*?)\s*$", re.MULTILINE)
RULE = re.compile(r"^([^\s:#=]+)\s*:(?!=)[^\n]*\n((?:\t[^\n]*\n?)*)", re.MULTILINE)
OUTPUT = re.compile(r"-o\s+(\S+)")
USES = re.compile(r"^\s*use\s*(?:,[^:]*::)?\s*(\w+)", re.IGNORECASE | re.MULTILINE)
MODULE = re.compile(r"^\s*module\s+(?!procedure\b)(\w+)", re.IGNORECASE | re.MULTILINE)
INCLUDED = re.compile(r"^\s*#\s*include\s*[\"<]([^\">]+)[\">]", re.MULTILINE)
LIBRARIES = {
    "fftw3.h": "-lfftw3",
    "gsl/": "-lgsl -lgslcblas",
    "zlib.h": "-lz",
    "png.h": "-lpng",
    "hdf5.h": "-lhdf5",
    "omp.h": "-fopenmp",
    "pthread.h": "-pthread",
    "cblas.h": "-lcblas",
}


@dataclass(frozen=True)
class Build:
    """A shell command for the folder, the program that it makes, and what is not sure about them."""

    command: str
    binary: str
    remarks: tuple[str, ...] = ()


def build_of(folder: Path, main: Source, sources: Sequence[Source], alone: bool) -> Build:
    """How the program with this main is built.

    Args:
        main: where it begins.
        sources: all of the folder.
        alone: whether it is the only compiled program there: then every source is its.
    """
    for place in dict.fromkeys((main.path.parent, Path())):
        if made := _by_make(folder, place, main) or _by_cmake(folder, place, main):
            return made
    return _by_compiler(folder, main, _parts(main, sources, alone))


def _by_make(folder: Path, place: Path, main: Source) -> Build | None:
    file = next((folder / place / name for name in MAKEFILES if (folder / place / name).is_file()), None)
    if file is None:
        return None
    made = outputs_of(text_of_file(file))
    name = next((one for one in made if Path(one).name == main.path.stem), made[0] if made else main.path.stem)
    remark = () if made else (f"the Makefile does not say what it makes: ./{place / name} is a guess",)
    return Build("make" if place == Path() else f"make -C {shlex.quote(str(place))}", f"./{place / name}", remark)


def outputs_of(makefile: str) -> list[str]:
    """What its rules link, by the ``-o`` of their commands or by the rule's name; variables filled in."""
    table = dict(ASSIGNED.findall(makefile))

    def filled(text: str, target: str) -> str:
        for _ in range(4):
            text = re.sub(r"\$[({](\w+)[)}]", lambda found: table.get(found[1], ""), text)
        return text.replace("$@", target).strip()

    found = []
    for target, commands in RULE.findall(makefile):
        name = filled(target, "")
        for output in OUTPUT.findall(filled(commands, name)):
            if not output.endswith((".o", ".so", ".a", ".mod")) and "%" not in output and "$" not in output:
                found.append(output)
    return list(dict.fromkeys(found))


def _by_cmake(folder: Path, place: Path, main: Source) -> Build | None:
    file = folder / place / "CMakeLists.txt"
    if not file.is_file():
        return None
    made = EXECUTABLE.findall(text_of_file(file))
    by_source = [name for name, files in made if main.path.name in re.split(r"[\s/]+", files)]
    name = (by_source or [one for one, _ in made] or [main.path.stem])[0]
    remark = () if made else (f"CMakeLists.txt names no executable: build/{name} is a guess",)
    where = shlex.quote(str(place))
    target = "build" if place == Path() else shlex.quote(str(place / "build"))
    return Build(f"cmake -S {where} -B {target} && cmake --build {target}", f"./{place / 'build' / name}", remark)


def _parts(main: Source, sources: Sequence[Source], alone: bool) -> list[Source]:
    """The sources without a main that belong to it: all, or where there are other programs those beside it."""
    family = FORTRAN if main.kind in FORTRAN else {".c", *CPP}
    parts = [source for source in sources if source.is_compiled and not source.can_be_run]
    if not alone:
        parts = [part for part in parts if part.kind in family and part.path.is_relative_to(main.path.parent)]
    return _in_order([*parts, main])


def _in_order(sources: Sequence[Source]) -> list[Source]:
    """Fortran modules before those that use them; else as they came."""
    owners = {name.lower(): source.path for source in sources for name in MODULE.findall(source.text)}
    needs = {
        source.path: {
            owner
            for name in (USES.findall(source.text) if source.kind in FORTRAN else ())
            if (owner := owners.get(name.lower())) not in (None, source.path)
        }
        for source in sources
    }
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError:
        return list(sources)
    if not any(needs.values()):
        return list(sources)
    return sorted(sources, key=lambda source: order.index(source.path))


def _by_compiler(folder: Path, main: Source, sources: Sequence[Source]) -> Build:
    kinds = {source.kind for source in sources}
    compiler = "gfortran" if kinds & FORTRAN else "c++" if kinds <= CPP else "cc"
    included = [name for source in sources for name in INCLUDED.findall(source.text)]
    libraries = dict.fromkeys(flags for header, flags in LIBRARIES.items() if any(header in name for name in included))
    if kinds & CPP and not kinds <= CPP:
        libraries["-lstdc++"] = None
    name = main.path.stem + ("_program" if (folder / main.path.stem).is_dir() else "")
    words = [compiler, "-O2", *_include_flags(folder, sources, included), "-o", name]
    names = [shlex.quote(str(source.path)) for source in sources]
    return Build(" ".join([*words, *names, *libraries, "-lm"]), f"./{name}")


def _include_flags(folder: Path, sources: Sequence[Source], included: Sequence[str]) -> list[str]:
    """Folders of headers that do not lie beside a source."""
    beside = {source.path.parent for source in sources}
    flags: dict[str, None] = {}
    for name in included:
        if any((folder / place / name).is_file() for place in beside):
            continue
        for header in folder.rglob(Path(name).name):
            place = header.relative_to(folder).parent
            if str(header).endswith(name) and not any(part.startswith(".") for part in place.parts):
                root = Path(*place.parts[: len(place.parts) - (len(Path(name).parts) - 1)])
                flags[f"-I{shlex.quote(str(root))}"] = None
                break
    return list(flags)
