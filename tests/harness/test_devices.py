"""``harness devices`` where there is a second device: one that computes on the CPU stands in for a card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from compare.bundle import verify
from harness import devices_report
from harness.case import Pixel, load_case
from harness.devices_report import run_devices
from harness.scratch import Prepared, prepare
from subjects.nanobragg.port import Computing
from subjects.nanobragg.reference import find_reference
from tests.harness.support import sealed_folders

PIXEL = (31, 57)
WITH_A_CARD = {"cpu": "cpu", "cuda": "cpu"}


def run(root: Path, devices: Mapping[str, str] = WITH_A_CARD, *, allow_missing_cuda: bool = False) -> int:
    return run_devices(
        prepare(load_case("oblique_cell")),
        [PIXEL],
        find_reference(None),
        devices=devices,
        allow_missing_cuda=allow_missing_cuda,
        timeout_s=60.0,
        root=root,
        redact=False,
    )


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
    figures = {(p["device"], p["dtype"]): p for p in json.loads((folder / "metrics.json").read_text())["places"]}
    assert figures["cuda", "float64"]["relative_difference"] == {"31 57": 0.0}
    assert 0.0 < figures["cpu", "float32"]["relative_difference"]["31 57"] < 1e-2
    assert figures["cpu", "mixed"]["relative_difference"]["31 57"] < 1e-5
    assert "not run" not in capsys.readouterr().out


def test_a_card_that_computes_wrongly_is_exit_1_with_both_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []

    def trace(prepared: Prepared, pixels: list[Pixel], computing: Computing) -> dict[Pixel, str]:
        traces = right(prepared, pixels, computing)
        made.append(computing.dtype)
        if made.count("float64") == 2 and computing.dtype == "float64":  # the second device's turn
            return {pixel: text.replace("TRACE_PY: polar 0.", "TRACE_PY: polar 0.1") for pixel, text in traces.items()}
        return traces

    right = devices_report.trace_with_port
    monkeypatch.setattr(devices_report, "trace_with_port", trace)
    assert run(tmp_path) == 1
    assert "FAIL cuda against cpu: " in capsys.readouterr().out
    (folder,) = sealed_folders(tmp_path)
    assert verify(folder).sealed
    assert "polar` | 0.99" in (folder / "cuda_vs_cpu_summary.md").read_text()


def test_a_card_whose_trace_lacks_a_name_is_no_parity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = iter(range(100))

    def trace(prepared: Prepared, pixels: list[Pixel], computing: Computing) -> dict[Pixel, str]:
        traces = right(prepared, pixels, computing)
        if next(calls) != 1:
            return traces
        lines = {pixel: text.splitlines(keepends=True) for pixel, text in traces.items()}
        return {pixel: "".join(x for x in text if "I_before_scaling" not in x) for pixel, text in lines.items()}

    right = devices_report.trace_with_port
    monkeypatch.setattr(devices_report, "trace_with_port", trace)
    assert run(tmp_path) == 1


def test_without_a_card_the_verdict_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, {"cpu": "cpu"}) == 3
    assert run(tmp_path, {"cpu": "cpu"}, allow_missing_cuda=True) == 0
    assert capsys.readouterr().out.count("cuda: not run: no CUDA") == 2
    assert all("not run: no CUDA" in (folder / "diagnostics.md").read_text() for folder in sealed_folders(tmp_path))
