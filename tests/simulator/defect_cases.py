"""What each defect changes, on which command lines."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np

from simulator.defects import NAMES
from simulator.evaluation.trace import Trace

SMALL = "-lambda 1 -distance 100 -detpixels_x 12 -detpixels_y 10 -pixel 8 -oversample 1"
OBLIQUE = f"{SMALL} -cell 38 47 55 75 85 95 -default_F 100 -N 5"
LISTED = f"{SMALL} -cell 20 21 22 -hkl made.hkl -N 3 -default_F 1"
SENSOR = "-detector_abs 300 -detector_thick 450"
PIXEL = (6, 5)

SUMS = {"DOMAIN.I_running", "I_before_scaling", "I_pixel_final", "floatimage_accumulated"}
TERMS = {"DOMAIN.I_term", *SUMS}
LATTICE = {"DOMAIN.F_latt", "DOMAIN.F_latt_a", "DOMAIN.F_latt_b", "DOMAIN.F_latt_c", "PHI.F_latt", "PHI.F_latt_b"}
INDICES = {"DOMAIN.hkl_frac", "PHI.k_frac", *LATTICE, *TERMS}
ROTATED = {"PHI.ap_angstroms", "PHI.bp_angstroms", "PHI.cp_angstroms", *INDICES}
CARRIED = {"carried_ap_angstroms", "carried_bp_angstroms", "carried_cp_angstroms"}
POSITION = {"SUBPIXEL.pixel_pos_meters", "SUBPIXEL.diffracted_vec", "SUBPIXEL.R_distance_meters"}
DIRECTION = {
    "SOURCE.scattering_vec_A_inv",
    "SOURCE.stol_A_inv",
    "SOURCE.polar",
    "SOURCE.cos_2theta",
    "cos_2theta",
    "polar",
}
RECIPROCAL = {"a_star_A_inv", "b_star_A_inv", "c_star_A_inv"}
DIRECT = {"a0_angstroms", "b0_angstroms", "c0_angstroms", *CARRIED}
SOLID_ANGLE = {"SUBPIXEL.omega_pixel_sr", "omega_pixel"}

MATTERS: dict[str, tuple[str, set[str]]] = {
    "phi-carryover": (f"{OBLIQUE} -misset 10 20 30 -phi 0 -osc 8 -phisteps 4", {"carried_from", *CARRIED, *ROTATED}),
    "oversample-compounds": (f"{OBLIQUE} -oversample_polar -hdivrange 9 -hdivsteps 3", TERMS),
    "last-layer-capture": (f"{OBLIQUE} {SENSOR} -thicksteps 3 -detector_roty 20", {*SUMS}),
    "interpolation-latch": (f"{LISTED} -interpolate", {"DOMAIN.F_cell", *TERMS}),
    "source-weights-ignored": (f"{OBLIQUE} -sourcefile made.sources", TERMS),
    "background-scaling": (f"{OBLIQUE} -water 0.2 -fluence 1e28", SUMS),
    "skewed-default-cell": (
        OBLIQUE,
        # c* is wrong: c, across a* and b*, is not.
        {*DIRECT, *RECIPROCAL, *ROTATED}
        - {"c0_angstroms", "carried_cp_angstroms", "PHI.cp_angstroms", "DOMAIN.F_latt_c"},
    ),
    "random-misset-radians": (f"{OBLIQUE} -misset_seed 7 -misset random", {*DIRECT, *RECIPROCAL, *ROTATED}),
    "curved-axes": (
        f"{OBLIQUE} -curved_det -xds -ORGX 7 -polar 0.5",
        {*POSITION, *DIRECTION, *SOLID_ANGLE, *INDICES},
    ),
    "stale-dump": (f"{SMALL} -cell 20 -default_F 3 -N 5", {"hkl_ranges", "DOMAIN.F_cell", *TERMS}),
    "dump-whitespace": (f"{SMALL} -cell 5 5 25 -N 5 -dump made.dump -nointerpolate", {"DOMAIN.F_cell", *TERMS}),
    "flag-substrings": (
        f"{OBLIQUE} -misset_seed 7 -fudge 1.5 -nonoise",
        {*DIRECT, *RECIPROCAL, *ROTATED},
    ),
    "header-substrings": (
        f"-img made.img {OBLIQUE}",
        # The spindle is along c.
        {"phi_start_deg", "PHI.phi_deg", *CARRIED, *ROTATED}
        - {"carried_cp_angstroms", "PHI.cp_angstroms", "DOMAIN.F_latt_c"},
    ),
    "curved-det-last-word": (
        f"{OBLIQUE} -xds -ORGX 7 -curved_det",
        {"curved_detector", *POSITION, *DIRECTION, *SOLID_ANGLE, *INDICES},
    ),
}

INDIFFERENT = {
    "phi-carryover": f"{OBLIQUE} -misset 10 20 30 -phi 10 -osc 8 -phisteps 4",
    "oversample-compounds": f"{OBLIQUE} {SENSOR} -thicksteps 2 -polar 0.5 -water 0.1",
    "last-layer-capture": f"{OBLIQUE} {SENSOR} -thicksteps 3 -oversample_thick",
    "interpolation-latch": f"{LISTED} -interpolate -roi 5 5 6 6",
    "source-weights-ignored": f"{OBLIQUE} -hdivrange 9 -hdivsteps 4",
    "background-scaling": f"{OBLIQUE} -fluence 1e28",
    "skewed-default-cell": f"{SMALL} -mat made.mat -default_F 100 -N 5",
    "random-misset-radians": f"{OBLIQUE} -misset 7 8 9",
    "curved-axes": f"{OBLIQUE} -xds -ORGX 7",
    "stale-dump": f"{SMALL} -cell 20 -default_F 3 -N 5 -dump Fdump.bin",
    "dump-whitespace": f"{SMALL} -cell 5 5 25 -N 5 -dump clean.dump -nointerpolate",
    "flag-substrings": f"{OBLIQUE} -misset 7 8 9 -twotheta 5",
    "header-substrings": f"-img plain.img {OBLIQUE}",
    "curved-det-last-word": f"-curved_det {OBLIQUE}",
}

HEADER = "{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nSIZE1=12;\nSIZE2=10;\nPHI=2;\n"


WHITE = b"\n \t"
REACH = 6


def write_dump(path: Path, first: bytes) -> None:
    """A dump of -6..6 in each index with given first bytes of its data and trailing rows of zeros."""
    n = 2 * REACH + 1
    values = np.zeros((n + 1,) * 3)
    values[:n, :n, :n] = 20.0 + np.arange(n**3).reshape(n, n, n) % 71
    values[0, 0, 0] = struct.unpack("<d", first)[0]
    path.write_bytes(f"{-REACH} {REACH} {-REACH} {REACH} {-REACH} {REACH}\n\f".encode() + values.tobytes())


def without(defect: str) -> str:
    """The words that turn one defect off and leave the others on."""
    return f"-defects {','.join(name for name in NAMES if name != defect)}"


SWITCHES = {"mode", "defects", *(name.replace("-", "_") for name in NAMES)}

Quantities = dict[tuple[str, tuple[int, ...], str], Any]


def quantities(trace: Any) -> Quantities:
    """Every value by record, indices and name, but for the lines that name the switches."""
    found: Quantities = {("", (), name): value for name, value in (trace.header | trace.closing).items()}
    for record in trace.umats + trace.records:
        key = (record.name, tuple(record.indices.values()))
        found.update({(*key, name): value for name, value in record.values.items()})
    return {key: value for key, value in found.items() if key[2] not in SWITCHES}


def changed(on: Trace, off: Trace) -> set[str]:
    """Names ("RECORD.name") whose values differ in any evaluation that both have."""
    a, b = quantities(on), quantities(off)
    return {
        f"{record}.{name}".lstrip(".") for (record, i, name) in a.keys() & b if a[record, i, name] != b[record, i, name]
    }


def records_of(trace: Trace, record: str, name: str) -> np.ndarray:
    """A name's values in all records of a kind, in execution order."""
    return np.array([r.values[name] for r in trace.records if r.name == record])


def scaled(trace: Any, I: float, *factors: float) -> float:
    """r_e^2 fluence I / steps times factors."""
    fluence, r_e_sqr, steps = (float(trace.header[n]) for n in ("fluence_photons_per_m2", "r_e_sqr", "steps"))
    return r_e_sqr * fluence * I / steps * math.prod(factors)


def angles_deg(trace: Any) -> list[float]:
    a, b, c = (np.array(trace.header[f"{edge}0_angstroms"]) for edge in "abc")
    cosines = (u @ v / np.linalg.norm(u) / np.linalg.norm(v) for u, v in ((b, c), (c, a), (a, b)))
    return [float(np.degrees(np.arccos(cosine))) for cosine in cosines]


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    return (
        np.cos(angle) * np.eye(3)
        + np.sin(angle) * np.cross(np.eye(3), axis)
        + (1 - np.cos(angle)) * np.outer(axis, axis)
    )
