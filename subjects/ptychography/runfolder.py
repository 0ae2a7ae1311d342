"""What a run writes beside its results: its folders and its log."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from simulator.errors import InputError

ROOT = "ptychography"


class RunFolder:
    """The folders of one run; made when it is entered."""

    def __init__(self, path: Path, parts: tuple[str, ...] = ("logs",)) -> None:
        self.path = path
        try:
            for part in parts:
                (path / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make {error.filename}: {error.strerror}") from error

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def new_version(self) -> Path:
        """logs/version_<n> with n counting up: nothing is overwritten."""
        taken = [int(p.name[8:]) for p in (self.path / "logs").glob("version_*") if p.name[8:].isdigit()]
        folder = self.path / "logs" / f"version_{max(taken, default=-1) + 1}"
        try:
            folder.mkdir()
        except OSError as error:
            raise InputError(f"cannot make {folder}: {error.strerror}") from error
        return folder


class LateFile(logging.Handler):
    """A log file that is begun when its folder is there: a refused run leaves nothing behind."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._waiting.append(self.format(record))
        if not self.path.parent.is_dir():
            return
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in self._waiting)
        except OSError as error:
            print(f"ptycho: the log ends here, {self.path}: {error.strerror}", file=sys.stderr)
            self.setLevel(logging.CRITICAL + 1)
        self._waiting.clear()


class Terminal(logging.StreamHandler[TextIO]):
    """Standard output; when nobody reads it any more (``| head``) the run goes on, and its log file with it."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing more is written to what is closed or full; anything else is a mistake and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
            return
        self.setLevel(logging.CRITICAL + 1)
        with suppress(OSError):  # what waits in its buffer goes nowhere, instead of failing once more at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def logged(path: Path | None, level: int = logging.INFO) -> Iterator[None]:
    """Log to standard output and to a file; warnings of Python go through the log too, and are always shown."""
    root = logging.getLogger(ROOT)
    handlers: list[logging.Handler] = [Terminal(sys.stdout)]
    handlers[0].setLevel(level)
    if path is not None:
        handlers.append(LateFile(path))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
        root.addHandler(handler)
    before, root.level = root.level, min(level, logging.INFO)
    root.setLevel(min(level, logging.INFO))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            shown = warnings.showwarning

            def show(
                message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
            ) -> None:
                root.warning("%s: %s", category.__name__, message)

            warnings.showwarning = show if shown.__module__ == "warnings" else shown
            yield
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
