"""Who sealed a folder: a signature of its manifest, made and checked by ``ssh-keygen -Y``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from compare.errors import InputError
from compare.folders.bundle import MANIFEST, SIGNATURE

NAMESPACE = "trace-parity"
"""So that a signature made for another purpose does not count here."""

TIMEOUT_S = 60.0


def require_signer(key: Path) -> None:
    """Say before any work is done that a key cannot sign.

    Raises:
        InputError: there is no such file, or no ``ssh-keygen``.
    """
    _program()
    if not key.is_file():
        raise InputError(f"--sign takes the file of a private (or agent-held public) SSH key; {key} is none")


def sign(folder: Path, key: Path) -> None:
    """Sign a sealed folder's manifest; the signature lies beside it.

    Raises:
        InputError: ``ssh-keygen`` refuses; the folder stays sealed and unsigned.
    """
    manifest = folder / MANIFEST
    words = [_program(), "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(manifest)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode != 0 or not (folder / SIGNATURE).is_file():
        (folder / SIGNATURE).unlink(missing_ok=True)
        raise InputError(f"{folder} is sealed but not signed: {_last_line(done.stderr)}")


def signer(folder: Path, signers: Path) -> str:
    """Who of the people in a file of allowed signers signed a folder.

    Args:
        folder: one whose files verify.
        signers: lines of ``name keytype key``, as ``ssh-keygen`` reads them.

    Raises:
        InputError: the file of signers cannot be read.
        LookupError: the folder is not signed, or by none of them, or not with this manifest.
    """
    if not signers.is_file():
        raise InputError(
            f"--signers takes a file of allowed signers (see ssh-keygen, ALLOWED SIGNERS); {signers} is none"
        )
    if not (folder / SIGNATURE).is_file() or (folder / SIGNATURE).is_symlink():
        raise LookupError("not signed")
    common = ["-s", str(folder / SIGNATURE), "-f", str(signers), "-n", NAMESPACE]
    found = _ask(["-Y", "find-principals", *common])
    names = found.stdout.split("\n")[0].strip()
    if found.returncode != 0 or not names:
        raise LookupError(f"signed by none of {signers}: {_last_line(found.stderr)}")
    with open(folder / MANIFEST, "rb") as manifest:
        checked = _ask(["-Y", "verify", "-I", names, *common], stdin=manifest)
    if checked.returncode != 0:
        raise LookupError(f"its signature does not fit its manifest: {_last_line(checked.stderr or checked.stdout)}")
    return names


def _ask(words: list[str], stdin: object = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    command = [_program(), *words]
    return subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)  # type: ignore[call-overload]


def _program() -> str:
    path = shutil.which("ssh-keygen")
    if path is None:
        raise InputError(
            "signatures are made and checked by ssh-keygen, which is not there; install OpenSSH 8.2 or newer"
        )
    return path


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"
