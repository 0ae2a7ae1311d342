"""Evidence folders: is every file as it was sealed?

A sealed folder holds ``sha256.txt``, in the format of ``sha256sum``, over every other file in it. Verifying trusts
nothing in the folder: a manifest line that is not exactly a hash, two spaces and a plain relative name is refused, and
so are links, folders that hold no file, and anything that is not a plain file.

A folder that another program wrote and that ``sha256sum -c`` accepts is *intact, not ours*: nothing says that its list
is whole, so files beside it and the order of its lines are remarks.

What a verified folder proves: nothing in it changed since it was sealed. Not who sealed it: whoever can write the
folder can seal it again. A signature of the manifest (:mod:`compare.folders.signature`) says who.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST = "sha256.txt"
PARTIAL = ".partial"
MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9][A-Za-z0-9_.+-]*)*)")
FOREIGN_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(\S(?:.*\S)?)")
OURS = frozenset({"commands.txt", "env.json"})
"""Files that every folder sealed by this project holds."""

MOST_MANIFEST_BYTES = 32 << 20
BLOCK_BYTES = 1 << 20
DOES_NOT_VERIFY = 5
SIGNATURE = f"{MANIFEST}.sig"


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
    ours: bool = True
    remarks: tuple[Finding, ...] = ()
    """What is no fault of a folder that another program wrote."""

    @property
    def sealed(self) -> bool:
        """Every file as it was sealed, and none besides."""
        return not self.findings


@dataclass
class _Manifest:
    """The lines of a manifest: names and hashes, what is wrong, and what is only unusual."""

    listed: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)

    @property
    def ours(self) -> bool:
        return self.listed.keys() >= OURS or not self.listed


def verify(folder: Path) -> Verification:
    """Re-hash a folder against its manifest.

    Raises:
        NotADirectoryError: ``folder`` is no folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder; compare verify takes evidence folders")
    if folder.resolve().name.endswith(PARTIAL):
        return Verification(folder, 0, (Finding(folder.name, "never sealed: its run was killed or is still going"),))
    manifest = _read_manifest(folder)
    present, irregular = _files(folder)
    findings, remarks = manifest.findings, []
    extra = [Finding(name, "in the folder but not in the manifest") for name in sorted(present - set(manifest.listed))]
    if manifest.ours:
        findings += manifest.remarks + irregular + extra
    else:
        findings += [finding for finding in irregular if finding.name in manifest.listed]
        remarks += manifest.remarks + [finding for finding in irregular if finding.name not in manifest.listed] + extra
    bad = {finding.name for finding in irregular}
    for name, digest in manifest.listed.items():
        if name in present:
            findings += _changed(folder / name, name, digest)
        elif name not in bad:
            findings.append(Finding(name, "missing"))
    return Verification(folder, len(manifest.listed), tuple(findings), manifest.ours, tuple(remarks))


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        return _Manifest(findings=[Finding(MANIFEST, "missing, or not a plain file: the folder is not sealed")])
    size = path.stat().st_size
    if size > MOST_MANIFEST_BYTES:
        problem = f"holds {size} bytes; more than {MOST_MANIFEST_BYTES} are not read"
        return _Manifest(findings=[Finding(MANIFEST, problem)])
    content = path.read_bytes()
    if not content:
        return _Manifest(findings=[Finding(MANIFEST, "empty")])
    manifest = _Manifest()
    if not content.endswith(b"\n"):
        manifest.findings.append(Finding(MANIFEST, "its last line is cut short"))
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n"), start=1):
        _read_line(manifest, number, line)
    if list(manifest.listed) != sorted(manifest.listed):
        manifest.remarks.append(Finding(MANIFEST, "its lines are not sorted by name"))
    return manifest


def _read_line(manifest: _Manifest, number: int, line: str) -> None:
    match = MANIFEST_LINE.fullmatch(line)
    if match is None:
        match = FOREIGN_LINE.fullmatch(line)
        outside = match is None or match[2].startswith("/") or ".." in match[2].split("/")
        problem = Finding(MANIFEST, f"line {number} {_refusal(line)}: {line[:200]!r}")
        (manifest.findings if outside else manifest.remarks).append(problem)
        if outside:
            return
    assert match is not None
    name = match[2]
    if name in manifest.listed:
        manifest.findings.append(Finding(name, f"listed twice (line {number} of {MANIFEST})"))
    elif name == MANIFEST:
        manifest.findings.append(Finding(MANIFEST, f"line {number} lists the manifest itself"))
    else:
        manifest.listed[name] = match[1].lower()


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
    names -= {MANIFEST, SIGNATURE}
    return names, findings


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Everything below a folder that is no folder, and the folders that hold nothing; links are not followed."""
    waiting = [(str(folder), prefix)]
    while waiting:
        place, before = waiting.pop()
        with os.scandir(place) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        if not found and before:
            yield place, before.removesuffix("/")
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{before}{entry.name}/"))
            else:
                yield entry.path, before + entry.name


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
