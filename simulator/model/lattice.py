"""Interference of a finite crystal's unit cells: the lattice factor by crystal shape (model, section 8).

Each shape is one function of the fractional Miller indices; ``SHAPES`` lists them. Arguments broadcast; results have
the shape of the indices.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from simulator.model.algebra import Vec, sqrt


class Miller(NamedTuple):
    """Miller indices of an evaluation: fractional ones, or the nearest reflection's."""

    h: Tensor
    k: Tensor
    l: Tensor


class LatticeConstants(NamedTuple):
    """0-d tensors: cells along each axis, the fudge factor, and the reciprocal vectors in 1/A."""

    Na: Tensor
    Nb: Tensor
    Nc: Tensor
    fudge: Tensor
    a_star: Vec
    b_star: Vec
    c_star: Vec


class Lattice(NamedTuple):
    """The factor along each axis and altogether; the axes are 1 for shapes that do not separate."""

    F_latt_a: Any
    F_latt_b: Any
    F_latt_c: Any
    F_latt: Tensor
    magnitude: Tensor
    """F_latt up to its sign: all that the intensity needs, and cheaper in the reduced form."""


LatticeFunction = Callable[[Miller, Miller, LatticeConstants, tuple[bool, bool, bool]], Lattice]
"""(fractional, nearest, constants, which axes have more than one cell) -> Lattice."""


def square(hkl: Miller, hkl0: Miller, c: LatticeConstants, axes: tuple[bool, bool, bool]) -> Lattice:
    """Parallelepiped: ``sin(pi N h)/sin(pi h)`` along each axis, in the reference's own form."""
    counts = (c.Na, c.Nb, c.Nc)
    each = zip(hkl, hkl0, counts, axes, strict=True)
    factors = [_grating(h, h0, N) if many else _one(h) for h, h0, N, many in each]
    F_latt = product_of_axes(*factors)
    return Lattice(factors[0], factors[1], factors[2], F_latt, F_latt)


def product_of_axes(F_latt_a: Tensor, F_latt_b: Tensor, F_latt_c: Tensor) -> Tensor:
    """The lattice factor of a shape that separates."""
    return F_latt_a * F_latt_b * F_latt_c


def square_short_sines(hkl: Miller, hkl0: Miller, c: LatticeConstants, axes: tuple[bool, bool, bool]) -> Lattice:
    """The reference's own value to a few ulps in 64 bits, from cheap sines of small angles. Without gradients.

    Where the cells nearly cancel, the value of ``sin(pi N h)/sin(pi h)`` hangs on how pi h and (pi h) N were rounded.
    Both are rounded here as there, and only then are whole half turns taken from them, exactly.
    """
    counts = (c.Na, c.Nb, c.Nc)
    quotients = [
        _rounded_quotient(h, h0, N) if many else _single_cell(h)
        for h, h0, N, many in zip(hkl, hkl0, counts, axes, strict=True)
    ]
    return _product_of_quotients(quotients)


def square_reduced(hkl: Miller, hkl0: Miller, c: LatticeConstants, axes: tuple[bool, bool, bool]) -> Lattice:
    """The same value from the distance to the nearest reflection; the sines in the dtype of the constants.

    With integer N, ``sin(pi N h)/sin(pi h)`` is ``sin(pi N d)/sin(pi d)`` with d = h - round(h), but for the sign
    (-1)^((N-1) round h). Small arguments make the sines cheap and keep 32-bit arithmetic accurate.
    """
    counts = (c.Na, c.Nb, c.Nc)
    quotients = []
    for h, h0, N, many in zip(hkl, hkl0, counts, axes, strict=True):
        d = h - h0
        quotients.append(_grating_reduced(d, h0, N) if many else _single_cell(d.to(N.dtype)))
    return _product_of_quotients(quotients)


def round_(hkl: Miller, hkl0: Miller, c: LatticeConstants, axes: tuple[bool, bool, bool]) -> Lattice:
    """Sphere of the parallelepiped's volume: the transform of a ball at the distance to the reflection."""
    dh, dk, dl = hkl.h - hkl0.h, hkl.k - hkl0.k, hkl.l - hkl0.l
    r2 = dh * dh * c.Na * c.Na + dk * dk * c.Nb * c.Nb + dl * dl * c.Nc * c.Nc
    return _whole(c.Na * c.Nb * c.Nc * 0.723601254558268 * _transform_of_ball(r2 * c.fudge))


def gauss(hkl: Miller, hkl0: Miller, c: LatticeConstants, axes: tuple[bool, bool, bool]) -> Lattice:
    """Gaussian spot with the width of the parallelepiped's."""
    q = _reciprocal_offset_squared(hkl, hkl0, c)
    return _whole(c.Na * c.Nb * c.Nc * torch.exp(-(q / 0.63) * c.fudge))


def tophat(hkl: Miller, hkl0: Miller, c: LatticeConstants, axes: tuple[bool, bool, bool]) -> Lattice:
    """Binary spot: all cells in phase inside, nothing outside."""
    q = _reciprocal_offset_squared(hkl, hkl0, c)
    inside = q * c.fudge < 0.3969
    outside = torch.nan_to_num(0.0 * q, nan=0.0)  # what is no number is outside too
    return _whole(torch.where(inside, c.Na * c.Nb * c.Nc, outside))


SHAPES: dict[str, LatticeFunction] = {
    "square": square,
    "round": round_,
    "gauss": gauss,
    "tophat": tophat,
}


NEAR_PEAK = 3e-3
"""abs(pi N d) below which the gradient of a grating comes from its series: both are good to 1e-10 here."""


def _grating(h: Tensor, h0: Tensor, N: Tensor) -> Tensor:
    """``sin(pi N h)/sin(pi h)``, N at h = 0.

    Near a reflection the derivative of this quotient is the difference of two large numbers, all rounding error. The
    value is kept and the gradient taken from the power series there.
    """
    if not h.requires_grad:
        return _quotient_of_sines(h, N)
    d = h - h0
    near = _is_near_peak(d, N)
    odd = torch.remainder((N - 1.0) * h0, 2.0) != 0.0
    value = _quotient_of_sines(torch.where(near, h.detach(), h), N)
    return value + _only_gradient(torch.where(near, torch.where(odd, -1.0, 1.0) * _peak_series(d, N), 0.0))


def _quotient_of_sines(h: Tensor, N: Tensor) -> Tensor:
    x = math.pi * h
    at_peak = x == 0.0
    sine = torch.sin(x)
    if x.requires_grad:  # a gradient of 0/0 would spoil what it is not chosen for
        sine = torch.where(at_peak, 1.0, sine)
    return torch.where(at_peak, N, torch.sin(x * N) / sine)


class _Quotient(NamedTuple):
    """A grating's value up to its sign as a fraction, and the half turns that were taken out of both sines."""

    numerator: Tensor
    denominator: Tensor
    half_turns: Tensor

    @property
    def value(self) -> Tensor:
        """With its sign."""
        magnitude = self.numerator / self.denominator
        odd = torch.remainder(self.half_turns, 2.0) != 0.0
        return torch.where(odd, -magnitude, magnitude)


def _product_of_quotients(quotients: list[_Quotient]) -> Lattice:
    signed = [quotient.value for quotient in quotients]
    numerator = product_of_axes(*(quotient.numerator for quotient in quotients))
    denominator = product_of_axes(*(quotient.denominator for quotient in quotients))
    # One division for all three: it costs more than anything else here.
    return Lattice(signed[0], signed[1], signed[2], product_of_axes(*signed), numerator / denominator)


def _single_cell(h: Tensor) -> _Quotient:
    one = _one(h)
    return _Quotient(one, one, torch.zeros_like(h))


def _rounded_quotient(h: Tensor, h0: Tensor, N: Tensor) -> _Quotient:
    x = math.pi * h
    turns = torch.round(h * N)
    numerator = sine(less_half_turns(x * N, turns))
    # So near the origin all cells are in phase to the last digit; three denominators' product stays a number.
    at_origin = x.abs() < 1e-18
    denominator = torch.where(at_origin, 1.0, sine(less_half_turns(x, h0)))
    return _Quotient(torch.where(at_origin, N, numerator), denominator, turns + h0)


def less_half_turns(x: Tensor, turns: Tensor) -> Tensor:
    """``x - turns pi`` in 64 bits for the nearest whole number of turns, less than 2^25 of them, to the last bit.

    Cody and Waite's reduction (Software Manual for the Elementary Functions, 1980): multiples of 28 bits of pi have no
    rounding error, nor have their differences from x.
    """
    return ((x - turns * _PI[0]) - turns * _PI[1]) - turns * _PI[2]


_PI = (3.141592651605606, 1.9841871479187034e-09, 1.1442377452219664e-17)
"""The leading 28 bits of pi, the next 28, the rest."""


def _grating_reduced(d: Tensor, h0: Tensor, N: Tensor) -> _Quotient:
    """``sin(pi N d)/sin(pi d)`` up to its sign.

    Both reductions are made in the dtype of d, so that what is small keeps its leading digits. Gradients near a
    reflection as in ``_grating``.
    """
    if not d.requires_grad:
        return _reduced_quotient(d, h0, N)
    near = _is_near_peak(d, N)
    exact = _reduced_quotient(torch.where(near, d.detach(), d), h0, N)
    series = torch.where(near, _peak_series(d, N.to(d.dtype)), 0.0)
    magnitude = exact.numerator / exact.denominator + _only_gradient(series).to(N.dtype)
    return _Quotient(magnitude, _one(magnitude), exact.half_turns.detach())


def _reduced_quotient(d: Tensor, h0: Tensor, N: Tensor) -> _Quotient:
    y = N.to(d.dtype) * d
    turns = torch.round(y)
    # So near a reflection all cells are in phase to the last digit; three denominators' product stays a number.
    at_peak = d.abs() < (1e-18 if N.dtype == torch.float64 else 1e-12)
    numerator = torch.where(at_peak, N, sine_of_half_turns((y - turns).to(N.dtype)))
    denominator = torch.where(at_peak, 1.0, sine_of_half_turns(d.to(N.dtype)))
    return _Quotient(numerator, denominator, turns + (N - 1.0) * h0)


def _is_near_peak(d: Tensor, N: Tensor) -> Tensor:
    return (math.pi * N * d).abs() < NEAR_PEAK


def _peak_series(d: Tensor, N: Tensor) -> Tensor:
    """``sin(pi N d)/sin(pi d)`` up to (pi d)^4."""
    x2, N2 = math.pi * math.pi * d * d, N * N
    return N * (1.0 - (N2 - 1.0) / 6.0 * x2 + ((3.0 * N2 - 10.0) * N2 + 7.0) / 360.0 * x2 * x2)


def _only_gradient(x: Tensor) -> Tensor:
    """0 with the gradient of x."""
    return x - x.detach()


def _one(h: Tensor) -> Tensor:
    return torch.ones_like(h)


def sine(angle: Tensor) -> Tensor:
    """sin(angle) in 64 bits for abs(angle) <= pi/2."""
    return _odd_series(angle, _SINE)


def sine_of_half_turns(r: Tensor) -> Tensor:
    """sin(pi r) for abs(r) <= 1/2, with as many terms as the dtype resolves."""
    return _odd_series(r, _SINE_OF_HALF_TURNS if r.dtype == torch.float64 else _SINE_OF_HALF_TURNS_32_BITS)


def _odd_series(r: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    """r times a polynomial in r^2."""
    r2 = r * r
    series = torch.full_like(r, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        series = series * r2 + coefficient
    return series * r


# sin(r)/r interpolated in r^2 at the Chebyshev points of [0, pi^2/4]; relative error 2e-16.
_SINE = (
    0.9999999999999999,
    -0.16666666666666072,
    0.008333333333282756,
    -0.00019841269824861897,
    2.7557316609073673e-06,
    -2.505188194671259e-08,
    1.6048168318165643e-10,
    -7.374387503862757e-13,
)

# sin(pi r)/r likewise in r^2 on [0, 1/4]; relative errors 3e-19 and 7e-9.
_SINE_OF_HALF_TURNS = (
    3.141592653589793,
    -5.167712780049969,
    2.5501640398773007,
    -0.5992645293189447,
    0.0821458865731029,
    -0.007370430505916944,
    0.0004662998161898394,
    -2.1903497074626018e-05,
    7.697826768224191e-07,
)
_SINE_OF_HALF_TURNS_32_BITS = (
    3.1415926400772034,
    -5.167710076668315,
    2.550077386528912,
    -0.5982904112834275,
    0.07765591227601387,
)


NEAR_CENTRE = 1e-2
"""x^2 below which the gradient of the transform of a ball comes from its series."""


def _transform_of_ball(r2: Tensor) -> Tensor:
    """``3 (sin x / x - cos x) / x^2`` with x = pi sqrt(r2), 1 at 0; gradients near 0 from the series, as above."""
    if not r2.requires_grad:
        return _sinc3(math.pi * sqrt(r2))
    x2 = math.pi * math.pi * r2
    near = x2 < NEAR_CENTRE
    series = 1.0 + x2 * (-1.0 / 10.0 + x2 * (1.0 / 280.0 - x2 / 15120.0))
    value = _sinc3(math.pi * sqrt(torch.where(near, r2.detach(), r2)))
    return value + _only_gradient(torch.where(near, series, 0.0))


def _sinc3(x: Tensor) -> Tensor:
    at_centre = x == 0.0
    safe = torch.where(at_centre, 1.0, x)
    return torch.where(at_centre, 1.0, 3.0 * (torch.sin(safe) / safe - torch.cos(safe)) / (safe * safe))


def _reciprocal_offset_squared(hkl: Miller, hkl0: Miller, c: LatticeConstants) -> Tensor:
    """``|(h-h0) a* + (k-k0) b* + (l-l0) c*|^2 Na^2 Nb^2 Nc^2``."""
    dh, dk, dl = hkl.h - hkl0.h, hkl.k - hkl0.k, hkl.l - hkl0.l
    q2: Any = 0.0
    for a, b, c_ in zip(c.a_star, c.b_star, c.c_star, strict=True):
        component = dh * a + dk * b + dl * c_
        q2 = q2 + component * component
    return q2 * c.Na * c.Na * c.Nb * c.Nb * c.Nc * c.Nc


def _whole(F_latt: Tensor) -> Lattice:
    return Lattice(1.0, 1.0, 1.0, F_latt, F_latt)
