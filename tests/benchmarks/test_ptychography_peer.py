"""The comparison with another package: it says plainly that the package is missing, and converts our scans rightly."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from benchmarks.ptychography_peer import arrays_for, load_peer
from subjects.ptychography.arrays import Arrays
from subjects.ptychography.contract import Reading, scan_of
from subjects.ptychography.forward import make_setup
from subjects.ptychography.simulate import Recipe, simulate


def test_without_the_package_it_says_so_and_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ptychi", None)
    with pytest.raises(SystemExit) as stopped:
        load_peer()
    assert stopped.value.code == 2
    assert "ptychi is not installed" in capsys.readouterr().err


@pytest.mark.parametrize("patch_px", [32, 33])
def test_the_converted_scan_predicts_our_counts(patch_px):
    """The package's model in numpy: a window centred on position + origin, and a transform without a factor."""
    recipe = Recipe(patch_px, side=3, integer=True, modes=2)
    scan = scan_of(Arrays("simulated", simulate(recipe)), Reading())
    arrays, origin = arrays_for(scan, scan.object)
    theirs = []
    for x, y in zip(arrays["probe_position_x_px"], arrays["probe_position_y_px"], strict=True):
        row, col = (math.floor(p + o - (patch_px - 1) / 2 + 0.5) for p, o in zip((y, x), origin, strict=True))
        patch = arrays["object_data"][0, row : row + patch_px, col : col + patch_px]
        fields = np.fft.fft2(arrays["probe_data"][0] * patch)
        theirs.append(np.fft.fftshift((np.abs(fields) ** 2).sum(axis=0)))
    ours = make_setup(scan, evaluation="fft").expected_counts(list(range(9)), 1.0).numpy()
    np.testing.assert_allclose(np.stack(theirs), ours, rtol=0, atol=1e-5 * ours.max())
