"""Random rotations: the mosaic domains and the random orientation (model, section 6)."""

from __future__ import annotations

import math

import numpy as np
import torch

from simulator.experiment import Crystal
from simulator.model.algebra import Rotation, Scalar, Vec, cos, matrix_angles, sin
from simulator.model.random_numbers import Ran1, rotation_deviates

IDENTITY = Rotation(Vec(1.0, 0.0, 0.0), Vec(0.0, 1.0, 0.0), Vec(0.0, 0.0, 1.0))


def mosaic_rotations(crystal: Crystal) -> list[Rotation]:
    """One rotation per domain, the first of them the identity (its deviates are drawn and thrown away).

    A seed that does not start the stream anew goes on after the random orientation's deviates.
    """
    before = None
    if crystal.random_misset_seed is not None:
        before = Ran1(crystal.random_misset_seed)
        before.draw(3)
    deviates = rotation_deviates(crystal.mosaic_seed, crystal.mosaic_domains, before)
    return [IDENTITY, *(random_rotation(three, crystal.mosaic_spread_rad) for three in deviates[1:])]


def random_rotation(deviates: np.ndarray, spread_rad: Scalar) -> Rotation:
    """The rotation that three uniform deviates make within ``spread_rad``.

    The angle is rounded to 32 bits as in the reference, unless a gradient with respect to the spread is wanted.
    """
    r1, r2, r3 = (2.0 * float(u) - 1.0 for u in deviates)
    xy = math.sqrt(1.0 - r2 * r2)
    axis = Vec(xy * math.sin(math.pi * r1), xy * math.cos(math.pi * r1), r2)
    power = np.float32(math.pow(float(np.float32(1.0 - r3 * r3)), float(np.float32(1.0 / 3.0))))
    if isinstance(spread_rad, torch.Tensor) and spread_rad.requires_grad:
        angle: Scalar = spread_rad * float(power)
    else:
        angle = float(np.float32(spread_rad) * power)
    return _about(axis, angle)


def _about(axis: Vec, angle: Scalar) -> Rotation:
    """The matrix that rotates by ``angle`` about ``axis``."""
    u, c, s = axis, cos(angle), sin(angle)
    t = 1.0 - c
    return Rotation(
        Vec(t * u.x * u.x + c, t * u.x * u.y - s * u.z, t * u.x * u.z + s * u.y),
        Vec(t * u.x * u.y + s * u.z, t * u.y * u.y + c, t * u.y * u.z - s * u.x),
        Vec(t * u.x * u.z - s * u.y, t * u.y * u.z + s * u.x, t * u.z * u.z + c),
    )


def random_misset(seed: int, *, spread_is_90_radians: bool) -> Vec:
    """Angles about x, y, z of a random orientation; the reference takes the spread of 90 for radians."""
    (deviates,) = rotation_deviates(seed, 1)
    if spread_is_90_radians:
        return matrix_angles(random_rotation(deviates, 90.0))
    return matrix_angles(_uniform_rotation(*(float(u) for u in deviates)))


def _uniform_rotation(u1: float, u2: float, u3: float) -> Rotation:
    """Uniformly distributed over all orientations: Shoemake, "Uniform random rotations", Graphics Gems III."""
    x = math.sqrt(1.0 - u1) * math.sin(2.0 * math.pi * u2)
    y = math.sqrt(1.0 - u1) * math.cos(2.0 * math.pi * u2)
    z = math.sqrt(u1) * math.sin(2.0 * math.pi * u3)
    w = math.sqrt(u1) * math.cos(2.0 * math.pi * u3)
    return Rotation(
        Vec(1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)),
        Vec(2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)),
        Vec(2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)),
    )
