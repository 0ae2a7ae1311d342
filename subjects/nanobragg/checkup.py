"""What ``harness doctor`` says of nanoBragg's programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.checkup import Finding
from subjects.nanobragg.reference import BINARY, find_reference, sources_folder


def findings() -> Iterator[Finding]:
    """The reference program, and the sizes of evaluation."""
    yield _reference()
    yield _sizes()


def _reference() -> Finding:
    try:
        reference = find_reference(None)
    except Exception as error:
        return Finding("reference program", False, str(error))
    kind = "the project's own" if reference.own else "HARNESS_REFERENCE"
    stale = _older_than_sources(reference.path) if reference.own else False
    text = f"{reference.path} ({kind})"
    return Finding("reference program", not stale, text + ("; older than its sources: build it again" if stale else ""))


def _older_than_sources(program: Path) -> bool:
    sources = sources_folder().glob("*.[ch]") if program.name == BINARY else ()
    return any(source.stat().st_mtime > program.stat().st_mtime for source in sources)


def _sizes() -> Finding:
    remedy = "not measured: defaults are used; `harness tune` finds the fastest (a minute)"
    try:
        measured = _measured()
    except Exception as error:  # a broken installation of torch is told by its own check
        measured = str(error)
    return Finding("sizes", bool(measured and measured.startswith("measured")), measured or remedy, needed=False)


def _measured() -> str | None:
    import torch

    from simulator.evaluation.tuning import remembered, tuning_file

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return f"measured, in {tuning_file()}" if remembered(device) else None
