"""What a command imports: torch alone takes seconds, and a command that needs none of it shall not wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WATCHED = {
    "torch", "numpy", "pandas", "scipy", "matplotlib", "rich", "typer", "pydantic", "h5py", "dask", "distributed",
    "clang", "simulator", "harness", "capture",
}  # fmt: skip
COMMANDS = {
    "compare traces a.log b.log": {"numpy"},
    "compare traces a.log other.log": {"numpy", "rich"},
    "compare --help": {"numpy", "typer", "rich"},
    "compare verify sealed": {"typer", "pydantic"},
    "harness --help": {"numpy", "rich", "typer", "harness", "simulator"},
    "harness trace --help": {"numpy", "rich", "typer", "harness", "pydantic", "simulator"},
    "harness trace --device cpu": {"numpy", "typer", "harness", "pydantic", "simulator", "torch"},
}
SCRIPT = """
import atexit, os, sys
from importlib import import_module
atexit.register(lambda: os.write(3, " ".join(sorted(sys.modules)).encode()))
sys.argv = sys.argv[1:]
import_module(sys.argv[0] + ".cli").main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imports")
    for name, last in (("a", 1.5), ("b", 1.5), ("other", 2.5)):
        (folder / f"{name}.log").write_text(f"TRACE_C: x 0.5\nTRACE_C: y {last}\n")
    (folder / "sealed").mkdir()
    (folder / "sealed" / "sha256.txt").write_text("")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_what_it_needs(command: str, folder: Path) -> None:
    read, write = os.pipe()
    program = f"import os; os.dup2({write}, 3)\n{SCRIPT}"
    subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=folder,
        env={**os.environ, "HARNESS_REPORTS": str(folder / "reports"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        pass_fds=[write],
        check=False,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        loaded = {name.partition(".")[0] for name in pipe.read().split()}
    assert "compare" in loaded
    assert loaded & WATCHED <= COMMANDS[command]
