"""The program built for timing gives the same images: no NaN, equal to rounding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BASE = "-lambda 1 -distance 100 -detpixels_x 24 -detpixels_y 20 -pixel 4 -nonoise -nopgm -oversample 2"
CELL = "-cell 38 47 55 78 97 106 -default_F 100"

CASES = {
    "scan": f"{CELL} -N 9 -phi 0 -osc 2 -phisteps 8",
    "exact Bragg condition": "-cell 40 -default_F 100 -N 5 -oversample 1 -detpixels_x 25 -detpixels_y 21",
    "round": f"{CELL} -N 5 -round_xtal",
    "gauss": f"{CELL} -N 3 -gauss_xtal",
    "tophat": f"{CELL} -N 3 -tophat_spots",
    "sources and domains": f"{CELL} -N 5 -polar 0.9 -divergence 5 -divsteps 3 -mosaic 1 -mosaic_domains 7",
    "layers": f"{CELL} -N 5 -detector_abs 300 -detector_thick 450 -thicksteps 3 -oversample_thick",
    "dmin and water": f"{CELL} -N 5 -dmin 2.5 -water 0.1",
    "spec": f"{CELL} -N 5 -phi 0 -osc 2 -phisteps 3 -curved_det -defects none",
}


@pytest.mark.parametrize("name", CASES)
def test_fast_image_is_the_exact_one_to_rounding(
    name: str, simulate: Callable[..., Any], fast_program: Path, run_program: Callable[..., Any]
) -> None:
    argv = f"{BASE} {CASES[name]}"
    columns = 25 if "detpixels_x 25" in argv else 24
    exact = simulate(argv).image(columns).astype(float)
    run = run_program(fast_program, f"{argv} -threads 2" if "-phi" not in argv else argv)
    assert run.returncode == 0, run.stderr
    fast = run.image(columns).astype(float)
    assert np.isfinite(fast).all()
    assert exact.max() > 0
    np.testing.assert_allclose(fast, exact, rtol=2e-6, atol=1e-12 * exact.max())
    assert np.corrcoef(fast.ravel(), exact.ravel())[0, 1] > 1 - 1e-12


def test_values_not_given_are_still_recognised(fast_program: Path, run_program: Callable[..., Any]) -> None:
    run = run_program(fast_program, f"{BASE} {CELL} -N 5 -xds -trace_pixel 3 4 -trace_only")
    assert run.quantity("Xbeam_meters") == [0.048]
    assert run.quantity("Ybeam_meters") == [0.04]


def test_not_a_number_is_still_refused(fast_program: Path, run_program: Callable[..., Any]) -> None:
    run = run_program(fast_program, f"{BASE} {CELL} --strict -distance nan")
    assert run.returncode == 2
    assert "finite" in run.stderr
