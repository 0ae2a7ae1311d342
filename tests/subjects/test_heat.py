"""The documented example, C and torch, through every command of the engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli import run
from harness.finding import open_subject

HEAT = Path(__file__).resolve().parents[2] / "subjects" / "heat"
SMALL = '[cases.small]\nargv = "5 2"\nsections = [[2]]\n'


@pytest.fixture
def heat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("heat.c", "heat.py", "parity.toml"):
        shutil.copy(HEAT / name, tmp_path)
    path = tmp_path / "parity.toml"
    head, _, rest = path.read_text().partition("[cases.short_rod]")
    path.write_text(head + SMALL + rest[rest.index("[vocabulary") :])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    open_subject.cache_clear()
    return tmp_path


def test_both_programs_agree_in_every_command(heat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parity", "-v"]) == 0
    said = capsys.readouterr().out
    assert "ok   traces: 13 values" in said
    assert "ok   rod.bin: 40 bytes equal" in said
    assert run(["reference", "trace", "--at", "1"]) == 0
    assert run(["explain", "--case", "small", "--at", "3"]) == 0
    assert run(["devices", "--allow-missing-cuda"]) == 0
    assert run(["minimise"]) == 3
    assert run(["noise-floor"]) == 2
    assert run(["smoke", "--", "./heat", "5", "1"]) == 0


def test_a_wrong_step_is_named(heat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (heat / "heat.py").read_text()
    (heat / "heat.py").write_text(source.replace("- 2.0 * now[1:-1]", "- 2.001 * now[1:-1]"))
    assert run(["explain", "--case", "small"]) == 1
    assert "first step at fault: cell 2: STEP[step=0].rate_K_per_s" in capsys.readouterr().out
    assert run(["minimise"]) == 0
    assert '"1"' in capsys.readouterr().out
