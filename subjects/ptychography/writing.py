"""Files that are complete or not there: each is written under a temporary name and moved into place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from simulator.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """The temporary name to write to; it becomes ``path`` at the end, and is removed when anything goes wrong.

    Raises:
        InputError: the disk is full, the folder cannot be written to, or is not there.
    """
    partial = path.parent / f"{path.name}.partial"
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def cannot_write(path: Path, error: OSError) -> InputError:
    """What a user is told when a file cannot be written."""
    return InputError(f"cannot write {path}: {error.strerror or error}; nothing of it is kept")


def write_text(path: Path, text: str) -> None:
    """One text file."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """One JSON file."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_bytes(path: Path, content: bytes) -> None:
    """One file of bytes."""
    with whole(path) as partial:
        partial.write_bytes(content)


def write_npy(path: Path, values: np.ndarray) -> None:
    """One array."""
    with whole(path) as partial, open(partial, "wb") as stream:
        np.save(stream, values, allow_pickle=False)


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Arrays by name, stored without compression, so that the C program reads them too."""
    with whole(path) as partial, open(partial, "wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
