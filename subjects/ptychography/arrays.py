"""Reading arrays from .npz and .npy files. Nothing is ever unpickled, and nothing larger than it says is read."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.errors import InputError

log = logging.getLogger("ptychography.data")

MOST_BYTES = 1 << 36
"""What one array may announce to hold; a compressed file of a few bytes can announce anything."""


@dataclass(frozen=True)
class Arrays:
    """The arrays of a file by key.

    Attributes:
        name: the file's, for messages.
        pickled: keys of object arrays, which are not loaded.
    """

    name: str
    held: Mapping[str, np.ndarray]
    pickled: tuple[str, ...] = ()

    def __contains__(self, key: str) -> bool:
        return key in self.held

    def get(self, key: str) -> np.ndarray | None:
        """The array of a key; None when the file has none. InputError for one that is pickled."""
        if key in self.pickled:
            raise InputError(f"{self.name}: '{key}' holds pickled objects, which are never loaded; store a plain array")
        return self.held.get(key)

    def need(self, key: str) -> np.ndarray:
        """The array of a key that must be there."""
        found = self.get(key)
        if found is None:
            raise InputError(f"{self.name} has no '{key}'; its keys are {', '.join(sorted(self.held)) or 'none'}")
        return found

    def number(self, key: str) -> float | None:
        """A scalar; None when the file has none."""
        found = self.get(key)
        if found is None:
            return None
        if found.size != 1 or found.dtype.kind not in "iuf":
            raise InputError(f"{self.name}: '{key}' must be one number; it has the shape {found.shape}")
        return float(found.reshape(-1)[0])

    def word(self, key: str, choices: tuple[str, ...]) -> str | None:
        """A scalar of text that is one of the choices; None when the file has none."""
        found = self.get(key)
        if found is None:
            return None
        text = str(found.reshape(-1)[0]) if found.size == 1 and found.dtype.kind == "U" else repr(found.dtype.str)
        if text not in choices:
            raise InputError(f"{self.name}: '{key}' must be {' or '.join(choices)}; it is {text[:40]}")
        return text


def reason(error: BaseException) -> str:
    """Why a file could not be read, without its name and the system's number."""
    return str(getattr(error, "strerror", None) or error)


def read_npz(path: Path) -> Arrays:
    """All plain arrays of an .npz file.

    Raises:
        InputError: it cannot be read or is none.
    """
    held, pickled = {}, []
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                key = member.removesuffix(".npy")
                with archive.open(member) as stream:
                    value = _plain(stream, f"{path}: {key}")
                if value is None:
                    pickled.append(key)
                else:
                    held[key] = value
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    return Arrays(str(path), held, tuple(pickled))


def read_npy(path: Path) -> np.ndarray:
    """One array of a .npy file; InputError when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            value = _plain(stream, str(path))
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    if value is None:
        raise InputError(f"{path} holds pickled objects, which are never loaded")
    return value


def _plain(stream: object, what: str) -> np.ndarray | None:
    """The array of a .npy stream; None where it holds objects."""
    version = np.lib.format.read_magic(stream)  # type: ignore[arg-type]
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = reader(stream)  # type: ignore[arg-type]
    if dtype.hasobject:
        return None
    count = int(np.prod(shape, dtype=object))
    if count * dtype.itemsize > MOST_BYTES:
        raise InputError(f"{what} announces {count} values of {dtype}, more than {MOST_BYTES >> 30} GiB")
    data = stream.read(count * dtype.itemsize)  # type: ignore[attr-defined]
    if len(data) != count * dtype.itemsize:
        raise InputError(f"{what} is cut off: {count} values of {dtype} were announced")
    flat = np.frombuffer(data, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
