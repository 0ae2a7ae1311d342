"""Writing files so that either all of them appear, complete, or none does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from simulator.errors import InputError

Content: TypeAlias = Sequence[bytes | memoryview]
"""What a file holds, piece after piece."""


def write_files(contents: Mapping[str, Content], folder: Path) -> tuple[Path, ...]:
    """Write each named content, under a temporary name first; devices and pipes are written directly.

    Args:
        contents: by file name, relative to ``folder`` or absolute.
        folder: an existing folder.

    Returns:
        The paths written.

    Raises:
        InputError: a file cannot be written; then no file is changed or left behind.
    """
    targets = {name: Path(os.path.realpath(folder / name)) for name in contents}
    partial: dict[str, Path] = {}
    name = ""
    try:
        for name, target in targets.items():
            if _is_ordinary(target):
                partial[name] = target.with_name(f".{target.name}.{os.getpid()}.partial")
                _write(partial[name], contents[name])
        for name, target in targets.items():
            if name in partial:
                partial[name].replace(target)
            else:
                _write(target, contents[name])
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"cannot write {name}: {reason}; choose a writable place and a file name") from None
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return tuple(folder / name for name in contents)


def _is_ordinary(target: Path) -> bool:
    """Whether the target can be replaced by a rename: a file, or nothing yet."""
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    return target.is_file() or not target.exists()


def _write(path: Path, content: Content) -> None:
    with path.open("wb") as file:
        file.writelines(content)
