"""``harness devices`` where there is a second device: one that computes on the CPU stands in for a card."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.case import Section
from harness.questions import devices_report
from harness.questions.devices_report import run_devices
from harness.questions.traced import Trace, Traced
from harness.running.scratch import Prepared, prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.programs import CProgram, Port
from subjects.nanobragg.reference import find_reference
from tests.harness.support import sealed_folders

SUBJECT = NanoBragg()

PIXEL = (31, 57)
WITH_A_CARD = {"cpu": "cpu", "cuda": "cpu"}


def run(root: Path, devices: Mapping[str, str] = WITH_A_CARD, *, allow_missing_cuda: bool = False) -> int:
    return run_devices(
        SUBJECT,
        prepare(SUBJECT, SUBJECT.case("oblique_cell")),
        [PIXEL],
        CProgram(find_reference(None), 60.0),
        devices=devices,
        allow_missing_cuda=allow_missing_cuda,
        timeout_s=60.0,
        root=root,
        redact=False,
    )


def changed(traced: Traced, change: Callable[[str], str]) -> Traced:
    """The traces with their text changed."""
    return replace(traced, traces={section: Trace(change(made.text)) for section, made in traced.traces.items()})


@pytest.fixture(autouse=True)
def _no_collect_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes seconds and has a test of its own."""
    from contextlib import nullcontext

    monkeypatch.setattr(devices_report, "collect_env", lambda evidence, *, wanted: nullcontext())


def test_a_card_that_computes_as_the_cpu_does_is_in_parity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    (folder,) = sealed_folders(tmp_path)
    assert verify(folder).sealed
    names = {path.name for path in folder.iterdir()}
    labels = ("cpu", "cuda", "cpu_mixed", "cuda_mixed", "cpu_float32", "cuda_float32")
    assert names >= {f"trace_py_{label}.log" for label in labels} | {"trace_c.log", "cuda_vs_cpu_summary.md"}
    assert (folder / "trace_py_cuda.log").read_text() == (folder / "trace_py_cpu.log").read_text()
    assert "cuda: parity" in (folder / "cuda_vs_cpu_summary.md").read_text()
    head, *rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("device", "cpu", "cuda"))]
    assert {row[head.index("reference") :].split()[0] for row in rows[:2]} == {"parity"}
    figures = {(p["device"], p["dtype"]): p for p in json.loads((folder / "metrics.json").read_text())["places"]}
    assert figures["cuda", "float64"]["relative_difference"] == {"31 57": 0.0}
    assert 0.0 < figures["cpu", "float32"]["relative_difference"]["31 57"] < 1e-2
    assert figures["cpu", "mixed"]["relative_difference"]["31 57"] < 1e-5
    assert "not run" not in capsys.readouterr().out


def test_a_card_that_computes_wrongly_is_exit_1_with_both_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []

    def trace(port: Port, prepared: Prepared, pixels: list[Section]) -> Traced:
        traced = right(port, prepared, pixels)
        made.append(port.computing.dtype)
        if made.count("float64") == 2 and port.computing.dtype == "float64":  # the second device's turn
            return changed(traced, lambda text: text.replace("TRACE_PY: polar 0.", "TRACE_PY: polar 0.1"))
        return traced

    right = Port.trace
    monkeypatch.setattr(Port, "trace", trace)
    assert run(tmp_path) == 1
    assert "FAIL cuda against cpu: " in capsys.readouterr().out
    (folder,) = sealed_folders(tmp_path)
    assert verify(folder).sealed
    assert "polar` | 0.99" in (folder / "cuda_vs_cpu_summary.md").read_text()


def test_a_card_whose_trace_lacks_a_name_is_no_parity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = iter(range(100))

    def shortened(text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if "I_before_scaling" not in line)

    def trace(port: Port, prepared: Prepared, pixels: list[Section]) -> Traced:
        traced = right(port, prepared, pixels)
        return changed(traced, shortened) if next(calls) == 1 else traced

    right = Port.trace
    monkeypatch.setattr(Port, "trace", trace)
    assert run(tmp_path) == 1


def test_without_a_card_the_verdict_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, {"cpu": "cpu"}) == 3
    assert run(tmp_path, {"cpu": "cpu"}, allow_missing_cuda=True) == 0
    assert capsys.readouterr().out.count("cuda: not run: no CUDA") == 2
    assert all("not run: no CUDA" in (folder / "diagnostics.md").read_text() for folder in sealed_folders(tmp_path))
