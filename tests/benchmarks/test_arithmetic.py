"""The suite's own arithmetic: fits, ratios, limits. Nothing here is timed."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import agreement
from benchmarks.arithmetic import fit_power_law, lowest_time_s, spread, times_faster
from benchmarks.card import tally
from benchmarks.comparison import numdiff_command
from benchmarks.contenders import contenders
from benchmarks.limit import bound, share_reached
from benchmarks.logs import ULPS_APART, moved, write_logs
from benchmarks.operations import kind_of
from benchmarks.race import summary
from benchmarks.scaling import cost
from benchmarks.workloads import growing_in_pixels, growing_in_samples, workloads


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_a_power_law_is_found_again(exponent: float) -> None:
    sizes = [1e6, 2e6, 4e6, 8e6]
    law = fit_power_law(sizes, [3e-8 * size**exponent for size in sizes])
    assert law.exponent == pytest.approx(exponent, abs=1e-12)
    assert law.factor == pytest.approx(3e-8, rel=1e-9)


@pytest.mark.parametrize(("sizes", "costs"), [([1.0], [1.0]), ([1, 2], [1]), ([1, 2], [0, 1]), ([3, 3], [1, 2])])
def test_a_fit_of_nothing_is_refused(sizes: list[float], costs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"fit|above 0"):
        fit_power_law(sizes, costs)


def test_median_and_extremes() -> None:
    assert spread([3.0, 1.0, 2.0, 9.0]) == (2.5, 1.0, 9.0)
    with pytest.raises(ValueError, match="at least one"):
        spread([])


def test_faster_is_above_one() -> None:
    assert times_faster(6.0, 2.0) == 3.0


def test_the_limit_adds_the_times_of_all_kinds() -> None:
    assert lowest_time_s({"add": 8.0, "divide": 2.0}, {"add": 4.0, "divide": 1.0}) == 4.0
    found = bound({"multiply or add, 64": 10.0, "divide, 64": 2.0, "look up, 64": 1.0}, RATES)
    assert found["per_s"] == pytest.approx(1.0 / (10 / 100 + 2 / 10 + 1 / 20))
    assert share_reached(200.0, 50.0) == 0.25


RATES = {"add64": 100.0, "divide64": 10.0, "lookup": 20.0}


def test_operations_have_one_kind_each() -> None:
    assert kind_of("mul") == "multiply or add"
    assert kind_of("atan2") == "function"
    assert kind_of("view") is None


def test_a_contender_is_summed_up_by_its_median() -> None:
    runs = [{"wall_s": wall, "cpu_s": 2 * wall, "peak_bytes": int(wall)} for wall in (4.0, 2.0, 3.0)]
    figures = summary(runs, {"wall_s": 9.0}, evaluations=30)
    assert figures["wall_s"]["median"] == 3.0
    assert figures["evaluations_per_s"] == 10.0
    assert figures["first_wall_s"] == 9.0
    assert figures["peak_bytes"] == 4


def test_a_reference_given_by_a_relative_path_is_found_from_any_folder() -> None:
    found = {one.name: one for one in contenders(Path("/c"), Path("build/nanoBragg"), with_cuda=False)}
    specification = found["reference"].specification(["-N", "5"], Path("scratch"), 2)
    assert specification["program"] == str(Path.cwd() / "build/nanoBragg")
    assert specification["argv"] == ["-N", "5"], "only the project's program knows -threads"
    assert found["c-fast"].specification(["-N", "5"], Path("scratch"), 2)["argv"] == ["-N", "5", "-threads", "2"]


def test_the_port_runs_on_cuda_where_there_is_one() -> None:
    without, with_it = (contenders(Path("/c"), None, with_cuda=there) for there in (False, True))
    added = {one.name: one.specification([], Path("scratch"), 2) for one in with_it if one not in without}
    assert {name: (of["device"], of["dtype"], of["compile"]) for name, of in added.items()} == {
        "cuda": ("cuda", "float64", "always"),
        "cuda-mixed": ("cuda", "mixed", "always"),
        "cuda-float32": ("cuda", "float32", "always"),
    }
    assert {one.device for one in without} == {"cpu"}


def test_launches_and_waits_are_told_from_a_profiles_other_events() -> None:
    names = ["cudaLaunchKernel", "aten::add", "cuLaunchKernelEx", "cudaStreamSynchronize", "cudaMemcpyAsync"]
    assert tally(names) == (2, 1)


def test_cost_is_fitted_to_the_lowest_times_of_the_pixel_sum() -> None:
    def measured(*walls: float) -> dict[str, object]:
        runs = [{"wall_s": 99.0, "phases": {"compute": {"wall_s": wall}}} for wall in walls]
        return {"runs": runs, "peak_bytes": 7, "beyond_output_bytes": 5}

    fit = cost([10, 20], [measured(3.0, 1.0), measured(2.0, 8.0)])
    assert fit["exponent"] == pytest.approx(1.0)
    assert fit["memory_bytes"] == [5, 5]


def test_images_that_are_equal_or_an_ulp_apart() -> None:
    exact = np.array([[1.0, 2.0], [0.0, 1e-30]])
    same = agreement(exact, exact)
    assert (same.median_ulps, same.worst_ulps, same.worst_of_largest) == (0.0, 0.0, 0.0)
    assert same.correlation == pytest.approx(1.0)
    off = exact.copy()
    off[0, 0] = np.nextafter(np.float32(1.0), np.float32(2.0))
    assert agreement(exact, off).worst_ulps == 1.0
    off[1, 1] = 5e-30
    assert agreement(exact, off).worst_ulps == 1.0, "a negligible pixel counts for nothing"
    assert agreement(np.ones((2, 2)), np.ones((2, 2))).correlation is None


def test_logs_differ_by_a_few_ulps_in_every_float(tmp_path) -> None:
    a, b = (path.read_text("ascii").splitlines() for path in write_logs(tmp_path, 40))
    assert len(a) == len(b) == 40 + 4
    first, second = a[2].split(), b[2].split()
    assert first[:7] == second[:7]
    pairs = [word.split("=")[1].split(",") for word in (first[-1], second[-1])]
    assert pairs[0] != pairs[1]
    assert float(pairs[0][0]) == pytest.approx(float(pairs[1][0]), rel=1e-14)


def test_moved_floats_are_near_but_never_the_same() -> None:
    values = np.array([[1.0, -3.5e10], [2e-5, 7.0]])
    apart = np.abs(moved(values, np.random.default_rng(1)) - values) / np.spacing(np.abs(values))
    assert apart.min() >= ULPS_APART - 2.5
    assert apart.max() <= ULPS_APART + 2.5


def test_numdiff_splits_at_the_separators_of_a_trace(tmp_path) -> None:
    words = numdiff_command(tmp_path / "a", tmp_path / "b")
    assert words[words.index("-s") + 1] == " =,\\t\\n"


def _evaluations(argv: tuple[str, ...]) -> int:
    def value(flag: str) -> int:
        return int(argv[argv.index(flag) + 1]) if flag in argv else 1

    return value("-detpixels") ** 2 * value("-phisteps") * value("-mosaic_domains")


@pytest.mark.parametrize("family", [growing_in_pixels, growing_in_samples])
def test_each_member_of_a_family_is_twice_the_one_before(family) -> None:
    sizes = [_evaluations(member.argv) for member in family()]
    assert len(sizes) == 4
    assert all(math.isclose(b / a, 2.0, rel_tol=1e-2) for a, b in pairwise(sizes))


@pytest.mark.parametrize("shrink", [1, 8])
def test_six_workloads_that_the_port_reads(shrink: int) -> None:
    from simulator import Experiment

    sizes = {}
    for workload in workloads(shrink):
        with workload.folder() as folder:
            detector = Experiment.from_argv(workload.argv, folder).detector
        sizes[workload.name] = (detector.pixels_slow, detector.pixels_fast)
    assert list(sizes) == ["supervisor", "many-sources", "mosaic", "tricubic", "thick", "4096"]
    assert sizes["supervisor"] == (2527 // shrink, 2463 // shrink)
    assert sizes["4096"] == (4096 // shrink, 4096 // shrink)
