"""The reference program's figures that this project carries itself: parity without the folder of golden figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FIGURES: dict[str, Any] = json.loads((Path(__file__).parent / "figures" / "reference_figures.json").read_text())


@pytest.mark.parametrize("name", FIGURES)
def test_case_gives_the_reference_figures(name: str, simulate: Callable[..., Any]) -> None:
    figures = FIGURES[name]
    traced = " ".join(f"-trace_pixel {pixel}" for pixel in figures["pixels"])
    run = simulate(f"{figures['argv']} {traced}")
    image = run.image(figures["columns"])
    assert float(image.max()) == figures["max"]
    assert list(np.unravel_index(image.argmax(), image.shape)) == figures["argmax_slow_fast"]
    assert float(image.astype(float).sum()) == pytest.approx(figures["sum"], rel=1e-9)
    printed = run.printed(r"mean= (\S+) rms= (\S+) rmsd= (\S+)") + run.printed(r"by detector = (\S+) ster")
    assert [float(word) for word in printed] == figures["printed"]
    for pixel, quantities in figures["pixels"].items():
        trace = run.traces[pixel][("",)]
        for quantity, value in quantities.items():
            assert float(trace[quantity][0]) == pytest.approx(value, rel=1e-12), quantity


@pytest.mark.parametrize("name", [name for name, figures in FIGURES.items() if "noise" in figures])
def test_photons_and_overloads_are_the_reference_ones(name: str, simulate: Callable[..., Any]) -> None:
    run = simulate(FIGURES[name]["argv"])
    counted = run.printed(r"\n(\d+) photons on noise image \((\d+) overloads\)")
    assert [int(word) for word in counted] == FIGURES[name]["noise"]
