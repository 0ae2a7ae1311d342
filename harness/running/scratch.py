"""Scratch folders that hold just a case's inputs, so that no stale file can leak into a run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.case import Argv, Case
from harness.errors import WrongUse
from harness.subject import Role, Subject


@dataclass(frozen=True)
class InputFile:
    """An input as found: its name in the scratch folder, its bytes, and where they came from."""

    name: str
    content: bytes
    source: str


@dataclass(frozen=True)
class Prepared:
    """A case whose input files are found and whose command lines name them by their scratch names."""

    case: Case
    inputs: tuple[InputFile, ...]
    missing: tuple[str, ...] = ()
    """Input files of a case that must fail, which are nowhere to be found."""

    def fill(self, folder: Path) -> None:
        """Write the input files into an empty folder."""
        for item in self.inputs:
            (folder / item.name).write_bytes(item.content)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A fresh folder with the inputs in it, removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=f"harness_{self.case.name}_"))
        try:
            self.fill(folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def prepare(subject: Subject, case: Case, data: Path | None = None) -> Prepared:
    """Find a case's input files in ``data``, beside the case's own file, and with the subject, in that order.

    Words that are paths are cut to plain names: a run reads and writes in its scratch folder only.

    Raises:
        WrongUse: a file is nowhere to be found (unless the case is expected to fail).
    """
    if data is not None and not data.is_dir():
        raise WrongUse(f"--data takes a folder of input files; {data} is none")
    finder = _Finder(subject, case, data)
    setup = tuple(finder.localise(line) for line in case.setup)
    argv = finder.localise(case.argv)
    for name in case.inputs:
        finder.take(name)
    local = replace(case, argv=argv, setup=setup)
    return Prepared(case=local, inputs=tuple(finder.found.values()), missing=tuple(finder.missing))


class _Finder:
    """Collects input files under names that do not collide."""

    def __init__(self, subject: Subject, case: Case, data: Path | None) -> None:
        self.subject = subject
        self.case = case
        self.folders = [folder for folder in (data, case.origin) if folder is not None]
        self.found: dict[str, InputFile] = {}
        self.names: dict[str, str] = {}
        self.missing: list[str] = []
        self.made: set[str] = set()
        """Names of files that the lines before write."""

    def localise(self, argv: Sequence[str]) -> Argv:
        """The command line with every file name cut to its name in the scratch folder."""
        local = []
        for word in self.subject.command_line(tuple(argv)).words:
            match word.role:
                case Role.INPUT:
                    local.append(self.take(word.text, required=Path(word.text).name not in self.made))
                case Role.MAYBE_INPUT:
                    self.take(word.text, required=False)
                    local.append(Path(word.text).name)
                case Role.OUTPUT:
                    local.append(Path(word.text).name)
                    self.made.add(local[-1])
                case _:
                    local.append(word.text)
        return tuple(local)

    def take(self, word: str, *, required: bool = True) -> str:
        """Find one file and give the name it has in the scratch folder."""
        if word in self.names:
            return self.names[word]
        content, source = self._look_up(word)
        if content is None:
            if required and not self.case.fails:
                raise WrongUse(self._not_found(word))
            self.missing += [word] if required else []
            return Path(word).name
        name = Path(word).name
        while name in self.found:
            name = f"other_{name}"
        self.names[word] = name
        self.found[name] = InputFile(name, content, source)
        return name

    def _look_up(self, word: str) -> tuple[bytes | None, str]:
        for folder in self.folders:
            path = folder / word
            if _is_file(path):
                if self.case.confined:
                    _require_inside(path, folder, word, self.case.name)
                return _read(path), str(path)
        return self.subject.input_file(word), "package"

    def _not_found(self, word: str) -> str:
        names = self.subject.input_names()
        package = [f"the package (which has {', '.join(names)})"] if names else []
        looked = ", ".join([str(folder) for folder in self.folders] + package)
        return f"input file {word!r} of case {self.case.name!r} not found; looked in {looked}; use --data DIR"


def _is_file(path: Path) -> bool:
    """False also for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _require_inside(path: Path, folder: Path, word: str, case: str) -> None:
    """A case file is somebody's data: what it names lies in the folders that were meant for it."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise WrongUse(
            f"case {case!r} names {word!r}, which lies outside {folder}; a case file may name files of its own folder "
            "and of --data, no others and no links to others"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WrongUse(f"input file {path} cannot be read: {error.strerror}") from error
