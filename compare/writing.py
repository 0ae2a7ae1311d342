"""Output files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from compare.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write beside ``path``, then rename. Raises :class:`InputError` where that cannot be; nothing is left then."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name a file in a folder that exists") from error
