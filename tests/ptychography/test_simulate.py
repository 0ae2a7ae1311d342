"""Simulated scans: the same numbers everywhere, and refusals."""

import numpy as np
import pytest

from simulator.errors import InputError
from subjects.ptychography.simulate import OBJECTS, Recipe, positions, simulate


def test_positions_come_from_the_frozen_stream():
    x, y = positions(Recipe(patch_px=32, side=4, step_px=3))
    random = np.random.RandomState(3)
    jitter_x, jitter_y = random.standard_normal(16), random.standard_normal(16)
    assert x[5] == 16 + 4 + 3 * 1 + 0.5 * jitter_x[5]
    assert y[7] == 16 + 4 + 3 * 1 + 0.5 * jitter_y[7]


def test_integer_positions_round_halves_up():
    x, _ = positions(Recipe(patch_px=32, side=4, integer=True))
    assert (x == np.floor(x)).all()


def test_the_default_scan_has_the_published_sizes():
    recipe = Recipe()
    assert recipe.object_px == 147
    arrays = simulate(Recipe(side=4))
    assert arrays["diffraction"].shape == (16, 64, 64)
    assert arrays["diffraction"].dtype == np.float32
    assert arrays["nphotons"] == pytest.approx(1e6, rel=1e-3)
    counts = arrays["diffraction"].astype(float) ** 2
    assert np.abs(counts - np.rint(counts)).max() < 0.02


@pytest.mark.parametrize("kind", ["lines", "grf", "star"])
def test_objects_hold_amplitudes_that_absorb(kind):
    truth = OBJECTS[kind](60, 50, 1)
    assert truth.shape == (60, 50)
    assert 0.3 < np.abs(truth).min() < np.abs(truth).max() <= 1.0 + 1e-6
    assert np.abs(np.angle(truth)).max() <= 0.8 + 1e-6


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"nphotons": 1e5}, "--low-dose"),
        ({"object": "cube"}, "lines, grf, star"),
        ({"step_px": 0.2}, "contrast"),
        ({"side": 0}, "at least"),
    ],
)
def test_recipes_that_make_nothing_useful_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        simulate(Recipe(**({"patch_px": 32, "side": 4} | given)))
