"""Running the programs as a user does: in a process of their own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference_c" / "build" / "nanobragg_c"
Run = Callable[..., subprocess.CompletedProcess[str]]


def program(name: str, folder: Path) -> Run:
    """A function that runs ``python -m name`` with words in ``folder``."""

    def run(*words: str | Path, timeout: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": path, "HARNESS_REPORTS": "", **variables}
        command = [sys.executable, "-m", name, *map(str, words)]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)

    return run


def sealed_folders(root: Path) -> list[Path]:
    """The evidence folders under a root; none where there is no root."""
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
