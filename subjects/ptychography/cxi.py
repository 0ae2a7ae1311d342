"""CXI and NeXus files through h5py: intensities, translations in metres, geometry, mask -> arrays of the data contract.

    /entry_1/data_1/data                              (M, N, N) intensities
    /entry_1/data_1/translation, or /entry_1/sample_1/geometry_1/translation   (M, 3) metres: x, y, z
    /entry_1/instrument_1/detector_1/{distance, x_pixel_size, y_pixel_size, mask}
    /entry_1/instrument_1/source_1/{energy (J), wavelength (m)}
    /entry_1/instrument_1/source_1/illumination, or probeGuess at the root     the probe

Signs of translations differ between beamlines: `ptycho doctor --orientations` tells.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import InputError
from subjects.ptychography.arrays import MOST_BYTES, Arrays

log = logging.getLogger("ptychography.data")

PLANCK_J_S, LIGHT_M_PER_S = 6.62607015e-34, 299792458.0
DATA = "entry_1/data_1/data"
TRANSLATIONS = ("entry_1/data_1/translation", "entry_1/sample_1/geometry_1/translation")
DETECTOR, SOURCE = "entry_1/instrument_1/detector_1", "entry_1/instrument_1/source_1"
PROBES = (f"{SOURCE}/illumination", "probeGuess", "probe")
OURS = ("diffraction", "diff3d")
"""A file that has one of these at its root holds the arrays of the contract under their own names."""


def read_hdf5(path: Path, pixel_size_m: float | None = None) -> Arrays:
    """The arrays of an HDF5 file.

    Args:
        pixel_size_m: object pixel that the caller will divide metres by; None computes it from the geometry here.

    Raises:
        InputError: h5py is missing, the file cannot be read, or something is not in it.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            f"{path} is HDF5; reading it needs the package h5py (pip install 'trace-parity[cxi]')"
        ) from error
    try:
        with h5py.File(path, "r") as file:
            if any(key in file for key in OURS):
                return Arrays(
                    str(path), {key: _array(file, key) for key in file if isinstance(file[key], h5py.Dataset)}
                )
            return Arrays(str(path), _of_cxi(file, str(path), pixel_size_m))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}") from error


def _of_cxi(file: Any, name: str, pixel_size_m: float | None) -> dict[str, np.ndarray]:
    patterns = _need(file, name, DATA)
    moves = next((_array(file, place) for place in TRANSLATIONS if place in file), None)
    if moves is None:
        raise InputError(f"{name} has no {' nor '.join(TRANSLATIONS)}")
    if moves.ndim != 2 or moves.shape[1] < 2:
        raise InputError(f"{name}: the translations have the shape {moves.shape}; (positions, 3) was required")
    x, y = moves[:, 0].astype(float), moves[:, 1].astype(float)
    if pixel_size_m is None:
        size = object_pixel_m(file, name, patterns.shape[-1])
        log.info("%s: object pixel %.6g m from wavelength, distance and detector pixel", name, size)
        x, y = x / size, y / size
    arrays = {"diffraction": patterns, "xcoords": x, "ycoords": y, "measurement": np.array("counts")}
    probe = next((_array(file, place) for place in PROBES if place in file), None)
    if probe is None:
        raise InputError(f"{name} has no probe; one of {', '.join(PROBES)} was required")
    arrays["probeGuess"] = probe
    if f"{DETECTOR}/mask" in file:
        arrays["mask"] = _array(file, f"{DETECTOR}/mask") == 0  # CXI: 0 is a good pixel
    if "objectGuess" in file:
        arrays["objectGuess"] = _array(file, "objectGuess")
    return arrays


def object_pixel_m(file: Any, name: str, side: int) -> float:
    """wavelength x distance / (N x detector pixel)."""
    distance, pixel = (_number(file, name, f"{DETECTOR}/{key}") for key in ("distance", "x_pixel_size"))
    if f"{SOURCE}/wavelength" in file:
        wavelength = _number(file, name, f"{SOURCE}/wavelength")
    else:
        wavelength = PLANCK_J_S * LIGHT_M_PER_S / _number(file, name, f"{SOURCE}/energy")
    size = abs(wavelength * distance / (side * pixel))
    if not (np.isfinite(size) and size > 0):
        raise InputError(f"{name}: the object pixel comes out as {size} m; pass --pixel-size")
    return float(size)


def _number(file: Any, name: str, place: str) -> float:
    value = _need(file, name, place)
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise InputError(f"{name}: {place} must be one number; it has the shape {value.shape}")
    return float(value.reshape(-1)[0])


def _need(file: Any, name: str, place: str) -> np.ndarray:
    if place not in file:
        raise InputError(f"{name} has no {place}")
    return _array(file, place)


def _array(file: Any, place: str) -> np.ndarray:
    """A dataset as an array; text as unicode. InputError for objects, references, and what is too large."""
    found = file[place]
    if not hasattr(found, "dtype"):
        raise InputError(f"{file.filename}: {place} is a group; a dataset was required")
    if found.dtype.kind == "O":
        text = found.asstr()[()] if found.shape == () else None
        if text is None:
            raise InputError(f"{file.filename}: {place} holds objects, which are not read")
        return np.array(str(text))
    if found.size * found.dtype.itemsize > MOST_BYTES:
        raise InputError(f"{file.filename}: {place} holds {found.size} values, more than can be read")
    return np.asarray(found[()])
