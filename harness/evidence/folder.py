"""The diagnostics folder: built beside its final name, hashed, synced, then renamed.

A folder is either sealed, with ``sha256.txt`` over every other file, or its name ends in ``.partial`` because the run
was killed. Nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shlex
import shutil
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from compare.folders.signature import require_signer, sign
from compare.outcomes import ExitCode, expected_code
from compare.streams import Terminated
from harness.errors import WrongUse
from harness.evidence import redaction

if TYPE_CHECKING:
    from compare.folders.document import Document

PROGRAM = "harness"
INTERRUPTED = ExitCode.INTERRUPTED
MANIFEST = "sha256.txt"
PARTIAL = ".partial"
NAME_IN_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9][A-Za-z0-9_.+-]*)*")
OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


_signing_key: ContextVar[Path | None] = ContextVar("signing key", default=None)


def sign_with(key: Path) -> None:
    """Sign every folder that this process seals from now on.

    Raises:
        InputError: nothing can be signed with it.
    """
    require_signer(key)
    _signing_key.set(key)


_sealed: list[Path] = []


def last_sealed() -> Path | None:
    """The folder that this process sealed last."""
    return _sealed[-1] if _sealed else None


class EvidenceFull(WrongUse):
    """No room for the folder: nothing is left of it (exit 2)."""


class Evidence:
    """One diagnostics folder, from its first file to its seal. Use it as a context manager.

    Leaving the ``with`` block seals the folder. An exception is written into it first (``failure.txt``) and goes on,
    except that wrong use leaves no folder, and a full disk neither.
    """

    def __init__(
        self, root: Path, label: str, *, redact: bool = False, variables: Mapping[str, str] | None = None
    ) -> None:
        self.root = root
        self.variables = variables or {}
        """What a command was given besides this process's environment; credentials among them are cut out too."""
        self.redact = redact
        self.label = label.replace("_", " ")
        self.status = 0
        self.started = time.time()
        self._made_root = not root.exists()
        self.partial = _reserve(root, label, self.started)
        self.final = self.partial.with_name(self.partial.name.removesuffix(PARTIAL))
        self.document: Document | None = None
        """What ``diagnostics.md`` and ``report.html`` say; a plain one is made of a run that set none."""
        self._commands: list[str] = []

    def __enter__(self) -> Evidence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.seal()
        elif is_wrong_use(error) or is_out_of_space(error):
            self.discard()
            if is_out_of_space(error):
                raise _full(self.root, error) from error
        else:
            self._seal_failure(error)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one file of the folder, synced; its name must be new and plain.

        Raises:
            EvidenceFull: no space left; the folder is given up.
        """
        if not NAME_IN_FOLDER.fullmatch(name) or ".." in name or name == MANIFEST:
            raise ValueError(f"not a name for a file of an evidence folder: {name!r}")
        if isinstance(content, str):
            content = self.clean(content).encode("utf-8")
        path = self.partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return path

    def write_json(self, name: str, value: Any) -> Path:
        """Write one JSON file: sorted as given, floats as Python prints them (they read back to the same bits)."""
        import json

        return self.write(name, json.dumps(value, indent=2, ensure_ascii=True, allow_nan=True) + "\n")

    def command(self, argv: Sequence[str], folder: Path, started: float, status: int) -> None:
        """Record one command that was run, for ``commands.txt``."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started))
        words = " ".join(quoted(word) for word in redaction.hide_secrets(argv))
        line = f"cd {quoted(str(folder.resolve()))} && {words}  # {stamp} exit {status}"
        self._commands.append(line)

    def clean(self, text: str) -> str:
        """The text without secrets, and with ``redact`` without paths of this machine, its name or the user's."""
        text = redaction.without_secrets(text, self.variables)
        return redaction.redacted(text) if self.redact else text

    def names_a_secret(self, content: bytes) -> bool:
        """Whether bytes that are no text hold the value of a variable that looks like a credential."""
        return redaction.names_a_secret(content, self.variables)

    def seal(self) -> Path:
        """Write the command list, the pages and the manifest, sync, and give the folder its final name."""
        try:
            self.command([PROGRAM, *sys.argv[1:]], Path.cwd(), self.started, self.status)
            self.write("commands.txt", "\n".join(reversed(self._commands)) + "\n")
            self._write_pages()
            _write_manifest(self.partial)
            _sync_folders(self.partial)
            os.rename(self.partial, self.final)
            _sealed.append(self.final)
            _sync(self.root)
        except OSError as error:
            self.discard()
            raise _full(self.root, error) from error
        if (key := _signing_key.get()) is not None:
            sign(self.final, key)
        return self.final

    def _write_pages(self) -> None:
        from compare.folders.document import Document, to_json
        from compare.folders.run_report import REPORT, render_pages
        from harness.evidence.environment import environment_record

        if not (self.partial / "env.json").exists():
            self.write_json("env.json", environment_record())
        name = self.final.name
        document = self.document or Document(name, _verdict_word(self.status), self.status, f"{name} was sealed.")
        self.write(REPORT, to_json(document))
        for page, text in render_pages(self.partial).items():
            self.write(page, text)

    def discard(self) -> None:
        """Remove the unfinished folder, and the root if this run made it and nothing else is in it."""
        shutil.rmtree(self.partial, ignore_errors=True)
        if self._made_root:
            with contextlib.suppress(OSError):
                self.root.rmdir()

    def _seal_failure(self, error: BaseException) -> None:
        self.status = exit_status(error)
        self.document = failure_document(self.label, self.status, error)
        try:
            self.write("failure.txt", failure_text(error))
        except OSError as full:
            self.discard()
            raise _full(self.root, full) from error
        self.seal()


def quoted(word: str) -> str:
    """A word as it can be pasted into a shell, on one line whatever is in it."""
    if word.isprintable():
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + "'"


def failure_document(name: str, status: int, error: BaseException) -> Document:
    """The report of a run that did not come to its end."""
    from compare.folders.document import Document, Section

    said = str(error) or type(error).__name__
    output = Section("What failed", (said,), preformatted=failure_text(error))
    steps = (
        "Read failure.txt: the failing program's output and the traceback.",
        "`harness doctor` checks the machine.",
    )
    headline = "The run was interrupted." if status == INTERRUPTED else f"The run failed: {said}"
    return Document(name, _verdict_word(status), status, headline, sections=(output,), next_steps=steps)


def _verdict_word(status: int) -> str:
    words = {0: "success", 1: "divergence", 3: "nothing compared", INTERRUPTED: "interrupted"}
    return words.get(status, "failed")


def exit_status(error: BaseException) -> int:
    """The exit code of the house for an exception: what nobody foresaw is a program that failed, no divergence."""
    if isinstance(error, KeyboardInterrupt | Terminated):
        return INTERRUPTED
    return expected_code(error) or ExitCode.FAILED


def failure_text(error: BaseException) -> str:
    """What went wrong: the message, the failing program's output, the traceback."""
    parts = [f"{type(error).__name__}: {error}\n"]
    if output := getattr(error, "output", ""):
        parts.append(output)
    parts.append("".join(traceback.format_exception(error)))
    return "\n".join(parts)


def is_wrong_use(error: BaseException) -> bool:
    """The user's mistake, found before anything was made: it leaves no folder."""
    return expected_code(error) is ExitCode.WRONG_USE


def is_out_of_space(error: BaseException) -> bool:
    """A full disk, an exceeded quota."""
    return isinstance(error, OSError) and error.errno in OUT_OF_SPACE


def _full(root: Path, error: BaseException) -> EvidenceFull:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return EvidenceFull(
        f"the evidence folder under {root} cannot be written: {reason}; nothing was sealed. "
        "Free some space or name another folder with --out-dir"
    )


def _reserve(root: Path, label: str, started: float) -> Path:
    """Make a ``.partial`` folder whose final name nobody has or will get: the second run of a second gets a suffix.

    While a name is in use either its ``.partial`` or its final folder exists (the rename between them is atomic), and
    both are checked here after the exclusive mkdir, so that processes starting together get different names.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started))
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-") or "run"
    for number in range(1, 10_000):
        final = root / (f"{stamp}_{slug}" if number == 1 else f"{stamp}_{slug}_{number}")
        partial = final.with_name(final.name + PARTIAL)
        try:
            root.mkdir(parents=True, exist_ok=True)
            partial.mkdir()
        except FileExistsError:
            if not root.is_dir():
                raise WrongUse(f"{root} is not a folder; --out-dir takes a folder for evidence") from None
            continue
        except OSError as error:
            raise _full(root, error) from error
        if not final.exists():
            return partial
        partial.rmdir()
    raise WrongUse(f"{root} already has 10000 folders of the name {stamp}_{slug}")


def _write_manifest(folder: Path) -> None:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files]
    with open(folder / MANIFEST, "x", encoding="ascii") as file:
        file.write("".join(lines))
        file.flush()
        os.fsync(file.fileno())


def _sync_folders(folder: Path) -> None:
    for path in [folder, *(entry for entry in folder.rglob("*") if entry.is_dir())]:
        _sync(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
