"""The pages of an evidence folder, rendered from the data in it: ``diagnostics.md`` and ``report.html``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compare.errors import InputError
from compare.folders.bundle import MANIFEST
from compare.folders.document import Document, from_json
from compare.judging.result import Comparison

REPORT = "report.json"
DIAGNOSTICS, PAGE = "diagnostics.md", "report.html"
PNG = b"\x89PNG\r\n\x1a\n"
MOST_PICTURES, MOST_PICTURE_BYTES = 20, 1 << 20
PURPOSES: Mapping[str, str] = {
    DIAGNOSTICS: "this page, as plain text",
    PAGE: "this page, with drawings",
    REPORT: "this page's data",
    "commands.txt": "each command that was run, its folder, start and exit status",
    "env.json": "the machine and its software",
    "torch_collect_env.txt": "what torch says of the machine",
    "case.json": "command line, pixels, hashes of inputs and of the reference program",
    "metrics.json": "the figures",
    "comparison.json": "every aligned pair with its class",
    "comparison.csv": "the same as a table",
    "junit.xml": "for CI",
    "results.sarif": "for code hosts",
    "failure.txt": "what failed, its output and traceback",
    "sha256.txt": "hash of every other file; `compare verify` checks it: nothing changed since sealing, not who sealed",
    "cache_snapshot.txt": "which cell entered each audited pixel, and who left it",
    "cache_diff.csv": "its difference to the unstale cell",
    "gradcheck.py": "repeats the gradient check by itself",
    "gradcheck.log": "what the gradient check printed",
    "gradcheck.json": "its figures, step by step",
    "stdout.log": "what the command printed",
    "stderr.log": "what it complained of",
    "cuda_vs_cpu_summary.md": "per quantity, both values and their relative difference",
}
ENVIRONMENT_SHOWN = (
    "python_version",
    "torch_version",
    "device",
    "device_requested",
    "device_reason",
    "dtype",
    "cuda_version",
    "git_sha",
    "git_dirty",
    "hostname",
    "platform",
    "cpu",
    "threads",
)


def render_pages(folder: Path) -> dict[str, str]:
    """The text of both pages, by file name.

    Raises:
        InputError: the folder holds no readable ``report.json`` or ``env.json``.
    """
    from compare.render import diagnostics, run_page

    document = read_document(folder)
    environment = environment_shown(_read_json(folder / "env.json"))
    artifacts = artifact_list(folder)

    pictures = pictures_of(folder)

    def load(name: str) -> Comparison | None:
        return read_comparison(folder / name)

    return {
        DIAGNOSTICS: diagnostics.render(document, environment, artifacts),
        PAGE: run_page.render(document, environment, artifacts, load, pictures),
    }


def read_document(folder: Path) -> Document:
    """The report's data; InputError where there is none."""
    path = folder / REPORT
    try:
        return from_json(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; an evidence folder holds one") from error


def read_comparison(path: Path) -> Comparison | None:
    """A stored comparison, None where the file is not there; InputError where it is none, or of another version."""
    from compare.render.json_ import read

    try:
        return read(path.read_text("utf-8")) if path.is_file() else None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def artifact_list(folder: Path) -> list[tuple[str, str]]:
    """The files of a folder with their purpose, the same before the pages and the manifest exist and after.

    Of a folder inside it the number of files is given.
    """
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    names = sorted({path.name for path in found if len(path.parts) == 1} | {DIAGNOSTICS, PAGE, MANIFEST})
    below = Counter(path.parts[0] for path in found if len(path.parts) > 1)
    folders = [(f"{name}/", f"{count} files of this case") for name, count in sorted(below.items())]
    return [(name, _purpose(name)) for name in names] + folders


def _purpose(name: str) -> str:
    if name.startswith("trace_") and name.endswith(".log"):
        side = "reference" if name.startswith(("trace_c", "trace_a")) else "port"
        return f"the {side}'s {'per-phi records' if name.endswith('_per_phi.log') else 'trace'}"
    return PURPOSES.get(name, "")


def pictures_of(folder: Path) -> list[tuple[str, bytes]]:
    """The PNG files in a folder with their names, as many as a page may hold."""
    found: list[tuple[str, bytes]] = []
    for path in sorted(folder.rglob("*.png")):
        if len(found) < MOST_PICTURES and path.is_file() and path.stat().st_size <= MOST_PICTURE_BYTES:
            content = path.read_bytes()
            if content.startswith(PNG):
                found.append((path.relative_to(folder).as_posix(), content))
    return found


def environment_shown(record: Mapping[str, Any]) -> dict[str, str]:
    """The facts of ``env.json`` that a reader looks for; all of them are in the file."""
    shown = {name: record.get(name) for name in ENVIRONMENT_SHOWN}
    return {name: str(value) for name, value in shown.items() if value is not None}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no table of names and values")
    return value
