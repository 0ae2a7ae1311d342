"""Input files of the packaged cases: short ones travel in the package, long ones are generated from formulas.

Everything here is made up. No measured data is packaged; ``--data DIR`` puts real files in the place of these.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SUPERVISOR_WAVELENGTH_A = 0.9768
SUPERVISOR_RECIPROCAL_A_INV = (
    (-0.02905109541359541, -0.029395884520884517, 0.010749877149877147),
    (-0.0031263923013923021, 0.010437643325143325, -0.032856674856674851),
    (0.025960442260442258, -0.014333015970515971, -0.010606613431613432),
)
"""a*, b*, c* (rows) of the supervisor crystal in 1/A, laboratory frame."""

SUPERVISOR_INDEX_RANGES = ((-24, 24), (-28, 28), (-31, 30))
SUPERVISOR_RESOLUTION_A = 1.0727

WILSON_SCALE = 3.0e4
"""Mean squared structure factor at zero scattering angle."""
WILSON_B_A2 = 12.0
"""Overall temperature factor in A^2."""


def supervisor_matrix() -> str:
    """A MOSFLM A matrix: rows x, y, z, columns a*, b*, c*, each times the wavelength in A."""
    columns = SUPERVISOR_RECIPROCAL_A_INV
    rows = ([vector[row] * SUPERVISOR_WAVELENGTH_A for vector in columns] for row in range(3))
    return "".join(" ".join(f"{number:.17g}" for number in row) + "\n" for row in rows)


def supervisor_reflections() -> str:
    """Every reflection of the supervisor cell within the index ranges and the resolution, Wilson-like."""
    return wilson_list(
        reciprocal_A_inv=SUPERVISOR_RECIPROCAL_A_INV,
        index_ranges=SUPERVISOR_INDEX_RANGES,
        resolution_A=SUPERVISOR_RESOLUTION_A,
    )


def cubic_reflections() -> str:
    """Indices -9..9 of a 40 A cubic cell, complete to 4.3 A: its corners are missing, its faces are reached."""
    edge = 1.0 / 40.0
    return wilson_list(
        reciprocal_A_inv=((edge, 0.0, 0.0), (0.0, edge, 0.0), (0.0, 0.0, edge)),
        index_ranges=((-9, 9), (-9, 9), (-9, 9)),
        resolution_A=4.3,
    )


def wilson_list(
    *,
    reciprocal_A_inv: tuple[tuple[float, float, float], ...],
    index_ranges: tuple[tuple[int, int], ...],
    resolution_A: float,
) -> str:
    """Lines ``h k l F`` whose intensities follow Wilson's acentric distribution with a temperature factor.

    F(hkl) = sqrt(-S ln u), S = WILSON_SCALE exp(-WILSON_B_A2 / (2 d^2)), u in (0, 1) a hash of the indices
    (``uniform_of_indices``), F rounded to two decimals and at least 0.01. Friedel mates share one F.
    Wilson, Acta Cryst. 2 (1949) 318.
    """
    import numpy as np

    axes = [np.arange(low, high + 1) for low, high in index_ranges]
    hkl = np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    inverse_d_squared = ((hkl @ np.array(reciprocal_A_inv)) ** 2).sum(axis=1)
    kept = inverse_d_squared <= resolution_A**-2
    hkl, inverse_d_squared = hkl[kept], inverse_d_squared[kept]
    mean_intensity = WILSON_SCALE * np.exp(-WILSON_B_A2 * inverse_d_squared / 2)
    amplitude = np.sqrt(-mean_intensity * np.log(uniform_of_indices(hkl)))
    amplitude = np.maximum(np.round(amplitude, 2), 0.01)
    rows = np.column_stack([hkl, amplitude])
    return "%4d %4d %4d %8.2f\n" * len(rows) % tuple(rows.ravel().tolist())  # four times as fast as line by line


def uniform_of_indices(hkl: np.ndarray) -> np.ndarray:
    """A number in (0, 1) for each row of Miller indices (n, 3), the same for hkl and -h-k-l.

    The indices of the mate whose first nonzero index is positive, plus 512 each, are packed into 30 bits and
    mixed by the finaliser of SplitMix64 (Steele, Lea and Flood 2014); the top 53 bits, plus a half, over 2^53.
    """
    import numpy as np

    first_sign = np.sign(hkl[:, 0] * 4096 * 4096 + hkl[:, 1] * 4096 + hkl[:, 2])
    canonical = (hkl * first_sign[:, None] + 512).astype(np.uint64)
    shift = np.uint64
    word = (canonical[:, 0] << shift(20)) | (canonical[:, 1] << shift(10)) | canonical[:, 2]
    word = (word + shift(1)) * shift(0x9E3779B97F4A7C15)
    word = (word ^ (word >> shift(30))) * shift(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> shift(27))) * shift(0x94D049BB133111EB)
    word ^= word >> shift(31)
    return ((word >> shift(11)).astype(np.float64) + 0.5) * 2.0**-53


def mask_image() -> bytes:
    """An SMV mask of 96 x 80 pixels: a beam-stop shadow, its arm, and every eleventh pixel dead (zero)."""

    def live(slow: int, fast: int) -> bool:
        shadow = math.hypot(slow - 40, fast - 48) < 6
        arm = abs(slow - 40) < 2 and fast > 48
        return not (shadow or arm or (slow * 96 + fast) % 11 == 0)

    pixels = bytearray()
    for slow in range(80):
        for fast in range(96):
            pixels += (1 if live(slow, fast) else 0).to_bytes(2, "little")
    header = {"PIXEL_SIZE": 1, "DISTANCE": 100, "WAVELENGTH": 1, "BEAM_CENTER_X": 47.5, "BEAM_CENTER_Y": 41.5}
    return smv(header, bytes(pixels))


def header_image() -> bytes:
    """An SMV image whose header alone matters: size, distance, beam centre, wavelength and scan."""
    header = {"PIXEL_SIZE": 0.8, "DISTANCE": 95, "WAVELENGTH": 1.2, "BEAM_CENTER_X": 41.2, "BEAM_CENTER_Y": 36.9}
    scan = {"PHI": 3, "OSC_RANGE": 1.5, "TWOTHETA": 0}
    return smv(header | scan, bytes(2 * 96 * 80))


def smv(keys: Mapping[str, float], pixels: bytes) -> bytes:
    """An SMV file of 96 (fast) x 80 (slow) unsigned 16-bit pixels with a 512-byte header."""
    fixed = {"HEADER_BYTES": 512, "DIM": 2, "BYTE_ORDER": "little_endian", "TYPE": "unsigned_short"}
    size = {"SIZE1": 96, "SIZE2": 80}
    text = "".join(f"{key}={value};\n" for key, value in {**fixed, **size, **keys}.items())
    return ("{\n" + text + "}\f").encode("ascii").ljust(512) + pixels


GENERATED: Mapping[str, Callable[[], str | bytes]] = {
    "A.mat": supervisor_matrix,
    "scaled.hkl": supervisor_reflections,
    "cubic.hkl": cubic_reflections,
    "beamstop_mask.img": mask_image,
    "scan_header.img": header_image,
}


def packaged_names() -> tuple[str, ...]:
    """The names of all files the package can provide."""
    folder = files("subjects.nanobragg") / "cases" / "inputs"
    return tuple(sorted({*GENERATED, *(entry.name for entry in folder.iterdir() if entry.is_file())}))


@functools.cache
def packaged_content(name: str) -> bytes | None:
    """The bytes of a packaged input file, or None where the package has no file of that name."""
    if name in GENERATED:
        content = GENERATED[name]()
        return content.encode("ascii") if isinstance(content, str) else content
    stored = files("subjects.nanobragg") / "cases" / "inputs"
    return next((entry.read_bytes() for entry in stored.iterdir() if entry.name == name and entry.is_file()), None)
