"""Which of the files that a command made go into its evidence folder, byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import WrongUse
from harness.evidence.folder import NAME_IN_FOLDER, Evidence

FOLDER = "made"
"""Of an evidence folder, where the files lie under the names that they have below the command's folder."""

MOST_BYTES = 16 << 20
"""Of all kept files together."""
MOST_FILES = 200


@dataclass(frozen=True)
class Kept:
    """The names that were kept and, a sentence each, why others were not."""

    names: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def require_patterns(patterns: Sequence[str]) -> None:
    """WrongUse for a pattern that can match no file below the folder."""
    for pattern in patterns:
        if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
            raise WrongUse(
                f"--keep takes a pattern of names below the folder, such as 'out/*.png'; got {pattern!r}, which is no "
                "such name"
            )


def keep(evidence: Evidence, folder: Path, made: Mapping[str, tuple[int, str]], patterns: Sequence[str]) -> Kept:
    """Copy what matches a pattern (``*`` also crosses folders) into the evidence, all of it or, with a fault, nothing.

    ``made``: size in bytes and SHA-256 of each file that the command made or changed, by name below ``folder``.
    """
    wanted = sorted(name for name in made if any(fnmatchcase(name, pattern) for pattern in patterns))
    faults = [
        f"--keep {pattern!r} matches none of the {len(made)} files made or changed"
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in made)
    ]
    faults += _unfit(wanted, made)
    if faults:
        return Kept(faults=tuple(faults))
    contents = {}
    for name in wanted:
        content = _content(folder / name, made[name])
        if content is None:
            faults.append(f"--keep: {name} cannot be read as it was when the command ended")
        elif _says_too_much(evidence, content):
            faults.append(f"--keep: {name} holds what is cut out of evidence (a credential, or a path with --redact)")
        else:
            contents[name] = content
    if not faults:
        for name, content in contents.items():
            evidence.write(f"{FOLDER}/{name}", content)
    return Kept(() if faults else tuple(contents), tuple(faults))


def _unfit(wanted: Sequence[str], made: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    """Names that no evidence folder takes, and too much of them."""
    for name in wanted:
        if not NAME_IN_FOLDER.fullmatch(name) or ".." in name:
            yield f"--keep: the name {name!r} has characters besides letters, digits and _.+-; it cannot be kept"
    total = sum(made[name][0] for name in wanted)
    if total > MOST_BYTES:
        largest = max(wanted, key=lambda name: made[name][0])
        yield (
            f"--keep: {len(wanted)} files of {total} bytes match, at most {MOST_BYTES} bytes are kept; the largest is "
            f"{largest} ({made[largest][0]} bytes); name fewer or smaller files"
        )
    if len(wanted) > MOST_FILES:
        yield f"--keep: {len(wanted)} files match, at most {MOST_FILES} are kept; name fewer"


def _content(path: Path, stated: tuple[int, str]) -> bytes | None:
    """The bytes, when they are still those of the stated size and hash; a link is not followed."""
    size, digest = stated
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            content = file.read(size + 1)
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _says_too_much(evidence: Evidence, content: bytes) -> bool:
    """Whether text in it would be cut out of a file of the evidence; what is compressed cannot be looked into."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return evidence.names_a_secret(content)
    return evidence.clean(text) != text
