"""Lattice factors: the forms of the grating against each other, limits at the peaks, shapes against plain formulas."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.algebra import Vec
from simulator.model.lattice import (
    SHAPES,
    Lattice,
    LatticeConstants,
    Miller,
    less_half_turns,
    sine,
    sine_of_half_turns,
    square_reduced,
    square_short_sines,
)
from simulator.model.scatter import nearest_indices

SETTINGS = settings(deadline=None, max_examples=80, derandomize=True)
counts = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
indices = st.floats(-80, 80)
triples = st.tuples(indices, indices, indices)
"""Fractional Miller indices of one evaluation."""
FORMS = {**SHAPES, "reduced": square_reduced, "short": square_short_sines}


def number(x: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(x, dtype=dtype)


def constants(N: tuple[int, int, int], fudge: float = 1.0, dtype: torch.dtype = torch.float64) -> LatticeConstants:
    """Reciprocal vectors of an oblique cell; N cells."""
    a, b, c = ((0.03, 0.001, -0.002), (-0.004, 0.025, 0.003), (0.002, 0.0, 0.02))
    a_star, b_star, c_star = (Vec(*(number(x, dtype) for x in v)) for v in (a, b, c))
    Na, Nb, Nc = (number(n, dtype) for n in N)
    return LatticeConstants(Na, Nb, Nc, number(fudge, dtype), a_star, b_star, c_star)


def evaluate(shape: str, hkl: tuple[float, float, float], N: tuple[int, int, int], fudge: float = 1.0) -> Lattice:
    fractional = Miller(*(number(x).reshape(1) for x in hkl))
    axes = (N[0] > 1, N[1] > 1, N[2] > 1)
    return FORMS[shape](fractional, nearest_indices(fractional), constants(N, fudge), axes)


def exact_grating(h: float, N: int) -> float:
    """The sum over N cells about their centre of exp(2 pi i j h), each phase reduced without rounding."""
    turns = (Fraction(h) * (2 * j - (N - 1)) % 2 for j in range(N))
    return math.fsum(math.cos(math.pi * float(turn)) for turn in turns)


@SETTINGS
@given(triples, counts)
def test_reduced_form_is_the_exact_value_with_its_sign(
    hkl: tuple[float, float, float], N: tuple[int, int, int]
) -> None:
    found = evaluate("reduced", hkl, N)
    for value, h, n in zip(found[:3], hkl, N, strict=True):
        assert float(value) == pytest.approx(exact_grating(h, n), rel=1e-12, abs=2e-13 * n)
    assert float(found.F_latt) == float(found.F_latt_a) * float(found.F_latt_b) * float(found.F_latt_c)
    assert float(found.magnitude) ** 2 == pytest.approx(float(found.F_latt) ** 2, rel=1e-14)


@SETTINGS
@given(triples, counts)
def test_direct_form_is_the_reduced_one_but_for_rounding(
    hkl: tuple[float, float, float], N: tuple[int, int, int]
) -> None:
    """The reference's own formula is as exact as pi N h is; next to a reflection it has no digits left."""
    direct, reduced = evaluate("square", hkl, N), evaluate("reduced", hkl, N)
    for a, b, h, n in zip(direct[:3], reduced[:3], hkl, N, strict=True):
        near = abs(h - round(h))
        if n > 1 and h != 0 and near < 1e-9:
            continue  # both sines are those of rounding errors
        error = 1e-15 * abs(math.pi * n * h) / max(abs(math.sin(math.pi * near)), 1e-9) if n > 1 else 0.0
        assert float(a) == pytest.approx(float(b), abs=10 * error + 1e-12 * n)


near_reflections = st.builds(lambda h, d: h + d, st.integers(-80, 80), st.floats(-1e-9, 1e-9))


@SETTINGS
@given(st.tuples(indices | near_reflections, indices, near_reflections), counts)
def test_short_sines_give_the_reference_s_value_wherever_it_loses_digits(
    hkl: tuple[float, float, float], N: tuple[int, int, int]
) -> None:
    found = evaluate("short", hkl, N)
    expected = [
        math.sin(math.pi * h * n) / math.sin(math.pi * h) if n > 1 and h else n for h, n in zip(hkl, N, strict=True)
    ]
    for value, wanted in zip(found[:3], expected, strict=True):
        assert float(value) == pytest.approx(wanted, rel=1e-13, abs=0)
    assert abs(float(found.magnitude)) == pytest.approx(abs(math.prod(expected)), rel=3e-13, abs=0)


@SETTINGS
@given(st.integers(-(2**25), 2**25), st.floats(-0.5, 0.5))
def test_half_turns_are_taken_off_exactly(turns: int, rest: float) -> None:
    x = (turns + rest) * math.pi
    left = float(less_half_turns(number(x), number(float(turns))))
    assert math.sin(left) * (-1) ** turns == pytest.approx(math.sin(x), rel=1e-12, abs=1e-17)
    assert float(sine(number(left))) == pytest.approx(math.sin(left), rel=4e-16, abs=0)


@pytest.mark.parametrize("N", [2, 3, 5, 10, 47])
@pytest.mark.parametrize("h", [-7, -2, -1, 0, 1, 2, 30])
def test_all_cells_are_in_phase_at_a_reflection(h: int, N: int) -> None:
    sign = (-1) ** (h * (N - 1))
    assert float(evaluate("reduced", (float(h), 0.0, 0.0), (N, 1, 1)).F_latt_a) == N * sign
    if h == 0:  # elsewhere the reference divides one rounding error by another
        for form in ("square", "short"):
            assert float(evaluate(form, (0.0, 0.0, 0.0), (N, N, N)).F_latt) == N**3
            assert float(evaluate(form, (1e-140, 0.0, -1e-120), (N, N, N)).magnitude) == pytest.approx(N**3)


@pytest.mark.parametrize("form", ["square", "reduced", "short"])
@pytest.mark.parametrize("N", [2, 5, 8])
def test_factor_vanishes_between_reflections(form: str, N: int) -> None:
    for j in range(1, N):
        value = evaluate(form, (3 + j / N, 0.1, 0.2), (N, 1, 1)).F_latt_a
        assert abs(float(value)) < 1e-12 * N


@pytest.mark.parametrize("form", ["square", "reduced", "short"])
def test_a_single_cell_along_an_axis_counts_1(form: str) -> None:
    found = evaluate(form, (0.37, 1.25, -2.4), (1, 4, 1))
    assert (float(found.F_latt_a), float(found.F_latt_c)) == (1.0, 1.0)
    assert float(found.F_latt) == float(found.F_latt_b)


@SETTINGS
@given(st.floats(-0.5, 0.5))
def test_sine_of_half_turns_is_the_sine(r: float) -> None:
    assert float(sine_of_half_turns(number(r))) == pytest.approx(math.sin(math.pi * r), rel=4e-16, abs=1e-300)
    in_32_bits = sine_of_half_turns(number(r, torch.float32))
    assert float(in_32_bits) == pytest.approx(math.sin(math.pi * float(np.float32(r))), rel=3e-7, abs=1e-37)


@SETTINGS
@given(triples, counts)
def test_32_bits_of_the_distance_to_the_reflection_are_enough(
    hkl: tuple[float, float, float], N: tuple[int, int, int]
) -> None:
    fractional = Miller(*(number(x).reshape(1) for x in hkl))
    c = constants(N, dtype=torch.float32)
    found = square_reduced(fractional, nearest_indices(fractional), c, (N[0] > 1, N[1] > 1, N[2] > 1))
    for value, h, n in zip(found[:3], hkl, N, strict=True):
        assert value.dtype == torch.float32 or n == 1
        assert float(value) == pytest.approx(exact_grating(h, n), rel=1e-6, abs=1e-6 * n)


# Shapes against plain formulas


def offsets(hkl: tuple[float, float, float]) -> np.ndarray:
    return np.array([h - math.ceil(h - 0.5) for h in hkl])


def reciprocal_distance(hkl: tuple[float, float, float]) -> float:
    c = constants((1, 1, 1))
    stars = np.array([[float(x) for x in v] for v in (c.a_star, c.b_star, c.c_star)])
    return float(np.linalg.norm(offsets(hkl) @ stars))


@SETTINGS
@given(triples, counts, st.floats(0.1, 5))
def test_round_crystal(hkl: tuple[float, float, float], N: tuple[int, int, int], fudge: float) -> None:
    x = math.pi * math.sqrt(float(((offsets(hkl) * N) ** 2).sum()) * fudge)
    ball = 3 * (math.sin(x) / x - math.cos(x)) / x**2 if x > 1e-3 else 1 - x**2 / 10
    cells = N[0] * N[1] * N[2]
    cancelled = 1e-15 / max(x, 1e-8) ** 2
    value = float(evaluate("round", hkl, N, fudge).F_latt)
    assert value == pytest.approx(cells * 0.723601254558268 * ball, abs=cells * (1e-12 + 10 * cancelled))


@SETTINGS
@given(triples, counts, st.floats(0.1, 5))
def test_gaussian_and_binary_spots(hkl: tuple[float, float, float], N: tuple[int, int, int], fudge: float) -> None:
    cells = N[0] * N[1] * N[2]
    q = (reciprocal_distance(hkl) * cells) ** 2
    assert float(evaluate("gauss", hkl, N, fudge).F_latt) == pytest.approx(
        cells * math.exp(-q / 0.63 * fudge), rel=1e-9, abs=1e-300
    )
    if abs(q * fudge - 0.3969) > 1e-12:
        assert float(evaluate("tophat", hkl, N, fudge).F_latt) == (cells if q * fudge < 0.3969 else 0.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_at_a_reflection(shape: str) -> None:
    value = float(evaluate(shape, (0.0, 0.0, 0.0), (3, 4, 5)).F_latt)
    assert value == pytest.approx(60 * (0.723601254558268 if shape == "round" else 1.0))


@pytest.mark.parametrize("shape", ["round", "gauss", "tophat"])
def test_shapes_that_do_not_separate_have_no_factors_of_axes(shape: str) -> None:
    assert evaluate(shape, (0.1, 0.2, 0.3), (3, 4, 5))[:3] == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("shape", [*SHAPES, "reduced"])
def test_indices_that_are_no_numbers_make_none(shape: str) -> None:
    found = evaluate(shape, (math.nan, 0.5, 0.5), (3, 4, 5)).F_latt
    assert bool(torch.isnan(found)) or shape == "tophat"


def test_rounding_is_upwards_from_just_above_a_half() -> None:
    """ceil(x - 1/2): a half goes down, unlike the usual rounding."""
    halves = Miller(*(number(x).reshape(1) for x in (0.5, -0.5, 1.5)))
    assert [float(x) for x in nearest_indices(halves)] == [0.0, -1.0, 1.0]
