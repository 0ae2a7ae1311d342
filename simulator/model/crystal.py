"""The unit cell in the laboratory frame: from cell or matrix, misset, size (model, section 4)."""

from __future__ import annotations

import math
from typing import NamedTuple

from simulator.defects import Defects
from simulator.errors import InputError
from simulator.experiment import MOST_OVERSAMPLE, Crystal, Experiment
from simulator.model.algebra import (
    Scalar,
    Vec,
    clip,
    cos,
    cross,
    dot,
    length,
    quotient,
    rescale,
    rotate,
    scale,
    sin,
    sqrt,
    value_of,
    vec,
)
from simulator.model.mosaic import random_misset

ANGSTROM_m = 1e-10

MOST_CELLS = 1e9
"""Along an axis of the crystal."""

MOST_32_BITS = 2.0**31 - 1.0

FLAT = 1e-12
"""Reciprocal vectors that enclose no more than this part of the box of their lengths lie in a plane."""


class Cell(NamedTuple):
    """Direct vectors in metres and reciprocal vectors in 1/A, oriented, at phi = 0."""

    a0_m: Vec
    b0_m: Vec
    c0_m: Vec
    a_star_A_inv: Vec
    b_star_A_inv: Vec
    c_star_A_inv: Vec
    V_cell_A3: Scalar
    N_cells: tuple[int, int, int]


class _Lengths(NamedTuple):
    a: Scalar
    b: Scalar
    c: Scalar
    V: Scalar


def unit_cell(experiment: Experiment, wavelength_m: Scalar, defects: Defects) -> Cell:
    """The oriented cell of section 4. Raises InputError where there is none or it encloses no volume."""
    crystal = experiment.crystal
    if crystal.cell_lengths_A is None and crystal.orientation_matrix is None:
        raise InputError("no unit cell: give -cell a b c alpha beta gamma or -mat FILE", exit_code=9)
    lengths = None
    if crystal.cell_lengths_A is not None:
        reciprocal, lengths = _reciprocal_from_cell(crystal, defects)
    if crystal.orientation_matrix is not None:
        reciprocal = _reciprocal_from_matrix(crystal, wavelength_m)
    misset = _misset(crystal, defects)
    if misset is not None:
        reciprocal = tuple(rotate(v, misset) for v in reciprocal)
    return _both_cells(reciprocal, lengths, crystal)


def _reciprocal_from_cell(crystal: Crystal, defects: Defects) -> tuple[tuple[Vec, ...], _Lengths]:
    """a*, b*, c* in the default orientation (1/A) and the cell's lengths and volume (A, A^3)."""
    assert crystal.cell_lengths_A is not None
    a, b, c = vec(crystal.cell_lengths_A)
    al, be, ga = vec(crystal.cell_angles_rad)
    s = (al + be + ga) / 2.0
    skew = sin(s) * sin(s - al) * sin(s - be) * sin(s - ga)
    possible = value_of(skew) > 0.0 and min(map(value_of, (a, b, c))) > 0.0
    if not possible and "flag-substrings" not in defects:  # the reference goes on
        raise InputError(
            f"cell {value_of(a):g} {value_of(b):g} {value_of(c):g} with angles "
            f"{', '.join(f'{math.degrees(value_of(x)):g}' for x in (al, be, ga))} encloses no volume; "
            "lengths must be positive and each angle smaller than the sum of the other two"
        )
    V = 2.0 * a * b * c * sqrt(abs(skew))
    V_star = quotient(1.0, V)
    a_star = b * c * sin(al) * V_star
    b_star = c * a * sin(be) * V_star
    c_star = a * b * sin(ga) * V_star
    sin_ga_star = clip(quotient(quotient(c * V_star, a_star), b_star), -1.0, 1.0)
    cos_al_star = clip(quotient(cos(be) * cos(ga) - cos(al), sin(be) * sin(ga)), -1.0, 1.0)
    cos_be_star = clip(quotient(cos(ga) * cos(al) - cos(be), sin(ga) * sin(al)), -1.0, 1.0)
    cos_ga_star = clip(quotient(cos(al) * cos(be) - cos(ga), sin(al) * sin(be)), -1.0, 1.0)
    skewed = "skewed-default-cell" in defects
    z = quotient(c_star * V, a * b * c * sin_ga_star) if skewed else quotient(V_star, a_star * b_star * sin_ga_star)
    vectors = (
        Vec(a_star, 0.0, 0.0),
        Vec(b_star * cos_ga_star, b_star * sin_ga_star, 0.0),
        Vec(c_star * cos_be_star, quotient(c_star * (cos_al_star - cos_be_star * cos_ga_star), sin_ga_star), z),
    )
    return vectors, _Lengths(a, b, c, V)


def _reciprocal_from_matrix(crystal: Crystal, wavelength_m: Scalar) -> tuple[Vec, ...]:
    """Columns of a MOSFLM A matrix over the wavelength: a*, b*, c* in 1/A."""
    matrix = crystal.orientation_matrix
    assert matrix is not None
    numbers = list(matrix.reshape(9) if hasattr(matrix, "reshape") else matrix)
    correction = quotient(ANGSTROM_m, wavelength_m)
    a_star, b_star, c_star = (scale(vec((numbers[i], numbers[3 + i], numbers[6 + i])), correction) for i in range(3))
    box = math.prod(value_of(length(v)) for v in (a_star, b_star, c_star))
    if not abs(value_of(dot(a_star, cross(b_star, c_star)))) > FLAT * box:
        raise InputError("the reciprocal vectors lie in a plane: the cell encloses no volume; check the matrix")
    return a_star, b_star, c_star


def _misset(crystal: Crystal, defects: Defects) -> Vec | None:
    if crystal.random_misset_seed is not None:
        return random_misset(crystal.random_misset_seed, spread_is_90_radians="random-misset-radians" in defects)
    return None if crystal.misset_rad is None else vec(crystal.misset_rad)


def _both_cells(reciprocal: tuple[Vec, ...], lengths: _Lengths | None, crystal: Crystal) -> Cell:
    """Direct from reciprocal and back again, as the reference does, and the cell counts."""
    a_star, b_star, c_star = reciprocal
    axb, bxc, cxa = cross(a_star, b_star), cross(b_star, c_star), cross(c_star, a_star)
    V_star = dot(a_star, bxc)
    if lengths is not None:
        a, b, c, V = lengths
        axb, bxc, cxa = (rescale(v, quotient(edge, V)) for v, edge in ((axb, c), (bxc, a), (cxa, b)))
        V_star = quotient(1.0, V)
    if not abs(value_of(V_star)) > 0.0:
        raise InputError("the reciprocal vectors lie in a plane: the cell encloses no volume; check the matrix")
    V = 1.0 / V_star
    a_A, b_A, c_A = scale(bxc, V), scale(cxa, V), scale(axb, V)
    a_m, b_m, c_m = (scale(v, ANGSTROM_m) for v in (a_A, b_A, c_A))
    return Cell(
        a0_m=a_m,
        b0_m=b_m,
        c0_m=c_m,
        a_star_A_inv=reciprocal_edge(b_A, c_A, V_star),
        b_star_A_inv=reciprocal_edge(c_A, a_A, V_star),
        c_star_A_inv=reciprocal_edge(a_A, b_A, V_star),
        V_cell_A3=V,
        N_cells=cell_counts(crystal, (a_m, b_m, c_m)),
    )


def reciprocal_edge(second: Vec, third: Vec, V_star: Scalar) -> Vec:
    """a* from b and c, and so on round."""
    return scale(cross(second, third), V_star)


def cell_counts(crystal: Crystal, edges_m: tuple[Vec, Vec, Vec]) -> tuple[int, int, int]:
    """Cells along a, b, c: a size above 0 replaces the count; never fewer than one."""
    counts = []
    for axis, size, edge, count in zip("abc", crystal.size_m, edges_m, crystal.N_cells, strict=True):
        cells = quotient(size, value_of(length(edge))) if size > 0.0 else float(count)
        if not cells < MOST_CELLS:
            raise InputError(f"the crystal is {cells:g} cells along axis {axis}; at most {MOST_CELLS:g}")
        counts.append(max(1, math.ceil(cells)))
    na, nb, nc = counts
    return na, nb, nc


def unrounded_oversample(cell: Cell, wavelength_m: float, distance_m: float, pixel_size_m: float) -> float:
    """Three subpixels across the reciprocal size of the largest crystal edge (section 4); 0 if that is no integer."""
    edges = (cell.a0_m, cell.b0_m, cell.c0_m)
    largest = 0.0
    for edge, count in zip(edges, cell.N_cells, strict=True):
        size = value_of(length(edge)) * count
        largest = size if size > largest else largest
    reciprocal_pixel_m = quotient(wavelength_m * distance_m, pixel_size_m)
    needed = quotient(3.0 * largest, reciprocal_pixel_m)
    return needed if needed <= MOST_32_BITS else 0.0


def rounded_up(unrounded: float) -> int:
    """Subpixels along an edge of a pixel: the next whole number, at least 1.

    Raises:
        InputError: they would be too many.
    """
    if unrounded > MOST_OVERSAMPLE:
        raise InputError(f"this crystal would need {unrounded:g}-fold oversampling; give -oversample n")
    return max(1, math.ceil(max(unrounded, 0.0)))
