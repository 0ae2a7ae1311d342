"""Evidence folders: is every file as it was sealed?

A sealed folder holds ``sha256.txt``, in the format of ``sha256sum``, over every other file in it. Verifying trusts
nothing in the folder: a manifest line that is not exactly a hash, two spaces and a plain relative name is refused, and
so are links, folders that hold no file, and anything that is not a plain file.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "sha256.txt"
PARTIAL = ".partial"
MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9][A-Za-z0-9_.+-]*)*)")
BLOCK_BYTES = 1 << 20
DOES_NOT_VERIFY = 5


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a folder: the name of the file (or of the manifest) and what it is."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


@dataclass(frozen=True)
class Verification:
    """What came of verifying one folder."""

    folder: Path
    files: int
    findings: tuple[Finding, ...]

    @property
    def sealed(self) -> bool:
        """Every file as it was sealed, and none besides."""
        return not self.findings


def verify(folder: Path) -> Verification:
    """Re-hash a folder against its manifest.

    Raises:
        NotADirectoryError: ``folder`` is no folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder; compare verify takes evidence folders")
    if folder.resolve().name.endswith(PARTIAL):
        return Verification(folder, 0, (Finding(folder.name, "never sealed: its run was killed or is still going"),))
    listed, findings = read_manifest(folder)
    present, irregular = _files(folder)
    findings += irregular
    findings += [Finding(name, "in the folder but not in the manifest") for name in sorted(present - set(listed))]
    bad = {finding.name for finding in irregular}
    for name, digest in listed.items():
        if name in present:
            findings += _changed(folder / name, name, digest)
        elif name not in bad:
            findings.append(Finding(name, "missing"))
    return Verification(folder, len(listed), tuple(findings))


def read_manifest(folder: Path) -> tuple[dict[str, str], list[Finding]]:
    """Names and hashes that the manifest lists, and what is wrong with the manifest itself."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        return {}, [Finding(MANIFEST, "missing, or not a plain file: the folder is not sealed")]
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        problem = "empty" if not content else "its last line is cut short"
        return {}, [Finding(MANIFEST, problem)]
    listed: dict[str, str] = {}
    findings = []
    for number, line in enumerate(content.decode("utf-8", "replace")[:-1].split("\n"), start=1):
        match = MANIFEST_LINE.fullmatch(line)
        if match is None:
            findings.append(Finding(MANIFEST, f"line {number} {_refusal(line)}: {line!r}"))
        elif match[2] in listed:
            findings.append(Finding(match[2], f"listed twice (line {number} of {MANIFEST})"))
        elif match[2] == MANIFEST:
            findings.append(Finding(MANIFEST, f"line {number} lists the manifest itself"))
        else:
            listed[match[2]] = match[1]
    if list(listed) != sorted(listed):
        findings.append(Finding(MANIFEST, "its lines are not sorted by name"))
    return listed, findings


def _refusal(line: str) -> str:
    name = line[66:]
    if name.startswith("/") or ".." in name.split("/"):
        return "names a place outside the folder"
    return "is not a SHA-256, two spaces and a plain name"


def _files(folder: Path) -> tuple[set[str], list[Finding]]:
    """Names of the plain files in a folder except the manifest, and whatever else is in it."""
    names: set[str] = set()
    findings = []
    for entry, name in _walk(folder, ""):
        kind = os.lstat(entry).st_mode
        if stat.S_ISREG(kind):
            names.add(name)
        elif stat.S_ISLNK(kind):
            findings.append(Finding(name, f"is a link to {os.readlink(entry)}"))
        elif stat.S_ISDIR(kind):
            findings.append(Finding(name, "is a folder without files"))
        else:
            findings.append(Finding(name, "is neither a file nor a folder"))
    names.discard(MANIFEST)
    return names, findings


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Everything below a folder that is no folder, and the folders that hold nothing; links are not followed."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            below = list(_walk(Path(entry.path), f"{name}/"))
            yield from below or [(entry.path, name)]
        else:
            yield entry.path, name


def _changed(path: Path, name: str, digest: str) -> list[Finding]:
    try:
        return [] if _hash(path) == digest else [Finding(name, "changed since it was sealed")]
    except OSError as error:
        return [Finding(name, f"cannot be read: {error.strerror}")]


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
