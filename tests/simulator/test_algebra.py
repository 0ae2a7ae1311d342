"""Vectors and rotations: what defines them, in floats and in tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.algebra import (
    Rotation,
    Vec,
    add,
    cross,
    dot,
    is_zero,
    length,
    matrix_angles,
    rescale,
    rotate,
    rotate_axis,
    rotate_umat,
    scale,
    sqrt,
    stacked,
    subtract,
    unit,
    value_of,
    vec,
)
from simulator.model.mosaic import random_rotation

SETTINGS = settings(deadline=None, max_examples=60, derandomize=True)
angles = st.floats(-7, 7)
coordinates = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-6)
vectors = st.builds(Vec, coordinates, coordinates, coordinates)
directions = vectors.filter(lambda v: length(v) > 1e-3).map(unit)


def close(u: Vec, v: Any, scale_of_errors: float = 1.0) -> None:
    np.testing.assert_allclose(np.array(u), np.array(v), rtol=0, atol=1e-12 * max(1.0, scale_of_errors))


def about(axis: int, angle: float) -> np.ndarray:
    """The right-handed rotation matrix about a laboratory axis."""
    c, s = math.cos(angle), math.sin(angle)
    after, last = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[after, after] = matrix[last, last] = c
    matrix[last, after], matrix[after, last] = s, -s
    return matrix


@pytest.mark.parametrize("magnitude", [1e-30, 1.0, 1e21])
def test_square_root_is_rounded_correctly(magnitude: float) -> None:
    x = magnitude * torch.rand(1 << 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(sqrt(x), torch.from_numpy(np.sqrt(x.numpy())))


def test_square_root_of_what_has_no_digits_and_its_gradient() -> None:
    x = torch.tensor([0.0, math.inf, math.nan, -1.0, 4.0], dtype=torch.float64, requires_grad=True)
    roots = sqrt(x)
    assert roots.tolist() == pytest.approx([0.0, math.inf, math.nan, math.nan, 2.0], nan_ok=True)
    assert float(torch.autograd.grad(roots[4], x)[0][4]) == 0.25


@SETTINGS
@given(vectors, vectors)
def test_products_are_the_usual_ones(u: Vec, v: Vec) -> None:
    a, b = np.array(u), np.array(v)
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    assert dot(u, v) == pytest.approx(a @ b, abs=1e-12 * max(size, 1))
    close(cross(u, v), np.cross(a, b), size)
    close(add(u, v), a + b, size)
    close(subtract(u, v), a - b, size)
    close(scale(u, 3.0), 3.0 * a, size)
    assert length(u) == pytest.approx(np.linalg.norm(a))


@SETTINGS
@given(vectors)
def test_unit_has_length_one_and_zero_stays_zero(v: Vec) -> None:
    assert length(unit(v)) == pytest.approx(0.0 if length(v) == 0 else 1.0)
    tensor = unit(Vec(*(torch.tensor(x, dtype=torch.float64) for x in v)))
    assert [float(x) for x in tensor] == pytest.approx(list(unit(v)), rel=1e-15)


@SETTINGS
@given(directions, st.floats(0.1, 100))
def test_rescaled_vector_has_the_length_asked_for(v: Vec, new: float) -> None:
    assert length(rescale(v, new)) == pytest.approx(new)


@SETTINGS
@given(vectors, angles, angles, angles)
def test_rotate_is_about_x_then_y_then_z(v: Vec, rx: float, ry: float, rz: float) -> None:
    expected = about(2, rz) @ about(1, ry) @ about(0, rx) @ np.array(v)
    close(rotate(v, Vec(rx, ry, rz)), expected, length(v))


def test_order_of_the_rotations_matters() -> None:
    quarter = math.pi / 2
    close(rotate(Vec(1.0, 0.0, 0.0), Vec(quarter, quarter, 0.0)), (0, 0, -1))
    close(rotate(Vec(0.0, 1.0, 0.0), Vec(quarter, quarter, 0.0)), (1, 0, 0))
    close(rotate(Vec(1.0, 0.0, 0.0), Vec(0.0, quarter, quarter)), (0, 0, -1))


@SETTINGS
@given(vectors, directions, angles)
def test_rotation_about_an_axis_keeps_lengths_and_the_axis(v: Vec, axis: Vec, angle: float) -> None:
    turned = rotate_axis(v, axis, angle)
    assert length(turned) == pytest.approx(length(v))
    assert dot(turned, axis) == pytest.approx(dot(v, axis), abs=1e-11 * max(1, length(v)))
    close(rotate_axis(turned, axis, -angle), v, 10 * length(v))
    close(rotate_axis(axis, axis, angle), axis)


@SETTINGS
@given(vectors, st.sampled_from([0, 1, 2]), angles)
def test_rotation_about_a_laboratory_axis_is_right_handed(v: Vec, axis: int, angle: float) -> None:
    close(rotate_axis(v, Vec(*np.eye(3)[axis]), angle), about(axis, angle) @ np.array(v), length(v))


@SETTINGS
@given(directions, angles, angles)
def test_rotations_about_one_axis_add_up(axis: Vec, first: float, second: float) -> None:
    v = Vec(0.3, -0.4, 0.5)
    close(rotate_axis(rotate_axis(v, axis, first), axis, second), rotate_axis(v, axis, first + second))


def as_array(matrix: Rotation) -> np.ndarray:
    return np.array([list(row) for row in matrix])


deviates = st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3).map(np.array)


@SETTINGS
@given(deviates, st.floats(0, 90))
def test_random_rotations_are_orthonormal_and_right_handed(three: np.ndarray, spread: float) -> None:
    matrix = as_array(random_rotation(three, spread))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@SETTINGS
@given(deviates, st.floats(0.01, 3))
def test_random_rotation_turns_by_at_most_the_spread(three: np.ndarray, spread: float) -> None:
    matrix = as_array(random_rotation(three, spread))
    angle = math.acos(np.clip((np.trace(matrix) - 1) / 2, -1, 1))
    assert angle <= spread * (1 + 1e-6) + 1e-7


@SETTINGS
@given(deviates, st.floats(0.1, 3), vectors)
def test_matrix_angles_make_up_the_matrix(three: np.ndarray, spread: float, v: Vec) -> None:
    matrix = random_rotation(three, spread)
    close(rotate(v, matrix_angles(matrix)), rotate_umat(v, matrix), 10 * length(v))
    np.testing.assert_allclose(rotate_umat(v, matrix), as_array(matrix) @ np.array(v), atol=1e-9)


def test_matrix_angles_where_two_of_them_cannot_be_told_apart() -> None:
    """The reference's answer for a row along x: pi, pi/2 and what is left."""
    matrix = Rotation(Vec(0.0, 0.6, 0.8), Vec(0.0, 0.8, -0.6), Vec(-1.0, 0.0, 0.0))
    assert matrix_angles(matrix) == (math.pi, math.pi / 2, math.atan2(0.6, -0.8))


@pytest.mark.parametrize(
    "function",
    [
        lambda u, v, w: rotate(u, w),
        lambda u, v, w: rotate_axis(u, unit(v), w.x),
        lambda u, v, w: cross(u, v),
        lambda u, v, w: rescale(u, 3.0),
    ],
)
def test_tensors_give_what_floats_give(function: Callable[..., Vec]) -> None:
    arguments = [Vec(0.3, -0.4, 0.5), Vec(1.0, 2.0, -0.5), Vec(0.7, 0.0, -1.1)]
    tensors = [Vec(*(torch.tensor(x, dtype=torch.float64) for x in v)) for v in arguments]
    found = [float(x) for x in function(*tensors)]
    assert found == pytest.approx(list(function(*arguments)), rel=1e-15, abs=1e-15)


def test_an_angle_of_zero_is_skipped_unless_a_gradient_is_wanted() -> None:
    wanted = torch.zeros((), dtype=torch.float64, requires_grad=True)
    assert is_zero(0.0)
    assert is_zero(torch.zeros(()))
    assert not is_zero(wanted)
    v = Vec(0.1, -0.0, 0.3)
    assert rotate(v, Vec(0.0, 0.0, 0.0)) is v
    (gradient,) = torch.autograd.grad(rotate(Vec(0.0, 1.0, 0.0), Vec(wanted, 0.0, 0.0)).z, wanted)
    assert float(gradient) == 1.0


def test_numbers_become_vectors_and_tensors_of_float64() -> None:
    assert vec([1, 2, 3]) == (1.0, 2.0, 3.0)
    assert all(x.dtype == torch.float64 for x in vec(torch.tensor([1.0, 2.0, 3.0])))
    graph = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    mixed = stacked([1.0, graph, 3.0])
    assert mixed.dtype == torch.float64
    assert mixed.requires_grad
    assert mixed.tolist() == [1.0, 2.0, 3.0]
    assert value_of(graph) == 2.0
