"""What the formulas of one evaluation take and give: constants, places, samples, and every traced quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from simulator.model.algebra import Vec
from simulator.model.lattice import LatticeConstants, LatticeFunction, Miller
from simulator.model.structure_factors import FactorTable


@dataclass(frozen=True)
class Physics:
    """Which formulas hold in this run: chosen once, outside every loop."""

    lattice: LatticeFunction
    axes: tuple[bool, bool, bool]
    """Which crystal axes have more than one cell."""
    curved: bool
    curved_along_laboratory_axes: bool
    point_pixel: bool
    absorbing: bool
    cut_by_dmin: bool
    interpolate: bool
    lattice_can_vanish: bool
    """False for shapes whose factor is never exactly 0; else evaluations without it are skipped (but for water)."""
    with_water: bool
    listed: bool
    """Whether there is a structure factor list; else every reflection has default_F."""
    weighted: bool
    """Whether terms carry a weight: sources have one of their own."""
    polarized: bool
    preferred_plane: bool
    """Whether Kahn's factor counts."""
    oversampled: tuple[bool, bool, bool]
    """Whether capture, polar, omega are renewed at every evaluation."""
    compounding: bool
    """Whether oversampled factors multiply the running sum after each term; else each its own term."""
    layer_by_layer: bool
    """Whether each layer's sum takes its own captured fraction; else the total takes the last one's."""
    background_in_sum: bool
    skips_lookups: bool = False
    """Whether structure factors are looked up where the lattice factor is not zero alone: finding out where that is
    pays where it is rare, look-ups are many and no GPU has to be waited for. The trace's blocks are then missing."""
    in_loop_order: bool = True
    """Whether terms are added one by one, and every running sum kept; else in whatever order is fastest."""

    @property
    def factors_last(self) -> tuple[bool, bool, bool]:
        """Whether capture, polar, omega multiply the sum when all is added."""
        capture, polar, omega = self.oversampled
        return not (capture or self.layer_by_layer), not polar, not omega


class Constants(NamedTuple):
    """0-d tensors (Vec: of 0-d tensors) on the simulator's device, in the dtype of positions."""

    width: Tensor
    """Pixels along the fast axis (float64)."""
    pixel_size_m: Tensor
    subpixel_size_m: Tensor
    oversample: Tensor
    fdet: Vec
    sdet: Vec
    odet: Vec
    beam: Vec
    pix0_m: Vec
    distance_m: Tensor
    close_distance_m: Tensor
    Fbeam_m: Tensor
    Sbeam_m: Tensor
    curvature_sign: Tensor
    thick_step_m: Tensor
    attenuation_per_m: Tensor
    polarization: Vec
    polarization_factor: Tensor
    dmin_m: Tensor
    intensity_scale: Tensor
    """r_e^2 x fluence."""
    steps: Tensor
    background_I: Tensor
    lattice: LatticeConstants
    factors: FactorTable


class Pixels(NamedTuple):
    """Indices of P pixels, as floats."""

    slow: Tensor
    fast: Tensor


class Subpixel(NamedTuple):
    """A point in the pixel's volume: 0-d tensors."""

    thick_tic: Tensor
    sub_s: Tensor
    sub_f: Tensor
    evaluations_before: Tensor
    """Of the same pixel, at earlier subpixels."""


class Located(NamedTuple):
    """Where the subpixel is and the direction to it."""

    pixel_pos_meters: Vec
    R_distance_meters: Tensor
    diffracted_vec: Vec


class Held(NamedTuple):
    """Factors as the reference holds them at this moment, cached from an earlier subpixel or not."""

    omega_pixel_sr: Tensor
    capture_fraction: Tensor
    polar: Tensor


class Samples(NamedTuple):
    """T samples in loop order; each tensor (T, 1), or (1, 1) where all T share it; a view of ``PackedSamples``."""

    incident: Vec
    wavelength_m: Tensor
    phi_deg: Tensor
    ap_m: Vec
    bp_m: Vec
    cp_m: Vec
    a_m: Vec
    b_m: Vec
    c_m: Vec
    weight: Tensor
    """What the term is multiplied by: the source's weight in the mean."""
    order: Tensor
    """Number of the evaluation within the subpixel (float)."""


class Scatter(NamedTuple):
    """Every traced quantity of T evaluations of P pixels, under the names of the trace format."""

    pixel_pos_meters: Vec
    R_distance_meters: Tensor
    omega_pixel_sr: Tensor
    diffracted_vec: Vec
    capture_fraction: Tensor
    incident_vec: Vec
    lambda_angstroms: Tensor
    scattering_vec_A_inv: Vec
    stol_A_inv: Tensor
    polar: Tensor
    cos_2theta: Tensor
    phi_deg: Tensor
    ap_angstroms: Vec
    bp_angstroms: Vec
    cp_angstroms: Vec
    k_frac: Tensor
    hkl_frac: Miller
    hkl_rounded: Miller
    F_latt_a: Any
    F_latt_b: Any
    F_latt_c: Any
    F_latt: Tensor
    F_cell: Tensor
    I_term: Tensor
    I_running: list[Tensor]
    block: tuple[Tensor, ...]
    h_coords: tuple[Tensor, ...]
    k_coords: tuple[Tensor, ...]
    l_coords: tuple[Tensor, ...]
