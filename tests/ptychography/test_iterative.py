"""The iterative baseline: it reaches the noise, refines a probe, and tells the orientation of the positions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from simulator.errors import InputError
from subjects.ptychography.examination import Orientation, examine, oriented, residuals_by_orientation
from subjects.ptychography.forward import make_setup
from subjects.ptychography.iterative import Solver, residual_of, solve
from subjects.ptychography.metrics import compare_objects, mask_of
from subjects.ptychography.simulate import Recipe, simulate, write
from tests.ptychography.helpers import small_scan


def test_epie_reaches_the_noise():
    scan = small_scan(side=10, step_px=3.0)
    assert scan.object is not None
    solved = solve(scan, Solver(40), dtype=torch.complex64)
    metrics = compare_objects(solved.object, scan.object, mask_of(solved.den))
    assert residual_of(scan, solved.object) < 1.1 * residual_of(scan, scan.object)
    assert metrics.amplitude_mae < 0.008
    assert metrics.phase_mae < 0.015
    assert solved.residuals[-1] < 0.15 * solved.residuals[0]


def test_without_an_object_the_frame_is_kept():
    scan = small_scan(side=6, step_px=3.0)
    assert scan.object is not None
    bare = replace(scan, object=None)
    solved = solve(bare, Solver(15), dtype=torch.complex64)
    rows, cols = solved.object.shape
    truth = scan.object[solved.row0 : solved.row0 + rows, solved.col0 : solved.col0 + cols]
    inside = solved.object[: truth.shape[0], : truth.shape[1]], solved.den[: truth.shape[0], : truth.shape[1]]
    assert compare_objects(inside[0], truth, mask_of(inside[1])).amplitude_mae < 0.03


def test_a_poor_probe_is_refined():
    scan = small_scan(side=8, step_px=3.0)
    poor = replace(scan, probe=scan.probe * np.exp(0.3j * np.abs(scan.probe) / np.abs(scan.probe).max()) * 1.05)
    fixed = solve(poor, Solver(15, 0.1), dtype=torch.complex64).residuals[-1]
    assert solve(poor, Solver(15, 0.1, refine_from=6), dtype=torch.complex64).residuals[-1] < 0.7 * fixed


def test_masked_pixels_and_modes_are_solved_alike():
    scan = small_scan(side=6, step_px=3.0, modes=2)
    mask = np.ones((1, 32, 32), bool)
    mask[0, 16, 16] = False
    spoilt = scan.counts.copy()
    spoilt[:, 16, 16] = 1e9
    solved = solve(replace(scan, counts=spoilt, mask=mask), Solver(10), dtype=torch.complex64)
    assert solved.residuals[-1] < 0.1


def test_solvers_that_cannot_work_are_refused():
    for given in ({"sweeps": 0}, {"alpha": 0.0}, {"beta": -1.0}):
        with pytest.raises(InputError):
            Solver(**given)


@pytest.mark.parametrize("planted", [Orientation(), Orientation(swap_xy=True, flip_y=True)])
def test_the_doctor_finds_the_orientation(planted):
    scan = small_scan(side=6, step_px=3.0)
    x, y = oriented(scan.x_px, scan.y_px, planted)
    found = residuals_by_orientation(replace(scan, x_px=x, y_px=y))
    assert len(found) == 8  # this probe is its own transpose
    best = min(found, key=lambda o: found[o])
    assert np.allclose(oriented(x, y, best), (scan.x_px, scan.y_px))


@pytest.mark.parametrize("planted", [False, True])
def test_the_doctor_tells_a_probe_that_is_transposed_against_the_patterns(planted, tmp_path):
    scan = small_scan(side=6, step_px=3.0)
    col = np.arange(32) - 16
    astigmatic = scan.probe * np.exp(2j * (col / 8) ** 2)
    setup = make_setup(replace(scan, probe=astigmatic), evaluation="fft", dtype=torch.float64)
    arrays = simulate(Recipe(patch_px=32, side=6, step_px=3.0))
    counts = setup.expected_counts(list(range(scan.n_positions)), 1.0)
    arrays["diffraction"] = counts.sqrt().float().numpy()
    arrays["probeGuess"] = (astigmatic[0].T if planted else astigmatic[0]).astype(np.complex64)
    write(tmp_path / "scan.npz", arrays)
    said: list[str] = []
    assert examine(tmp_path / "scan.npz", orientations=True, say=said.append) == (1 if planted else 0)
    assert sum("(probe transposed)" in line for line in said) == 8
    wanted = "better; transpose probeGuess in the file" if planted else "positions and probe fit as they are"
    assert wanted in said[-1]


def test_the_doctor_tells_about_a_file(tmp_path):
    said: list[str] = []
    arrays = simulate(Recipe(patch_px=32, side=4))
    write(tmp_path / "good.npz", arrays)
    assert examine(tmp_path / "good.npz", orientations=False, say=said.append) == 0
    assert any("16 patterns of 32 x 32" in line for line in said)
    write(tmp_path / "bad.npz", arrays | {"probeGuess": np.abs(arrays["probeGuess"])})
    assert examine(tmp_path / "bad.npz", orientations=False, say=said.append) == 2
    assert "complex" in said[-1]
