"""Output files that appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from compare.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write beside ``path``, then rename; what a link points to is written, and a device or pipe as it stands.

    Raises:
        InputError: that cannot be; nothing is left then.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            with open(target, "wb") as file:
                file.write(content)
            return
        partial = target.with_name(f".{uuid.uuid4().hex}.partial")
        try:
            partial.write_bytes(content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot write {path}: {reason}; name a file in a folder that exists") from error
