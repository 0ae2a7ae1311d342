"""A program's sources with probes in them: all translation units, each file once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from capture.c import clang
from capture.c.clang import Kind
from capture.c.function import FunctionProbes
from capture.c.probes import Probes
from capture.c.selection import Selection
from capture.c.source import LeftOut, Source
from capture.errors import CaptureError

HERE = Path(__file__).parent
FUNCTIONS = (Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR)
CONTAINERS = (Kind.NAMESPACE, Kind.LINKAGE_SPEC, Kind.CLASS_DECL, Kind.STRUCT_DECL, Kind.UNEXPOSED_DECL)
SURPRISES = (ValueError, IndexError, KeyError, AttributeError, TypeError, AssertionError, StopIteration)
UNCAPTURED = frozenset({b"constexpr", b"consteval"})


@dataclass(frozen=True, slots=True)
class Unit:
    """How one source is compiled: the compiler, its words, and the folder that they are relative to."""

    source: Path
    flags: tuple[str, ...]
    folder: Path
    compiler: str = "cc"

    @property
    def language(self) -> str:
        return "c" if self.source.suffix == ".c" else "c++"


@dataclass(slots=True)
class Instrumented:
    """The instrumented files by path relative to the program's folder, and what their probes stand for."""

    files: dict[str, bytes]
    probes: Probes
    main: str
    selects: int


@dataclass(slots=True)
class _Program:
    root: Path
    selection: Selection
    chosen: frozenset[str]
    probes: Probes = field(default_factory=Probes)
    sources: dict[str, Source] = field(default_factory=dict)
    done: set[tuple[str, int]] = field(default_factory=set)
    mains: dict[str, None] = field(default_factory=dict)  # a build may make several programs
    selects: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    defined: dict[str, None] = field(default_factory=dict)  # names of macros, which would change the recorder's text

    def unit(self, tree: Any, defined: Sequence[Any], own: frozenset[str]) -> None:
        self._macros(tree)
        for cursor in defined:
            self._function(cursor, own)

    def _macros(self, tree: Any) -> None:
        ranges: dict[str, set[tuple[int, int]]] = {}
        for cursor in tree.cursor.get_children():
            if cursor.kind == Kind.MACRO_DEFINITION and cursor.location.file is not None:
                if not cursor.spelling.startswith("_") and inside(str(cursor.location.file), self.root) is not None:
                    self.defined[cursor.spelling] = None
            elif cursor.kind == Kind.MACRO_INSTANTIATION and cursor.location.file is not None:
                name = inside(str(cursor.location.file), self.root)
                if name is not None:
                    extent = cursor.extent
                    ranges.setdefault(name, set()).add((extent.start.offset, extent.end.offset))
        for name, found in ranges.items():
            source = self.source(name)
            source.macros = _outermost(found | set(source.macros))

    def source(self, name: str) -> Source:
        if name not in self.sources:
            path = self.root / name
            self.sources[name] = Source(path, name, path.read_bytes())
        return self.sources[name]

    def _function(self, cursor: Any, own: frozenset[str]) -> None:
        name = inside(str(cursor.location.file), self.root)
        assert name is not None
        key = (name, cursor.extent.start.offset)
        source = self.source(name)
        if cursor.spelling == "main":
            self.mains[name] = None
        if key in self.done or (self.chosen and cursor.spelling not in self.chosen):
            return
        self.done.add(key)
        head = source.text[cursor.extent.start.offset : cursor.location.offset]
        problem = "it is evaluated by the compiler" if set(head.split()) & UNCAPTURED else broken(cursor)
        written = FunctionProbes(source, cursor, self.probes, self.selection, own)
        state = (len(source.insertions), len(source.doubled), len(self.probes.sites), len(self.probes.loops))
        try:
            if problem:
                raise LeftOut(problem)
            written.write()
            self.selects += len(written.selects)
        except (LeftOut, *SURPRISES) as reason:
            del source.insertions[state[0] :], source.doubled[state[1] :]
            del self.probes.sites[state[2] :], self.probes.loops[state[3] :]
            said = reason if isinstance(reason, LeftOut) else f"its text was not understood ({reason})"
            self.probes.left_out.append(f"{name}:{cursor.location.line} {cursor.spelling}: {said}")


def functions(cursor: Any, root: Path) -> list[Any]:
    """The functions with a body that stand in the program's own files."""
    found: list[Any] = []
    for child in cursor.get_children():
        kind = child.kind
        if kind not in FUNCTIONS and kind not in CONTAINERS:
            continue
        file = child.location.file
        if file is None and kind != Kind.LINKAGE_SPEC and kind != Kind.UNEXPOSED_DECL:
            continue
        if file is not None and inside(str(file), root) is None:
            continue
        if kind in FUNCTIONS:
            if child.is_definition() and any(c.kind == Kind.COMPOUND_STMT for c in child.get_children()):
                found.append(child)
        else:
            found += functions(child, root)
    return found


def broken(cursor: Any) -> str:
    """What the parser complains of inside a function; empty where it understood all."""
    start, end = cursor.extent.start, cursor.extent.end
    for said in cursor.translation_unit.diagnostics:
        place = said.location
        same = place.file is not None and start.file is not None and place.file.name == start.file.name
        if said.severity >= 3 and same and start.line <= place.line <= end.line:
            return f"line {place.line} does not parse: {said.spelling}"
    return ""


@cache
def inside(path: str, root: Path) -> str | None:
    """A file's name relative to the program's folder; None outside it."""
    try:
        return (root / path).resolve().relative_to(root).as_posix()
    except ValueError:
        return None


def _outermost(ranges: set[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(ranges, key=lambda r: (r[0], -r[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def instrument(
    root: Path,
    units: Sequence[Unit],
    *,
    select: str = "",
    only: Sequence[str] = (),
) -> Instrumented:
    """Instrument a program.

    Args:
        root: its folder; files outside are left alone.
        units: its translation units.
        select: an expression over its variables; empty: everything is captured.
        only: names of functions; empty: all.

    Raises:
        CaptureError: no source was given, none has a function, or the expression can be tested nowhere.
    """
    if not units:
        raise CaptureError("no source of the program is known: its build compiled nothing; name them under sources")
    root = root.resolve()
    program = _Program(root, Selection(select), frozenset(only))
    parsed = [(unit, clang.parse(unit.source, unit.flags, unit.compiler, unit.folder, unit.language)) for unit in units]
    defined = [functions(tree.cursor, root) for _, tree in parsed]
    own = frozenset(cursor.spelling for found in defined for cursor in found)
    for (unit, tree), found in zip(parsed, defined, strict=True):
        for said in tree.diagnostics:
            if said.severity >= 4:
                program.probes.left_out.append(f"{unit.source.name}: {said.location.line}: {said.spelling}")
        program.unit(tree, found, own)
    if not program.done:
        raise CaptureError(f"none of {', '.join(u.source.name for u in units)} defines a function that can be captured")
    if select and not program.selects:
        raise CaptureError(
            f"select: no place of the program has all of {', '.join(program.selection.names)} set; "
            "name variables that one loop or function has in scope"
        )
    return _written(program, units)


def _written(program: _Program, units: Sequence[Unit]) -> Instrumented:
    mains = list(program.mains) or [inside(str(units[0].source), program.root) or ""]
    header = (HERE / "probe.h").read_bytes()
    runtime = (HERE / "runtime.c").read_bytes()
    names = dict.fromkeys([*mains, *(inside(str(u.source), program.root) or "" for u in units), *program.sources])
    files: dict[str, bytes] = {}
    for name in filter(None, names):
        source = program.source(name)
        text = source.instrumented()
        is_unit = any(inside(str(u.source), program.root) == name for u in units)
        if is_unit or source.insertions:
            text = header + b"#line 1\n" + text
        if name in mains:
            undefined = "".join(f"#undef {macro}\n" for macro in program.defined).encode()
            text = text + b"\n" + undefined + runtime
        if text != source.text:
            files[name] = text
    return Instrumented(files, program.probes, mains[0], program.selects)
