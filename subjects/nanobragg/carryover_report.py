"""What the audit of the carried cell prints and seals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compare.folders.document import Document, Section, Summary, Table
from compare.progress import working
from harness.case import Section as Pixel
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.evidence.records import case_record
from harness.questions.comparing import DIVERGENCE
from harness.questions.traced import Trace
from harness.running.computing import Computing
from harness.running.scratch import Prepared
from harness.subject import Subject
from subjects.nanobragg.carryover import Audited, audit, diff_csv, require_scan, situations_of, snapshot_text
from subjects.nanobragg.programs import CProgram


def run_carryover(
    subject: Subject,
    prepared: Prepared,
    pixel: Pixel,
    reference: CProgram,
    computing: Computing,
    *,
    threads: int,
    root: Path,
    redact: bool,
) -> int:
    """Audit, print the table, seal the folder; gives the exit code (1 where the programs disagree)."""
    with prepared.scratch() as folder:
        require_scan(prepared.case, folder)

    port = subject.port(computing)

    def by_port(case: Prepared, pixels: Sequence[Pixel]) -> Mapping[Pixel, Trace]:
        return port.trace(case, pixels).traces

    def by_reference(case: Prepared, pixels: Sequence[Pixel]) -> Mapping[Pixel, Trace]:
        return reference.trace(case, pixels).traces

    with Evidence(root, f"carryover_{prepared.case.name}", redact=redact) as evidence:
        evidence.write_json("case.json", case_record(subject, prepared, [pixel], program=reference))
        # The project's program traces in hundredths of a second, also where it must look at all pixels before one.
        probe = by_reference if reference.program.own else by_port
        with working("the carried cells are audited"):
            audited = audit(situations_of(prepared, pixel, threads, probe), by_reference, by_port)
        evidence.write("cache_snapshot.txt", snapshot_text(audited))
        evidence.write("cache_diff.csv", diff_csv(audited))
        evidence.status = 0 if all(item.agrees for item in audited) else DIVERGENCE
        evidence.write_json("metrics.json", {"exit_code": evidence.status, "audited": [_figures(i) for i in audited]})
        evidence.write_json("env.json", environment_record(device=computing.device, dtype=computing.dtype))
        evidence.document = _document(prepared.case.name, audited, evidence.status, computing.device)
    _print(audited, evidence.final)
    return evidence.status


def _figures(item: Audited) -> dict[str, object]:
    return {
        "situation": item.situation,
        "pixel": list(item.pixel),
        "carried_from_reference": item.reference.carried_from,
        "carried_from_port": item.port.carried_from,
        "difference_to_unstale_A": item.staleness_A,
        "agrees": item.agrees,
    }


def _table(audited: Sequence[Audited]) -> Table:
    rows = tuple(
        (
            item.situation,
            f"{item.pixel[0]} {item.pixel[1]}",
            item.reference.carried_from or "(not said)",
            item.port.carried_from,
            item.staleness_A,
            "yes" if item.agrees else "NO",
        )
        for item in audited
    )
    columns = ("situation", "pixel", "left by (reference)", "left by (port)", "difference to unstale / A", "agree")
    return Table(columns, rows, "The cell that enters each pixel: who left it, and how stale it is.")


def _document(name: str, audited: Sequence[Audited], status: int, device: str) -> Document:
    agreeing = sum(item.agrees for item in audited)
    words = (
        "The reference recomputes the rotated cell only where phi is not 0; at phi = 0 a pixel uses the cell that the "
    )
    words += "last rotation before it left. The difference is the root of the summed squares over the nine components."
    return Document(
        title=f"Carried cell around a pixel of {name}",
        verdict="agreement" if status == 0 else "divergence",
        exit_code=status,
        headline=f"{agreeing} of {len(audited)} audited pixels agree between the two programs.",
        facts=(("case", name), ("device", device)),
        sections=(Section("Who left which cell", (words,), table=_table(audited)),),
        next_steps=("cache_snapshot.txt holds the cells themselves.",),
        summary=Summary(name, device),
    )


def _print(audited: Sequence[Audited], folder: Path) -> None:
    table = _table(audited)
    cells = [table.columns, *((*row[:4], f"{row[4]:.6g}", row[5]) for row in table.rows)]
    widths = [max(len(str(row[at])) for row in cells) for at in range(len(table.columns))]
    for row in cells:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"{sum(item.agrees for item in audited)} of {len(audited)} audited pixels agree")
    print(f"sealed: {folder}")
