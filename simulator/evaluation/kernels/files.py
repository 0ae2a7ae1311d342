"""Where compiled kernels are kept, and which of them may be loaded: loading one runs its code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACE = "SIMULATOR_KERNELS"
"""The environment variable that names another folder for kernels, or ``off``: none are kept or used."""

LIBRARY = "kernel.so"
NOTES = "kernel.json"

MOST_KEPT = 256
"""Kernels in the folder; one takes about 2 MB."""


def kernel_files() -> KernelFiles | None:
    """The folder named by ``SIMULATOR_KERNELS``, or one in the user's cache folder; None: switched off."""
    named = os.environ.get(PLACE)
    if named == "off":
        return None
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return KernelFiles(Path(named) if named else caches / "trace-parity" / "kernels")


@dataclass(frozen=True)
class Kept:
    """A kernel in a file, as it was when it was kept."""

    library: Path
    notes: Mapping[str, Any]


@dataclass(frozen=True)
class KernelFiles:
    """A folder with a folder for each kernel: its library, and notes that hold the library's hash."""

    folder: Path

    def find(self, key: str) -> Kept | None:
        """The kernel kept under a key; None where there is none, or one that is damaged or somebody else's."""
        place = self.folder / key
        library = place / LIBRARY
        try:
            notes = json.loads((place / NOTES).read_text("utf-8"))
            if not (_ours(place) and _ours(library)) or notes["sha256"] != _sha256(library):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Kept(library, notes)

    def keep(self, key: str, make: Callable[[Path], tuple[Path, Mapping[str, Any]]]) -> Kept:
        """Make a kernel in a folder of its own and keep it; of several made at once, one stands.

        Args:
            key: what it is kept under.
            make: given a folder to work in, returns the library made there and its notes.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=self.folder))  # readable by its owner alone
        try:
            work, ready = beside / "work", beside / "ready"
            work.mkdir()
            ready.mkdir(mode=0o700)
            made, notes = make(work)
            shutil.move(made, ready / LIBRARY)
            (ready / LIBRARY).chmod(0o700)
            text = json.dumps({**notes, "sha256": _sha256(ready / LIBRARY)}, indent=1)
            (ready / NOTES).write_text(text + "\n", "utf-8")
            self._put(ready, key)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        self._prune()
        kept = self.find(key)
        if kept is None:
            raise OSError(f"the kernel kept in {self.folder / key} does not read back")
        return kept

    def _put(self, ready: Path, key: str) -> None:
        """Move a folder to its place, unless another process has filled it in the meantime."""
        try:
            ready.rename(self.folder / key)
        except OSError:  # something is there
            if self.find(key) is None:
                self.discard(key)
                ready.rename(self.folder / key)

    def _prune(self) -> None:
        """Forget the oldest where there are too many: each change of the formulas leaves its own behind."""
        kept = []
        for notes in self.folder.glob(f"*/{NOTES}"):
            with suppress(FileNotFoundError):  # another process forgets it too
                kept.append((notes.stat().st_mtime, notes.parent.name))
        for _, key in sorted(kept)[: max(0, len(kept) - MOST_KEPT)]:
            self.discard(key)

    def discard(self, key: str) -> None:
        """Forget a kernel. One that is in use stays loaded where it is."""
        place = self.folder / key
        if not place.exists() and not place.is_symlink():
            return
        doomed = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=self.folder))
        try:
            place.rename(doomed / "old")
        except OSError:
            pass  # another process was faster
        finally:
            shutil.rmtree(doomed, ignore_errors=True)


def _ours(path: Path) -> bool:
    """Whether a file or folder is this user's and nobody else may write to it."""
    found = path.lstat()
    mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return mine and not stat.S_ISLNK(found.st_mode) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
