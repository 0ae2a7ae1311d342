"""Stitching truth patches gives the truth back: the oracle of every stitcher."""

import numpy as np
import pytest
import torch

from simulator.errors import InputError
from subjects.ptychography.arrays import Arrays
from subjects.ptychography.contract import Reading, Scan, scan_of
from subjects.ptychography.defects import Defects
from subjects.ptychography.forward import make_setup
from subjects.ptychography.simulate import Recipe, simulate
from subjects.ptychography.steps import Pair
from subjects.ptychography.stitching import WEIGHTINGS, Job, stitch, whole_job


def scan_from(recipe: Recipe) -> Scan:
    return scan_of(Arrays("simulated", simulate(recipe)), Reading())


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_truth_at_integer_positions_returns_the_object(weighting):
    scan = scan_from(Recipe(patch_px=32, side=4, integer=True))
    stitched = stitch(whole_job(make_setup(scan), weighting=weighting))
    assert scan.object is not None
    covered = stitched.covered.numpy()
    assert covered.sum() > 300
    difference = np.abs(stitched.values.complex().numpy() - scan.object)[covered]
    assert difference.max() < 1e-14


def test_at_sub_pixel_positions_two_interpolations_cost_what_they_cost():
    scan = scan_from(Recipe())
    assert scan.object is not None
    stitched = stitch(whole_job(make_setup(scan)))
    mask = (stitched.den > 0.1 * stitched.den.max()).numpy()
    mine, truth = stitched.values.complex().numpy()[mask], scan.object[mask]
    assert np.abs(np.abs(mine) - np.abs(truth)).mean() == pytest.approx(0.004, abs=0.001)
    assert np.abs(np.angle(mine * truth.conj())).mean() == pytest.approx(0.011, abs=0.002)


def test_without_an_object_the_canvas_is_the_box_of_the_windows():
    scan = scan_from(Recipe(patch_px=32, side=4, integer=True))
    assert scan.object is not None
    setup = make_setup(scan)
    patches = setup.patches(setup.place(slice(None)))
    bare = Scan("bare", scan.counts, scan.x_px, scan.y_px, scan.probe)
    stitched = stitch(whole_job(make_setup(bare), patches))
    f = stitched.frame
    assert (f.row0, f.col0) == (int(scan.y_px.min()) - 16, int(scan.x_px.min()) - 16)
    part = scan.object[f.row0 : f.row0 + f.rows, f.col0 : f.col0 + f.cols]
    mine = stitched.values.complex().numpy()[: part.shape[0], : part.shape[1]]
    covered = stitched.covered.numpy()[: part.shape[0], : part.shape[1]]
    assert np.abs(mine - part)[covered].max() < 1e-14


def test_nothing_but_published_behaviour_adds_to_the_weights():
    scan = scan_from(Recipe(patch_px=32, side=4, integer=True))
    shares = {}
    for name in ("none", "stitch-epsilon", "central-count"):
        setup = make_setup(scan, defects=Defects.parse(name))
        mine = stitch(whole_job(setup)).values.complex().abs()
        assert setup.object is not None
        shares[name] = float((mine / setup.object.complex().abs())[14:-14, 14:-14].max())
    assert shares["none"] == pytest.approx(1.0, abs=1e-12)
    assert shares["stitch-epsilon"] < 1.0
    assert shares["central-count"] > 1.0


def test_a_patch_that_does_not_fit_is_an_error_and_never_dropped():
    scan = scan_from(Recipe(patch_px=32, side=4))
    setup = make_setup(scan, outside_zero=True)
    patches = setup.patches(setup.place(slice(None)))
    scan.x_px[3] += 100
    moved = make_setup(scan, outside_zero=True)
    with pytest.raises(InputError, match="does not fit"):
        stitch(whole_job(moved, patches))


def test_a_group_of_one_is_never_mirrored():
    scan = scan_from(Recipe(patch_px=32, side=4, integer=True))
    setup = make_setup(scan, defects=Defects.parse("truth-mirrored"), outside_zero=True)
    plain = stitch(whole_job(make_setup(scan)))
    alone = stitch(whole_job(setup))
    together = stitch(Job(setup, list(range(16)), torch.zeros(16, dtype=torch.long)))
    assert torch.equal(alone.values.re, plain.values.re)
    assert not torch.equal(together.values.re, plain.values.re)


def test_patches_are_averaged_with_their_weights():
    scan = Scan("made", np.zeros((2, 4, 4)), np.array([2.0, 3.0]), np.array([2.0, 2.0]), np.ones((1, 4, 4)) + 0j)
    values = torch.tensor([1.0, 3.0], dtype=torch.float64)[:, None, None].expand(2, 4, 4)
    stitched = stitch(whole_job(make_setup(scan), Pair(values, 0 * values), "uniform"))
    assert stitched.values.re[1].tolist() == [1.0, 2.0, 2.0, 2.0, 3.0, 0.0]
