"""What the smaller precisions cost, and what spec mode gives, on the packaged case and on its detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulator import ExecutionConfig, Experiment, InputError, Simulator
from simulator.model.precision import PRECISIONS, resolve_precision
from subjects.nanobragg.description import NanoBragg
from subjects.nanobragg.inputs import supervisor_matrix, supervisor_reflections

SUBJECT = NanoBragg()

OBLIQUE = "-cell 38 47 55 78 97 106 -default_F 100 -N 5 -detpixels_x 33 -detpixels_y 27 -pixel 3"
CASES = {
    "square": f"{OBLIQUE} -oversample 3",
    "large_crystal": f"{OBLIQUE} -N 60 -oversample 2",
    "sweeps": f"{OBLIQUE} -oversample 2 -osc 2 -phisteps 5 -mosaic 1 -mosaic_domains 3 -hdivrange 3 -hdivsteps 2",
    "round": f"{OBLIQUE} -oversample 2 -round_xtal",
    "gauss": f"{OBLIQUE} -N 2 -oversample 2 -gauss_xtal",
    "factors": f"{OBLIQUE} -oversample 2 -polar 0.9 -detector_abs 300 -detector_thick 450 -thicksteps 2 -water 0.1",
    "spec": f"{OBLIQUE} -oversample 2 -oversample_polar -oversample_omega -defects none -osc 1",
}


EAGER = ExecutionConfig(device="cpu", compile="never")


def in_precision(simulator: Simulator, dtype: str) -> Simulator:
    return Simulator(simulator.experiment, execution=ExecutionConfig(device="cpu", dtype=dtype, compile="never"))


def relative_differences(image: torch.Tensor, exact: torch.Tensor) -> np.ndarray:
    """By pixel; of the pixel, but no fainter than a millionth of the brightest."""
    floor = 1e-6 * float(exact.max())
    return ((image.double() - exact).abs() / exact.clamp(min=floor)).numpy()


@pytest.mark.parametrize("name", CASES)
def test_mixed_precision_costs_some_parts_in_a_million(name: str, eager: Callable[..., Any]) -> None:
    exact = eager(CASES[name])
    mixed = in_precision(exact, "mixed").image()
    assert mixed.dtype == torch.float64  # the sum
    apart = relative_differences(mixed, exact.image())
    assert 0 < np.median(apart) < 1e-6
    assert np.max(apart) < 2e-5


@pytest.mark.parametrize("name", ["square", "large_crystal"])
def test_single_precision_costs_much_more(name: str, eager: Callable[..., Any]) -> None:
    """Its Miller indices have some 1e-6 of error: measured in phase, that is N times as much of a turn."""
    exact = eager(CASES[name])
    single = in_precision(exact, "float32").image()
    assert single.dtype == torch.float32
    apart, mixed = (relative_differences(im, exact.image()) for im in (single, in_precision(exact, "mixed").image()))
    assert 5 * np.median(mixed) < np.median(apart) < 5e-3
    assert np.max(np.abs(single.double().numpy() - exact.image().numpy())) < 5e-3 * float(exact.image().max())


def test_mixed_precision_keeps_indices_in_64_bits(eager: Callable[..., Any]) -> None:
    exact = eager(CASES["sweeps"])
    mixed = in_precision(exact, "mixed")
    a, b = exact.trace(3, 4), mixed.trace(3, 4)
    assert b.header["dtype"] == "mixed"
    for ours, theirs in zip(a.records, b.records, strict=True):
        assert (ours.name, ours.indices) == (theirs.name, theirs.indices)
        for name in ("hkl_frac", "hkl_rounded", "pixel_pos_meters", "scattering_vec_A_inv", "ap_angstroms"):
            assert ours.values.get(name) == theirs.values.get(name)


def test_mixed_lattice_factor_keeps_its_sign(eager: Callable[..., Any]) -> None:
    """It is computed from the distance to the nearest reflection, where the sign is lost."""
    exact = eager(f"{OBLIQUE} -N 6 -oversample 1")
    mixed = in_precision(exact, "mixed")
    pixels = [(slow, fast) for slow in range(0, 27, 5) for fast in range(0, 33, 4)]
    negative = 0
    for a, b in zip(exact.traces(pixels), mixed.traces(pixels), strict=True):
        for name in ("F_latt_a", "F_latt_b", "F_latt_c", "F_latt"):
            (ours,) = (r.values[name] for r in a.records if r.name == "DOMAIN")
            (theirs,) = (r.values[name] for r in b.records if r.name == "DOMAIN")
            assert theirs == pytest.approx(ours, rel=1e-4, abs=2e-5 * 6)
            negative += ours < 0
    assert negative > 20


def test_traces_have_the_bits_of_the_image_in_every_precision(eager: Callable[..., Any]) -> None:
    for dtype in PRECISIONS:
        simulator = in_precision(eager(CASES["sweeps"]), dtype)
        image = simulator.image()
        for pixel in [(0, 0), (26, 32), (13, 7)]:
            assert simulator.trace(*pixel).I_pixel_final == float(image[pixel]), dtype


def test_packaged_supervisor_pixel_in_both_modes(tmp_path: Path) -> None:
    """The made-up list of the packaged case; figures of this program, which agree with the C program's."""
    case = SUBJECT.case("supervisor")
    (tmp_path / "A.mat").write_text(supervisor_matrix())
    (tmp_path / "scaled.hkl").write_text(supervisor_reflections())
    experiment = Experiment.from_argv(case.argv, tmp_path)
    found = {
        mode: Simulator(experiment, execution=EAGER, mode=mode).trace(685, 1039).I_pixel_final
        for mode in ("c-parity", "spec")
    }
    assert found == pytest.approx({"c-parity": 5.345153012474744e-08, "spec": 4.5721727706468074e-08}, rel=1e-12)


def test_precisions_by_name_and_dtype() -> None:
    assert resolve_precision(torch.float64) is resolve_precision("float64") is PRECISIONS["float64"]
    assert resolve_precision(torch.float32).position == torch.float32
    mixed = resolve_precision("mixed")
    assert (mixed.position, mixed.intensity, mixed.reduced) == (torch.float64, torch.float32, True)
    assert not resolve_precision("float64").reduced
    for request in ("float16", torch.int64, "double"):
        with pytest.raises(InputError, match="float64, float32, mixed"):
            resolve_precision(request)
