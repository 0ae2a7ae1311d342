"""Every golden case: images, printed statistics and traces of the C program against the reference program's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

INDEX = Path(__file__).resolve().parents[3] / "shared" / "golden" / "public" / "index.json"
CASES: dict[str, Any] = json.loads(INDEX.read_text()) if INDEX.exists() else {}
SUCCEEDING = [name for name, case in CASES.items() if case["exit"] == 0] or ["(no golden figures)"]
FAILING = [name for name, case in CASES.items() if case["exit"] != 0] or ["(no golden figures)"]


def run_case(name: str, golden: Path, program: Path, run_program: Callable[..., Any]) -> Any:
    """The case's set-up runs and then the case, in one folder, with all its pixels traced."""
    case = CASES[name]
    inputs = sorted((golden / "inputs").iterdir())
    folder = None
    for argv in case.get("setup") or []:
        folder = run_program(program, argv, *inputs, folder=folder).folder
    traced = [word for t in case.get("traces", []) for word in ("-trace_pixel", str(t["slow"]), str(t["fast"]))]
    return run_program(program, [*case["argv"], *traced], *inputs, folder=folder)


def ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many float32 values apart."""
    bits_a, bits_b = (x.view(np.int32).astype(np.int64) for x in (a, b))
    return np.abs(
        np.where(bits_a < 0, -(bits_a & 0x7FFFFFFF), bits_a) - np.where(bits_b < 0, -(bits_b & 0x7FFFFFFF), bits_b)
    )


def assert_image(name: str, run: Any, golden: Path) -> None:
    case = CASES[name]
    image = run.image(case["shape"][1])
    assert image.shape == tuple(case["shape"])
    assert float(image.max()) == case["stats"]["max"]
    assert float(image.astype(float).sum()) == pytest.approx(case["stats"]["sum"], rel=1e-9)
    if "crop_slow0_slow1_fast0_fast1" in case:
        slow0, slow1, fast0, fast1 = case["crop_slow0_slow1_fast0_fast1"]
        image = np.ascontiguousarray(image[slow0:slow1, fast0:fast1])
    expected = np.load(golden / "public" / f"{name}.npz")
    reference = expected["image"]
    assert np.mean(image.view(np.int32) == reference.view(np.int32)) >= 0.999
    assert np.all((ulps(image, reference) <= 2) | (np.abs(image - reference) <= 1e-15 * reference.max()))
    for key, read in (
        ("int", lambda: run.smv("intimage.img")),
        ("noise", lambda: run.smv("noiseimage.img")),
        ("pgm", run.pgm),
    ):
        if key in expected.files:
            np.testing.assert_array_equal(read(), expected[key])


def assert_statistics(name: str, run: Any) -> None:
    stats = CASES[name]["stats"]
    printed = [float(word) for word in run.printed(r"mean= (\S+) rms= (\S+) rmsd= (\S+)")]
    assert printed == [stats["mean_printed"], stats["rms_printed"], stats["rmsd_printed"]]
    assert float(run.printed(r"solid angle subtended by detector = (\S+) ster")[0]) == stats["solid_angle_printed"]
    if "noise_printed" in CASES[name]:
        photons, overloads = run.printed(r"\n(\d+) photons on noise image \((\d+) overloads\)")
        assert {"photons": int(photons), "overloads": int(overloads)} == CASES[name]["noise_printed"]
    if "random_misset_deg_printed" in CASES[name]:
        angles = [float(word) for word in run.printed(r"misset angles: (\S+) (\S+) (\S+) deg")]
        assert angles == CASES[name]["random_misset_deg_printed"]


def assert_trace(ours: dict, reference: dict) -> None:
    """Every name and record there, integers and words equal, floats within 1e-11 of their own scale."""
    n_cells = float(np.prod([float(word) for word in reference[("",)]["N_cells"]]))
    assert {key for key in ours if key[0] != "TRACE_C_TRICUBIC"} == set(reference)
    for key, names in reference.items():
        for name, words in names.items():
            got = ours[key][name]
            if got != words:
                assert not all(re.fullmatch(r"[-+]?\d+|[A-Za-z_]+", word) for word in words), f"{key} {name}"
                a, b = np.array(got, float), np.array(words, float)
                scale = n_cells if name.startswith("F_latt") else np.abs(b).max()
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * scale, err_msg=f"{key} {name}")


@pytest.mark.parametrize("name", SUCCEEDING)
def test_case_gives_the_golden_image_statistics_and_traces(
    name: str, golden: Path, program: Path, run_program: Callable[..., Any]
) -> None:
    run = run_case(name, golden, program, run_program)
    assert run.returncode == 0, run.stderr
    assert_image(name, run, golden)
    assert_statistics(name, run)
    traces = run.traces
    for entry in CASES[name]["traces"]:
        lines = (golden / "public" / entry["file"]).read_text().splitlines()
        assert_trace(traces[f"{entry['slow']} {entry['fast']}"], run.parse(lines)[""])


@pytest.mark.parametrize("name", FAILING)
def test_nothing_to_diffract_fails_naming_what_is_missing(
    name: str, golden: Path, program: Path, run_program: Callable[..., Any]
) -> None:
    run = run_case(name, golden, program, run_program)
    missing = {"error_no_structure_factors": "-hkl", "error_no_cell": "-cell", "error_missing_hkl": "nowhere.hkl"}
    assert run.returncode == CASES[name]["exit"]
    assert missing[name] in run.stderr
    assert run.new_files == set()


def test_supervisor_pixel_has_the_reference_intensity(
    golden: Path, program: Path, run_program: Callable[..., Any]
) -> None:
    inputs = sorted((golden / "inputs").iterdir())
    argv = [*CASES["supervisor"]["argv"], "-trace_pixel", "685", "1039", "-trace_only"]
    run = run_program(program, argv, *inputs)
    assert run.quantity("I_pixel_final")[0] == pytest.approx(2.8813954268469804e-07, rel=1e-12)
    assert run.quantity("pixel") == [685, 1039]


@pytest.mark.parametrize("name", ["noise_low", "noise_high"])
def test_smv_header_is_the_golden_one(name: str, golden: Path, program: Path, run_program: Callable[..., Any]) -> None:
    run = run_case(name, golden, program, run_program)
    header = (golden / "public" / f"{name}.smv_header.txt").read_bytes().rstrip()
    for image in ("intimage.img", "noiseimage.img"):
        data = (run.folder / image).read_bytes()[:512]
        assert data == (header.rstrip(b"\f") + b"\f").ljust(512)


def test_dump_file_is_the_golden_one(golden: Path, program: Path, run_program: Callable[..., Any]) -> None:
    argv = "-cell 40 40 40 90 90 90 -hkl sparse.hkl -default_F 12 -detpixels 4 -nonoise -nopgm"
    run = run_program(program, argv, golden / "inputs" / "sparse.hkl")
    assert (run.folder / "Fdump.bin").read_bytes() == (golden / "dump" / "sparse_default_F_12.Fdump.bin").read_bytes()


@pytest.mark.parametrize("name", ["noise_low", "noise_high"])
def test_log_has_the_lines_that_people_grep(
    name: str, golden: Path, program: Path, run_program: Callable[..., Any]
) -> None:
    run = run_case(name, golden, program, run_program)
    log = (golden / "public" / f"{name}.stdout.txt").read_text().splitlines()
    wanted = r"max_I|mean=|intfile_scale|pgm_scale|solid angle|\d+ photons|writing|  Xbeam|  Fbeam|  distance|X:|Y:|Z:"
    lines = [line for line in log if re.match(wanted, line)]
    assert len(lines) > 15
    assert set(lines) <= set(run.stdout.splitlines())
