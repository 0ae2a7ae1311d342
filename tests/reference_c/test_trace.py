"""The trace is the image's own sum: same bits with and without it, in every order of evaluation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FIELDS = Path(__file__).resolve().parents[2] / "reference_c" / "trace_fields.def"
BASE = "-lambda 1 -distance 100 -detpixels_x 12 -detpixels_y 10 -pixel 8 -nonoise -nopgm"
CELL = "-cell 38 47 55 78 97 106 -default_F 100 -N 5"
SCAN = "-phi 0 -osc 6 -phisteps 3 -oversample 1"

ORDERS = {
    "plain": f"{CELL} -oversample 3",
    "scan": f"{CELL} {SCAN}",
    "scan without carryover": f"{CELL} {SCAN} -defects none",
    "three threads": f"{CELL} {SCAN} -threads 3",
    "more threads than rows": f"{CELL} {SCAN} -threads 40",
    "resolution limit": f"{CELL} {SCAN} -dmin 2.2",
    "resolution limit and threads": f"{CELL} {SCAN} -dmin 2.2 -threads 4",
    "region": f"{CELL} {SCAN} -roi 3 9 2 8",
    "sources, subpixels, domains": f"{CELL} -osc 6 -phisteps 3 -oversample 2 -mosaic 1 -mosaic_domains 3 -hdivrange 9 "
    "-hdivsteps 3 -dispersion 2 -dispsteps 2",
    "layers": f"{CELL} {SCAN} -detector_abs 300 -detector_thick 450 -thicksteps 3 -oversample_thick",
    "layers in spec": f"{CELL} {SCAN} -detector_abs 300 -detector_thick 450 -thicksteps 3 -defects none -water 0.1",
    "round": f"{CELL} -round_xtal -oversample 3",
    "gauss": f"{CELL} -gauss_xtal -oversample 3",
    "tophat": f"{CELL} -tophat_spots -oversample 3",
    "latch": "-cell 9 -hkl made.hkl -N 3 -interpolate -oversample 2",
    "latch and threads": "-cell 9 -hkl made.hkl -N 3 -interpolate -oversample 2 -threads 4",
    "latch in a later block": "-cell 9 -hkl made.hkl -N 3 -interpolate -oversample 1 -threads 5 -Xbeam 8 -Ybeam 48",
    "no latch": "-cell 9 -hkl made.hkl -N 3 -interpolate -oversample 2 -defects none",
}
PIXELS = [(0, 0), (0, 1), (2, 3), (3, 0), (4, 0), (6, 5), (8, 9), (9, 11)]


@pytest.fixture
def reflections(tmp_path: Path) -> Path:
    path = tmp_path / "made.hkl"
    reach = range(-6, 7)
    lines = [f"{h} {k} {l} {60 + 5 * h - 3 * k + l}" for h in reach for k in reach for l in reach]
    path.write_text("\n".join(lines) + "\n")
    return path


def traced_pixels(argv: str) -> str:
    region = re.search(r"-roi (\d+) (\d+) (\d+) (\d+)", argv)
    x0, x1, y0, y1 = (int(word) for word in region.groups()) if region else (0, 99, 0, 99)
    inside = [(s, f) for s, f in PIXELS if x0 <= f <= x1 and y0 <= s <= y1]
    return " ".join(f"-trace_pixel {s} {f}" for s, f in inside)


@pytest.mark.parametrize("order", ORDERS)
def test_trace_has_the_bits_of_the_image(order: str, simulate: Callable[..., Any], reflections: Path) -> None:
    argv = f"{BASE} {ORDERS[order]}"
    plain = simulate(argv, reflections)
    traced = simulate(f"{argv} {traced_pixels(argv)}", reflections)
    assert traced.traces
    np.testing.assert_array_equal(plain.image(12).view(np.int32), traced.image(12).view(np.int32))
    for pixel, trace in traced.traces.items():
        slow, fast = map(int, pixel.split())
        closing = trace[("",)]
        assert float(closing["floatimage_accumulated"][0]) == float(plain.image(12)[slow, fast])
        assert np.float32(float(closing["I_pixel_final"][0])) == plain.image(12)[slow, fast]


@pytest.mark.parametrize("order", ORDERS)
def test_trace_only_gives_the_same_trace_and_no_files(
    order: str, simulate: Callable[..., Any], reflections: Path
) -> None:
    argv = f"{BASE} {ORDERS[order]}"
    argv = f"{argv} {traced_pixels(argv)}"
    full, only = simulate(argv, reflections), simulate(f"{argv} -trace_only", reflections)
    assert full.trace_lines == only.trace_lines
    assert only.new_files == set()


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_the_first_pixel_of_each_block_only(threads: int, simulate: Callable[..., Any]) -> None:
    argv = f"{BASE} {CELL} {SCAN}"
    one, several = simulate(argv).image(12), simulate(f"{argv} -threads {threads}").image(12)
    shares = [10 // threads + (t < 10 % threads) for t in range(threads)]
    first_rows = np.cumsum([0, *shares[:-1]])
    expected = np.zeros_like(one, bool)
    expected[first_rows[1:], 0] = True
    np.testing.assert_array_equal(one != several, expected)


def test_two_threads_change_one_pixel_of_the_reference_case(simulate: Callable[..., Any]) -> None:
    argv = (
        "-lambda 1 -distance 100 -detpixels_x 96 -detpixels_y 80 -pixel 1 -nonoise -nopgm "
        "-cell 38 47 55 78 97 106 -default_F 100 -N 9 -phi 0 -osc 2 -phisteps 8 -oversample 1"
    )
    one, two = simulate(argv).image(), simulate(f"{argv} -threads 2").image()
    assert np.argwhere(one != two).tolist() == [[40, 0]]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_latch_follows_raster_order_whatever_the_threads(
    threads: int, simulate: Callable[..., Any], reflections: Path
) -> None:
    argv = f"{BASE} {ORDERS['latch in a later block'].replace('-threads 5', '')}"
    one = simulate(argv, reflections)
    several = simulate(f"{argv} -threads {threads}", reflections)
    nearest = simulate(argv.replace("-interpolate", "-nointerpolate"), reflections)
    np.testing.assert_array_equal(one.image(12), several.image(12))
    differs = (one.image(12) != nearest.image(12)).ravel()
    assert 3 * 12 < differs.nonzero()[0].max() < 9 * 12


def test_carried_from_is_the_last_pixel_that_rotated(simulate: Callable[..., Any]) -> None:
    argv = f"{BASE} {CELL} {SCAN} -roi 3 9 2 8 -trace_only"
    for pixel, carrier in (("2 3", "none"), ("2 4", "2 3"), ("3 3", "2 9"), ("8 9", "8 8")):
        trace = simulate(f"{argv} -trace_pixel {pixel}").trace()
        assert trace[("",)]["carried_from"] == carrier.split()


def test_interpolated_F_follows_from_the_traced_block(simulate: Callable[..., Any], reflections: Path) -> None:
    run = simulate(f"{BASE} {ORDERS['no latch']} -trace_pixel 6 5 -trace_only", reflections)
    trace = run.trace()
    keys = [key for key in trace if key[0] == "TRACE_C_TRICUBIC"]
    assert len(keys) == 4
    for key in keys:
        around, domain = trace[key], trace[("TRACE_C_DOMAIN", *key[1:])]
        value = np.array(around["block"], float).reshape(4, 4, 4)
        for axis, point in (("l", 2), ("k", 1), ("h", 0)):
            at, x = np.array(around[f"{axis}_coords"], float), float(domain["hkl_frac"][point])
            assert at[1] <= x < at[2]
            weights = [np.prod([(x - a) / (at[i] - a) for a in np.delete(at, i)]) for i in range(4)]
            value = value @ np.array(weights)
        assert float(domain["F_cell"][0]) == pytest.approx(float(value), rel=1e-12)


def test_records_carry_every_field_of_the_list_in_its_order(simulate: Callable[..., Any], reflections: Path) -> None:
    listed: dict[str, list[str]] = {}
    pattern = r"^TRACE_FIELD\((\w+), (\w+), (WORD|INT|DOUBLE), (\d+)\)$"
    for record, name, _, _ in re.findall(pattern, FIELDS.read_text(), re.M):
        listed.setdefault(record, []).append(name)
    run = simulate(f"{BASE} {ORDERS['no latch']} -mosaic 1 -mosaic_domains 2 -trace_pixel 6 5", reflections)
    printed: dict[str, list[str]] = {}
    for key, names in run.trace().items():
        printed[key[0].removeprefix("TRACE_C_")] = list(names)
    plain = printed.pop("")
    assert plain == listed.pop("HEADER") + listed.pop("CLOSING")
    assert printed == listed


def test_traces_go_to_a_file_in_the_order_asked_for(simulate: Callable[..., Any]) -> None:
    run = simulate(
        f"{BASE} {CELL} -oversample 1 -trace_pixel 6 5 -trace_pixel 1 2 -trace_pixel 6 5 -trace_file t.log -case one"
    )
    assert run.trace_lines == []
    text = (run.folder / "t.log").read_text()
    assert re.findall(r"TRACE_C: pixel (.*)", text) == ["6 5", "1 2"]
    assert text.count("TRACE_C: case one\n") == 2
    assert "floatimage.bin" in run.new_files


def test_skipped_source_prints_no_records(simulate: Callable[..., Any]) -> None:
    run = simulate(f"{BASE} {CELL} {SCAN} -dmin 2.2 -trace_pixel 0 0")
    records = {key[0] for key in run.trace()}
    assert records == {"", "TRACE_C_SUBPIXEL"}
    assert run.quantity("polar") == [0]
    assert run.image(12)[0, 0] == 0


def test_evaluation_without_lattice_factor_adds_nothing(simulate: Callable[..., Any]) -> None:
    run = simulate(f"{BASE} {CELL} -tophat_spots -fudge 50 -trace_pixel 6 5 -oversample 3")
    zero = run.records("DOMAIN", "F_latt").ravel() == 0
    assert zero.any()
    assert not run.records("DOMAIN", "F_cell").ravel()[zero].any()
    assert not run.records("DOMAIN", "I_term").ravel()[zero].any()
    running = run.records("DOMAIN", "I_running").ravel()
    np.testing.assert_array_equal(np.cumsum(run.records("DOMAIN", "I_term")), running)
