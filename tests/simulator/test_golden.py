"""The port against the reference program's own figures: every public image and trace, and a table for everyone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator import InputError
from simulator.files.outputs import statistics

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT.parent / "shared" / "golden" / "public" / "index.json"
CASES: dict[str, Any] = json.loads(INDEX.read_text()) if INDEX.exists() else {}
FIGURES: dict[str, Any] = json.loads(
    (ROOT / "tests" / "reference_c" / "figures" / "reference_figures.json").read_text()
)
SUCCEEDING = [name for name, case in CASES.items() if case["exit"] == 0] or ["(no golden figures)"]
FAILING = [name for name, case in CASES.items() if case["exit"] != 0] or ["(no golden figures)"]
RENDERED = [name for name in SUCCEEDING if name != "supervisor"]
INDEX_KEYS = ("thick_tic", "sub_s", "sub_f", "source", "phi_tic", "mos_tic")

Quantities = dict[tuple[str, ...], list[str]]
"""(record, index=..., name) to the words of the value; the record of plain quantities is ""."""


def read_trace(lines: Iterable[str]) -> Quantities:
    found: Quantities = {}
    for line in lines:
        head, *words = line.split()
        if head.endswith(":"):
            found["", words[0]] = words[1:]
            continue
        pairs = [word.split("=") for word in words]
        key = (head.split("_", 2)[2], *(f"{name}={value}" for name, value in pairs if name in INDEX_KEYS))
        found.update({(*key, name): value.split(",") for name, value in pairs if name not in INDEX_KEYS})
    return found


def assert_trace(ours: Quantities, reference: Quantities) -> None:
    """Every quantity there, integers and words equal, floats within 1e-11 of their own scale."""
    assert not set(reference) - set(ours)
    n_cells = float(np.prod([float(word) for word in reference["", "N_cells"]]))
    for key, words in reference.items():
        if ours[key] == words:
            continue
        assert not all(re.fullmatch(r"[-+]?\d+|[A-Za-z_]+", word) for word in words), f"{key}: {ours[key]} {words}"
        a, b = np.array(ours[key], float), np.array(words, float)
        scale = n_cells if key[-1].startswith("F_latt") else np.abs(b).max()
        assert np.abs(a - b).max() <= 1e-11 * scale, f"{key}: {ours[key]} {words}"


def ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many float32 values apart; for values of one sign."""
    return np.abs(a.view(np.int32).astype(np.int64) - b.view(np.int32))


@pytest.mark.parametrize("name", RENDERED)
def test_image_is_the_golden_one(name: str, golden: Path, simulated: Callable[..., Any]) -> None:
    case = simulated(CASES[name]["argv"], CASES[name].get("setup") or ())
    reference = np.load(golden / "public" / f"{name}.npz")["image"]
    assert case.image.shape == reference.shape
    assert np.mean(case.image == reference) >= 0.999
    close = (ulps(case.image, reference) <= 2) | (np.abs(case.image - reference) <= 1e-15 * reference.max())
    assert close.all()


@pytest.mark.parametrize("name", SUCCEEDING)
def test_traces_are_the_golden_ones(name: str, golden: Path, simulated: Callable[..., Any]) -> None:
    case = simulated(CASES[name]["argv"], CASES[name].get("setup") or ())
    for entry in CASES[name]["traces"]:
        trace = case.simulator.trace(entry["slow"], entry["fast"])
        lines = (golden / "public" / entry["file"]).read_text().splitlines()
        assert_trace(read_trace(trace.lines()), read_trace(line for line in lines if line.startswith("TRACE_")))


@pytest.mark.parametrize("name", FAILING)
def test_nothing_to_diffract_is_refused(name: str, golden: Path, simulated: Callable[..., Any]) -> None:
    with pytest.raises(InputError) as refusal:
        simulated(CASES[name]["argv"])
    assert refusal.value.exit_code == CASES[name]["exit"]


def test_supervisor_pixels_have_the_golden_bits(golden: Path, simulated: Callable[..., Any]) -> None:
    """Some rows of the large image, through a region of interest that begins a row before them.

    (The first pixel computed inherits no cell, so it differs; those after it do not.)
    """
    slow0, _, fast0, fast1 = CASES["supervisor"]["crop_slow0_slow1_fast0_fast1"]
    roi = ["-roi", str(fast0), str(fast1 - 1), "683", "686"]
    reference = np.load(golden / "public" / "supervisor.npz")["image"]
    ours = simulated([*CASES["supervisor"]["argv"], *roi]).image
    np.testing.assert_array_equal(ours[684:687, fast0:fast1], reference[684 - slow0 : 687 - slow0])


def test_supervisor_pixel_has_the_reference_intensity(golden: Path, simulated: Callable[..., Any]) -> None:
    trace = simulated(CASES["supervisor"]["argv"]).simulator.trace(685, 1039)
    assert trace.I_pixel_final == pytest.approx(2.8813954268469804e-07, rel=1e-12)


def test_supervisor_pixel_in_spec_mode(golden: Path, eager: Callable[..., Any]) -> None:
    """The value beside the reference's: the first phi step takes its own cell instead of the last one's."""
    argv = CASES["supervisor"]["argv"]
    spec = eager(argv, golden / "inputs", mode="spec").trace(685, 1039)
    fresh = eager(argv, golden / "inputs", defects={"phi-carryover": False}).trace(685, 1039)
    assert spec.I_pixel_final == fresh.I_pixel_final
    assert spec.I_pixel_final == pytest.approx(2.464707311717602e-07, rel=1e-12)


# The table that the project carries itself


@pytest.mark.parametrize("name", FIGURES)
def test_case_gives_the_reference_figures(name: str, simulated: Callable[..., Any]) -> None:
    figures = FIGURES[name]
    case = simulated(figures["argv"])
    image = case.image
    assert image.shape[1] == figures["columns"]
    assert float(image.max()) == figures["max"]
    assert list(np.unravel_index(image.argmax(), image.shape)) == figures["argmax_slow_fast"]
    assert float(image.astype(float).sum()) == pytest.approx(figures["sum"], rel=1e-9)
    sampling = case.simulator.experiment.sampling
    found = statistics(image, sampling.roi, sampling.mask)
    printed = [found.mean, found.rms, found.rmsd, case.rendering.solid_angle_sr]
    assert [float(f"{value:g}") for value in printed] == figures["printed"]


@pytest.mark.parametrize("name", FIGURES)
def test_pixels_give_the_reference_quantities(name: str, simulated: Callable[..., Any]) -> None:
    case = simulated(FIGURES[name]["argv"])
    for pixel, quantities in FIGURES[name]["pixels"].items():
        closing = case.simulator.trace(*map(int, pixel.split())).closing
        for quantity, value in quantities.items():
            assert closing[quantity] == pytest.approx(value, rel=1e-12), (pixel, quantity)
