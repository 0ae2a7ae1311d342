"""``harness tune`` and the options of execution."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import WrongUse
from harness.running.computing import Computing, bytes_of
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
