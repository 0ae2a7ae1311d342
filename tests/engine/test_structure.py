"""The house's own order: imports run in no circle, and no file is too long to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("benchmarks", "capture", "compare", "harness", "reference_c", "simulator", "subjects")
MOST_LINES = 400


def modules() -> dict[str, Path]:
    """Path of every module of the house, by dotted name."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in files}


def executed(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that importing a module executes: none in functions, none for types alone."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from executed(node.body)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from executed([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from executed([*node.body, *(s for h in node.handlers for s in h.body), *node.orelse])


def imported(text: str, known: Mapping[str, object]) -> set[str]:
    """The house's modules that a module's text needs to be imported, without the packages that they lie in."""
    found: set[str] = set()
    for node in executed(ast.parse(text).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in inner if name in known} | ({node.module} if inner - set(known) else set())
    return found & set(known)


def import_graph() -> dict[str, set[str]]:
    known = modules()
    return {name: imported(path.read_text(encoding="utf-8"), known) - {name} for name, path in known.items()}


def packages_of(graph: Mapping[str, set[str]], depth: int) -> dict[str, set[str]]:
    """The same graph between folders."""
    folded: dict[str, set[str]] = {}
    for name, others in graph.items():
        own = folder(name, depth)
        folded.setdefault(own, set()).update(folder(other, depth) for other in others if folder(other, depth) != own)
    return folded


def folder(name: str, depth: int) -> str:
    return ".".join(name.split(".")[:depth])


def circle_in(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circle_in(import_graph()) == []


def test_nor_does_a_package() -> None:
    assert circle_in(packages_of(import_graph(), 1)) == []


def test_nor_does_a_part_of_the_port() -> None:
    """Its parts are layers: each imports only what comes before it."""
    parts = packages_of({name: to for name, to in import_graph().items() if name.startswith("simulator.")}, 2)
    assert "simulator.evaluation" in parts
    assert circle_in(parts) == []


@pytest.mark.parametrize(("text", "others"), [("import b", {"b"}), ("def f():\n    import b", set())])
def test_a_circle_is_found(text: str, others: set[str]) -> None:
    known = {"a": "", "b": ""}
    graph = {"a": imported(text, known), "b": imported("from a import x", known)}
    assert graph["a"] == others
    assert bool(circle_in(graph)) == bool(others)


def test_no_file_is_longer_than_a_reader_takes_in_at_once() -> None:
    files = [*modules().values(), *(ROOT / "tests").rglob("*.py")]
    lengths = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in files}
    assert [name for name, lines in lengths.items() if lines > MOST_LINES] == []
