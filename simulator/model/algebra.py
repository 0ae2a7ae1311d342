"""Three-vectors and rotations of the model, in the reference's order of operations (model, section 10).

Everything here takes plain floats (evaluated by the C library, as the reference does) or tensors (so that gradients
flow); a Vec may mix both. Sums run left to right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch.overrides import wrap_torch_function

from simulator.errors import InputError
from simulator.flag_values import quotient as float_quotient

Scalar: TypeAlias = Any
"""float | Tensor. A union would ask for a cast at every formula that serves both."""


def sin(x: Scalar) -> Scalar:
    if isinstance(x, torch.Tensor):
        return torch.sin(x)
    return math.sin(x) if math.isfinite(x) else math.nan


def cos(x: Scalar) -> Scalar:
    if isinstance(x, torch.Tensor):
        return torch.cos(x)
    return math.cos(x) if math.isfinite(x) else math.nan


def quotient(x: Scalar, y: Scalar) -> Scalar:
    """x / y as C has it: infinite or no number where y is 0."""
    if isinstance(x, torch.Tensor) or isinstance(y, torch.Tensor):
        return x / y
    return float_quotient(x, y)


def sqrt(x: Scalar) -> Scalar:
    if not isinstance(x, torch.Tensor):
        return math.sqrt(x)
    if x.dtype != torch.float64 or torch.compiler.is_compiling():  # compiled to the processor's instruction
        return torch.sqrt(x)
    return nearest_root(x)


@wrap_torch_function(lambda x: (x,))
def nearest_root(x: torch.Tensor) -> torch.Tensor:
    """The 64-bit number nearest to the square root, as C and compiled code have it.

    On the CPU torch takes the root from a vector library that is one ulp off now and then. The remainder x - root^2 is
    exact with both factors split in halves (Dekker 1971, Numer. Math. 18, 224).
    """
    root = torch.sqrt(x)
    known = root.detach()
    scaled = known * 134217729.0  # 2^27 + 1
    high = scaled - (scaled - known)
    low = known - high
    remainder = ((x.detach() - high * high) - 2.0 * high * low) - low * low
    return root + torch.nan_to_num(remainder / (known + known), nan=0.0, posinf=0.0, neginf=0.0)


def clip(x: Scalar, low: float, high: float) -> Scalar:
    return torch.clamp(x, low, high) if isinstance(x, torch.Tensor) else min(max(x, low), high)


def is_zero(x: Scalar) -> bool:
    """True for a value that is exactly 0 and that no gradient is wanted of: only then may a step be skipped."""
    if isinstance(x, torch.Tensor):
        return not x.requires_grad and value_of(x) == 0.0
    return x == 0.0


def value_of(x: Scalar) -> float:
    """The plain number, cut from any graph: for decisions, never for values that are computed on.

    Of several runs side by side, the first one's.
    """
    if not isinstance(x, torch.Tensor):
        return float(x)
    return float(x.detach() if x.dim() == 0 else x.detach().reshape(-1)[0])


class Vec(NamedTuple):
    """A laboratory Cartesian vector; each component a float or a tensor (all broadcast together)."""

    x: Scalar
    y: Scalar
    z: Scalar


class Rotation(NamedTuple):
    """A rotation matrix by its rows."""

    row_x: Vec
    row_y: Vec
    row_z: Vec


def vec(components: Sequence[Scalar] | torch.Tensor) -> Vec:
    """Three numbers, three 0-d tensors or a tensor of shape (3,) as a Vec of float64."""
    return Vec(*(_float64(component) for component in components))


def _float64(x: Scalar) -> Scalar:
    if isinstance(x, torch.Tensor):
        return x.to(device="cpu", dtype=torch.float64)
    return float(x)


def dot(u: Vec, v: Vec) -> Scalar:
    return u.x * v.x + u.y * v.y + u.z * v.z


def cross(u: Vec, v: Vec) -> Vec:
    return Vec(u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x)


def length(v: Vec) -> Scalar:
    return sqrt(v.x * v.x + v.y * v.y + v.z * v.z)


def scale(v: Vec, factor: Scalar) -> Vec:
    return Vec(v.x * factor, v.y * factor, v.z * factor)


def add(u: Vec, v: Vec) -> Vec:
    return Vec(u.x + v.x, u.y + v.y, u.z + v.z)


def subtract(u: Vec, v: Vec) -> Vec:
    return Vec(u.x - v.x, u.y - v.y, u.z - v.z)


def divide(v: Vec, divisor: Scalar) -> Vec:
    return Vec(v.x / divisor, v.y / divisor, v.z / divisor)


def unit(v: Vec) -> Vec:
    """v over its length; a zero vector stays zero."""
    norm = length(v)
    if isinstance(norm, torch.Tensor):
        return divide(v, torch.where(norm == 0.0, 1.0, norm))
    return v if norm == 0.0 else divide(v, norm)


def rescale(v: Vec, new_length: Scalar) -> Vec:
    """v stretched to ``new_length``; a zero vector stays zero."""
    old = length(v)
    return scale(v, new_length / old if isinstance(old, torch.Tensor) or old != 0.0 else 0.0)


def rotate(v: Vec, angles: Vec) -> Vec:
    """v rotated right-handed about x, then y, then z; an angle of exactly 0 (without gradient) is skipped."""
    rx, ry, rz = angles
    if not is_zero(rx):
        c, s = cos(rx), sin(rx)
        v = Vec(v.x, v.y * c - v.z * s, v.y * s + v.z * c)
    if not is_zero(ry):
        c, s = cos(ry), sin(ry)
        v = Vec(v.x * c + v.z * s, v.y, v.z * c - v.x * s)
    if not is_zero(rz):
        c, s = cos(rz), sin(rz)
        v = Vec(v.x * c - v.y * s, v.x * s + v.y * c, v.z)
    return v


def rotate_axis(v: Vec, axis: Vec, angle: Scalar) -> Vec:
    """Rodrigues: ``u (u.v)(1 - cos) + v cos + (u x v) sin`` with u the axis."""
    u, c, s = axis, cos(angle), sin(angle)
    d = dot(u, v) * (1.0 - c)
    return Vec(
        u.x * d + v.x * c + (-u.z * v.y + u.y * v.z) * s,
        u.y * d + v.y * c + (u.z * v.x - u.x * v.z) * s,
        u.z * d + v.z * c + (-u.y * v.x + u.x * v.y) * s,
    )


def rotate_umat(v: Vec, matrix: Rotation) -> Vec:
    """The row-major matrix times v."""
    return Vec(dot(matrix.row_x, v), dot(matrix.row_y, v), dot(matrix.row_z, v))


def matrix_angles(matrix: Rotation) -> Vec:
    """Rotations about x, y, z (radians) that make up the matrix; rows are normalised first (section 6)."""
    row_x, row_y, row_z = (unit(row) for row in matrix)
    m20 = value_of(row_z.x)
    if m20 * m20 >= 1.0:
        return Vec(math.pi, math.pi / 2.0, math.atan2(value_of(row_x.y), -value_of(row_y.y)))
    across = math.sqrt(value_of(row_z.y) ** 2 + value_of(row_z.z) ** 2)
    return Vec(
        math.atan2(value_of(row_z.y), value_of(row_z.z)),
        math.atan2(-m20, across),
        math.atan2(value_of(row_y.x), value_of(row_x.x)),
    )


def stacked(scalars: Sequence[Scalar]) -> torch.Tensor:
    """Scalars as one float64 tensor on the CPU, keeping the graph of those that have one.

    Raises:
        InputError: a tensor of more than one number stands for a scalar.
    """
    if not any(isinstance(x, torch.Tensor) for x in scalars):
        return torch.tensor(scalars, dtype=torch.float64, device="cpu")
    return torch.stack([_scalar_tensor(x) for x in scalars])


def _scalar_tensor(x: Scalar) -> torch.Tensor:
    if not isinstance(x, torch.Tensor):
        return torch.tensor(x, dtype=torch.float64, device="cpu")
    if x.numel() != 1:
        raise InputError(f"a parameter that is one number takes a tensor of one; got one of shape {tuple(x.shape)}")
    return x.to(device="cpu", dtype=torch.float64).reshape(())
