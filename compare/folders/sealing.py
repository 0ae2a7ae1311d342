"""Sealed folders of a comparison: the logs, every pair, the pages, and hashes of all of it.

A folder is built under a name that ends in ``.partial`` and renamed when it is complete, so that `compare verify` can
tell. It holds what `compare report` and `compare history` read, as the folders of ``harness`` do.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from compare.folders.bundle import MANIFEST, PARTIAL
from compare.folders.document import Document, Section, Summary, to_json
from compare.judging.result import Comparison

PACKAGES = ("trace-parity", "numpy", "pandas")


def seal_comparison(root: Path, label: str, result: Comparison, logs: Mapping[str, bytes]) -> Path:
    """A new folder ``<UTC time>_<label>`` under ``root`` with a comparison, the logs and the pages.

    Raises:
        OSError: it cannot be written.
    """
    from compare.render import csv_, json_, junit, sarif

    renderers = {"comparison.json": json_, "comparison.csv": csv_, "junit.xml": junit, "results.sarif": sarif}
    files = {name: renderer.render(result).encode() for name, renderer in renderers.items()}
    return seal(root, label, {**logs, **files}, document_of(label, result))


def document_of(label: str, result: Comparison) -> Document:
    """What the pages say of a comparison."""
    from compare.render.account import headline, story
    from compare.render.text import counts_text

    pair = result.result_pair
    value = pair.b if pair is not None and isinstance(pair.b, float) else None
    worst = result.worst
    return Document(
        title=label,
        verdict=result.verdict.value,
        exit_code=result.exit_code,
        headline=headline(result),
        facts=(
            ("a (reference)", ", ".join(result.sides[0].paths)),
            ("b", ", ".join(result.sides[1].paths)),
            ("classes", counts_text(result)),
            ("coverage", str(result.coverage)),
        ),
        sections=(Section("What was found", tuple(story(result))), Section("The traces", comparison="comparison.json")),
        summary=Summary(
            case=label,
            result=value,
            result_name=pair.key.name if pair else "",
            worst_ulps=worst.ulps if worst else None,
        ),
    )


def seal(root: Path, label: str, files: Mapping[str, bytes], document: Document) -> Path:
    """A new folder with these files, the pages of the document, the command and the machine, and its manifest."""
    from compare.folders.run_report import REPORT, render_pages

    word = re.sub(r"[^A-Za-z0-9_.+-]+", "_", label).strip("_.")[-80:] or "comparison"
    root.mkdir(parents=True, exist_ok=True)
    partial, final = _reserve(root, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}_{word}")
    try:
        whole = {
            **files,
            REPORT: to_json(document).encode(),
            "env.json": (json.dumps(environment(), indent=2) + "\n").encode(),
            "commands.txt": (shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) + "\n").encode(),
        }
        for name, content in whole.items():
            (partial / name).write_bytes(content)
        for name, text in render_pages(partial).items():
            (partial / name).write_text(text, "utf-8")
        names = sorted(path.name for path in partial.iterdir())
        sums = (f"{hashlib.sha256((partial / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
        (partial / MANIFEST).write_text("".join(sums), "ascii")
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return final


def environment() -> dict[str, object]:
    """The machine and its software."""
    return {
        "python_version": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def logs_of(paths: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """The files of each side under the names that they have in the folder; standard input is not kept."""
    found = {}
    for side, names in paths.items():
        for number, name in enumerate(names):
            if Path(name).is_file():
                suffix = f"_also_{number}" if number else ""
                found[f"trace_{side}{suffix}.log"] = Path(name).read_bytes()
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _reserve(root: Path, name: str) -> tuple[Path, Path]:
    """Two folder names that are nobody else's, the first of them made."""
    number = 1
    while True:
        suffix = f"_{number}" if number > 1 else ""
        partial, final = root / f"{name}{suffix}{PARTIAL}", root / f"{name}{suffix}"
        try:
            partial.mkdir()
        except FileExistsError:
            number += 1
            continue
        if not final.exists():
            return partial, final
        partial.rmdir()
        number += 1
