"""The noise floor of a captured port, without a line of replay code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compare.judging.tolerances import load
from harness.cli import run

OSCILLATOR = Path(__file__).parent / "programs" / "oscillator"


def test_a_captured_port_has_its_floors_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "oscillator"
    shutil.copytree(OSCILLATOR, folder)
    text = (folder / "parity.toml").read_text()
    (folder / "parity.toml").write_text(
        text.replace("[reference]", '[reference]\ntrace = "captured"').replace("[port]", '[port]\ntrace = "captured"')
    )
    monkeypatch.chdir(folder)
    out = tmp_path / "tolerances.toml"
    assert run(["noise-floor", "--case", "small", "--out", str(out), "--out-dir", str(tmp_path / "r")]) == 0
    floors = load(out).floors
    (half,) = floors["advance.half"]
    assert 0.0 < half.tolerance < 1e-12
    (energy,) = floors["total_energy.total_energy"]
    assert energy.tolerance >= 8 * 2.0**-52  # eight units in the last place of a number above 1
