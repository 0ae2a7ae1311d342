"""Random numbers: the reference's streams to the bit, and what they must be on the whole."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from simulator.model.noise import noise_image
from simulator.model.random_numbers import LARGEST_DEVIATE, MODULUS, PoissonDeviates, Ran1, log_gamma, rotation_deviates

FIRST_ROWS = json.loads((Path(__file__).parent / "figures" / "first_row.json").read_text())
GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
CASES = ("noise_low", "noise_high")


def naive_ran1(seed: int, n: int) -> list[float]:
    """The generator step by step, as the model's text says it."""

    def schrage(value: int) -> int:
        value = 16807 * (value % 127773) - 2836 * (value // 127773)
        return value + MODULUS if value < 0 else value

    value, table, deviates = max(-seed, 1), [0] * 32, []
    for j in reversed(range(40)):
        value = schrage(value)
        if j < 32:
            table[j] = value
    last = table[0]
    for _ in range(n):
        value = schrage(value)
        j = last // (1 + (MODULUS - 1) // 32)
        last, table[j] = table[j], value
        deviates.append(float(np.float32(min(last / MODULUS, LARGEST_DEVIATE))))
    return deviates


@pytest.mark.parametrize("seed", [0, -1, -13, -12345678, -(2**31 - 2)])
def test_ran1_is_the_naive_generator(seed: int) -> None:
    assert Ran1(seed).draw(500).tolist() == naive_ran1(seed, 500)


def test_blocks_do_not_show() -> None:
    whole = Ran1(-7).draw(40_000)
    stream, parts = Ran1(-7), []
    for size in (1, 16_384, 3, 23_612):
        parts.append(stream.draw(size))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert list(itertools.islice(Ran1(-7).iterator(), 40_000)) == whole.tolist()


def test_a_positive_seed_goes_on_with_the_shuffle_before_it() -> None:
    before = Ran1(-3)
    before.draw(5)
    table_values = set(before._table)
    first = Ran1(5, before).draw(1)[0]
    assert first in {np.float32(value / MODULUS) for value in table_values}
    assert first != Ran1(5).draw(1)[0]
    np.testing.assert_array_equal(Ran1(5).draw(9), Ran1(-1).draw(9))
    np.testing.assert_array_equal(Ran1(-5, before).draw(9), Ran1(-5).draw(9))


def test_rotation_deviates_are_the_stream_in_threes() -> None:
    deviates = rotation_deviates(-42, 4)
    assert deviates.dtype == np.float64
    assert deviates.ravel().tolist() == naive_ran1(-42, 12)


def test_log_gamma_is_that_of_the_library_in_32_bits() -> None:
    x = np.array([1.0, 2.0, 13.0, 100.5, 1e4, 65536.0])
    expected = np.array([math.lgamma(value) for value in x], dtype=np.float32)
    np.testing.assert_allclose(log_gamma(x), expected, rtol=2e-7, atol=1e-7)


@pytest.mark.parametrize("mean", [0.02, 1.0, 11.9, 12.0, 50.0, 3e4, 2e6])
def test_poisson_deviates_have_their_mean_and_variance(mean: float) -> None:
    n = 20_000
    drawn = PoissonDeviates(Ran1(-17)).draw(np.full(n, mean, dtype=np.float32))
    assert abs(drawn.mean() - mean) < 5 * math.sqrt(mean / n)
    spread_of_variance = math.sqrt((mean + 2 * mean**2) / n)
    assert abs(drawn.var() - mean) < 5 * spread_of_variance


def test_a_mean_of_zero_takes_one_deviate() -> None:
    poisson, uniform = PoissonDeviates(Ran1(-5)), Ran1(-5)
    assert poisson.draw(np.zeros(10, dtype=np.float32)).tolist() == [0.0] * 10
    assert poisson._uniform() == uniform.draw(11)[10]


@pytest.mark.parametrize("case", CASES)
def test_the_first_row_of_a_noise_image_is_the_references(case: str) -> None:
    figures = FIRST_ROWS[case]
    image = np.array([[float.fromhex(value) for value in figures["image"]]], dtype=np.float32)
    assert image.max() > 12, "both kinds of deviates are drawn"
    assert noise_image(image, figures["seed"], figures["adc"]).pixels[0].tolist() == figures["noise"]


@pytest.mark.parametrize("case", CASES)
def test_the_golden_noise_image_is_exact(case: str) -> None:
    if not GOLDEN.is_dir():
        pytest.skip("../shared/golden is absent: only the first row of the noise images is compared")
    arrays = np.load(GOLDEN / "public" / f"{case}.npz")
    printed = json.loads((GOLDEN / "public" / "index.json").read_text())[case]["noise_printed"]
    noise = noise_image(arrays["image"], FIRST_ROWS[case]["seed"], FIRST_ROWS[case]["adc"])
    np.testing.assert_array_equal(noise.pixels, arrays["noise"])
    assert (noise.photons, noise.overloads) == (printed["photons"], printed["overloads"])


def test_pixels_outside_the_region_draw_nothing() -> None:
    image = np.full((6, 7), 30.0, dtype=np.float32)
    noise = noise_image(image, -3, 40.0, roi=(2, 5, 1, 3))
    alone = noise_image(image[1:4, 2:6], -3, 40.0)
    np.testing.assert_array_equal(noise.pixels[1:4, 2:6], alone.pixels)
    assert np.count_nonzero(noise.pixels) == 12
    assert noise.photons == alone.photons


def test_overloads_are_clipped_and_counted() -> None:
    noise = noise_image(np.array([[1e5, 10.0, 1e8]], dtype=np.float32), -3)
    assert noise.overloads == 2
    assert noise.pixels[0, 0] == noise.pixels[0, 2] == 65535
    assert noise.photons > 1e8


def test_a_pixel_that_is_no_number_counts_nothing_and_draws_twice() -> None:
    image = np.array([[3.0, np.nan, 4.0]], dtype=np.float32)
    drawn, stream = PoissonDeviates(Ran1(-3)), Ran1(-3).iterator()
    noise = noise_image(image, -3)
    assert noise.pixels[0, 1] == 0
    assert np.isnan(drawn.draw(image[0])[1])
    first = int(noise.pixels[0, 0]) - 40
    for _ in range(first + 1 + 2):
        next(stream)
    product, count, limit = next(stream), 0, float(np.exp(np.float64(-4)).astype(np.float32))
    while product > limit:
        product, count = float(np.float32(product * next(stream))), count + 1
    assert noise.pixels[0, 2] == count + 40


def test_a_pixel_without_bound_is_an_overload() -> None:
    noise = noise_image(np.array([[np.inf]], dtype=np.float32), -1)
    assert noise.pixels[0, 0] in (0, 65535)  # infinity plus or minus infinity times the deviate
