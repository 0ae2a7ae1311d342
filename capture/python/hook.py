"""The import hook: modules of the captured program are rewritten as they are loaded; nothing is written to disk."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from capture.python.recorder import Recorder
from capture.python.rewrite import RECORDER, rewrite


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a source file with its bindings recorded."""

    def __init__(self, name: str, path: str, hook: Hook) -> None:
        super().__init__(name, path)
        self.hook = hook

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        return self.hook.compile(Path(path))


class Hook(MetaPathFinder):
    """Finds the modules to capture: those of the named packages, and all sources below the program's folder.

    Attributes:
        packages: names of modules or packages; a package stands for all in it.
        folder: where the program lies; names in reports are relative to it.
        only: functions to capture; empty: all.
    """

    def __init__(self, recorder: Recorder, packages: Sequence[str], folder: Path, only: Sequence[str] = ()) -> None:
        self.recorder, self.packages, self.folder, self.only = recorder, tuple(packages), folder, tuple(only)
        self.captured: list[str] = []

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            return None
        if not self._chosen(fullname, Path(spec.origin)):
            return None
        spec.loader = _Loader(fullname, spec.origin, self)
        return spec

    def _chosen(self, name: str, origin: Path) -> bool:
        if self.packages:
            return any(name == package or name.startswith(package + ".") for package in self.packages)
        return origin.resolve().is_relative_to(self.folder) and "site-packages" not in origin.parts

    def compile(self, path: Path) -> CodeType:
        """The code of a captured source file.

        Raises:
            SyntaxError: as Python itself would.
        """
        source = importlib.util.decode_source(path.read_bytes())
        tree = rewrite(source, self.name_of(path), self.recorder.places, self.only)
        self.captured.append(self.name_of(path))
        return compile(tree, str(path), "exec", dont_inherit=True)

    def name_of(self, path: Path) -> str:
        resolved = path.resolve()
        return resolved.relative_to(self.folder).as_posix() if resolved.is_relative_to(self.folder) else path.name

    def install(self) -> None:
        setattr(builtins, RECORDER, self.recorder)
        sys.meta_path.insert(0, self)
