"""Running the programs as a user does, in an empty folder: in a process of their own, or in this one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference_c" / "build" / "nanobragg_c"
Run = Callable[..., subprocess.CompletedProcess[str]]


def program(name: str, folder: Path) -> Run:
    """A function that runs ``python -m name`` with words in ``folder``, in a process of its own."""

    def run(*words: str | Path, timeout: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": path, "HARNESS_REPORTS": "", **variables}
        command = [sys.executable, "-m", name, *map(str, words)]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)

    return run


def in_process(name: str, folder: Path) -> Run:
    """The same in this process: nothing is imported again. What it starts writes into the same two streams."""

    def run(*words: str | Path, timeout: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        main = import_module(f"{name}.cli")
        before = Path.cwd()
        with mock.patch.dict(os.environ, {"HARNESS_REPORTS": "", **variables}), streams() as texts:
            os.chdir(folder)
            try:
                status = _status(main, [*map(str, words)], name)
            finally:
                os.chdir(before)
        return subprocess.CompletedProcess([name, *map(str, words)], status, *texts)

    return run


def _status(cli: object, words: list[str], name: str) -> int:
    argv = [name, *words]
    with warnings.catch_warnings(), mock.patch.object(sys, "argv", argv):
        warnings.simplefilter("default")
        warnings.showwarning = _shown  # pytest keeps warnings for itself
        try:
            if name == "harness":
                return int(cli.run(words))  # type: ignore[attr-defined]
            cli.main(words)  # type: ignore[attr-defined]
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else 2
    return 0


def _shown(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
    print(warnings.formatwarning(message, category, filename, lineno), end="", file=sys.stderr)


@contextmanager
def streams() -> Iterator[list[str]]:
    """Standard output and error of this process and of what it starts; both texts are in the list after the block."""
    texts: list[str] = []
    kept = {number: os.dup(number) for number in (1, 2)}
    files = {number: tempfile.TemporaryFile() for number in (1, 2)}  # noqa: SIM115  (closed below)
    shown = sys.stdout, sys.stderr
    try:
        for number, file in files.items():
            os.dup2(file.fileno(), number)
        sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w", encoding="utf-8") for n in (1, 2))
        yield texts
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.close()
        sys.stdout, sys.stderr = shown
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
        for file in files.values():
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
            file.close()


def sealed_folders(root: Path) -> list[Path]:
    """The evidence folders under a root; none where there is no root."""
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
