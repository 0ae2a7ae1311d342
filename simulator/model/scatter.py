"""The physics of one evaluation: from a pixel to its intensity (model, section 8).

``scatter`` is the one function behind the image, the trace and the gradients. Its result's fields are the traced
quantities. Pixels run along the last axis (P of them), samples (source x phi step x mosaic domain) along the first
(T of them); everything broadcasts. A vector is a Vec of three tensors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.model.algebra import Vec, cross, dot, length, rotate_axis, scale, unit
from simulator.model.lattice import Lattice, Miller
from simulator.model.structure_factors import FactorTable, Interpolated, leaves_range, nearest, tricubic
from simulator.model.terms import Constants, Held, Located, Physics, Pixels, Samples, Scatter, Subpixel

PER_METRE_TO_PER_ANGSTROM = 1e-10
METRES_TO_ANGSTROMS = 1e10


def pixels_at(flat: Tensor, c: Constants) -> Pixels:
    """Flat indices (slow x width + fast) as (slow, fast).

    Floats below 2^52 divide exactly enough for the floor to be right, several times faster than integers.
    """
    number = flat.to(torch.float64)
    slow = torch.floor(number / c.width)
    fast = number - slow * c.width
    dtype = c.pixel_size_m.dtype
    return Pixels(slow.to(dtype), fast.to(dtype))


def locate(pixels: Pixels, sub: Subpixel, c: Constants, physics: Physics) -> Located:
    """Where the subpixel is in the laboratory."""
    position = pixel_position(pixels, sub, c, physics)
    R = sample_distance(position)
    return Located(position, R, direction(position, R))


def pixel_position(pixels: Pixels, sub: Subpixel, c: Constants, physics: Physics) -> Vec:
    """The subpixel's position, metres."""
    Fdet = c.subpixel_size_m * (pixels.fast * c.oversample + sub.sub_f) + c.subpixel_size_m / 2.0
    Sdet = c.subpixel_size_m * (pixels.slow * c.oversample + sub.sub_s) + c.subpixel_size_m / 2.0
    depth = sub.thick_tic * c.thick_step_m
    x, y, z = (
        Fdet * f + Sdet * s + depth * o + origin
        for f, s, o, origin in zip(c.fdet, c.sdet, c.odet, c.pix0_m, strict=True)
    )
    position = Vec(x, y, z)
    if physics.curved:
        position = _bent(position, Fdet, Sdet, c, physics)
    return position


def sample_distance(position: Vec) -> Tensor:
    """From the sample to the subpixel, metres."""
    return length(position)


def direction(position: Vec, R: Tensor) -> Vec:
    """From the sample to the subpixel, of unit length."""
    return Vec(position.x / R, position.y / R, position.z / R)


def _bent(flat: Vec, Fdet: Tensor, Sdet: Tensor, c: Constants, physics: Physics) -> Vec:
    """The position on a sphere about the sample, at the flat detector's in-plane offsets."""
    if physics.curved_along_laboratory_axes:
        about_s, about_f = flat.y / c.distance_m, flat.z / c.distance_m
    else:
        about_s = c.curvature_sign * (Fdet - c.Fbeam_m) / c.distance_m
        about_f = -c.curvature_sign * (Sdet - c.Sbeam_m) / c.distance_m
    return rotate_axis(rotate_axis(scale(c.beam, c.distance_m), c.sdet, about_s), c.fdet, about_f)


def solid_angle(located: Located, c: Constants, physics: Physics) -> Tensor:
    """Of the pixel from the sample, steradian; 1/R^2 (1/m^2) for a point pixel."""
    R = located.R_distance_meters
    if physics.point_pixel:
        return 1.0 / R / R
    return c.pixel_size_m * c.pixel_size_m / R / R * c.close_distance_m / R


def captured_fraction(located: Located, sub: Subpixel, c: Constants, physics: Physics) -> Tensor:
    """Fraction of photons that stop in this layer of the sensor.

    Without a thickness it is 1, but for -oversample_thick, which evaluates the formula and finds nothing stopped.
    """
    if not (physics.absorbing or physics.oversampled[0]):
        return torch.ones_like(located.R_distance_meters)
    parallax = dot(located.diffracted_vec, c.odet)
    entry = torch.exp(-sub.thick_tic * c.thick_step_m * c.attenuation_per_m / parallax)
    leave = torch.exp(-(sub.thick_tic + 1.0) * c.thick_step_m * c.attenuation_per_m / parallax)
    return entry - leave


def polarization(located: Located, incident: Vec, c: Constants, physics: Physics) -> Tensor:
    """Kahn's polarization factor (Kahn et al. 1982, J. Appl. Cryst. 15, 330); without a plane, (1 + cos^2)/2.

    The reference normalises both vectors once more here, which may move the factor by a last bit.
    """
    incident, diffracted = unit(incident), unit(located.diffracted_vec)
    cosine = cos_2theta(incident, diffracted)
    c2 = cosine * cosine
    if not physics.preferred_plane:
        return 0.5 * (1.0 + c2)
    B = unit(cross(c.polarization, incident))
    E = unit(cross(incident, B))
    along_E, along_B = dot(diffracted, E), dot(diffracted, B)
    straight = (along_E == 0.0) & (along_B == 0.0)  # any angle will do, and atan2 has no gradient there
    psi = -torch.atan2(along_B, torch.where(straight, 1.0, along_E))
    return 0.5 * (1.0 + c2 - c.polarization_factor * torch.cos(2.0 * psi) * (1.0 - c2))


def scattering_vector_per_m(located: Located, samples: Samples) -> Vec:
    """(diffracted - incident) / lambda, 1/m."""
    d, i, lam = located.diffracted_vec, samples.incident, samples.wavelength_m
    return Vec((d.x - i.x) / lam, (d.y - i.y) / lam, (d.z - i.z) / lam)


def cos_2theta(incident: Vec, diffracted: Vec) -> Tensor:
    """Cosine of the scattering angle."""
    return dot(incident, diffracted)


def sin_theta_over_lambda(scattering_per_m: Vec) -> Tensor:
    """Half the length of the scattering vector, 1/m."""
    return 0.5 * length(scattering_per_m)


def skipped_by_dmin(stol_per_m: Tensor, c: Constants) -> Tensor:
    """True where the resolution is finer than -dmin allows."""
    return (stol_per_m > 0.0) & (c.dmin_m > 0.5 / stol_per_m)


def fractional_indices(scattering_per_m: Vec, samples: Samples) -> Miller:
    """Miller indices of the scattering vector in each sample's cell."""
    h, k, l = (dot(edge, scattering_per_m) for edge in (samples.a_m, samples.b_m, samples.c_m))
    return Miller(h, k, l)


def nearest_indices(hkl: Miller) -> Miller:
    """The nearest reflection: ceil(x - 1/2)."""
    h0, k0, l0 = (torch.ceil(x - 0.5) for x in hkl)
    return Miller(h0, k0, l0)


def evaluation_number(sub: Subpixel, samples: Samples) -> Tensor:
    """(T, 1), within the pixel."""
    return samples.order + sub.evaluations_before


def interpolates(hkl: Miller, evaluation: Tensor, interpolates_before: Tensor, factors: FactorTable) -> Tensor:
    """Where the tricubic value counts: inside the list, and interpolation still on at this evaluation."""
    return (evaluation < interpolates_before) & ~leaves_range(factors, hkl)


def scatter(
    pixels: Pixels,
    sub: Subpixel,
    held: Held,
    samples: Samples,
    I_before: Tensor,
    interpolates_before: Tensor,
    c: Constants,
    physics: Physics,
) -> tuple[Scatter, Tensor]:
    """Evaluate T samples of P pixels and add their terms to the running sum.

    Args:
        pixels: P pixels.
        sub: the point within them.
        held: factors, each (P,) or (T, P).
        samples: T samples.
        I_before: (P,), the sum so far.
        interpolates_before: (P,) or (1,), number of the evaluation that switched interpolation off for good.
        c: the experiment's numbers.
        physics: the experiment's formulas.

    Returns:
        (T, P) tensors under the names of the trace, ``I_running`` a list of T tensors (P,), empty where terms are not
        added in loop order; and the sum that the next evaluation starts from (P,), which a compounding factor makes
        another than the last running one.
    """
    located = locate(pixels, sub, c, physics)
    scattering = scattering_vector_per_m(located, samples)
    stol = sin_theta_over_lambda(scattering)
    hkl = fractional_indices(scattering, samples)
    hkl0 = nearest_indices(hkl)
    lattice: Lattice = physics.lattice(hkl, hkl0, c.lattice, physics.axes)
    F_latt = lattice.F_latt

    numbers = evaluation_number(sub, samples)
    if physics.skips_lookups:
        F_cell = _looked_up_where(F_latt != 0.0, hkl, hkl0, numbers, interpolates_before, c, physics)
        cubic = None
    else:
        F_cell, cubic = looked_up(hkl, hkl0, numbers, interpolates_before, c, physics)
    block: tuple[Tensor, ...] = ()
    coords: tuple[tuple[Tensor, ...], ...] = ((), (), ())
    if cubic is not None:
        block, coords = cubic.block, (cubic.h_coords, cubic.k_coords, cubic.l_coords)
    if physics.lattice_can_vanish and not physics.with_water:
        F_cell = torch.where(F_latt == 0.0, 0.0, F_cell)

    factors = (held.capture_fraction, held.polar, held.omega_pixel_sr)
    oversampled = [f for f, on in zip(factors, physics.oversampled, strict=True) if on]
    own_factors = [samples.weight] if physics.weighted else []
    if not physics.compounding:
        own_factors += oversampled
    term = intensity_term(F_cell, lattice.magnitude, own_factors)
    executed = _executed(stol, F_latt, c, physics)
    if executed is not None:
        term = torch.where(executed, term, 0.0)
    compounding = oversampled if physics.compounding else []
    if physics.in_loop_order:
        I_running, I_after = running_sum(I_before, term, compounding, executed)
    else:
        I_running, I_after = [], I_before + term.sum(dim=0)

    traced = Scatter(
        located.pixel_pos_meters,
        located.R_distance_meters,
        held.omega_pixel_sr,
        located.diffracted_vec,
        held.capture_fraction,
        samples.incident,
        samples.wavelength_m * METRES_TO_ANGSTROMS,
        scale(scattering, PER_METRE_TO_PER_ANGSTROM),
        stol * PER_METRE_TO_PER_ANGSTROM,
        held.polar,
        cos_2theta(samples.incident, located.diffracted_vec),
        samples.phi_deg,
        scale(samples.ap_m, METRES_TO_ANGSTROMS),
        scale(samples.bp_m, METRES_TO_ANGSTROMS),
        scale(samples.cp_m, METRES_TO_ANGSTROMS),
        hkl.k,
        hkl,
        hkl0,
        *lattice[:4],
        F_cell,
        term,
        I_running,
        block,
        *coords,
    )
    return traced, I_after


def looked_up(
    hkl: Miller, hkl0: Miller, evaluation: Tensor, interpolates_before: Tensor, c: Constants, physics: Physics
) -> tuple[Tensor, Interpolated | None]:
    """|F| of each evaluation, and what it was interpolated from (None: nothing is)."""
    F_cell = nearest(c.factors, hkl0) if physics.listed else c.factors.default_F.expand_as(hkl0.h)
    if not physics.interpolate:
        return F_cell, None
    cubic = tricubic(c.factors, hkl)
    taken = interpolates(hkl, evaluation, interpolates_before, c.factors)
    return torch.where(taken, cubic.F_cell, F_cell), cubic


def _looked_up_where(
    here: Tensor,
    hkl: Miller,
    hkl0: Miller,
    evaluation: Tensor,
    interpolates_before: Tensor,
    c: Constants,
    physics: Physics,
) -> Tensor:
    """The same where ``here`` is true, (T, P); 0 elsewhere."""

    def some(x: Tensor) -> Tensor:
        return x.expand_as(here)[here]

    indices, nearest_ones = (Miller(*(some(x) for x in three)) for three in (hkl, hkl0))
    found, _ = looked_up(indices, nearest_ones, some(evaluation), some(interpolates_before), c, physics)
    return torch.zeros_like(hkl.h, dtype=found.dtype).expand_as(here).masked_scatter(here, found)


def intensity_term(F_cell: Tensor, F_latt: Tensor, own_factors: list[Tensor]) -> Tensor:
    """((F_cell F_cell) F_latt) F_latt, times the evaluation's own weight and oversampled factors."""
    term = F_cell * F_cell * F_latt * F_latt
    for factor in own_factors:
        term = term * factor
    return term


def _executed(stol: Tensor, F_latt: Tensor, c: Constants, physics: Physics) -> Tensor | None:
    """Where the innermost loop body runs to its end; None: everywhere."""
    executed = None
    if physics.lattice_can_vanish and not physics.with_water:
        executed = F_latt != 0.0
    if physics.cut_by_dmin:
        kept = ~skipped_by_dmin(stol, c)
        executed = kept.expand_as(F_latt) if executed is None else executed & kept
    return executed


def running_sum(
    I_before: Tensor, term: Tensor, compounding: list[Tensor], executed: Tensor | None
) -> tuple[list[Tensor], Tensor]:
    """The sum after each term, added one by one, and the sum to go on from.

    ``compounding`` factors multiply the whole sum after each evaluation that was executed (the defect
    oversample-compounds).
    """
    running, I = [], I_before
    if not compounding:
        for sample in term:
            I = I + sample
            running.append(I)
        return running, I
    rows = [factor.expand_as(term) for factor in compounding]
    for t, sample in enumerate(term):
        running.append(I + sample)
        compounded = running[-1]
        for factor in rows:
            compounded = compounded * factor[t]
        I = compounded if executed is None else torch.where(executed[t], compounded, I)
    return running, I
