"""The trace is made by the function that makes the image, and asking for it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from simulator import ExecutionConfig, Simulator
from simulator.evaluation import pixel_sum
from simulator.evaluation.kernels.compiled import compiler_missing
from simulator.evaluation.tiles import TileElements
from simulator.evaluation.trace import Trace
from simulator.model.scatter import scatter
from simulator.model.terms import Scatter

OBLIQUE = "-cell 38 47 55 78 97 106 -default_F 100"
CASES = {
    "plain": f"{OBLIQUE} -N 5 -oversample 2 -detpixels_x 13 -detpixels_y 11 -pixel 7",
    "one_row": f"{OBLIQUE} -N 4 -oversample 1 -detpixels_x 131 -detpixels_y 1 -pixel 1",
    "one_column": f"{OBLIQUE} -N 4 -oversample 1 -detpixels_x 1 -detpixels_y 67 -pixel 2",
    "unequal": f"{OBLIQUE} -Na 36 -Nb 20 -Nc 9 -oversample 1 -detpixels_x 64 -detpixels_y 40 -pixel 2",
    "one_pixel": f"{OBLIQUE} -N 4 -oversample 3 -detpixels 1 -pixel 30",
    "sweeps": f"{OBLIQUE} -N 7 -oversample 1 -detpixels_x 37 -detpixels_y 29 -pixel 3 -osc 2 -phisteps 5 -hdivrange 4 "
    "-hdivsteps 3 -mosaic 1 -mosaic_domains 3",
    "factors": f"{OBLIQUE} -N 5 -oversample 2 -detpixels_x 23 -detpixels_y 7 -pixel 5 -polar 0.9 -oversample_polar "
    "-oversample_omega -oversample_thick -detector_abs 300 -detector_thick 450 -thicksteps 2 -water 0.1",
    "round": f"{OBLIQUE} -N 5 -round_xtal -oversample 2 -detpixels_x 19 -detpixels_y 17 -pixel 4 -dmin 2 -osc 1 "
    "-curved_det -noprogress",
}


@pytest.fixture
def torch_threads() -> Iterator[Callable[[int], None]]:
    """Sets torch's threads; as before after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def edge_pixels(simulator: Simulator) -> list[tuple[int, int]]:
    """The first and the last pixel, one in the middle, and those at the edges of the image's chunks."""
    size, n = simulator._chunk_pixels(compiled=False), simulator.region.n_active
    numbers = {0, 1, n // 2, n - 1, size - 1, size, 2 * size - 1}
    return [simulator.region.pixel_at(number) for number in sorted(numbers) if 0 <= number < n]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", CASES)
def test_traced_pixel_has_the_bits_of_the_image(
    name: str, threads: int, eager: Callable[..., Any], torch_threads: Callable[[int], None]
) -> None:
    torch_threads(threads)
    simulator = eager(CASES[name])
    image = simulator.image()
    for slow, fast in edge_pixels(simulator):
        assert simulator.trace(slow, fast).I_pixel_final == float(image[slow, fast]), (slow, fast)


def test_pixels_at_chunk_edges_have_the_bits_of_the_image(eager: Callable[..., Any]) -> None:
    """Chunks as small as they get, so that many pixels stand at an edge."""
    simulator = eager(CASES["sweeps"], execution=with_tiles_of(1))
    image = simulator.image()
    assert simulator._chunk_pixels(compiled=False) < simulator.region.n_active // 8
    for slow, fast in edge_pixels(simulator):
        assert simulator.trace(slow, fast).I_pixel_final == float(image[slow, fast]), (slow, fast)
    assert torch.equal(image, eager(CASES["sweeps"], execution=with_tiles_of(1 << 15)).image())


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_that_share_operations_change_no_bit(
    threads: int, eager: Callable[..., Any], torch_threads: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces too large to be computed by one thread, all of them shared."""
    argv = f"{OBLIQUE} -N 7 -oversample 1 -detpixels_x 640 -detpixels_y 200 -pixel 0.3 -osc 2 -phisteps 10"
    torch_threads(1)
    alone = eager(argv).image()
    torch_threads(threads)
    monkeypatch.setattr("simulator.evaluation.threads.FIRST_STRETCH", 1)
    monkeypatch.setattr(
        "simulator.evaluation.threads.time.perf_counter", lambda: 0.0
    )  # the first way seems as fast as the other
    assert torch.equal(eager(argv).image(), alone)


def with_tiles_of(elements: int) -> ExecutionConfig:
    return ExecutionConfig(device="cpu", compile="never", tile=TileElements(elements, elements, elements))


@pytest.mark.parametrize("name", CASES)
def test_tracing_changes_no_bit_of_the_image(name: str, eager: Callable[..., Any]) -> None:
    untraced = eager(CASES[name]).image()
    simulator = eager(CASES[name])
    before = simulator.trace(0, 0)
    image = simulator.image()
    assert torch.equal(image, untraced)
    assert list(simulator.trace(0, 0).lines()) == list(before.lines())
    assert torch.equal(simulator.image(), untraced)


def test_traces_made_together_are_those_made_alone(eager: Callable[..., Any]) -> None:
    simulator = eager(CASES["sweeps"])
    pixels = [(0, 0), (0, 1), (28, 36), (13, 5), (0, 1)]
    for pixel, trace in zip(pixels, simulator.traces(pixels), strict=True):
        assert list(trace.lines()) == list(simulator.trace(*pixel).lines()), pixel


@pytest.mark.parametrize(
    "words",
    [
        "-tophat_spots",
        "-tophat_spots -default_F 3 -N 3 -osc 8 -phisteps 5",
        "-gauss_xtal -oversample 2",
        "-gauss_xtal -dmin 3 -osc 1 -phisteps 2",
    ],
)
def test_images_that_skip_look_ups_have_the_bits_of_traces(
    words: str, eager: Callable[..., Any], tmp_path: Path
) -> None:
    indices = range(-3, 4)
    listed = (f"{h} {k} {l} {10 + h * k + l % 3}" for h in indices for k in indices for l in indices)
    (tmp_path / "made.hkl").write_text("\n".join(listed) + "\n")
    detector = "-detpixels_x 24 -detpixels_y 21 -pixel 4 -oversample 1"
    simulator = eager(f"-hkl made.hkl -interpolate -cell 18 19 20 82 93 101 -N 2 {detector} {words}", tmp_path)
    assert simulator._sum_for_images(compiled=False) is not simulator._eager_sum
    image = simulator.image()
    pixels = [simulator.region.pixel_at(number) for number in range(simulator.region.n_active)]
    traced = [trace.I_pixel_final for trace in simulator.traces(pixels)]
    assert image.flatten().tolist() == traced
    assert 0 < sum(value > 0.0 for value in traced) < len(traced)


def terms_of(trace: Trace) -> list[float]:
    return [r.values["I_term"] for r in trace.records if r.name == "DOMAIN"]  # type: ignore[misc]


def test_image_and_trace_are_made_by_the_same_function(
    eager: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed formula shows in both alike."""
    right = eager(CASES["sweeps"])
    right_image, right_trace = right.image(), right.trace(3, 4)
    calls = 0

    def brighter(*args: Any) -> tuple[Scatter, torch.Tensor]:
        nonlocal calls
        calls += 1
        pixels, sub, held, samples, I, *rest = args
        evaluated, I_after = scatter(pixels, sub, held, samples._replace(weight=3.0 * samples.weight), I, *rest)
        doubled = evaluated._replace(
            I_term=2.0 * evaluated.I_term, I_running=[I + 2.0 * (x - I) for x in evaluated.I_running]
        )
        return doubled, I + 2.0 * (I_after - I)

    monkeypatch.setattr(pixel_sum, "scatter", brighter)
    wrong = eager(CASES["sweeps"])
    wrong_image = wrong.image()
    assert calls > 0
    calls_for_image, wrong_trace = calls, wrong.trace(3, 4)
    assert calls > calls_for_image
    torch.testing.assert_close(wrong_image, 2.0 * right_image, rtol=1e-13, atol=0)
    assert wrong_trace.I_pixel_final == float(wrong_image[3, 4])
    assert terms_of(wrong_trace) == [2.0 * term for term in terms_of(right_trace)]


def test_last_running_sum_is_the_sum_before_scaling(eager: Callable[..., Any]) -> None:
    trace = eager(CASES["sweeps"]).trace(3, 4)
    running = [r.values["I_running"] for r in trace.records if r.name == "DOMAIN"]
    total = 0.0
    for term, after in zip(terms_of(trace), running, strict=True):
        total += term
        assert after == total
    assert trace.closing["I_before_scaling"] == total


@pytest.mark.skipif(compiler_missing() is not None, reason=f"torch.compile cannot run here: {compiler_missing()}")
@pytest.mark.parametrize("name", ["plain", "unequal", "round"])
def test_compiled_image_agrees_with_the_traces(name: str, eager: Callable[..., Any]) -> None:
    """Every pixel, those too whose cells nearly cancel."""
    simulator = eager(CASES[name])
    compiled = Simulator(simulator.experiment, execution=ExecutionConfig(device="cpu", compile="always")).image()
    pixels = [simulator.region.pixel_at(number) for number in range(simulator.region.n_active)]
    for (slow, fast), trace in zip(pixels, simulator.traces(pixels), strict=True):
        assert float(compiled[slow, fast]) == pytest.approx(trace.I_pixel_final, rel=1e-12, abs=0), (slow, fast)
