"""The programs in a folder: what can be run, in which language, and which of two is the reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.errors import WrongUse

FORTRAN = {".f90", ".f95", ".f03", ".f08", ".f", ".for", ".ftn"}
CPP = {".cc", ".cpp", ".cxx", ".c++"}
COMPILED = {".c", *CPP, *FORTRAN}
INTERPRETERS = {
    ".py": "{python}",
    ".sh": "sh",
    ".pl": "perl",
    ".awk": "awk -f",
    ".r": "Rscript",
    ".jl": "julia",
    ".lua": "lua",
    ".rb": "ruby",
}
C_MAIN = re.compile(r"\bmain\s*\(")
FORTRAN_MAIN = re.compile(r"^\s*program\s+\w+", re.IGNORECASE | re.MULTILINE)
PYTHON_MAIN = re.compile(r"__name__\s*==\s*[\"']__main__[\"']|sys\.argv|^print\(", re.MULTILINE)
ARRAYS = re.compile(r"^\s*(?:import|from)\s+(torch|numpy|jax|cupy|tensorflow)\b", re.MULTILINE)
OLD = {"reference", "ref", "orig", "original", "legacy", "old", "before", "classic"}
NEW = {"port", "ported", "new", "torch", "jax", "numpy", "after", "fast", "gpu", "cuda"}
HELPERS = {"plot", "setup", "conftest", "test", "tests", "bench", "benchmark", "analyse", "analyze", "view", "make"}
SKIPPED = {"build", "node_modules", "__pycache__", "tests", "test", "CMakeFiles", "venv", "site-packages", "reports"}
LARGEST = 2 << 20
MOST_FILES = 2000


@dataclass(frozen=True)
class Source:
    """A source file of a folder and what it says."""

    path: Path
    text: str

    @property
    def kind(self) -> str:
        """Its ending, in small letters."""
        return self.path.suffix.lower()

    @property
    def is_compiled(self) -> bool:
        """Whether a compiler takes it."""
        return self.kind in COMPILED

    @cached_property
    def can_be_run(self) -> bool:
        """Whether it has a main program."""
        if not self.is_compiled:
            return self.kind != ".py" or self.path.name == "__main__.py" or PYTHON_MAIN.search(self.text) is not None
        return (FORTRAN_MAIN if self.kind in FORTRAN else C_MAIN).search(self.text) is not None

    @property
    def words(self) -> set[str]:
        """Of its name and the folders that it lies in."""
        return {word for part in self.path.with_suffix("").parts for word in re.split(r"[^a-z]+", part.lower())}

    @property
    def arrays(self) -> tuple[str, ...]:
        """The array packages that it imports."""
        return tuple(sorted(set(ARRAYS.findall(self.text))))

    @property
    def age(self) -> int:
        """The larger, the likelier it is the reference: what it is called, then what it is written in."""
        language = 3 if self.kind in FORTRAN else 2 if self.is_compiled else 1
        modern = len({"torch", "jax", "cupy", "tensorflow"} & set(self.arrays)) * 2 + ("numpy" in self.arrays)
        return 100 * (len(self.words & OLD) - len(self.words & NEW)) + 10 * language - modern


def sources_of(folder: Path) -> list[Source]:
    """Sources of a folder and of those in it, hidden and generated ones left out; paths are relative to it."""
    found = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if any(part.startswith(".") or part in SKIPPED for part in inner.parts[:-1]) or not path.is_file():
            continue
        if path.suffix.lower() in COMPILED | set(INTERPRETERS) and not path.name.startswith("."):
            found.append(Source(inner, text_of_file(path)))
        if len(found) > MOST_FILES:
            raise WrongUse(f"more than {MOST_FILES} sources in {folder}; harness init takes the folder of two programs")
    return found


def text_of_file(path: Path) -> str:
    """A source's text, its first megabytes. Raises WrongUse where it cannot be read."""
    try:
        return path.read_bytes()[:LARGEST].decode("utf-8", "replace")
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}") from error


def runnable(sources: Sequence[Source]) -> list[Source]:
    """Those that have a main program; a script that is alone of its kind needs no mark of one."""
    found = [source for source in sources if source.can_be_run]
    scripts = [source for source in sources if source.kind == ".py"]
    if not any(source.kind == ".py" for source in found) and len(scripts) == 1:
        found += scripts
    for kind in (_is_helper, _is_other_script):  # they are left out where two programs are left
        left = [source for source in found if not kind(source)]
        found = left if len(left) >= 2 else found
    return found


def _is_helper(source: Source) -> bool:
    return not source.is_compiled and bool(set(source.path.stem.lower().split("_")) & HELPERS)


def _is_other_script(source: Source) -> bool:
    return not source.is_compiled and source.kind != ".py"


def chosen_pair(
    folder: Path, sources: Sequence[Source], reference: Path | None, port: Path | None
) -> tuple[Source, Source, tuple[str, ...]]:
    """The reference, the port, and what is a guess about them.

    Raises:
        WrongUse: there are not two programs, or more than two and nothing tells which are meant.
    """
    programs = runnable(sources)
    a, b = (_named(folder, sources, path) for path in (reference, port))
    rest = [source for source in programs if source not in (a, b)]
    if a is not None and b is not None:
        return a, b, ()
    if a is not None or b is not None:
        one = a or b
        assert one is not None
        other = _only(folder, _of_name(rest, one) or rest, a is None)
        return (one, other, ()) if a is not None else (other, one, ())
    if len(programs) < 2:
        _too_few(folder, sources, programs)
    twins = _twins(programs) if len(programs) > 2 else programs
    if len(twins) != 2:
        old, new = max(s.age for s in programs), min(s.age for s in programs)
        oldest, newest = ([s for s in programs if s.age == age] for age in (old, new))
        twins = [*oldest, *newest] if old != new else []
    if len(twins) != 2:
        names = ", ".join(str(source.path) for source in programs)
        raise WrongUse(f"{len(programs)} programs in {folder} ({names}); --reference FILE and --port FILE name the two")
    one, other = sorted(twins, key=lambda source: -source.age)
    guess = "which of both is right by definition cannot be seen: if it is the other, swap [reference] and [port]"
    return one, other, (guess,) if one.age == other.age else ()


def _named(folder: Path, sources: Sequence[Source], path: Path | None) -> Source | None:
    if path is None:
        return None
    place = path if path.is_file() else folder / path
    if not place.is_file():
        raise WrongUse(f"{path} is not there; it must name a source file")
    inner = place.resolve()
    if inner.is_relative_to(folder.resolve()):
        inner = inner.relative_to(folder.resolve())
    return next((source for source in sources if source.path == inner), None) or Source(inner, text_of_file(place))


def _of_name(programs: Sequence[Source], one: Source) -> list[Source]:
    return [source for source in programs if source.path.stem == one.path.stem]


def _only(folder: Path, programs: Sequence[Source], is_reference: bool) -> Source:
    if len(programs) == 1:
        return programs[0]
    names = ", ".join(str(source.path) for source in programs) or "none"
    option = "--reference" if is_reference else "--port"
    raise WrongUse(f"one more program was required in {folder}, found {names}; {option} FILE names it")


def _twins(programs: Sequence[Source]) -> list[Source]:
    """Two of one name in two languages, where no other name has two."""
    pairs = [_of_name(programs, source) for source in programs]
    found = [pair for pair in pairs if len(pair) == 2 and pair[0].kind != pair[1].kind]
    return found[0] if found and all(pair == found[0] for pair in found) else list(programs)


def _too_few(folder: Path, sources: Sequence[Source], programs: Sequence[Source]) -> None:
    names = ", ".join(str(source.path) for source in sources[:8]) or "no source at all"
    there = f"one program ({programs[0].path})" if programs else "no program"
    without = [source for source in sources if source.is_compiled and source not in programs]
    hint = "; a library needs a program that calls it and prints a trace" if without and not programs else ""
    options = "--port FILE" if programs and programs[0].is_compiled else "--reference FILE and --port FILE"
    raise WrongUse(
        f"two programs were required in {folder}, found {there}: {names} ({len(without)} without a main){hint}; "
        f"{options} names what was missed"
    )
