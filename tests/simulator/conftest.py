"""What the tests of the physics share: the golden figures, and images that are rendered once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator import ExecutionConfig, Experiment, Simulator
from simulator.evaluation.simulator import Rendering
from simulator.files.hkl import dump_bytes

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"
EAGER = ExecutionConfig(device="cpu", compile="never")


@dataclass(frozen=True)
class Simulated:
    """A case of the port: the experiment, its simulator, and its image (rendered when first asked for)."""

    argv: tuple[str, ...]
    simulator: Simulator = field(compare=False)

    @cached_property
    def rendering(self) -> Rendering:
        return self.simulator.render()

    @cached_property
    def image(self) -> np.ndarray:
        """float32, slow x fast, as in the float image file."""
        return self.rendering.image.to(torch.float32).numpy()


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of the reference program's figures."""
    if not (GOLDEN / "public" / "index.json").exists():
        pytest.skip(f"the golden figures are not at {GOLDEN}")
    return GOLDEN


@pytest.fixture(scope="session")
def eager() -> Callable[..., Simulator]:
    """eager(argv, folder, **options): a simulator that computes eagerly on the CPU."""

    def make(argv: str | Sequence[str], folder: Path | str = ".", **options: object) -> Simulator:
        words = argv.split() if isinstance(argv, str) else argv
        return Simulator(Experiment.from_argv(words, folder), **{"execution": EAGER, **options})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Simulated]:
    """simulated(argv, setup): the case in a folder of its own that holds the golden inputs, where there are any.

    Each case is made once per session. A set-up command line leaves its dump file behind, as both programs do.
    """
    made: dict[tuple[str, ...], Simulated] = {}

    def make(argv: str | Sequence[str], setup: Sequence[Sequence[str]] = ()) -> Simulated:
        words = tuple(argv.split() if isinstance(argv, str) else argv)
        if words not in made:
            folder = tmp_path_factory.mktemp("case")
            if GOLDEN.exists():
                shutil.copytree(GOLDEN / "inputs", folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
            for line in setup:
                factors = Experiment.from_argv(line, folder).structure_factors
                assert isinstance(factors.values, np.ndarray)
                (folder / "Fdump.bin").write_bytes(dump_bytes(factors.values, factors.minima))
            made[words] = Simulated(words, Simulator(Experiment.from_argv(words, folder), execution=EAGER))
        return made[words]

    return make


@pytest.fixture
def single_threaded() -> Iterator[None]:
    """For images of a few pixels: too few to share among threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
