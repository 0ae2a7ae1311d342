"""Looking up and interpolating |F|: against dictionaries and polynomials."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.experiment import StructureFactors
from simulator.model.lattice import Miller
from simulator.model.structure_factors import FactorTable, factor_table, leaves_range, nearest, tricubic

SETTINGS = settings(deadline=None, max_examples=60, derandomize=True)
CPU = torch.device("cpu")
F64, F32 = torch.float64, torch.float32
MINIMA, SHAPE = (-4, -6, 2), (9, 11, 8)
MAXIMA = tuple(low + n - 1 for low, n in zip(MINIMA, SHAPE, strict=True))
DEFAULT_F = 7.5


def table_of(values: np.ndarray, minima: tuple[int, int, int] = MINIMA, default_F: float = DEFAULT_F) -> FactorTable:
    return factor_table(StructureFactors(default_F, values, minima), CPU, F64, F64)


def miller(*rows: tuple[float, float, float]) -> Miller:
    h, k, l = (torch.tensor(column, dtype=F64) for column in zip(*rows, strict=True))
    return Miller(h, k, l)


RANDOM = np.random.default_rng(5).uniform(1, 100, SHAPE)
TABLE = table_of(RANDOM)
whole = st.integers(-15, 15)


@SETTINGS
@given(st.lists(st.tuples(whole, whole, whole), min_size=1, max_size=20))
def test_nearest_is_the_lists_entry_or_the_default(reflections: list[tuple[int, int, int]]) -> None:
    listed = {
        tuple(int(i) + low for i, low in zip(position, MINIMA, strict=True)): value
        for position, value in np.ndenumerate(RANDOM)
    }
    found = nearest(TABLE, miller(*reflections)).tolist()
    assert found == [listed.get(hkl, DEFAULT_F) for hkl in reflections]


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf, 1e300, -1e300, 1e19])
def test_an_index_that_is_wild_takes_the_default(wild: float) -> None:
    for position in range(3):
        hkl = [0.0, 0.0, 4.0]
        hkl[position] = wild
        assert nearest(TABLE, miller((hkl[0], hkl[1], hkl[2]))).tolist() == [DEFAULT_F]


def test_without_a_list_everything_is_the_default() -> None:
    table = factor_table(StructureFactors(3.0), CPU, F64, F64)
    assert nearest(table, miller((0, 0, 0), (5, -2, 1), (math.nan, 0, 0))).tolist() == [3.0, 3.0, 3.0]
    assert leaves_range(table, miller((0, 0, 0), (0.5, 0.5, 0.5))).all()


def test_a_list_of_one_reflection() -> None:
    table = table_of(np.full((1, 1, 1), 5.0), (2, -3, 1))
    assert nearest(table, miller((2, -3, 1), (1, -3, 1), (2, -3, 2))).tolist() == [5.0, DEFAULT_F, DEFAULT_F]
    assert bool(leaves_range(table, miller((2, -3, 1))))


fractional = st.floats(-12, 12)


@SETTINGS
@given(fractional, fractional, fractional)
def test_block_leaves_the_list_where_the_model_says(h: float, k: float, l: float) -> None:
    out = False
    for x, low, count in zip((h, k, l), MINIMA, SHAPE, strict=True):
        out = out or x - low + 3 > count or x - 2 < low
    assert bool(leaves_range(TABLE, miller((h, k, l)))) is out
    if not out:  # then all that is read is in the list
        for x, low, high in zip((h, k, l), MINIMA, MAXIMA, strict=True):
            assert low <= math.floor(x) - 1
            assert math.floor(x) + 2 <= high


inside = st.tuples(*(st.floats(low + 2, high - 2) for low, high in zip(MINIMA, MAXIMA, strict=True)))
coefficients = st.lists(st.integers(-9, 9), min_size=64, max_size=64).map(lambda c: np.reshape(c, (4, 4, 4)))


def grid() -> tuple[np.ndarray, ...]:
    axes = (np.arange(low, low + n, dtype=float) for low, n in zip(MINIMA, SHAPE, strict=True))
    return tuple(np.meshgrid(*axes, indexing="ij"))


@SETTINGS
@given(coefficients, inside)
def test_tricubic_is_exact_on_cubic_polynomials(c: np.ndarray, hkl: tuple[float, float, float]) -> None:
    h, k, l = grid()
    values = np.polynomial.polynomial.polyval3d(h, k, l, c)
    found = tricubic(table_of(values), miller(hkl))
    expected = np.polynomial.polynomial.polyval3d(*hkl, c)
    assert float(found.F_cell) == pytest.approx(float(expected), abs=1e-11 * float(np.abs(values).max() + 1))


@SETTINGS
@given(inside)
def test_tricubic_is_the_naive_sum_over_its_block(hkl: tuple[float, float, float]) -> None:
    found = tricubic(TABLE, miller(hkl))
    starts = [math.floor(x) - 1 for x in hkl]
    expected, block = 0.0, []
    for offsets in itertools.product(range(4), repeat=3):
        position = tuple(s + o - low for s, o, low in zip(starts, offsets, MINIMA, strict=True))
        weight = 1.0
        for x, start, offset in zip(hkl, starts, offsets, strict=True):
            weight *= math.prod((x - start - m) / (offset - m) for m in range(4) if m != offset)
        block.append(RANDOM[position])
        expected += weight * RANDOM[position]
    assert [float(value) for value in found.block] == block
    for coords, start in zip((found.h_coords, found.k_coords, found.l_coords), starts, strict=True):
        assert [float(x) for x in coords] == [start + j for j in range(4)]
    assert float(found.F_cell) == pytest.approx(expected, abs=1e-11 * 100)


@SETTINGS
@given(st.tuples(*(st.integers(low + 2, high - 2) for low, high in zip(MINIMA, MAXIMA, strict=True))))
def test_tricubic_passes_through_the_reflections(hkl: tuple[int, int, int]) -> None:
    position = tuple(i - low for i, low in zip(hkl, MINIMA, strict=True))
    assert float(tricubic(TABLE, miller(hkl)).F_cell) == pytest.approx(RANDOM[position], rel=1e-14)


@pytest.mark.parametrize("wild", [math.nan, math.inf, 1e300, 50.0])
def test_wild_indices_leave_the_list(wild: float) -> None:
    for position in range(3):
        hkl = [0.0, 0.0, 5.0]
        hkl[position] = wild
        assert bool(leaves_range(TABLE, miller((hkl[0], hkl[1], hkl[2]))))


@pytest.mark.parametrize("wild", [math.nan, math.inf, 1e300, 50.0])
def test_tricubic_outside_reads_nothing_that_is_not_there(wild: float) -> None:
    found = tricubic(TABLE, miller((wild, 0.5, 5.0), (0.5, 0.5, 5.0)))
    assert found.F_cell.shape == (2,)
    assert float(found.F_cell[1]) == float(tricubic(TABLE, miller((0.5, 0.5, 5.0))).F_cell)


def test_values_and_indices_have_their_own_precision() -> None:
    table = factor_table(StructureFactors(1.0, RANDOM, MINIMA), CPU, F32, F64)
    assert (table.F.dtype, table.default_F.dtype) == (F32, F32)
    assert {x.dtype for x in (*table.minima, *table.counts)} == {F64}


def test_gradients_reach_the_list_and_the_default() -> None:
    values = torch.tensor(RANDOM, requires_grad=True)
    default = torch.tensor(2.0, dtype=F64, requires_grad=True)
    table = factor_table(StructureFactors(default, values, MINIMA), CPU, F64, F64)
    total = nearest(table, miller((0, 0, 4), (0, 0, 4), (99, 0, 0))).sum()
    by_value, by_default = torch.autograd.grad(total, (values, default))
    assert float(by_default) == 1.0
    assert float(by_value.sum()) == float(by_value[4, 6, 2]) == 2.0
