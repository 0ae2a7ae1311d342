"""From a trace to a sealed folder and a short summary; the same for either side."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from harness.case import Pixel
from harness.environment import environment_record
from harness.errors import WrongUse
from harness.evidence import Evidence
from harness.pages import trace_document
from harness.records import case_record, collect_env
from harness.scratch import Prepared
from harness.traced import Traced
from subjects.nanobragg.reference import Reference, quantity

MOST_PRINTED = 10


def seal_trace(
    make: Callable[[], Traced],
    prepared: Prepared,
    pixels: Sequence[Pixel],
    *,
    side: str,
    root: Path,
    out: str | None,
    redact: bool,
    full: bool,
    program: Reference | None = None,
) -> None:
    """Run ``make``, write its traces into a new evidence folder, seal it and print the summary."""
    case = prepared.case
    with Evidence(root, f"trace_{case.name}_{side}", redact=redact) as evidence:
        with collect_env(evidence, wanted=full):
            evidence.write_json("case.json", case_record(prepared, pixels, program=program))
            traced = make()
        for finished in traced.runs:
            evidence.command(finished.command, finished.folder, finished.started, finished.status)
        write_traces(evidence, f"trace_{side}", traced.text)
        evidence.write_json("metrics.json", trace_metrics(traced.traces))
        evidence.write_json("env.json", _environment(traced))
        evidence.document = trace_document(case, traced, side)
    write_out(out, traced.text)
    print_summary(case.name, traced, evidence.final, to_stderr=out == "-")


def write_traces(evidence: Evidence, stem: str, text: str) -> None:
    """The whole trace, and beside it the per-phi records alone (each under its pixel)."""
    evidence.write(f"{stem}.log", text)
    evidence.write(f"{stem}_per_phi.log", per_phi_lines(text))


def per_phi_lines(text: str) -> str:
    """The PHI records of a trace, with the ``pixel`` lines that say whose they are."""
    return "".join(line for line in text.splitlines(keepends=True) if "_PHI " in line or ": pixel " in line)


def trace_metrics(traces: Mapping[Pixel, str]) -> dict[str, Any]:
    """The final intensity of each pixel."""
    finals = {f"{slow} {fast}": quantity(text, "I_pixel_final") for (slow, fast), text in traces.items()}
    return {"I_pixel_final": {pixel: None if value is None else float(value) for pixel, value in finals.items()}}


def check_out(out: str | None) -> None:
    """Refuse an ``--out`` that cannot be written, before anything is computed."""
    if out is None or out == "-":
        return
    folder = Path(out).resolve().parent
    if Path(out).is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise WrongUse(f"--out {out} cannot be written; it takes a file in a writable folder, or - for standard output")


def write_out(out: str | None, text: str) -> None:
    """The whole trace to a file or to standard output."""
    if out == "-":
        sys.stdout.write(text)
    elif out:
        Path(out).write_text(text, "utf-8")


def print_summary(name: str, traced: Traced, folder: Path, *, to_stderr: bool) -> None:
    """What was traced, the final intensity of each pixel, and where the folder is."""
    stream = sys.stderr if to_stderr else sys.stdout
    first = next(iter(traced.traces.values()))
    what = [quantity(first, name) for name in ("program", "mode", "device", "dtype")]
    print(f"case {name}: {', '.join(word for word in what if word)}", file=stream)
    for (slow, fast), text in islice(traced.traces.items(), MOST_PRINTED):
        lines = text.count("\n")
        print(f"pixel {slow} {fast}: I_pixel_final {quantity(text, 'I_pixel_final')}  ({lines} lines)", file=stream)
    if len(traced.traces) > MOST_PRINTED:
        print(f"... and {len(traced.traces) - MOST_PRINTED} more pixels", file=stream)
    if traced.seconds:
        phases = ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in traced.seconds.items())
        print(f"time: {phases}", file=stream)
    print(f"sealed: {folder}", file=stream)


def _environment(traced: Traced) -> dict[str, Any]:
    return environment_record(
        device=traced.device, dtype=traced.dtype, requested=traced.requested, reason=traced.reason
    )
