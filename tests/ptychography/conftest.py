"""The C program, built once, and small scans."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from subjects.ptychography.simulate import Recipe, simulate, write

SOURCES = Path(__file__).parents[2] / "subjects" / "ptychography" / "reference_c"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """These arrays are too small to be shared out: threads that wait for each other take longer than the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def ptycho_c() -> Run:
    """Run the C program with some words; its finished process."""
    subprocess.run(["make", "-s", "-C", str(SOURCES)], check=True)
    program = SOURCES / "build" / "ptycho_c"

    def run(*argv: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(program), *map(str, argv)], capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture(scope="session")
def small_arrays() -> dict[str, np.ndarray]:
    """A scan of 16 positions, 32 x 32."""
    return simulate(Recipe(patch_px=32, side=4))


@pytest.fixture
def scan_file(tmp_path: Path, small_arrays: dict[str, np.ndarray]) -> Callable[..., Path]:
    """Write the small scan with changes: a value of None leaves the key out."""

    def made(**changes: object) -> Path:
        arrays = {key: value for key, value in (small_arrays | changes).items() if value is not None}
        write(tmp_path / "scan.npz", arrays)  # type: ignore[arg-type]
        return tmp_path / "scan.npz"

    return made
