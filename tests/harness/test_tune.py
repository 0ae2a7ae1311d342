"""``harness tune`` and the options of execution."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import WrongUse
from harness.running.computing import Computing, bytes_of
from simulator.evaluation.image_kernels import ImageKernels
from subjects.nanobragg.kernel_kinds import KINDS
from subjects.nanobragg.port import execution_of
from subjects.nanobragg.tuning import CANDIDATES, Measured
from tests.harness.support import Run

IMAGE = "-cell 40 40 40 90 90 90 -N 2 -default_F 1 -detpixels 4"


def test_the_eager_sizes_are_measured_and_remembered(harness: Run, tmp_path: Path) -> None:
    tuning = tmp_path / "deep" / "tuning.json"
    done = harness(
        *["tune", "--device", "cpu", "--compile", "never", "--pixels", "32", "--rounds", "1"],
        SIMULATOR_TUNING=str(tuning),
    )
    assert done.returncode == 0, done.stderr
    (sizes,) = json.loads(tuning.read_text())["devices"].values()
    assert f"{sizes['eager']} samples x pixels" in next(line for line in done.stdout.splitlines() if "fastest" in line)
    assert sizes["eager"] in CANDIDATES["eager"]
    assert list(tmp_path.iterdir()) == [tuning.parent]


def test_kernels_of_all_kinds_are_asked_for(harness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ImageKernels] = []

    def build(self: ImageKernels, report: Callable[[str], None] = print) -> None:
        asked.append(self)
        if self.physics.interpolate:
            report("compiling")

    monkeypatch.setattr(ImageKernels, "build", build)
    done = harness("tune", "--kernels", SIMULATOR_KERNELS=str(tmp_path / "kernels"))
    assert done.returncode == 0, done.stderr
    assert [f"{name}: its kernels were there" in done.stdout for name in KINDS].count(False) == 1
    assert "scan, interpolated: 1 kernels compiled" in done.stdout
    assert len({kernels.physics for kernels in asked}) == 7  # what differs besides is how many samples and subpixels
    assert len({kernels.physics.lattice for kernels in asked}) == 4


def test_kernels_of_a_command_line_are_asked_for_alone(
    harness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ImageKernels] = []
    monkeypatch.setattr(ImageKernels, "build", lambda self, report: asked.append(self))
    done = harness(*f"tune -- {IMAGE}".split(), SIMULATOR_KERNELS=str(tmp_path / "kernels"))
    assert done.returncode == 0, done.stderr
    assert [kernels.region.shape for kernels in asked] == [(4, 4)]


def test_kernels_that_are_not_kept_are_not_compiled(harness: Run) -> None:
    done = harness("tune", "--kernels", SIMULATOR_KERNELS="off")
    assert done.returncode == 2
    assert "SIMULATOR_KERNELS is off" in done.stderr


def test_a_spoilt_file_of_measurements_is_named(harness: Run, tmp_path: Path) -> None:
    tuning = tmp_path / "tuning.json"
    tuning.write_text("garbage")
    done = harness(*f"simulate --device cpu -- {IMAGE}".split(), SIMULATOR_TUNING=str(tuning))
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].endswith("delete it or run `harness tune`")
    assert list(tmp_path.iterdir()) == [tuning]


def test_the_smallest_of_the_fast_sizes_is_taken() -> None:
    assert Measured("eager", {8: 2.0, 16: 1.01, 32: 1.0, 64: 1.5}).fastest == 16


@pytest.mark.parametrize(
    ("text", "expected"),
    [("512MB", 512_000_000), ("2 gb", 2 * 10**9), ("1.5GiB", 3 << 29), ("16777216", 1 << 24), ("64KiB", 1 << 16)],
)
def test_sizes_of_memory(text: str, expected: int) -> None:
    assert bytes_of(text) == expected


@pytest.mark.parametrize("text", ["", "much", "-1GB", "1TBB", "1e9", "GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="--memory must be a size such as"):
        bytes_of(text)


def test_options_reach_the_simulator() -> None:
    execution = execution_of(Computing("cpu", "mixed", "never", "32MB"))
    assert (execution.device, execution.precision.name, execution.compile) == ("cpu", "mixed", "never")
    assert execution.memory_bytes == 32_000_000
    with pytest.raises(WrongUse, match="--compile must be one of auto, always, never; got 'maybe'"):
        Computing(compile="maybe")


def test_too_little_memory_is_said_before_anything_is_written(harness: Run, tmp_path: Path) -> None:
    done = harness(*f"simulate --device cpu --memory 1MB -- {IMAGE}".split())
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "at least 16 MiB" in done.stderr
