"""What ``harness devices`` prints and seals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compare.folders.document import Document, Section, Summary, Table
from compare.progress import working
from harness.case import Section as Key
from harness.evidence.environment import environment_record
from harness.evidence.folder import Evidence
from harness.evidence.records import case_record, collect_env
from harness.questions.comparing import DIVERGENCE
from harness.questions.devices import Place, PlaceResult, faults_of, places, relative_difference, trace_everywhere
from harness.questions.parity_report import write_comparison
from harness.questions.traced import Trace, joined
from harness.questions.tracing import write_traces
from harness.running.computing import Computing
from harness.running.scratch import Prepared
from harness.subject import Program, Subject

NOT_RUN = "not run: no CUDA"


def run_devices(
    subject: Subject,
    prepared: Prepared,
    sections: Sequence[Key],
    reference: Program,
    *,
    devices: Mapping[str, str],
    allow_missing_cuda: bool,
    timeout_s: float | None,
    root: Path,
    redact: bool,
) -> int:
    """Trace everywhere, compare, print the table, seal; gives the exit code."""

    dtypes, (of_reference, of_port) = subject.dtypes(), subject.sides

    with Evidence(root, f"devices_{prepared.case.name}", redact=redact) as evidence:

        def trace(place: Place) -> Mapping[Key, Trace]:
            port = subject.port(Computing(place.request, place.dtype), timeout_s)
            with working(f"{port.title} on {place.device} in {place.dtype}"):
                traces = port.trace(prepared, sections).traces
            write_traces(subject, evidence, f"trace_{of_port}_{place.label}", joined(traces))
            return traces

        with collect_env(evidence, wanted=subject.uses_torch):
            evidence.write_json("case.json", case_record(subject, prepared, sections, program=reference))
            with working(reference.title):
                expected = reference.trace(prepared, sections).traces
            write_traces(subject, evidence, f"trace_{of_reference}", joined(expected))
            results = trace_everywhere(places(devices, dtypes), trace, expected, subject)
        missing = "cuda" not in devices
        faults = faults_of(results, sections, subject)
        evidence.status = DIVERGENCE if faults else 3 if missing and not allow_missing_cuda else 0
        for result in results:
            if result.against_base is not None:
                write_comparison(evidence, f"{result.place.label}/", result.against_base, as_json=True)
        if results[0].against_reference is not None:
            write_comparison(evidence, "", results[0].against_reference, as_json=True)
        if not missing:
            evidence.write("cuda_vs_cpu_summary.md", cuda_summary(results))
        figures = [_figures(subject, result, results[0], sections) for result in results]
        evidence.write_json("metrics.json", {"exit_code": evidence.status, "faults": faults, "places": figures})
        evidence.write_json("env.json", environment_record(device=", ".join(devices), dtype=", ".join(dtypes)))
        evidence.document = _document(subject, prepared, results, sections, faults, evidence.status, missing)
    _print(subject, results, sections, faults, missing, evidence.final)
    return evidence.status


def _figures(subject: Subject, result: PlaceResult, base: PlaceResult, sections: Sequence[Key]) -> dict[str, object]:
    return {
        "device": result.place.device,
        "dtype": result.place.dtype,
        subject.result or "result": {subject.section_cell(at): result.value(at, subject) for at in sections},
        "relative_difference": {
            subject.section_cell(at): relative_difference(base.value(at, subject), result.value(at, subject))
            for at in sections
        },
        "against_base": result.against_base.verdict.value if result.against_base else None,
        "against_reference": result.against_reference.verdict.value if result.against_reference else None,
    }


def _table(subject: Subject, results: Sequence[PlaceResult], sections: Sequence[Key]) -> Table:
    base, name = results[0], subject.result
    rows = tuple(
        (
            result.place.device,
            result.place.dtype,
            subject.section_cell(at),
            result.value(at, subject),
            relative_difference(base.value(at, subject), result.value(at, subject)),
            result.against_base.verdict.value if result.against_base else "-",
            result.against_reference.verdict.value if result.against_reference else "-",
        )
        for result in results
        for at in sections
    )
    against = ("relative difference", "against cpu", "against reference")
    columns = ("device", "dtype", subject.section_word, name or "result", *against)
    return Table(columns, rows, "Differences are to float64 on the CPU. Only float64 is held to parity.")


def cuda_summary(results: Sequence[PlaceResult]) -> str:
    """Markdown: per quantity both values and the relative difference, float64 on CUDA against the CPU."""
    lines = ["# CUDA against CPU, float64", ""]
    for result in results:
        if result.place.device == "cpu" or result.against_base is None:
            continue
        comparison = result.against_base
        lines += [f"## {result.place.label}: {comparison.verdict.value}", "", str(comparison.coverage), ""]
        lines += ["| quantity | cpu | cuda | relative difference |", "|---|---:|---:|---:|"]
        lines += [
            f"| `{pair.key}` | {pair.a} | {pair.b} | {'' if pair.relative is None else f'{pair.relative:.3g}'} |"
            for pair in comparison.pairs
            if pair.a != pair.b
        ]
        lines += ["", "Quantities that are not listed have the same bits on both."]
    return "\n".join(lines) + "\n"


def _document(
    subject: Subject,
    prepared: Prepared,
    results: Sequence[PlaceResult],
    sections_traced: Sequence[Key],
    faults: Sequence[str],
    status: int,
    missing: bool,
) -> Document:
    devices = ", ".join(dict.fromkeys(result.place.device for result in results))
    where = "cuda: " + (NOT_RUN if missing else "run")
    headline = "; ".join(faults) or f"{len(results)} traces agree as they should; {where}."
    words = {0: "parity" if not missing else f"parity on the CPU, CUDA {NOT_RUN}", 1: "divergence"}
    sections = [Section("Devices and dtypes", table=_table(subject, results, sections_traced))]
    if results[0].against_reference is not None:
        sections.append(Section("The CPU against the reference", comparison="comparison.json"))
    return Document(
        title=f"{prepared.case.name} on every device",
        verdict=words.get(status, f"CUDA {NOT_RUN}"),
        exit_code=status,
        headline=headline,
        facts=(("case", prepared.case.name), ("cuda", NOT_RUN if missing else "run")),
        sections=tuple(sections),
        next_steps=("Run again where there is a CUDA device.",) if missing else (),
        summary=Summary(
            prepared.case.name, devices, results[0].value(sections_traced[0], subject), result_name=subject.result
        ),
    )


def _print(
    subject: Subject,
    results: Sequence[PlaceResult],
    sections: Sequence[Key],
    faults: Sequence[str],
    missing: bool,
    folder: Path,
) -> None:
    head = ("device", "dtype", subject.section_word, subject.result or "result", "relative", "cpu", "reference")
    rows = [head]
    for device, dtype, at, value, difference, base, reference in _table(subject, results, sections).rows:
        rows.append((str(device), str(dtype), str(at), repr(value), f"{difference:.3g}", str(base), str(reference)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if missing:
        print(f"cuda: {NOT_RUN}")
    for fault in faults:
        print(f"FAIL {fault}")
    print(f"sealed: {folder}")
