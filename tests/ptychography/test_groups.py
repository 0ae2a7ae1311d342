"""Which positions are used and seen together, and where a group's patches meet."""

import numpy as np
import pytest
import torch

from simulator.errors import InputError
from subjects.ptychography.groups import Grouping, make_groups, offsets, subsample, validation_split
from subjects.ptychography.merging import margin, merged
from subjects.ptychography.steps import Pair


def grid(side: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.divmod(np.arange(side**2), side)
    return cols * 3.0, rows * 3.0


def test_a_subsample_is_ascending_drawn_by_seed_and_never_repeated():
    a, b = subsample(50, 16, 1), subsample(50, 16, 2)
    assert sorted(set(a)) == a.tolist()
    assert a.tolist() != b.tolist()
    assert subsample(50, None, 1).tolist() == list(range(50))
    with pytest.raises(InputError, match="50 positions"):
        subsample(50, 51, 1)


def test_a_group_is_its_seed_and_near_others():
    x, y = grid()
    groups = make_groups(x, y, Grouping(None, 2, 7, seed=3))
    assert groups.shape == (25, 4)
    assert groups[:, 0].tolist() == list(range(25))
    for group in groups:
        assert len(set(group)) == 4
        distance = (x - x[group[0]]) ** 2 + (y - y[group[0]]) ** 2
        assert set(group[1:]) <= set(np.argsort(distance, kind="stable")[1:8])


def test_sequential_sampling_takes_the_first():
    x, y = grid()
    assert make_groups(x, y, Grouping(4, sequential_sampling=True)).ravel().tolist() == [0, 1, 2, 3]


def test_oversampling_draws_other_members_until_none_are_left():
    x, y = grid(2)
    assert len(make_groups(x, y, Grouping(4, 2, 4))) == 4
    with pytest.raises(InputError, match="at most 4 different"):
        make_groups(x, y, Grouping(5, 2, 4, enable_oversampling=True))
    x, y = grid(4)
    groups = make_groups(x, y, Grouping(60, 2, 5, enable_oversampling=True))
    assert len({(g[0], frozenset(g[1:])) for g in groups.tolist()}) == 60


REFUSED = [
    (Grouping(30), "--enable_oversampling"),
    (Grouping(30, enable_oversampling=True), "gridsize > 1"),
    (Grouping(30, 2, 3, enable_oversampling=True), "at least 4"),
    (Grouping(5, 2, 2), "at least 3"),
    (Grouping(5, 6, 40), "at least 36 positions"),
]


@pytest.mark.parametrize(("grouping", "words"), REFUSED)
def test_groups_that_cannot_be_are_refused(grouping, words):
    with pytest.raises(InputError, match=words):
        make_groups(*grid(), grouping)


def test_validation_is_drawn_and_never_empty_where_there_is_enough():
    chosen, held = validation_split(20, 0.01, 1)
    assert len(held) == 1
    assert sorted([*chosen, *held]) == list(range(20))
    assert len(validation_split(19, 0.01, 1)[1]) == 0
    assert validation_split(100, 0.05, 1)[1].tolist() != list(range(95, 100))


def test_a_merged_group_of_true_patches_is_what_it_was():
    rng = np.random.RandomState(0)
    scene = torch.from_numpy(rng.standard_normal((40, 40)))
    x, y = np.array([10.0, 13.0, 11.0, 14.0]), np.array([10.0, 10.0, 12.0, 16.0])
    dx, dy = offsets(x, y, np.arange(4)[None])
    assert dx.sum() == pytest.approx(0)
    corners = [(int(b), int(a)) for a, b in zip(x, y, strict=True)]
    patches = torch.stack([scene[r : r + 16, c : c + 16] for r, c in corners])[None]
    moves = torch.from_numpy(dx), torch.from_numpy(dy)
    out = merged(Pair(patches, 2 * patches), *moves, torch.ones(16, 16).double(), margin(dx, dy))
    assert (out.re - patches).abs().max() < 1e-12
    assert (out.im - 2 * patches).abs().max() < 1e-12


def test_a_patch_moves_by_its_offset():
    patches = torch.zeros(1, 2, 8, 8, dtype=torch.float64)
    patches[0, 0, 4, 4] = 1.0
    dx, dy = torch.tensor([[1.0, -1.0]]).double(), torch.tensor([[0.0, 0.0]]).double()
    out = merged(Pair(patches, patches), dx, dy, torch.ones(8, 8).double(), 2)
    assert out.re[0, 1, 4, 6] > 0  # two pixels to the right, seen from the member that lies two to the left
    assert out.re[0, 1, 4, 4] == 0
