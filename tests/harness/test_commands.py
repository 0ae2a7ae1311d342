"""The command line of ``harness`` as a user meets it: output, exit codes, what is left behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.questions.parity_report import default_jobs
from tests.harness.support import REFERENCE, ROOT, Run, sealed_folders

SMALL = ("-cell", "40", "40", "40", "90", "90", "90", "-default_F", "100", "-N", "5", "-detpixels", "16", "-pixel", "1")
QUIET = ("-nonoise", "-nopgm", "-oversample", "1")


def only_folder(root: Path) -> Path:
    (folder,) = sealed_folders(root)
    assert verify(folder).sealed
    return folder


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# ---- traces ------------------------------------------------------------------------------------------------------


def test_trace_without_arguments_is_the_supervisor_pixel(harness: Run, tmp_path: Path) -> None:
    done = harness("trace")
    assert done.returncode == 0, done.stderr
    folder = only_folder(tmp_path / "reports")
    text = (folder / "trace_py.log").read_text()
    assert "TRACE_PY: pixel 685 1039\n" in text
    final = json.loads((folder / "metrics.json").read_text())["I_pixel_final"]["685 1039"]
    assert f"I_pixel_final {final:.17g}" in done.stdout
    assert f"I_pixel_final {final:.17g}\n" in text
    per_phi = (folder / "trace_py_per_phi.log").read_text()
    assert per_phi.count("TRACE_PY_PHI ") == 10
    variables = json.loads((folder / "env.json").read_text())["variables"]
    assert variables["KMP_DUPLICATE_LIB_OK"] == "TRUE"
    assert "OMP_WAIT_POLICY" in variables or "GOMP_SPINCOUNT" in variables
    if json.loads((folder / "env.json").read_text())["cuda_available"] is False:
        assert done.stderr.count("POLICY-001") == 1


def test_both_programs_trace_the_supervisor_pixel_alike(harness: Run, compare: Run, tmp_path: Path) -> None:
    assert harness("trace", "--device=cpu", "--out", "py.log").returncode == 0
    assert harness("reference", "trace", "--out", "c.log").returncode == 0
    done = compare("traces", "c.log", "py.log")
    assert done.returncode == 0, done.stdout


def test_several_pixels_and_modes(harness: Run, tmp_path: Path) -> None:
    pixels = ("--pixel", "0", "0", "--pixel", "31", "57")
    done = harness("trace", "--device", "cpu", "--case", "scan_through_zero", *pixels, "--mode", "spec", "--out", "-")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if ": pixel " in line] == [
        "TRACE_PY: pixel 0 0",
        "TRACE_PY: pixel 31 57",
    ]
    assert done.stdout.count("TRACE_PY: mode spec\n") == 2
    assert all(line.startswith("TRACE_PY") for line in done.stdout.splitlines())
    assert "sealed:" in done.stderr


@pytest.mark.parametrize("program", [("trace", "--device", "cpu"), ("reference", "trace")])
def test_many_pixels_in_one_call(harness: Run, program: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "pixels.txt").write_text("# row column\n31 57\n\n0,1  # the second\n")
    words = ("--case", "scan_through_zero", "--pixels", "pixels.txt", "--grid", "3", "--out", "t.log")
    done = harness(*program, *words)
    assert done.returncode == 0, done.stderr
    found = [line.split()[2:] for line in (tmp_path / "t.log").read_text().splitlines() if ": pixel " in line]
    grid = [[str(slow), str(fast)] for slow in (13, 40, 66) for fast in (16, 48, 80)]
    assert found == [["31", "57"], ["0", "1"], *grid]


@pytest.mark.parametrize("program", [("trace", "--device", "cpu"), ("reference", "trace")])
def test_a_single_defect_is_switched(harness: Run, program: tuple[str, ...], tmp_path: Path) -> None:
    words = ("--case", "scan_through_zero", "--pixel", "31", "57", "--defect", "phi-carryover=off")
    done = harness(*program, *words, "--out", "t.log")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "t.log").read_text()
    assert "carried_from none" in text
    assert ": mode custom\n" in text


def test_a_command_line_by_hand(harness: Run, tmp_path: Path) -> None:
    done = harness("reference", "trace", "--pixel", "3", "4", "--", *SMALL, *QUIET)
    assert done.returncode == 0, done.stderr
    record = json.loads((only_folder(tmp_path / "reports") / "case.json").read_text())
    assert record["argv"] == [*SMALL, *QUIET]
    assert len(record["reference_sha256"]) == 64
    assert {path.name for path in tmp_path.iterdir()} == {"reports"}


def test_no_stale_file_of_the_working_folder_leaks_into_the_reference(harness: Run, tmp_path: Path) -> None:
    """A dump that lies about is read by the reference whenever -hkl is absent; in the scratch folder there is none."""
    (tmp_path / "Fdump.bin").write_bytes(b"0 1 0 1 0 1\n\f" + b"\0" * 8 * 27)
    words = [word for word in SMALL if word not in ("-default_F", "100")]
    done = harness("reference", "trace", "--pixel", "3", "4", "--", *words, *QUIET)
    assert done.returncode == 2
    assert sealed_folders(tmp_path / "reports") == []


# ---- bad input ---------------------------------------------------------------------------------------------------

BAD_INPUT = {
    "unknown flag, strictly": (["--", *SMALL, "-lamda", "1", "--strict"], "-lambda"),
    "flag without its value, strictly": (["--", *SMALL, "--strict", "-phi"], "-phi"),
    "pixel outside the detector": (["--pixel", "99", "0", "--", *SMALL], "detector"),
    "pixel outside the ROI": (["--pixel", "0", "0", "--", *SMALL, "-roi", "5", "9", "5", "9"], "0 0"),
    "pixel that is none": (["--pixel", "1", "x"], "two integers"),
    "missing list": (["--", *SMALL, "-hkl", "nowhere.hkl"], "nowhere.hkl"),
    "unknown case": (["--case", "superviser"], "supervisor"),
    "case and argv": (["--case", "supervisor", "--", *SMALL], "not both"),
    "negative detector": (["--pixel", "1", "1", "--", *SMALL, "-detpixels", "-3"], "detpixels"),
    "zero-size detector": (["--pixel", "0", "0", "--", *SMALL, "-detpixels", "0", "-detsize", "0"], ""),
    "a table that is not there": (["--pixel", "1", "1", "--", *SMALL, "-stol", "nowhere.stol"], "nowhere.stol"),
    "unknown mode": (["--mode", "best"], "c-parity"),
    "unknown defect": (["--defect", "gravity=off"], "phi-carryover"),
    "half a defect": (["--defect", "phi-carryover"], "NAME=on"),
    "data that is no folder": (["--data", "nowhere"], "--data"),
    "output that cannot be written": (["--out", "nowhere/trace.log"], "--out"),
    "pixel file that is none": (["--pixels", "nowhere.txt"], "nowhere.txt"),
    "unknown option": (["--pixle", "1", "1"], ""),
}


@pytest.mark.parametrize("side", ["port", "reference"])
@pytest.mark.parametrize("what", BAD_INPUT)
def test_bad_input_is_a_line_and_exit_2_and_leaves_nothing(harness: Run, tmp_path: Path, side: str, what: str) -> None:
    words, said = BAD_INPUT[what]
    if "--" in words and "--pixel" not in words:
        words = ["--pixel", "1", "1", *words]
    command = ("trace", "--device", "cpu") if side == "port" else ("reference", "trace")
    done = harness(*command, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--device", "tpu"], "auto, cpu, cuda"),
        (["--device=mps"], "mps"),
        (["--dtype", "float16"], "float64, float32, mixed"),
    ],
)
def test_a_device_or_dtype_that_is_not_there(harness: Run, tmp_path: Path, words: list[str], said: str) -> None:
    done = harness("trace", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_evidence_root_that_cannot_be_written(harness: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = harness("reference", "trace", "--out-dir", "file/reports")
    assert done.returncode == 2
    assert "--out-dir" in done.stderr


# ---- simulate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", [("simulate", "--device", "cpu"), ("reference", "simulate")])
def test_simulate_is_a_drop_in_replacement(harness: Run, tmp_path: Path, prefix: tuple[str, ...]) -> None:
    (tmp_path / "some.hkl").write_text("0 0 0 50\n1 0 0 60\n0 1 1 70\n")
    words = (*SMALL, "-hkl", "some.hkl", "-seed", "3", "-oversample", "1", "-noprogress")
    done = harness(*prefix, "--png", "view.png", "--", *words)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "some.hkl",
        "view.png",
        "Fdump.bin",
        "floatimage.bin",
        "intimage.img",
        "image.pgm",
        "noiseimage.img",
    }
    assert (tmp_path / "view.png").read_bytes().startswith(b"\x89PNG")


def test_both_programs_write_the_same_files(harness: Run, tmp_path: Path) -> None:
    words = (*SMALL, "-seed", "3", "-oversample", "1")
    contents = []
    for prefix in (("simulate", "--device", "cpu"), ("reference", "simulate")):
        assert harness(*prefix, "--", *words).returncode == 0
        contents.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
        for path in tmp_path.iterdir():
            path.unlink()
    assert contents[0] == contents[1]


@pytest.mark.parametrize("prefix", [("simulate", "--device", "cpu"), ("reference", "simulate")])
def test_simulate_fails_where_the_reference_does(harness: Run, tmp_path: Path, prefix: tuple[str, ...]) -> None:
    done = harness(*prefix, "--", "-cell", "40", "40", "40", "-N", "5")
    assert done.returncode == 9
    assert done.stderr.strip()
    assert list(tmp_path.iterdir()) == []


# ---- parity ------------------------------------------------------------------------------------------------------


def test_parity_compares_both_programs_and_says_so_truthfully(harness: Run, tmp_path: Path) -> None:
    done = harness("parity", "oblique_cell", "photon_noise", "nothing_to_diffract", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = only_folder(tmp_path / "reports")
    cases = json.loads((folder / "metrics.json").read_text())["cases"]
    assert set(cases) == {
        "oblique_cell",
        "oblique_cell_spec",
        "photon_noise",
        "photon_noise_spec",
        "nothing_to_diffract",
    }
    checks = [check for case in cases.values() for check in case["checks"]]
    assert {check["exit_code"] for check in checks} == {0}
    assert f"5 cases: 5 parity; {len(checks)} checks" in done.stdout
    assert (
        f"5 of 5 cases in parity; {len(checks)} of {len(checks)} checks passed"
        in (folder / "diagnostics.md").read_text()
    )
    for case in ("oblique_cell", "photon_noise_spec"):
        c_log = (folder / case / "trace_c.log").read_text()
        for pixel, sides in cases[case]["I_pixel_final"].items():
            assert f"I_pixel_final {sides['reference']:.17g}\n" in c_log, pixel


def test_a_divergent_reference_is_exit_1_and_the_worst_pixel_is_traced(harness: Run, tmp_path: Path) -> None:
    program = script(tmp_path / "other.sh", f'exec {REFERENCE} "$@" -lambda 1.0000001\n')
    done = harness("parity", "oblique_cell", "--mode", "c-parity", "--reference", program)
    assert done.returncode == 1, done.stdout
    assert "FAIL traces" in done.stdout
    assert "lambda_angstroms" in done.stdout
    assert "FAIL float image" in done.stdout
    folder = only_folder(tmp_path / "reports")
    assert len(json.loads((folder / "metrics.json").read_text())["cases"]["oblique_cell"]["I_pixel_final"]) == 3
    junit = (folder / "junit.xml").read_text()
    assert "<failure" in junit
    sarif = json.loads((folder / "results.sarif").read_text())
    assert any("float image" in result["message"]["text"] for result in sarif["runs"][0]["results"])


def test_a_program_that_fails_in_one_case_does_not_stop_the_others(harness: Run, tmp_path: Path) -> None:
    program = script(tmp_path / "picky.sh", f'case "$*" in *misset*) exit 3;; esac\nexec {REFERENCE} "$@"\n')
    done = harness("parity", "oblique_cell", "photon_noise", "--mode", "c-parity", "--reference", program)
    assert done.returncode == 4, done.stdout
    assert "1 FAILED, 1 parity" in done.stdout


def _heed_interrupts() -> None:
    """What a shell runs in the background ignores Ctrl-C, and its children with it: undo that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_few_cases_are_worth_no_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert [default_jobs(cases) for cases in (1, 15, 16, 53, 1000)] == [1, 1, 2, 4, 4]


def test_interrupting_a_parity_run_ends_it_cleanly(tmp_path: Path) -> None:
    """The folder is sealed, no process and no scratch folder is left."""
    answer = 'case "$*" in *"-defects none"*) exit 2;; esac\n'  # asked first whether it knows the switch
    program = script(tmp_path / "slow.sh", f"{answer}echo $$ >> {tmp_path}/pids\nsleep 60\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch), "HARNESS_REFERENCE": str(program)}
    cases = ("oblique_cell", "photon_noise")
    command = [sys.executable, "-m", "harness", "parity", *cases, "--jobs", "2", "--out-dir", "reports"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_heed_interrupts,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "pids").exists() or len((tmp_path / "pids").read_text().split()) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert "interrupted" in (only_folder(tmp_path / "reports") / "diagnostics.md").read_text()
    for pid in (tmp_path / "pids").read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    assert [path.name for path in scratch.iterdir() if path.name.startswith("harness_")] == []


# ---- the rest ----------------------------------------------------------------------------------------------------


def test_doctor_says_ok_or_what_to_do(harness: Run, tmp_path: Path) -> None:
    done = harness("doctor")
    assert done.returncode == 0, done.stderr
    lines = {line[3:].split("  ")[0]: line for line in done.stdout.splitlines()}
    assert {"Python", "make", "C compiler", "torch.compile", "reference program", "evidence folder", "torch"} <= set(
        lines
    )
    assert lines["reference program"].startswith("OK")
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_what_is_missing(harness: Run, tmp_path: Path) -> None:
    (tmp_path / "reports" / "20260101T000000Z_x.partial").mkdir(parents=True)
    done = harness("doctor", "--strict", CC="no-such-compiler")
    assert done.returncode == 2
    assert "!! C compiler" in done.stdout
    assert "20260101T000000Z_x.partial" in done.stdout


def test_building_without_a_compiler_is_exit_4(harness: Run) -> None:
    done = harness("reference", "build", CC="no-such-compiler")
    assert done.returncode == 4
    assert "no-such-compiler not found" in done.stderr


def test_cases_are_listed_and_shown(harness: Run) -> None:
    listed = harness("cases", "list").stdout
    assert listed.startswith("supervisor ")
    shown = harness("cases", "show", "reused_dump").stdout
    assert "setup:  -lambda 1" in shown
    assert "sparse_corner.hkl" in shown


def test_help_loads_neither_torch_nor_pandas(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['harness', 'cases', 'list']\n"
        "from harness.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_case_where_a_command_line_belongs_is_told_apart(harness: Run) -> None:
    refused = harness("trace", "oblique_cell")
    assert refused.returncode == 2
    assert "give --case oblique_cell" in refused.stderr
