"""The commands that audit: carryover, devices, gradcheck, smoke."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.case import Section
from harness.questions.devices import Place, faults_of, places, trace_everywhere
from harness.questions.devices_report import run_devices
from harness.questions.traced import Trace
from harness.running.computing import Computing
from harness.running.scratch import prepare
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.programs import CProgram, Port
from subjects.nanobragg.reference import Reference
from tests.harness.support import REFERENCE, ROOT, Run, sealed_folders

SUBJECT = NanoBragg()


def only_folder(root: Path) -> Path:
    (folder,) = sealed_folders(root)
    assert verify(folder).sealed
    return folder


# ---- carryover ---------------------------------------------------------------------------------------------------


def test_the_carried_cell_is_audited_in_every_situation(harness: Run, tmp_path: Path) -> None:
    done = harness("carryover", "--case", "scan_through_zero", "--pixel", "31", "57")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = only_folder(tmp_path / "reports")
    audited = json.loads((folder / "metrics.json").read_text())["audited"]
    left_by = {(item["situation"], tuple(item["pixel"])): item["carried_from_port"] for item in audited}
    assert left_by["as given", (31, 57)] == "31 56"
    assert left_by["as given", (31, 0)] == "30 95"
    assert left_by["as given", (0, 0)] == "none"
    assert left_by["left neighbour masked", (31, 57)] == "31 55"
    assert left_by["region of interest", (31, 57)] == "30 59"
    assert left_by["2 threads", (40, 0)] == "none"
    assert left_by["2 threads", (39, 0)] == "38 95"
    (limited,) = [place for (what, (_, fast)), place in left_by.items() if what == "dmin skips pixels" and fast != 57]
    assert limited.startswith("30 ")
    stale = {item["carried_from_port"]: item["difference_to_unstale_A"] for item in audited}
    assert stale["none"] == 0
    assert stale["31 56"] > 0.1
    assert f"{len(audited)} of {len(audited)} audited pixels agree" in done.stdout


def test_the_difference_of_each_component_is_in_the_table(harness: Run, tmp_path: Path) -> None:
    assert harness("carryover", "--case", "scan_through_zero", "--pixel", "31", "57").returncode == 0
    folder = only_folder(tmp_path / "reports")
    rows = list(csv.DictReader((folder / "cache_diff.csv").read_text().splitlines()))
    of_pixel = [r for r in rows if (r["situation"], r["slow"], r["fast"]) == ("as given", "31", "57")]
    assert len(of_pixel) == 9
    for row in of_pixel:
        assert float(row["port_A"]) - float(row["unstale_A"]) == float(row["port_minus_unstale_A"])
        assert float(row["port_minus_reference_A"]) == pytest.approx(0, abs=1e-10)
    snapshot = (folder / "cache_snapshot.txt").read_text()
    assert "as given: pixel 31 57" in snapshot
    assert "carried from 31 56" in snapshot


def test_a_reference_that_carries_another_cell_is_found(harness: Run, tmp_path: Path) -> None:
    program = tmp_path / "fresh.sh"
    defects = "oversample-compounds,last-layer-capture"
    program.write_text(f'#!/bin/sh\nexec {REFERENCE} "$@" -defects {defects}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    done = harness("carryover", "--case", "scan_through_zero", "--pixel", "31", "57", "--reference", program)
    assert done.returncode == 1, done.stdout
    assert "NO" in done.stdout


def test_a_case_that_carries_nothing_is_refused(harness: Run, tmp_path: Path) -> None:
    done = harness("carryover", "--case", "oblique_cell")
    assert done.returncode == 2
    assert "carries no cell" in done.stderr
    assert list(tmp_path.iterdir()) == []


# ---- devices -----------------------------------------------------------------------------------------------------


def test_without_cuda_it_says_so_and_fails_unless_allowed(harness: Run, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        done = harness("devices", "--case", "oblique_cell")
        assert done.returncode == 0, done.stdout
        assert (only_folder(tmp_path / "reports") / "trace_py_cuda.log").is_file()
        return
    done = harness("devices", "--case", "oblique_cell")
    assert done.returncode == 3
    assert "not run: no CUDA" in done.stdout
    assert harness("devices", "--case", "oblique_cell", "--allow-missing-cuda").returncode == 0
    folder = sealed_folders(tmp_path / "reports")[-1]
    assert "not run: no CUDA" in (folder / "diagnostics.md").read_text()
    assert (folder / "trace_py_cpu.log").is_file()
    assert (folder / "trace_py_cpu_mixed.log").is_file()


def test_a_second_device_is_compared_with_the_first() -> None:
    """An injected device that computes on the CPU goes the whole way; one that computes wrongly is found."""
    prepared, pixel = prepare(SUBJECT, SUBJECT.case("oblique_cell")), (31, 57)

    def trace(place: Place) -> Mapping[Section, Trace]:
        return Port(Computing(place.request, place.dtype)).trace(prepared, [pixel]).traces

    where = places({"cpu": "cpu", "cuda": "cpu"}, ("float64", "float32"))
    assert [place.label for place in where] == ["cpu", "cuda", "cpu_float32", "cuda_float32"]
    results = trace_everywhere(where, trace, {}, SUBJECT)
    assert [result.against_base is not None for result in results] == [False, True, False, False]
    assert faults_of(results, [pixel], SUBJECT) == []

    def trace_wrongly(place: Place) -> Mapping[Section, Trace]:
        traces = trace(place)
        if place.device != "cuda":
            return traces
        return {at: Trace(made.text.replace("I_pixel_final ", "I_pixel_final 1")) for at, made in traces.items()}

    faults = faults_of(trace_everywhere(where[:2], trace_wrongly, {}, SUBJECT), [pixel], SUBJECT)
    assert any("I_pixel_final" in fault for fault in faults)


def test_the_folder_of_two_devices_is_whole(tmp_path: Path) -> None:
    prepared = prepare(SUBJECT, SUBJECT.case("oblique_cell"))
    status = run_devices(
        SUBJECT,
        prepared,
        [(31, 57)],
        CProgram(Reference(REFERENCE, own=True), 60.0),
        devices={"cpu": "cpu", "cuda": "cpu"},
        allow_missing_cuda=False,
        timeout_s=60,
        root=tmp_path,
        redact=True,
    )
    assert status == 0
    folder = only_folder(tmp_path)
    logs = {f"trace_py_{where}.log" for where in ("cpu", "cuda", "cpu_mixed", "cuda_mixed", "cpu_float32")}
    assert logs | {"trace_c.log", "cuda_vs_cpu_summary.md"} <= {path.name for path in folder.iterdir()}
    assert "## cuda: parity" in (folder / "cuda_vs_cpu_summary.md").read_text()
    figures = json.loads((folder / "metrics.json").read_text())
    by_place = {(place["device"], place["dtype"]): place for place in figures["places"]}
    assert by_place["cuda", "float64"]["relative_difference"] == {"31 57": 0.0}
    assert 0 < by_place["cpu", "float32"]["relative_difference"]["31 57"] < 1e-2


# ---- gradcheck ---------------------------------------------------------------------------------------------------


def test_gradients_are_checked_and_the_script_repeats_it(harness: Run, tmp_path: Path) -> None:
    words = ("--parameter", "phi_start", "--parameter", "fluence")
    done = harness("gradcheck", "--case", "scan_through_zero", "--roi", "57", "58", "31", "31", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = only_folder(tmp_path / "reports")
    record = json.loads((folder / "gradcheck.json").read_text())
    assert [check["name"] for check in record["parameters"]] == ["phi_start", "fluence"]
    phi_start = record["parameters"][0]
    assert phi_start["verdict"] == "correct"
    assert phi_start["order"] == pytest.approx(2, abs=0.3)
    assert min(phi_start["planted_deviations"]) > 100 * min(phi_start["deviations"])
    through = {check["name"]: check for check in record["through_the_carried_cell"]["c-parity"]}
    assert through["phi_start at phi = 0"]["gradient_norm"] > 1e-3
    assert through["spindle_axis at phi = 0"]["gradient_norm"] > 1e-3
    repeated = subprocess.run(
        [sys.executable, folder / "gradcheck.py"], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert repeated.returncode == 0, repeated.stderr
    assert repeated.stdout == (folder / "gradcheck.log").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--parameter", "gravity"), "phi_start"), (("--roi", "0", "999", "0", "0"), "detector")],
)
def test_gradcheck_refuses_what_cannot_be_checked(
    harness: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = harness("gradcheck", "--case", "scan_through_zero", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


# ---- smoke -------------------------------------------------------------------------------------------------------


def test_smoke_seals_what_a_command_did(harness: Run, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    code = "import os; open('made.txt', 'w').write('12345'); os.remove('old.txt'); print('loss 0.5')"
    done = harness("smoke", "--expect", r"loss \d", "--forbid", "NaN", "--", sys.executable, "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((only_folder(tmp_path / "reports") / "metrics.json").read_text())
    assert list(figures["files_made"]) == ["made.txt"]
    assert figures["files_made"]["made.txt"]["bytes"] == 5
    assert figures["files_removed"] == ["old.txt"]
    assert figures["peak_bytes"] > 1e6
    assert figures["expect"] == {r"loss \d": "loss 0.5"}
    assert figures["device"] == "cpu (no torch in any Python process)"


@pytest.mark.parametrize(
    ("words", "command", "said"),
    [
        (("--expect", "loss"), ["echo", "hello"], "--expect 'loss'"),
        (("--forbid", "hel"), ["echo", "hello"], "--forbid 'hel' matches: hello"),
        ((), ["false"], "exit status 1"),
        (("--timeout", "0.3"), ["sleep", "30"], "still running"),
    ],
)
def test_smoke_fails_and_seals(
    harness: Run, tmp_path: Path, words: tuple[str, ...], command: list[str], said: str
) -> None:
    done = harness("smoke", *words, "--", *command)
    assert done.returncode == 4
    assert said in done.stdout
    assert said in (only_folder(tmp_path / "reports") / "diagnostics.md").read_text()


def test_smoke_tells_the_device_that_torch_used(harness: Run, tmp_path: Path) -> None:
    done = harness("smoke", "--", sys.executable, "-c", "import torch; torch.ones(3, device='cpu').sum()")
    assert done.returncode == 0, done.stdout
    (record,) = json.loads((only_folder(tmp_path / "reports") / "metrics.json").read_text())["torch"]
    assert record["cuda_used"] is False
    assert "torch was loaded" in done.stdout


def test_smoke_keeps_credentials_out(harness: Run, tmp_path: Path) -> None:
    code = "import os; print(os.environ['MY_TOKEN'], os.environ['SHOWN'])"
    words = ("--env", "MY_TOKEN=s3cr3t-value", "--env", "SHOWN=plain")
    assert harness("smoke", *words, "--", sys.executable, "-c", code).returncode == 0
    content = "".join(path.read_text() for path in only_folder(tmp_path / "reports").iterdir())
    assert "s3cr3t-value" not in content
    assert "[secret] plain" in content


@pytest.mark.parametrize(
    "words", [("--expect", "(", "--", "true"), ("--env", "x", "--", "true"), ("--cwd", "no", "--", "true"), ()]
)
def test_smoke_wrong_use_leaves_nothing(harness: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert harness("smoke", *words).returncode == 2
    assert list(tmp_path.iterdir()) == []
